#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/record/act_words.h"

#define BY(who)                                                                                 \
	"{'protoPayload':{'serviceName':'s','methodName':'m.update','authenticationInfo':{" who \
	"}}}"
#define DID "gcpaudit gcp service=s action=m.update done "

static const struct act_case callers[] = {
	{"a person", BY("'principalEmail':'ann@shop.example'"), DID "user name=ann@shop.example"},
	{"an account by its key",
	 BY("'principalEmail':'ci@shop.iam.gserviceaccount.com','serviceAccountKeyName':"
	    "'//iam.googleapis.com/projects/shop/serviceAccounts/ci/keys/k-1'"),
	 DID "service-account name=ci@shop.iam.gserviceaccount.com "
	     "key=projects/shop/serviceAccounts/ci/keys/k-1"},
	{"a person behind an account",
	 BY("'principalEmail':'ci@shop.iam.gserviceaccount.com','serviceAccountDelegationInfo':["
	    "{'firstPartyPrincipal':{'principalEmail':'two@shop.iam.gserviceaccount.com'}},"
	    "{'firstPartyPrincipal':{'principalEmail':'ann@shop.example'}}]"),
	 DID "service-account name=ci@shop.iam.gserviceaccount.com issuer=ann@shop.example"},
	{"an account behind an account",
	 BY("'principalEmail':'ci@shop.iam.gserviceaccount.com','serviceAccountDelegationInfo':["
	    "{'principalSubject':'serviceAccount:two@shop.iam.gserviceaccount.com'},{}]"),
	 DID "service-account name=ci@shop.iam.gserviceaccount.com "
	     "issuer=serviceAccount:two@shop.iam.gserviceaccount.com"},
	{"a pod",
	 BY("'principalSubject':'principal://iam.googleapis.com/projects/1/locations/global/"
	    "workloadIdentityPools/shop.svc.id.goog/subject/ns/web/sa/front'"),
	 DID "pod name=principal://iam.googleapis.com/projects/1/locations/global/"
	     "workloadIdentityPools/shop.svc.id.goog/subject/ns/web/sa/front "
	     "issuer=system:serviceaccount:web:front"},
	{"a pod behind an account",
	 BY("'principalEmail':'ci@shop.iam.gserviceaccount.com','serviceAccountDelegationInfo':["
	    "{'principalSubject':'serviceAccount:shop.svc.id.goog[web/front]'}]"),
	 DID "pod name=ci@shop.iam.gserviceaccount.com issuer=system:serviceaccount:web:front"},
	{"Google's own", BY("'principalEmail':'system@google.com'"),
	 DID "service name=system@google.com"},
	{"a service agent",
	 BY("'principalEmail':'service-123@compute-system.iam.gserviceaccount.com'"),
	 DID "service name=service-123@compute-system.iam.gserviceaccount.com"},
	{"an account that is only called like one",
	 BY("'principalEmail':'service-123@shop.iam.gserviceaccount.com'"),
	 DID "service-account name=service-123@shop.iam.gserviceaccount.com"},
	{"a person who is only called like one",
	 BY("'principalEmail':'service-123@gcp-sa-x.example'"),
	 DID "user name=service-123@gcp-sa-x.example"},
	{"nobody told", BY(""), DID "somebody"},
	{"members of the wrong type",
	 BY("'principalEmail':{},'serviceAccountDelegationInfo':{'a':1}"), DID "somebody"},
};

static void tells_who(void **state)
{
	act_check(callers, sizeof(callers) / sizeof(*callers));
}

#define ON(path)                                                                                  \
	"{'resource':{'type':'thing'},'protoPayload':{'serviceName':'s','methodName':'m.update'," \
	"'resourceName':'" path "'}}"

static const struct act_case things[] = {
	{"an object", ON("projects/_/buckets/b-1/objects/a/b.csv"),
	 DID "somebody on=bucket:b-1 on=object:a/b.csv"},
	{"a bucket", ON("projects/_/buckets/b-1"), DID "somebody on=bucket:b-1"},
	{"an instance", ON("projects/p/zones/z/instances/i-1"),
	 DID "somebody on=instance:projects/p/zones/z/instances/i-1"},
	{"a secret's version", ON("projects/p/secrets/aws/versions/1"),
	 DID "somebody on=secret:projects/p/secrets/aws"},
	{"a key of an account", ON("//iam.googleapis.com/projects/p/serviceAccounts/ci/keys/k-1"),
	 DID "somebody on=access-key:projects/p/serviceAccounts/ci/keys/k-1"},
	{"a project", ON("projects/p"), DID "somebody on=project:projects/p"},
	{"something of another kind", ON("projects/p/widgets/w"),
	 DID "somebody on=thing:projects/p/widgets/w"},
	{"one word", ON("x"), DID "somebody on=thing:x"},
	{"slashes alone", ON("///"), DID "somebody on=thing:///"},
};

