#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/record/act_words.h"

#define SIGN_IN(result, rest)                                                                     \
	"{'time':'2026-11-22T10:05:00Z','operationName':'Sign-in activity','category':"           \
	"'SignInLogs','resultType':" result ",'callerIpAddress':'198.51.100.7','tenantId':'T-1'," \
	"'properties':{'id':'s-1','createdDateTime':'2026-11-22T10:00:00Z'," rest "}}"
#define TOLD                                                                                  \
	"signin time=2026-11-22T10:00:00Z id=s-1 azure account=t-1 service=MICROSOFT.AADIAM " \
	"action=Sign-in activity "
#define ANN "'userPrincipalName':'ann@shop.example','userId':'u-1'"

static const struct act_case sign_ins[] = {
	{"a user, with a second factor",
	 SIGN_IN("'0'", ANN
		 ",'appDisplayName':'Portal','resourceDisplayName':'Azure Resource Manager',"
		 "'ipAddress':'203.0.113.9','userAgent':'Mozilla','uniqueTokenIdentifier':'t-9',"
		 "'authenticationRequirement':'multiFactorAuthentication','riskLevelAggregated':'"
		 "none',"
		 "'riskState':'none','status':{'errorCode':0}"),
	 TOLD "done user name=ann@shop.example session=t-9 mfa from=203.0.113.9! agent=Mozilla "
	      "on=application:Portal on=resource:Azure Resource Manager request"},
	{"a wrong password", SIGN_IN("'50126'", ANN ",'status':{'errorCode':50126}"),
	 TOLD "denied error=50126 user name=ann@shop.example from=198.51.100.7! request"},
	{"refused by a policy", SIGN_IN("53003", ANN),
	 TOLD "denied error=53003 user name=ann@shop.example from=198.51.100.7! request"},
	{"asked for a second factor",
	 SIGN_IN("'50074'", ANN ",'authenticationRequirement':'multiFactorAuthentication'"),
	 TOLD "unknown error=50074 user name=ann@shop.example from=198.51.100.7! request"},
	{"trouble of the service", SIGN_IN("90033", ANN),
	 TOLD "failed error=90033 user name=ann@shop.example from=198.51.100.7! request"},
	{"a risk",
	 SIGN_IN("0", ANN ",'riskLevelAggregated':'hidden','riskLevelDuringSignIn':'high'"),
	 TOLD "done user name=ann@shop.example from=198.51.100.7! risk=high request"},
	{"a risk by its state", SIGN_IN("0", ANN ",'riskState':'atRisk'"),
	 TOLD "done user name=ann@shop.example from=198.51.100.7! risk=atRisk request"},
	{"an application by a secret of its own",
	 SIGN_IN("0", "'servicePrincipalId':'p-1','servicePrincipalName':'ci','appId':'a-1',"
		      "'servicePrincipalCredentialKeyId':'k-1'"),
	 TOLD "done service-account name=p-1 key=k-1 from=198.51.100.7! request"},
	{"a result that is no number", SIGN_IN("'Success'", ANN),
	 TOLD "unknown user name=ann@shop.example from=198.51.100.7! request"},
	{"as Graph gives it",
	 "{'id':'s-1','createdDateTime':'2026-11-22T10:00:00Z','userPrincipalName':'ann@shop."
	 "example',"
	 "'appId':'a-1','ipAddress':'198.51.100.7','status':{'errorCode':0}}",
	 "signin time=2026-11-22T10:00:00Z id=s-1 azure service=MICROSOFT.AADIAM action=Sign-in "
	 "activity done user name=ann@shop.example from=198.51.100.7! request"},
	{"without properties",
	 "{'operationName':'Sign-in activity','category':'NonInteractiveUserSignInLogs',"
	 "'properties':'x'}",
	 "signin azure service=MICROSOFT.AADIAM action=Sign-in activity unknown somebody request"},
};

static void tells_sign_ins(void **state)
{
	act_check(sign_ins, sizeof(sign_ins) / sizeof(*sign_ins));
}

static const struct act_case audits[] = {
	{"a secret added to an application",
	 "{'time':'2026-11-22T10:05:00Z','operationName':'Add service principal credentials',"
	 "'category':'AuditLogs','callerIpAddress':'203.0.113.9','tenantId':'T-1','properties':{'"
	 "id':"
	 "'d-1','activityDateTime':'2026-11-22T10:00:00Z','loggedByService':'Core "
	 "Directory','result':"
	 "'success','initiatedBy':{'user':{'userPrincipalName':'ann@shop.example','id':'u-1',"
	 "'ipAddress':'198.51.100.7'}},'targetResources':[{'type':'ServicePrincipal','displayName':"
	 "'ci','id':'p-1'},{'type':'User','userPrincipalName':'eve@shop.example'}]}}",
	 "entraaudit time=2026-11-22T10:00:00Z id=d-1 azure account=t-1 service=Core Directory "
	 "action=Add service principal credentials done user name=ann@shop.example "
	 "from=198.51.100.7! on=serviceprincipal:ci on=user:eve@shop.example request"},
	{"by an application, as Graph gives it",
	 "{'id':'d-2','activityDateTime':'2026-11-22T10:00:00Z','activityDisplayName':"
	 "'Add member to "
	 "role','initiatedBy':{'app':{'displayName':'ci','servicePrincipalId':'p-1'}},"
	 "'result':'failure','resultReason':'Insufficient privileges: access denied'}",
	 "entraaudit time=2026-11-22T10:00:00Z id=d-2 azure service=MICROSOFT.AADIAM action=Add "
	 "member "
	 "to role denied error=failure service-account name=p-1 "
	 "request"},
	{"failed",
	 "{'activityDisplayName':'Add user','initiatedBy':{},'result':'timeout','targetResources':"
	 "{'a':1}}",
	 "entraaudit azure service=MICROSOFT.AADIAM action=Add user failed error=timeout somebody "
	 "request"},
	{"no name of what was done", "{'category':'AuditLogs','operationName':null}", "other"},
};

static void tells_audits(void **state)
{
	act_check(audits, sizeof(audits) / sizeof(*audits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_sign_ins),
		cmocka_unit_test(tells_audits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
