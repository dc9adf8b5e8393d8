#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/record/act_words.h"

#define EVENT(rest) \
	"{'kind':'Event','apiVersion':'audit.k8s.io/v1','auditID':'a-1','verb':'get'," rest "}"
#define TOLD "kubeaudit id=a-1 kube action=get reads "

static const struct act_case users[] = {
	{"a person", EVENT("'user':{'username':'ann','groups':['dev','system:authenticated']}"),
	 TOLD "unknown user name=ann group=dev group=system:authenticated"},
	{"nobody", EVENT("'user':{'username':'system:anonymous'}"),
	 TOLD "unknown anonymous name=system:anonymous"},
	{"nobody by his group",
	 EVENT("'user':{'username':'x','groups':['system:unauthenticated']}"),
	 TOLD "unknown anonymous name=x group=system:unauthenticated"},
	{"a pod's account",
	 EVENT("'user':{'username':'system:serviceaccount:shop:web','extra':{"
	       "'authentication.kubernetes.io/credential-id':['JTI=1'],"
	       "'authentication.kubernetes.io/pod-name':['web-1'],"
	       "'authentication.kubernetes.io/node-name':['node-7']}}"),
	 TOLD "unknown service-account name=system:serviceaccount:shop:web key=JTI=1 session=web-1 "
	      "instance=node-7"},
	{"a node", EVENT("'user':{'username':'system:node:node-7','groups':['system:nodes']}"),
	 TOLD "unknown service name=system:node:node-7 group=system:nodes"},
	{"a part of the control plane", EVENT("'user':{'username':'eks:node-manager'}"),
	 TOLD "unknown service name=eks:node-manager"},
	{"by an AWS key",
	 EVENT("'user':{'username':'ann','extra':{'accessKeyId':['AKIA1'],'sessionName':['s-1'],"
	       "'authentication.kubernetes.io/credential-id':['X']}}"),
	 TOLD "unknown user name=ann key=AKIA1 session=s-1"},
	{"by an AWS key in its long name",
	 EVENT("'user':{'username':'ann','extra':{"
	       "'sigs.k8s.io/aws-iam-authenticator/accessKeyId':['ASIA1']}}"),
	 TOLD "unknown user name=ann key=ASIA1"},
	{"as somebody else",
	 EVENT("'user':{'username':'ann'},'impersonatedUser':{'username':'system:admin'}"),
	 TOLD "unknown user name=ann as=system:admin"},
	{"members of the wrong type",
	 EVENT("'user':{'username':7,'groups':'x','extra':{'accessKeyId':{}}},'sourceIPs':'y',"
	       "'objectRef':[],'responseStatus':200"),
	 TOLD "unknown user name=7"},
	{"groups of which some are no text",
	 EVENT("'user':{'username':'ann','groups':[null,'a',{},'b','']}"),
	 TOLD "unknown user name=ann group=a group=b"},
};

static void tells_who(void **state)
{
	act_check(users, sizeof(users) / sizeof(*users));
}

#define ENDED(rest) EVENT("'stage':'ResponseComplete'," rest)
#define DONE	    "kubeaudit id=a-1/ResponseComplete kube action=get reads "

