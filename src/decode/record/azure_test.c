#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/record/act_words.h"

#define SUB "0a0b0c0d-1111-2222-3333-444455556666"
#define VM  "/subscriptions/" SUB "/resourcegroups/rg/providers/microsoft.compute/virtualmachines/vm"

static const struct act_case activities[] = {
	{"a machine made, as REST gives it",
	 "{'authorization':{'action':'Microsoft.Compute/virtualMachines/write','scope':'/x'},"
	 "'caller':'ann@shop.example','claims':{'appid':'a-1','ipaddr':'198.51.100.8',"
	 "'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn':'ann@shop.example',"
	 "'http://schemas.microsoft.com/identity/claims/objectidentifier':'o-1','uti':'t-1',"
	 "'iat':'1795338000','http://schemas.microsoft.com/claims/"
	 "authnmethodsreferences':'pwd,mfa'},"
	 "'correlationId':'c-1','eventDataId':'e-1','category':{'value':'Administrative'},"
	 "'httpRequest':{'clientIpAddress':'198.51.100.7'},'operationName':{'value':"
	 "'Microsoft.Compute/virtualMachines/write','localizedValue':'Create VM'},'resourceId':"
	 "'/subscriptions/" SUB
	 "/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm',"
	 "'status':{'value':'Succeeded'},'subStatus':{'value':'Created'},'eventTimestamp':"
	 "'2026-11-22T10:00:00.1234567Z','subscriptionId':'" SUB "','properties':{}}",
	 "azureactivity time=2026-11-22T10:00:00.123Z id=e-1 azure account=" SUB
	 " service=MICROSOFT.COMPUTE action=MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE done user "
	 "name=ann@shop.example session=t-1 mfa since=2026-11-22T09:00:00Z from=198.51.100.7! "
	 "on=instance:" VM " request"},
	{"begun, as an event hub gets it",
	 "{'time':'2026-11-22T10:00:00Z','resourceId':'/SUBSCRIPTIONS/" SUB
	 "/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/VM','operationName':"
	 "'MICROSOFT.COMPUTE/VIRTUALMACHINES/"
	 "WRITE','category':'Administrative','resultType':'Start',"
	 "'resultSignature':'Started.','callerIpAddress':'198.51.100.7','correlationId':'c-1',"
	 "'identity':{'authorization':{'evidence':{'principalType':'ServicePrincipal','principalId'"
	 ":"
	 "'p-1'}},'claims':{'appid':'a-1','oid':'o-1','idtyp':'app'}},'location':'westeurope'}",
	 "azureactivity time=2026-11-22T10:00:00Z "
	 "id=c-1/2026-11-22T10:00:00Z/Start//SUBSCRIPTIONS/" SUB
	 "/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/VM azure account=" SUB
	 " region=westeurope service=MICROSOFT.COMPUTE "
	 "action=MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE unknown service-account name=o-1 "
	 "from=198.51.100.7! on=instance:" VM},
	{"refused",
	 "{'operationName':'Microsoft.Storage/storageAccounts/listKeys/action','category':"
	 "'Administrative','resultType':'Failure','resultSignature':'Failed.Forbidden','resourceId'"
	 ":"
	 "'/subscriptions/s/x'}",
	 "azureactivity azure account=s service=MICROSOFT.STORAGE "
	 "action=MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION denied error=Failed.Forbidden "
	 "somebody on=s:/subscriptions/s/x"},
	{"refused, by a number",
	 "{'operationName':'A/B/DELETE','category':'Administrative','resultType':'Failed',"
	 "'resultSignature':'403'}",
	 "azureactivity azure service=A action=A/B/DELETE denied error=403 somebody"},
	{"refused, in the properties",
	 "{'operationName':'A/B/WRITE','category':'Administrative','status':{'value':'Failed'},"
	 "'properties':{'statusCode':'Unauthorized'}}",
	 "azureactivity azure service=A action=A/B/WRITE denied error=Unauthorized somebody "
	 "request"},
	{"failed",
	 "{'operationName':'A/B/WRITE','category':'Administrative','resultType':'Failure',"
	 "'resultSignature':'Failed.Conflict'}",
	 "azureactivity azure service=A action=A/B/WRITE failed error=Failed.Conflict somebody"},
	{"accepted",
	 "{'operationName':'A/B/WRITE','category':'Administrative','resultType':'Accept'}",
	 "azureactivity azure service=A action=A/B/WRITE unknown somebody"},
	{"a read",
	 "{'operationName':'A/B/read','category':'Administrative','resultType':'Success'}",
	 "azureactivity azure service=A action=A/B/READ reads done somebody"},
	{"a name for people",
	 "{'operationName':'Create VM','category':'Administrative','identity':{'authorization':"
	 "{'action':'A/B/write'}},'resultType':'Success'}",
	 "azureactivity azure service=A action=A/B/WRITE done somebody"},
	{"a machine's own identity",
	 "{'operationName':'A/B/"
	 "WRITE','category':'Administrative','identity':{'claims':{'oid':'o-1',"
	 "'xms_mirid':'/subscriptions/" SUB
	 "/resourcegroups/RG/providers/Microsoft.Compute/virtualMachines/vm'}}}",
	 "azureactivity azure service=A action=A/B/WRITE unknown instance name=o-1 instance=" VM},
	{"a managed identity",
	 "{'operationName':'A/B/"
	 "WRITE','category':'Administrative','identity':{'claims':{'oid':'o-1',"
	 "'xms_mirid':'/subscriptions/s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
	 "i'"
	 "}}}",
	 "azureactivity azure service=A action=A/B/WRITE unknown service-account name=o-1"},
	{"an application",
	 "{'operationName':'A/B/WRITE','category':'Administrative','identity':{'claims':{'appid':"
	 "'a-1'}}}",
	 "azureactivity azure service=A action=A/B/WRITE unknown service-account name=a-1"},
	{"an application, whose object tells it in other records, too",
	 "{'operationName':'A/B/"
	 "WRITE','category':'Administrative','caller':'a-1','claims':{'appid':"
	 "'a-1','oid':'o-1','idtyp':'app'}}",
	 "azureactivity azure service=A action=A/B/WRITE unknown service-account name=o-1"},
	{"the provider itself",
	 "{'operationName':'A/B/ACTION','category':'Recommendation','caller':'Microsoft.Advisor'}",
	 "azureactivity azure service=A action=A/B/ACTION unknown service name=Microsoft.Advisor"},
	{"only the right that was used",
	 "{'operationName':'A/B/WRITE','category':'Administrative','identity':{'authorization':"
	 "{'evidence':{'principalId':'p-1','principalType':'User'}}}}",
	 "azureactivity azure service=A action=A/B/WRITE unknown user name=p-1"},
	{"the token's address",
	 "{'operationName':'A/B/WRITE','category':'Administrative','identity':{'claims':{'ipaddr':"
	 "'198.51.100.8'}}}",
	 "azureactivity azure service=A action=A/B/WRITE unknown somebody from=198.51.100.8!"},
	{"members of the wrong type",
	 "{'operationName':['x'],'resourceId':{},'identity':7,'status':[],'time':1}", "other"},
	{"no category, but a resource",
	 "{'operationName':'A/B/WRITE','resourceId':'/subscriptions/s'}",
	 "azureactivity azure account=s service=A action=A/B/WRITE unknown somebody "
	 "on=subscription:/subscriptions/s"},
	{"a log of another kind", "{'operationName':'SecretGet','category':'AuditEvent'}", "other"},
	{"Kubernetes still wrapped",
	 "{'operationName':'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',"
	 "'category':'kube-audit','properties':{'log':'{}'}}",
	 "other"},
};

