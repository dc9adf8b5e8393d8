#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/record/act_words.h"

#define TOLD                                                                   \
	"guardduty time=2026-11-22T10:00:00Z id=f-1 aws account=111122223333 " \
	"region=eu-west-1 service=guardduty.amazonaws.com action="
#define HEAD                                                                      \
	"'accountId':'111122223333','region':'eu-west-1','id':'f-1','createdAt':" \
	"'2026-11-22T11:00:00Z',"

static const struct act_case cases[] = {
	{"a stolen machine's credential, as files have it",
	 "{" HEAD "'type':'UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS',"
	 "'severity':8,'resource':{'resourceType':'AccessKey','accessKeyDetails':{'accessKeyId':"
	 "'ASIA1','principalId':'AROA1:i-0123456789abcdef0','userType':'AssumedRole','userName':"
	 "'worker'},'instanceDetails':{'instanceId':'i-0123456789abcdef0'}},'service':{'"
	 "serviceName':"
	 "'guardduty','eventFirstSeen':'2026-11-22T10:00:00Z','eventLastSeen':"
	 "'2026-11-22T12:00:00Z','action':{'actionType':'AWS_API_CALL','awsApiCallAction':{'api':"
	 "'ListBuckets','remoteIpDetails':{'ipAddressV4':'198.51.100.7'},'errorCode':"
	 "'AccessDenied','userAgent':'curl'}}}}",
	 TOLD "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS unknown "
	      "error=AccessDenied instance name=worker key=ASIA1 session=i-0123456789abcdef0 "
	      "instance=i-0123456789abcdef0 from=198.51.100.7! agent=curl risk=8 "
	      "on=instance:i-0123456789abcdef0 request"},
	{"mining, as the API's answer spells it",
	 "{'AccountId':'111122223333','Region':'eu-west-1','Id':'f-1','CreatedAt':"
	 "'2026-11-22T10:00:00Z','Arn':'arn:aws:guardduty:eu-west-1:111122223333:detector/d/"
	 "finding/"
	 "f-1','Type':'CryptoCurrency:EC2/"
	 "BitcoinTool.B','Severity':8.0,'Resource':{'InstanceDetails'"
	 ":{'InstanceId':'i-1'},'S3BucketDetails':[{'Name':'b-1'},{'Name':'b-2'}]},'Service':"
	 "{'Action':{'NetworkConnectionAction':{'RemoteIpDetails':{'IpAddressV4':'203.0.113.9'}}}}"
	 "}",
	 TOLD "CryptoCurrency:EC2/BitcoinTool.B unknown somebody from=203.0.113.9! risk=8.0 "
	      "on=instance:i-1 on=bucket:b-1 on=bucket:b-2 request"},
	{"an update is a record of its own",
	 "{" HEAD "'type':'Recon:EC2/Portscan','severity':5,'updatedAt':'2026-11-22T12:00:00Z',"
	 "'resource':{},'service':{'serviceName':'guardduty','eventFirstSeen':"
	 "'2026-11-22T10:00:00Z'}}",
	 "guardduty time=2026-11-22T10:00:00Z id=f-1/2026-11-22T12:00:00Z aws account=111122223333 "
	 "region=eu-west-1 service=guardduty.amazonaws.com action=Recon:EC2/Portscan unknown "
	 "somebody risk=5"},
	{"a Kubernetes user",
	 "{" HEAD "'type':'Execution:Kubernetes/ExecInKubeSystemPod','severity':5,'resource':"
	 "{'eksClusterDetails':{'name':'shop'},'kubernetesDetails':{'kubernetesUserDetails':"
	 "{'username':'system:anonymous','groups':['system:unauthenticated']},"
	 "'kubernetesWorkloadDetails':{'type':'Pods','name':'web-1'}}},'service':{'serviceName':"
	 "'guardduty','eventFirstSeen':'2026-11-22T10:00:00Z','action':{'kubernetesApiCallAction':"
	 "{'userAgent':'kubectl','remoteIpDetails':{'ipAddressV4':'','ipAddressV6':'2001:db8::9'}}}"
	 "}}",
	 TOLD "Execution:Kubernetes/ExecInKubeSystemPod unknown anonymous name=system:anonymous "
	      "group=system:unauthenticated from=2001:db8::9! agent=kubectl risk=5 on=pods:web-1 "
	      "on=cluster:shop request"},
	{"called by a service",
	 "{" HEAD
	 "'type':'Policy:IAMUser/X','severity':2,'resource':{'accessKeyDetails':{'userType':"
	 "'IAMUser','userName':'ci','accessKeyId':'AKIA1'}},'service':{'detectorId':'d',"
	 "'eventFirstSeen':'2026-11-22T10:00:00Z','action':{'awsApiCallAction':{'domainDetails':"
	 "{'domain':'cloudformation.amazonaws.com'},'affectedResources':{'AWS::IAM::Role':"
	 "'arn:aws:iam::1:role/r','AWS::New::Thing':'t','x':{}}}}}}",
	 TOLD "Policy:IAMUser/X unknown user name=ci key=AKIA1 from=cloudformation.amazonaws.com "
	      "risk=2 on=role:arn:aws:iam::1:role/r on=AWS::New::Thing:t request"},
	{"a sequence of attacks",
	 "{" HEAD "'type':'AttackSequence:IAM/CompromisedCredentials','severity':9,'resource':{},"
	 "'service':{'serviceName':'guardduty','eventFirstSeen':'2026-11-22 10:00:00.000000000',"
	 "'detection':{'sequence':{'actors':[{'user':{'name':'ci','type':'IAMUser','credentialUid':"
	 "'AKIA1'}}],'endpoints':[{'ip':'198.51.100.7'}],'resources':[{'resourceType':'S3_BUCKET',"
	 "'name':'b-1','uid':'arn:b-1'},{'resourceType':'ACCESS_KEY','uid':'AKIA1'}]}}}}",
	 TOLD "AttackSequence:IAM/CompromisedCredentials unknown user name=ci key=AKIA1 "
	      "from=198.51.100.7! risk=9 on=s3_bucket:b-1 on=access_key:AKIA1"},
	{"a probed port",
	 "{" HEAD
	 "'type':'Recon:EC2/PortProbeUnprotectedPort','severity':2,'resource':{},'service':"
	 "{'serviceName':'guardduty','eventFirstSeen':'2026-11-22T10:00:00Z','action':"
	 "{'portProbeAction':{'portProbeDetails':[{'remoteIpDetails':{'ipAddressV4':'203.0.113.1'}}"
	 ","
	 "{'remoteIpDetails':{'ipAddressV4':'203.0.113.2'}}]}}}}",
	 TOLD
	 "Recon:EC2/PortProbeUnprotectedPort unknown somebody from=203.0.113.1! risk=2 request"},
	{"another maker's finding",
	 "{" HEAD "'type':'X','severity':2,'resource':{},'service':{'serviceName':'macie'}}",
	 "other"},
	{"a type that is no text", "{'type':{},'service':{'serviceName':'guardduty'}}", "other"},
};

static void tells_what_amazon_saw(void **state)
{
	act_check(cases, sizeof(cases) / sizeof(*cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tells_what_amazon_saw)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
