#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "decode/record/act_words.h"

/* A call by `who`, which is the inside of userIdentity. */
#define CALL(who)                                                                            \
	"{'eventSource':'ec2.amazonaws.com','eventName':'RunInstances','userIdentity':{" who \
	"},'recipientAccountId':'111122223333'}"
#define CALLED \
	"cloudtrail aws account=111122223333 service=ec2.amazonaws.com action=RunInstances done"

#define ROLE_AT(session)                                                                      \
	"'type':'AssumedRole','principalId':'AROA1:" session "',"                             \
	"'arn':'arn:aws:sts::111122223333:assumed-role/worker/" session "',"                  \
	"'accountId':'111122223333','accessKeyId':'ASIA1','sessionContext':{'sessionIssuer':" \
	"{'type':'Role','arn':'arn:aws:iam::111122223333:role/path/worker'}"

#define WORKER	    "name=arn:aws:iam::111122223333:role/path/worker"
#define POD_SESSION "eks-shop-web-1-0f0e0d0c-1111-2222-3333-444455556666"

static const struct act_case identities[] = {
	{"a user with a key",
	 CALL("'type':'IAMUser','principalId':'AIDA1','arn':'arn:aws:iam::111122223333:user/ci',"
	      "'accountId':'111122223333','accessKeyId':'AKIA1','userName':'ci'"),
	 CALLED " user name=arn:aws:iam::111122223333:user/ci key=AKIA1"},
	{"a user with a session and a second factor",
	 CALL("'type':'IAMUser','arn':'arn:aws:iam::111122223333:user/ann','accessKeyId':'ASIA9',"
	      "'sessionContext':{'attributes':{'creationDate':'2026-11-22T09:00:00Z',"
	      "'mfaAuthenticated':'true'}}"),
	 CALLED " user name=arn:aws:iam::111122223333:user/ann key=ASIA9 mfa "
		"since=2026-11-22T09:00:00Z"},
	{"the account itself",
	 CALL("'type':'Root','arn':'arn:aws:iam::111122223333:root','accountId':'111122223333'"),
	 CALLED " root name=arn:aws:iam::111122223333:root"},
	{"a role", CALL(ROLE_AT("deploy-7") "}"),
	 CALLED " role " WORKER " key=ASIA1 session=deploy-7"},
	{"a role since a time in the old form",
	 CALL(ROLE_AT("x") ",'attributes':{'creationDate':'20261122T080910Z','mfaAuthenticated':"
			   "'false'}}"),
	 CALLED " role " WORKER " key=ASIA1 session=x since=2026-11-22T08:09:10Z"},
	{"a role whose issuer is not told",
	 CALL("'type':'AssumedRole','principalId':'AROA1:s','arn':"
	      "'arn:aws:sts::111122223333:assumed-role/worker/s'"),
	 CALLED " role name=arn:aws:sts::111122223333:assumed-role/worker session=s"},
	{"a virtual machine", CALL(ROLE_AT("i-0123456789abcdef0") "}"),
	 CALLED " instance " WORKER
		" key=ASIA1 session=i-0123456789abcdef0 instance=i-0123456789abcdef0"},
	{"a machine's id of the old length", CALL(ROLE_AT("i-0123abcd") "}"),
	 CALLED " instance " WORKER " key=ASIA1 session=i-0123abcd instance=i-0123abcd"},
	{"a machine whose id was made unreadable",
	 CALL(ROLE_AT("i-xyz") ",'ec2RoleDelivery':'2.0'}"),
	 CALLED " instance " WORKER " key=ASIA1 session=i-xyz instance=i-xyz"},
	{"no machine's id", CALL(ROLE_AT("i-robot") "}"),
	 CALLED " role " WORKER " key=ASIA1 session=i-robot"},
	{"a pod by EKS Pod Identity", CALL(ROLE_AT(POD_SESSION) "}"),
	 CALLED " pod " WORKER " key=ASIA1 session=" POD_SESSION
		" issuer=arn:aws:iam::111122223333:role/path/worker"},
	{"no pod: what looks like a UUID is none",
	 CALL(ROLE_AT("eks-shop-web-1-zzzzzzzz-1111-2222-3333-444455556666") "}"),
	 CALLED " role " WORKER
		" key=ASIA1 session=eks-shop-web-1-zzzzzzzz-1111-2222-3333-444455556666"},
	{"no pod: nothing but a UUID", CALL(ROLE_AT("0f0e0d0c-1111-2222-3333-444455556666") "}"),
	 CALLED " role " WORKER " key=ASIA1 session=0f0e0d0c-1111-2222-3333-444455556666"},
	{"a pod by its cluster's issuer",
	 CALL(ROLE_AT("sdk-1") ",'webIdFederationData':{'federatedProvider':'arn:aws:iam::"
			       "111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/E1',"
			       "'attributes':{'sub':'system:serviceaccount:shop:web'}}}"),
	 CALLED " pod " WORKER " key=ASIA1 session=sdk-1 issuer=system:serviceaccount:shop:web"},
	{"a build service's token is no pod's",
	 CALL(ROLE_AT("sdk-1") ",'webIdFederationData':{'federatedProvider':'arn:aws:iam::"
			       "111122223333:oidc-provider/token.actions.example.com'}}"),
	 CALLED " role " WORKER " key=ASIA1 session=sdk-1"},
	{"a pod that asks for a role",
	 CALL("'type':'WebIdentityUser','principalId':'arn:aws:iam::111122223333:oidc-provider/"
	      "oidc.eks.x/id/E1:sts.amazonaws.com:system:serviceaccount:shop:web',"
	      "'userName':'system:serviceaccount:shop:web'"),
	 CALLED " pod name=system:serviceaccount:shop:web issuer=system:serviceaccount:shop:web"},
	{"a user of another issuer",
	 CALL("'type':'WebIdentityUser','userName':'repo:shop/site:ref:refs/heads/main'"),
	 CALLED " user name=repo:shop/site:ref:refs/heads/main"},
	{"a federated user",
	 CALL("'type':'FederatedUser','arn':'arn:aws:sts::111122223333:federated-user/bob',"
	      "'accessKeyId':'ASIA2','sessionContext':{'sessionIssuer':{'type':'IAMUser',"
	      "'arn':'arn:aws:iam::111122223333:user/ann'}}"),
	 CALLED " user name=arn:aws:iam::111122223333:user/ann key=ASIA2 session=bob"},
	{"federated by the account itself",
	 CALL("'type':'FederatedUser','arn':'arn:aws:sts::111122223333:federated-user/bob',"
	      "'sessionContext':{'sessionIssuer':{'type':'Root',"
	      "'arn':'arn:aws:iam::111122223333:root'}}"),
	 CALLED " root name=arn:aws:iam::111122223333:root session=bob"},
	{"a SAML user", CALL("'type':'SAMLUser','principalId':'x:ann','userName':'ann'"),
	 CALLED " user name=ann"},
	{"a service", CALL("'type':'AWSService','invokedBy':'autoscaling.amazonaws.com'"),
	 CALLED " service name=autoscaling.amazonaws.com"},
	{"a service without a type", CALL("'invokedBy':'autoscaling.amazonaws.com'"),
	 CALLED " service name=autoscaling.amazonaws.com"},
	{"a user, by a service",
	 CALL("'type':'IAMUser','userName':'ann','invokedBy':'cloudformation.amazonaws.com'"),
	 CALLED " user name=ann by=cloudformation.amazonaws.com"},
	{"a role of another account",
	 CALL("'type':'AWSAccount','principalId':'AROA9:job','accountId':'999988887777'"),
	 CALLED " role name=AROA9 of=999988887777 session=job"},
	{"a machine of another account",
	 CALL("'type':'AWSAccount','principalId':'AROA9:i-0123456789abcdef0'"),
	 CALLED " instance name=AROA9 session=i-0123456789abcdef0 instance=i-0123456789abcdef0"},
	{"a user of another account",
	 CALL("'type':'AWSAccount','principalId':'AIDA9','accountId':'999988887777'"),
	 CALLED " user name=AIDA9 of=999988887777"},
	{"nobody", CALL("'type':'AWSAccount','principalId':'','accountId':'ANONYMOUS_PRINCIPAL'"),
	 CALLED " anonymous"},
	{"nobody, by Cognito", CALL("'type':'Unknown','principalId':'Anonymous'"),
	 CALLED " anonymous"},
	{"a directory's user", CALL("'type':'Directory','userName':'ann@corp.example'"),
	 CALLED " user name=ann@corp.example"},
	{"an Identity Center user",
	 CALL("'type':'IdentityCenterUser','accountId':'111122223333','onBehalfOf':{'userId':"
	      "'u-1','identityStoreArn':'arn:aws:identitystore::111122223333:identitystore/d-1'}"),
	 CALLED " user name=u-1"},
	{"an unknown type with a name", CALL("'type':'Unknown','userName':'ann'"),
	 CALLED " user name=ann"},
	{"members of the wrong type",
	 CALL("'type':['Root'],'arn':{'a':1},'principalId':null,'sessionContext':'x',"
	      "'accessKeyId':true"),
	 CALLED " somebody"},
	{"written twice", CALL("'type':'IAMUser','userName':'ann','type':'Root','userName':'eve'"),
	 CALLED " user name=ann"},
	{"with escapes", CALL("'type':'IAM\\u0055ser','user\\u004eame':'a\\u00e9\\n'"),
	 CALLED " user name=a\xc3\xa9\n"},
};