static void tells_what_was_touched(void **state)
{
	act_check(things, sizeof(things) / sizeof(*things));
}

static const struct act_case whole[] = {
	{"a machine made: accepted",
	 "{'insertId':'n-1','logName':'projects/shop/logs/cloudaudit.googleapis.com%2Factivity',"
	 "'timestamp':'2026-11-22T10:00:00.5Z','receiveTimestamp':'2026-11-22T10:00:09Z','resource'"
	 ":"
	 "{'type':'gce_instance','labels':{'project_id':'shop','zone':'europe-west1-b'}},'"
	 "operation':"
	 "{'id':'o','first':true},'protoPayload':{'serviceName':'compute.googleapis.com','"
	 "methodName':"
	 "'v1.compute.instances.insert','resourceName':'projects/shop/zones/europe-west1-b/"
	 "instances/m'"
	 ",'authenticationInfo':{'principalEmail':'ann@shop.example'},'requestMetadata':{'callerIp'"
	 ":"
	 "'198.51.100.7','callerSuppliedUserAgent':'gcloud'},'request':{'guestAccelerators':[]},"
	 "'response':{},'status':{}}}",
	 "gcpaudit time=2026-11-22T10:00:00.500Z id=n-1 gcp account=shop region=europe-west1-b "
	 "service=compute.googleapis.com action=v1.compute.instances.insert unknown user "
	 "name=ann@shop.example from=198.51.100.7! agent=gcloud "
	 "on=instance:projects/shop/zones/europe-west1-b/instances/m request response"},
	{"a machine made: done",
	 "{'operation':{'last':true},'protoPayload':{'serviceName':'compute.googleapis.com',"
	 "'methodName':'v1.compute.instances.insert'}}",
	 "gcpaudit gcp service=compute.googleapis.com action=v1.compute.instances.insert done "
	 "somebody"},
	{"refused at once",
	 "{'operation':{'first':true},'protoPayload':{'serviceName':'s','methodName':'m.get','"
	 "status':"
	 "{'code':7,'message':'no'}}}",
	 "gcpaudit gcp service=s action=m.get reads denied error=7 somebody"},
	{"quota",
	 "{'protoPayload':{'serviceName':'s','methodName':'m.insert','status':{'code':8}}}",
	 "gcpaudit gcp service=s action=m.insert failed error=8 somebody"},
	{"HTTP's word for refused",
	 "{'protoPayload':{'serviceName':'s','methodName':'m.insert','status':{'code':403}}}",
	 "gcpaudit gcp service=s action=m.insert denied error=403 somebody"},
	{"a right that only reads",
	 "{'protoPayload':{'serviceName':'s','methodName':'Access','authorizationInfo':[{"
	 "'permissionType':'DATA_READ'}]}}",
	 "gcpaudit gcp service=s action=Access reads done somebody"},
	{"a right that writes, whatever the method is called",
	 "{'protoPayload':{'serviceName':'s','methodName':'GetOrMake','authorizationInfo':[{"
	 "'permissionType':'ADMIN_WRITE'}]}}",
	 "gcpaudit gcp service=s action=GetOrMake done somebody"},
	{"in the small letters of older exports",
	 "{'insertid':'n-2','logname':'organizations/12/logs/x','receivetimestamp':"
	 "'2026-11-22 "
	 "10:00:00','protopayload':{'serviceName':'s','methodName':'m','requestMetadata':"
	 "{'callerIP':'private'}}}",
	 "gcpaudit time=2026-11-22T10:00:00Z id=n-2 gcp account=organizations/12 service=s "
	 "action=m "
	 "done somebody from=private"},
	{"a key given out: its name, never its secret",
	 "{'logName':'projects/shop/logs/x','protoPayload':{'serviceName':'iam.googleapis.com',"
	 "'methodName':'google.iam.admin.v1.CreateServiceAccountKey','response':{'name':"
	 "'projects/shop/serviceAccounts/ci/keys/k-1','private_key_data':'canary'}}}",
	 "gcpaudit gcp account=shop service=iam.googleapis.com "
	 "action=google.iam.admin.v1.CreateServiceAccountKey done somebody "
	 "on=access-key:projects/shop/serviceAccounts/ci/keys/k-1 response"},
	{"only the right that was asked for",
	 "{'protoPayload':{'serviceName':'s','authorizationInfo':[{'permission':'iam.roles.update'}"
	 "]}}",
	 "gcpaudit gcp service=s action=iam.roles.update done somebody"},
	{"no method", "{'protoPayload':{'serviceName':'s'}}", "other"},
	{"a method that is no text", "{'protoPayload':{'methodName':[1]}}", "other"},
	{"a payload that is none", "{'protoPayload':'x'}", "other"},
};