static void tells_activities(void **state)
{
	act_check(activities, sizeof(activities) / sizeof(*activities));
}

#define STORE(category, rest)                                                                    \
	"{'time':'2026-11-22T10:00:00Z','resourceId':'/subscriptions/S/x','category':'" category \
	"','operationName':'GetBlob','correlationId':'c-1','callerIpAddress':"                   \
	"'198.51.100.7:28915','location':'westeurope'," rest "}"
#define STORED(reads)                                                                      \
	"azurestorage time=2026-11-22T10:00:00Z id=c-1 azure account=s region=westeurope " \
	"service=MICROSOFT.STORAGE action=GetBlob" reads " "
#define PLACE "from=198.51.100.7! "

static const struct act_case stored[] = {
	{"a blob read with a signature, which stays secret",
	 STORE("StorageRead",
	       "'statusCode':200,'statusText':'Success','uri':'https://a/?sig=canary','identity':"
	       "{'type':'SAS','tokenHash':'key1(AB)'},'properties':{'accountName':'acct',"
	       "'userAgentHeader':'curl','objectKey':'/acct/cont/a/"
	       "b.csv','responseBodySize':4096}"),
	 STORED(" reads") "done somebody key=key1(AB) " PLACE
			  "agent=curl bytes=4096 on=bucket:acct/cont on=object:a/b.csv "
			  "on=storage-account:acct request"},
	{"by a user",
	 STORE("StorageRead",
	       "'statusCode':206,'identity':{'type':'OAuth','requester':{'objectId':'o-1','upn':"
	       "'ann@shop.example','tokenId':'t-1','appId':'a-1'}}"),
	 STORED(" reads") "done user name=ann@shop.example session=t-1 from=198.51.100.7!"},
	{"by an application",
	 STORE("StorageWrite",
	       "'statusCode':201,'identity':{'type':'OAuth','requester':{'objectId':"
	       "'o-1','appId':'a-1'}},'properties':{'responseBodySize':4096}"),
	 STORED("") "done service-account name=o-1 from=198.51.100.7! request"},
	{"by nobody", STORE("StorageRead", "'statusCode':200,'identity':{'type':'Anonymous'}"),
	 STORED(" reads") "done anonymous from=198.51.100.7!"},
	{"refused",
	 STORE("StorageRead", "'statusCode':403,'statusText':'AuthorizationPermissionMismatch',"
			      "'properties':{'responseBodySize':279}"),
	 STORED(" reads") "denied error=AuthorizationPermissionMismatch somebody "
			  "from=198.51.100.7! request"},
	{"only a word for how it ended",
	 STORE("StorageDelete", "'properties':{'metricResponseType':'SASAuthorizationError'}"),
	 STORED("") "denied error=SASAuthorizationError somebody from=198.51.100.7! request"},
	{"another word", STORE("StorageRead", "'properties':{'metricResponseType':'Success'}"),
	 STORED(" reads") "done somebody from=198.51.100.7! request"},
	{"a path in quotes, and one that is none",
	 STORE("StorageRead",
	       "'statusCode':404,'properties':{'objectKey':'\\u0022/acct/cont\\u0022'}"),
	 STORED(" reads") "failed error=404 somebody " PLACE "on=bucket:acct/cont request"},
	{"a path of one part", STORE("StorageRead", "'properties':{'objectKey':'/acct'}"),
	 STORED(" reads") "unknown somebody from=198.51.100.7! request"},
};

static void tells_storage(void **state)
{
	act_check(stored, sizeof(stored) / sizeof(*stored));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_activities),
		cmocka_unit_test(tells_storage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