static void tells_who(void **state)
{
	act_check(identities, sizeof(identities) / sizeof(*identities));
}

#define ERROR(code) \
	"{'eventSource':'ec2.amazonaws.com','eventName':'RunInstances','errorCode':'" code "'}"
#define ENDED "cloudtrail aws service=ec2.amazonaws.com action=RunInstances "

static const struct act_case ends[] = {
	{"no rights", ERROR("AccessDenied"), ENDED "denied error=AccessDenied somebody"},
	{"no rights, longer", ERROR("AccessDeniedException"),
	 ENDED "denied error=AccessDeniedException somebody"},
	{"EC2's word for it", ERROR("Client.UnauthorizedOperation"),
	 ENDED "denied error=Client.UnauthorizedOperation somebody"},
	{"a bad key", ERROR("InvalidClientTokenId"),
	 ENDED "denied error=InvalidClientTokenId somebody"},
	{"a bad signature", ERROR("SignatureDoesNotMatch"),
	 ENDED "denied error=SignatureDoesNotMatch somebody"},
	{"a stale token", ERROR("ExpiredTokenException"),
	 ENDED "denied error=ExpiredTokenException somebody"},
	{"no credential at all", ERROR("MissingAuthenticationTokenException"),
	 ENDED "denied error=MissingAuthenticationTokenException somebody"},
	{"a key that is no more", ERROR("InvalidAccessKeyId"),
	 ENDED "denied error=InvalidAccessKeyId somebody"},
	{"EC2's word for a bad credential", ERROR("Client.AuthFailure"),
	 ENDED "denied error=Client.AuthFailure somebody"},
	{"Cognito's word", ERROR("NotAuthorizedException"),
	 ENDED "denied error=NotAuthorizedException somebody"},
	{"SNS's word", ERROR("AuthorizationErrorException"),
	 ENDED "denied error=AuthorizationErrorException somebody"},
	{"a bad token of a pod", ERROR("InvalidIdentityToken"),
	 ENDED "denied error=InvalidIdentityToken somebody"},
	{"an endpoint's policy", ERROR("VpceAccessDenied"),
	 ENDED "denied error=VpceAccessDenied somebody"},
	{"a dry run", ERROR("Client.DryRunOperation"),
	 ENDED "dry-run error=Client.DryRunOperation somebody"},
	{"quota", ERROR("Client.VcpuLimitExceeded"),
	 ENDED "failed error=Client.VcpuLimitExceeded somebody"},
	{"throttled", ERROR("ThrottlingException"),
	 ENDED "failed error=ThrottlingException somebody"},
	{"a sign-in",
	 "{'eventSource':'signin.amazonaws.com','eventName':'ConsoleLogin','responseElements':"
	 "{'ConsoleLogin':'Success'},'additionalEventData':{'MFAUsed':'Yes'}}",
	 "cloudtrail aws service=signin.amazonaws.com action=ConsoleLogin done somebody mfa "
	 "response"},
	{"a sign-in that failed",
	 "{'eventSource':'signin.amazonaws.com','eventName':'ConsoleLogin','errorMessage':"
	 "'Failed authentication','responseElements':{'ConsoleLogin':'Failure'}}",
	 "cloudtrail aws service=signin.amazonaws.com action=ConsoleLogin denied "
	 "error=Failed authentication somebody response"},
};