static void tells_all(void **state)
{
	act_check(whole, sizeof(whole) / sizeof(*whole));
}

static const struct act_case workspace[] = {
	{"a member added, as Cloud Audit has it",
	 "{'insertId':'n-1','logName':'organizations/12/logs/x','resource':{'type':"
	 "'audited_resource'},'protoPayload':{'serviceName':"
	 "'admin.googleapis.com','methodName':'google.admin.AdminService.addGroupMember',"
	 "'resourceName':'organizations/12/groupSettings','authenticationInfo':{'principalEmail':"
	 "'ann@shop.example'},'metadata':{'event':[{'eventName':'ADD_GROUP_MEMBER','parameter':[{"
	 "'name':'USER_EMAIL','value':'eve@shop.example'},{'name':'GROUP_EMAIL','value':"
	 "'admins@shop.example'}]}]}}}",
	 "workspace id=n-1 gcp account=organizations/12 service=admin.googleapis.com "
	 "action=google.admin.AdminService.addGroupMember done user name=ann@shop.example "
	 "on=audited_resource:organizations/12/groupSettings on=user:eve@shop.example "
	 "on=group:admins@shop.example"},
	{"a login that failed",
	 "{'protoPayload':{'serviceName':'login.googleapis.com','methodName':"
	 "'google.login.LoginService.loginFailure','metadata':{'event':[{'eventName':'login_"
	 "failure',"
	 "'status':{'success':false},'parameter':[{'name':'is_suspicious','boolValue':true}]}]}}}",
	 "workspace gcp service=login.googleapis.com action=google.login.LoginService.loginFailure "
	 "denied somebody risk=suspicious"},
	{"a login, as the Reports API has it",
	 "{'kind':'admin#reports#activity','id':{'time':'2026-11-22T10:00:00.000Z','"
	 "uniqueQualifier':"
	 "'-77','applicationName':'login','customerId':'C1'},'actor':{'callerType':'USER','email':"
	 "'ann@shop.example','profileId':'1'},'ipAddress':'198.51.100.7','events':[{'type':'login',"
	 "'name':'login_success','parameters':[{'name':'is_suspicious','boolValue':false},{'name':'"
	 "is_second_factor','boolValue':true},{'name'"
	 ":"
	 "'login_type','value':'google_password'}]}]}",
	 "workspace time=2026-11-22T10:00:00Z id=-77 gcp account=C1 service=login.googleapis.com "
	 "action=login_success done user name=ann@shop.example mfa from=198.51.100.7! request"},
	{"a challenge that failed",
	 "{'kind':'admin#reports#activity','id':{'applicationName':'login'},'actor':{'profileId':'"
	 "7'},"
	 "'events':[{'name':'login_challenge','parameters':[{'name':'login_challenge_status','"
	 "value':"
	 "'Challenge Failed.'}]}]}",
	 "workspace gcp service=login.googleapis.com action=login_challenge denied user name=7 "
	 "request"},
	{"an application of its own",
	 "{'kind':'admin#reports#activity','id':{'applicationName':'admin'},'actor':{'callerType':"
	 "'KEY','key':'c-1'},'events':[{'name':'CREATE_USER','parameters':[{'name':'USER_EMAIL',"
	 "'value':'eve@shop.example'}]}]}",
	 "workspace gcp service=admin.googleapis.com action=CREATE_USER done service-account "
	 "name=c-1 "
	 "on=user:eve@shop.example request"},
	{"the system",
	 "{'kind':'admin#reports#activity','id':{'applicationName':'drive'},'actor':{'key':'SYSTEM'"
	 "},"
	 "'events':[{'name':'suspicious_login'}]}",
	 "workspace gcp service=drive action=suspicious_login done service name=SYSTEM "
	 "risk=suspicious request"},
	{"no events", "{'kind':'admin#reports#activity','events':'x'}", "other"},
};

static void tells_workspace(void **state)
{
	act_check(workspace, sizeof(workspace) / sizeof(*workspace));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who),
		cmocka_unit_test(tells_what_was_touched),
		cmocka_unit_test(tells_all),
		cmocka_unit_test(tells_workspace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