static const struct act_case ends[] = {
	{"well", ENDED("'responseStatus':{'code':200}"), DONE "done somebody"},
	{"forbidden",
	 ENDED("'responseStatus':{'code':403,'reason':'Forbidden'},'annotations':{"
	       "'authorization.k8s.io/decision':'forbid'}"),
	 DONE "denied error=Forbidden somebody decision=forbid"},
	{"without a credential", ENDED("'responseStatus':{'code':401}"),
	 DONE "denied error=401 somebody"},
	{"not found", ENDED("'responseStatus':{'code':404,'reason':'NotFound'}"),
	 DONE "failed error=NotFound somebody"},
	{"switched over", ENDED("'responseStatus':{'code':101}"), DONE "done somebody"},
	{"only the decision is told",
	 ENDED("'annotations':{'authorization.k8s.io/decision':'forbid'}"),
	 DONE "denied somebody decision=forbid"},
	{"tried out", ENDED("'responseStatus':{'code':201},'requestURI':'/x?a=b\\u0026dryRun=All'"),
	 DONE "dry-run somebody uri=/x?a=b&dryRun=All"},
	{"only called so",
	 ENDED("'responseStatus':{'code':201},'requestURI':'/x?command=dryRun=All'"),
	 DONE "done somebody uri=/x?command=dryRun=All"},
	{"run, though it says it is not",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'create','objectRef':{'resource':"
	 "'pods','subresource':'exec'},'responseStatus':{'code':101},'requestURI':"
	 "'/x?command=sh\\u0026dryRun=All'}",
	 "kubeaudit kube action=create done somebody resource=pods sub=exec "
	 "uri=/x?command=sh&dryRun=All"},
	{"before the answer", EVENT("'stage':'RequestReceived','responseStatus':{'code':200}"),
	 "kubeaudit id=a-1/RequestReceived kube action=get reads unknown somebody"},
	{"in panic", EVENT("'stage':'Panic'"),
	 "kubeaudit id=a-1/Panic kube action=get reads failed somebody"},
};

static void tells_how_it_ended(void **state)
{
	act_check(ends, sizeof(ends) / sizeof(*ends));
}

static const struct act_case whole[] = {
	{"a daemon set",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/v1','level':'RequestResponse','auditID':'a-2',"
	 "'stage':'ResponseComplete','requestURI':'/apis/apps/v1/namespaces/kube-system/daemonsets?"
	 "fieldManager=k\\u0026x=1','verb':'create','user':{'username':'ann'},'sourceIPs':"
	 "['198.51.100.7','10.0.0.1'],'userAgent':'kubectl','objectRef':{'resource':'daemonsets',"
	 "'namespace':'kube-system','name':'agent','apiGroup':'apps','apiVersion':'v1'},"
	 "'responseStatus':{'code':201},'requestObject':{'kind':'DaemonSet'},'responseObject':{},"
	 "'requestReceivedTimestamp':'2026-11-22T10:00:00.250000Z','stageTimestamp':"
	 "'2026-11-22T10:00:01Z','annotations':{'authorization.k8s.io/decision':'allow'}}",
	 "kubeaudit time=2026-11-22T10:00:00.250Z id=a-2/ResponseComplete kube service=apps "
	 "action=create done user name=ann from=198.51.100.7! agent=kubectl resource=daemonsets "
	 "namespace=kube-system object=agent uri=/apis/apps/v1/namespaces/kube-system/daemonsets?"
	 "fieldManager=k&x=1 decision=allow request response"},
	{"a name that the server chose",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'create','objectRef':{'resource':"
	 "'pods','namespace':'shop'},'requestObject':{'metadata':{'generateName':'web-'}},"
	 "'responseObject':{'metadata':{'name':'web-x1'}},'stageTimestamp':'2026-11-22T10:00:01Z'}",
	 "kubeaudit time=2026-11-22T10:00:01Z kube action=create unknown somebody resource=pods "
	 "namespace=shop object=web-x1 request response"},
	{"a name only in the request",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'create','objectRef':{'resource':"
	 "'pods'},'requestObject':{'metadata':{'name':'web-1'}}}",
	 "kubeaudit kube action=create unknown somebody resource=pods object=web-1 request"},
	{"exec is no read, though its verb is get",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/"
	 "v1','verb':'get','objectRef':{'resource':'pods',"
	 "'namespace':'shop','name':'web-1','subresource':'exec'}}",
	 "kubeaudit kube action=get unknown somebody resource=pods sub=exec namespace=shop "
	 "object=web-1"},
	{"a token given out",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'create','objectRef':{'resource':"
	 "'serviceaccounts','subresource':'token','name':'web'},'annotations':{"
	 "'authentication.kubernetes.io/issued-credential-id':'JTI=9'},'responseObject':{'status':"
	 "{'token':'canary'}}}",
	 "kubeaudit kube action=create unknown somebody on=access-key:JTI=9 "
	 "resource=serviceaccounts sub=token object=web response"},
	{"a time without a zone is UTC",
	 "{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':'get','requestReceivedTimestamp':"
	 "'2026-11-22 10:00:00.5'}",
	 "kubeaudit time=2026-11-22T10:00:00.500Z kube action=get reads unknown somebody"},
	{"without a version", "{'kind':'Event','verb':'list','user':{'username':'ann'}}",
	 "kubeaudit kube action=list reads unknown user name=ann"},
	{"an event of the core API", "{'kind':'Event','apiVersion':'v1','reason':'Pulled'}",
	 "other"},
	{"an event of another API with a verb", "{'kind':'Event','apiVersion':'v1','verb':'get'}",
	 "other"},
	{"a verb that is no text", "{'kind':'Event','apiVersion':'audit.k8s.io/v1','verb':7}",
	 "other"},
};

static void tells_all(void **state)
{
	act_check(whole, sizeof(whole) / sizeof(*whole));
}

#define GKE(method, resource, rest)                                                              \
	"{'insertId':'n-1','timestamp':'2026-11-22T10:00:00Z','resource':{'type':'k8s_cluster'," \
	"'labels':{'project_id':'shop-1','location':'europe-west1','cluster_name':'c-1'}},"      \
	"'protoPayload':{'serviceName':'k8s.io','methodName':'" method                           \
	"','resourceName':'" resource "'" rest "}}"
#define GKE_TOLD "kubeaudit time=2026-11-22T10:00:00Z id=n-1 kube account=c-1 region=europe-west1 "

static const struct act_case gke[] = {
	{"a deployment",
	 GKE("io.k8s.apps.v1.deployments.create", "apps/v1/namespaces/shop/deployments/web",
	     ",'authenticationInfo':{'principalEmail':'ann@shop.example'},'requestMetadata':"
	     "{'callerIp':'198.51.100.7','callerSuppliedUserAgent':'kubectl'},'request':{}"),
	 GKE_TOLD "service=apps action=create done user name=ann@shop.example from=198.51.100.7! "
		  "agent=kubectl resource=deployments namespace=shop object=web request"},
	{"exec",
	 GKE("io.k8s.core.v1.pods.exec.create", "core/v1/namespaces/shop/pods/web-1/exec",
	     ",'authenticationInfo':{'principalEmail':'system:serviceaccount:shop:ci'}"),
	 GKE_TOLD "action=create done service-account name=system:serviceaccount:shop:ci "
		  "resource=pods sub=exec namespace=shop object=web-1"},
	{"something of no namespace",
	 GKE("io.k8s.authorization.rbac.v1.clusterrolebindings.create",
	     "rbac.authorization.k8s.io/v1/clusterrolebindings/all",
	     ",'authenticationInfo':{'principalEmail':'x@p.iam.gserviceaccount.com'}"),
	 GKE_TOLD "service=rbac.authorization.k8s.io action=create done service-account "
		  "name=x@p.iam.gserviceaccount.com resource=clusterrolebindings object=all"},
	{"a node's proxy",
	 GKE("io.k8s.core.v1.nodes.proxy.get", "core/v1/nodes/n-7/proxy/metrics", ""),
	 GKE_TOLD "action=get done somebody resource=nodes sub=proxy object=n-7"},
	{"a namespace", GKE("io.k8s.core.v1.namespaces.create", "core/v1/namespaces/shop", ""),
	 GKE_TOLD "action=create done somebody resource=namespaces namespace=shop object=shop"},
	{"a list", GKE("io.k8s.core.v1.secrets.list", "core/v1/secrets", ""),
	 GKE_TOLD "action=list reads done somebody resource=secrets"},
	{"refused",
	 GKE("io.k8s.core.v1.secrets.get", "core/v1/namespaces/shop/secrets/aws",
	     ",'status':{'code':7,'message':'Forbidden'},'authenticationInfo':{'principalEmail':"
	     "'system:anonymous'}"),
	 GKE_TOLD "action=get reads denied error=7 anonymous name=system:anonymous "
		  "resource=secrets namespace=shop object=aws"},
	{"no resource", GKE("io.k8s.get", "healthz", ""),
	 GKE_TOLD "action=get reads done somebody uri=healthz"},
	{"names cut short", GKE("x", "core", ""), GKE_TOLD "action=x done somebody uri=core"},
	{"the cluster's decision",
	 "{'labels':{'authorization.k8s.io/"
	 "decision':'forbid'},'protoPayload':{'serviceName':'k8s.io',"
	 "'methodName':'io.k8s.core.v1.pods.list','resourceName':'core/v1/pods'}}",
	 "kubeaudit kube action=list reads denied somebody resource=pods decision=forbid"},
};

static void tells_what_gke_hands_on(void **state)
{
	act_check(gke, sizeof(gke) / sizeof(*gke));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who),
		cmocka_unit_test(tells_how_it_ended),
		cmocka_unit_test(tells_all),
		cmocka_unit_test(tells_what_gke_hands_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