static void tells_how_it_ended(void **state)
{
	act_check(ends, sizeof(ends) / sizeof(*ends));
}

#define NAMED(name) "{'eventSource':'lambda.amazonaws.com','eventName':'" name "'}"
#define LAMBDA	    "cloudtrail aws service=lambda.amazonaws.com action="

static const struct act_case names[] = {
	{"a date and a version", NAMED("UpdateFunctionCode20150331v2"),
	 LAMBDA "UpdateFunctionCode done somebody"},
	{"a date", NAMED("CreateFunction20150331"), LAMBDA "CreateFunction done somebody"},
	{"a name that ends in a number", NAMED("CreateCluster2"),
	 LAMBDA "CreateCluster2 done somebody"},
	{"a name that ends in a year", NAMED("CreateReport2015"),
	 LAMBDA "CreateReport2015 done somebody"},
	{"a name that ends in v2", NAMED("GetJobv2"), LAMBDA "GetJobv2 reads done somebody"},
	{"nothing but a date", NAMED("20150331"), LAMBDA "20150331 done somebody"},
	{"readOnly told", "{'eventSource':'x','eventName':'Touch','readOnly':true}",
	 "cloudtrail aws service=x action=Touch reads done somebody"},
	{"readOnly told against the verb",
	 "{'eventSource':'x','eventName':'GetKey','readOnly':false}",
	 "cloudtrail aws service=x action=GetKey done somebody"},
};

static void tells_what(void **state)
{
	act_check(names, sizeof(names) / sizeof(*names));
}

static const struct act_case whole[] = {
	{"a launch",
	 "{'eventVersion':'1.11','userIdentity':{'type':'IAMUser','arn':"
	 "'arn:aws:iam::111122223333:user/ci','accessKeyId':'AKIA1'},"
	 "'eventTime':'2026-11-22T10:00:00Z','eventSource':'ec2.amazonaws.com',"
	 "'eventName':'RunInstances','awsRegion':'eu-west-1','sourceIPAddress':'198.51.100.7',"
	 "'userAgent':'aws-cli/2','requestParameters':{'instancesSet':{'items':[{'imageId':'ami-1',"
	 "'minCount':2}]},'instanceType':'p4d.24xlarge'},'responseElements':{'instancesSet':"
	 "{'items':[{'instanceId':'i-1'},{'instanceId':'i-2'}]}},'eventID':'e-1','readOnly':false,"
	 "'recipientAccountId':'111122223333'}",
	 "cloudtrail time=2026-11-22T10:00:00Z id=e-1 aws account=111122223333 region=eu-west-1 "
	 "service=ec2.amazonaws.com action=RunInstances done user "
	 "name=arn:aws:iam::111122223333:user/ci key=AKIA1 from=198.51.100.7! agent=aws-cli/2 "
	 "on=image:ami-1 "
	 "on=instance:i-1 on=instance:i-2 request response"},
	{"an object read",
	 "{'eventSource':'s3.amazonaws.com','eventName':'GetObject','sourceIPAddress':"
	 "'2001:db8::7','requestParameters':{'bucketName':'telemetry','key':'a/b.csv'},"
	 "'additionalEventData':{'bytesTransferredOut':1048576.0},'resources':[{'type':"
	 "'AWS::S3::Object','ARN':'arn:aws:s3:::telemetry/a/b.csv'},{'accountId':'111122223333',"
	 "'type':'AWS::S3::Bucket','ARN':'arn:aws:s3:::telemetry'}],'readOnly':true}",
	 "cloudtrail aws service=s3.amazonaws.com action=GetObject reads done somebody "
	 "from=2001:db8::7! bytes=1048576 on=bucket:telemetry on=object:a/b.csv request"},
	{"a key that is no object's",
	 "{'eventSource':'dynamodb.amazonaws.com','eventName':'GetItem','requestParameters':"
	 "{'tableName':'t','key':'k'}}",
	 "cloudtrail aws service=dynamodb.amazonaws.com action=GetItem reads done somebody "
	 "on=table:t request"},
	{"a key given out: its id, never its secret",
	 "{'eventSource':'iam.amazonaws.com','eventName':'CreateAccessKey','requestParameters':"
	 "{'userName':'ci'},'responseElements':{'accessKey':{'userName':'ci','accessKeyId':'AKIA2',"
	 "'secretAccessKey':'canary'}}}",
	 "cloudtrail aws service=iam.amazonaws.com action=CreateAccessKey done somebody "
	 "on=access-key:AKIA2 on=user:ci request response"},
	{"a role assumed",
	 "{'eventSource':'sts.amazonaws.com','eventName':'AssumeRole','requestParameters':"
	 "{'roleArn':'arn:aws:iam::1:role/r','roleSessionName':'s'},'responseElements':"
	 "{'credentials':{'accessKeyId':'ASIA3','sessionToken':'canary'}}}",
	 "cloudtrail aws service=sts.amazonaws.com action=AssumeRole done somebody "
	 "on=access-key:ASIA3 on=role:arn:aws:iam::1:role/r request response"},
	{"by a service's name, from nowhere in particular",
	 "{'eventSource':'ec2.amazonaws.com','eventName':'TerminateInstances','sourceIPAddress':"
	 "'autoscaling.amazonaws.com','requestParameters':{'instancesSet':{'items':"
	 "[{'instanceId':'i-9'}]}}}",
	 "cloudtrail aws service=ec2.amazonaws.com action=TerminateInstances done somebody "
	 "from=autoscaling.amazonaws.com on=instance:i-9 request"},
	{"lists of names",
	 "{'eventSource':'ssm.amazonaws.com','eventName':'SendCommand','requestParameters':"
	 "{'instanceIds':['i-1','i-2'],'documentName':'AWS-RunShellScript'}}",
	 "cloudtrail aws service=ssm.amazonaws.com action=SendCommand done somebody "
	 "on=document:AWS-RunShellScript on=instance:i-1 on=instance:i-2 request"},
	{"a trail stopped",
	 "{'eventSource':'cloudtrail.amazonaws.com','eventName':'StopLogging','requestParameters':"
	 "{'name':'main'}}",
	 "cloudtrail aws service=cloudtrail.amazonaws.com action=StopLogging done somebody "
	 "on=trail:main request"},
	{"types of the record's own list",
	 "{'eventSource':'kms.amazonaws.com','eventName':'Decrypt','resources':[{'ARN':"
	 "'arn:aws:kms:eu-west-1:1:key/k','type':'AWS::KMS::Key'},{'ARN':'arn:x','type':"
	 "'AWS::New::Thing'},{'type':'AWS::KMS::Key'},7]}",
	 "cloudtrail aws service=kms.amazonaws.com action=Decrypt done somebody "
	 "on=key:arn:aws:kms:eu-west-1:1:key/k on=AWS::New::Thing:arn:x"},
	{"no more than eight things",
	 "{'eventSource':'ec2.amazonaws.com','eventName':'StartInstances','requestParameters':"
	 "{'instancesSet':{'items':[{'instanceId':'1'},{'instanceId':'2'},{'instanceId':'3'},"
	 "{'instanceId':'4'},{'instanceId':'5'},{'instanceId':'6'},{'instanceId':'7'},"
	 "{'instanceId':'8'},{'instanceId':'9'}]}}}",
	 "cloudtrail aws service=ec2.amazonaws.com action=StartInstances done somebody "
	 "on=instance:1 "
	 "on=instance:2 on=instance:3 on=instance:4 on=instance:5 on=instance:6 on=instance:7 "
	 "on=instance:8 request"},
	{"keys in small letters",
	 "{'awsregion':'eu-west-1','eventname':'GetRecords','eventsource':'dynamodb.amazonaws.com',"
	 "'eventtime':'2026-11-22 10:00:00','useridentity':{'arn':'arn:aws:iam::1:user/ci'}}",
	 "cloudtrail time=2026-11-22T10:00:00Z aws region=eu-west-1 service=dynamodb.amazonaws.com "
	 "action=GetRecords reads done somebody name=arn:aws:iam::1:user/ci"},
	{"a record that says almost nothing", "{'eventName':'','eventSource':'x'}", "other"},
	{"names that are no text", "{'eventName':['x'],'eventSource':'x'}", "other"},
};

static void tells_all(void **state)
{
	act_check(whole, sizeof(whole) / sizeof(*whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who),
		cmocka_unit_test(tells_how_it_ended),
		cmocka_unit_test(tells_what),
		cmocka_unit_test(tells_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
