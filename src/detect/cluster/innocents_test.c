#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/cluster/audit_story.h"

#define SYSTEM(account) "system:serviceaccount:" account
#define ADMIN		"kubernetes-admin"

/* What every cluster has: silent, or a signal. */
static const struct story innocents[] = {
	{"kubeadm makes a cluster",
	 {{0, ADMIN, "192.0.2.4", "create", "configmaps", "kube-public", "cluster-info"},
	  {0, ADMIN, "192.0.2.4", "create", "rolebindings", "kube-public",
	   "kubeadm:bootstrap-signer-clusterinfo",
	   "{'roleRef':{'name':'kubeadm:bootstrap-signer-clusterinfo'},'subjects':[{'kind':'User',"
	   "'name':'system:anonymous'}]}"},
	  {1, ADMIN, "192.0.2.4", "create", "daemonsets", "kube-system", "kube-proxy",
	   TEMPLATE("DaemonSet", AGENT("registry.k8s.io/kube-proxy:v1.32"))},
	  {2, ADMIN, "192.0.2.4", "create", "deployments", "kube-system", "coredns",
	   TEMPLATE("Deployment", NOTHING_SAID)},
	  {3, "system:apiserver", "127.0.0.1", "create", "clusterrolebindings", NULL,
	   "system:public-info-viewer", GRANT("system:unauthenticated")}},
	 "signal workload"},
	{"a network plugin is put into kube-system by an administrator",
	 {{0, ADMIN, "192.0.2.4", "create", "clusterrolebindings", NULL, "cilium",
	   "{'roleRef':{'name':'cilium'},'subjects':[{'kind':'ServiceAccount','name':'cilium'}]}"},
	  {1, ADMIN, "192.0.2.4", "create", "daemonsets", "kube-system", "cilium",
	   TEMPLATE("DaemonSet", AGENT("quay.io/cilium/cilium:v1.16"))},
	  {2, "system:serviceaccount:kube-system:daemon-set-controller", "192.0.2.4", "create",
	   "pods", "kube-system", "cilium-%d", POD(AGENT("quay.io/cilium/cilium:v1.16")),
	   .times = 9}},
	 "signal workload"},
	{"node-exporter",
	 {{0, ADMIN, "192.0.2.4", "create", "daemonsets", "monitoring", "node-exporter",
	   TEMPLATE("DaemonSet",
		    "'hostNetwork':true,'hostPID':true,'volumes':[{'hostPath':{'path':'/'}"
		    "}],'containers':[{'image':'quay.io/prometheus/node-exporter:v1.8',"
		    "'args':['--path.rootfs=/host','--web.listen-address=[$(IP)]:9100'],"
		    "'resources':{'limits':{'cpu':'250m'}}}]")}},
	 ""},
	{"falco, by helm, which asks what it may do and keeps its releases in secrets",
	 {{0, "deployer", "198.51.100.4", "create", "selfsubjectaccessreviews", .times = 3},
	  {0, "deployer", "198.51.100.4", "list", "secrets", "falco",
	   .uri = "/api/v1/namespaces/falco/secrets?labelSelector=name%3Dfalco%2Cowner%3Dhelm"},
	  {0, "deployer", "198.51.100.4", "get", "secrets", "falco", "sh.helm.release.v1.falco.v%d",
	   .times = 30},
	  {2, "deployer", "198.51.100.4", "create", "daemonsets", "falco", "falco",
	   TEMPLATE("DaemonSet", AGENT("docker.io/falcosecurity/falco:0.39"))}},
	 ""},
	{"tetragon in kube-system, by flux, which watches what it works with",
	 {{0, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "watch", "kustomizations"},
	  {0, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "watch", "secrets"},
	  {0, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "update", "leases"},
	  {1, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "get", "secrets", "apps",
	   "k-%d", .times = 40},
	  {2, SYSTEM("flux-system:kustomize-controller"), "10.0.0.7", "patch", "daemonsets",
	   "kube-system", "tetragon",
	   TEMPLATE("DaemonSet", AGENT("quay.io/cilium/tetragon:v1.2"))}},
	 "signal workload"},
	{"the same by a pipeline's account in one run, which watches nothing",
	 {{0, SYSTEM("gitlab:runner"), "10.0.0.7", "patch", "daemonsets", "kube-system", "tetragon",
	   TEMPLATE("DaemonSet", AGENT("quay.io/cilium/tetragon:v1.2"))}},
	 "signal workload"},
	{"operators that read many secrets: external-secrets, cert-manager, argocd, trivy",
	 {{0, SYSTEM("es:external-secrets"), "10.0.0.4", "watch", "secrets"},
	  {0, SYSTEM("es:external-secrets"), "10.0.0.4", "watch", "externalsecrets"},
	  {0, SYSTEM("es:external-secrets"), "10.0.0.4", "get", "secrets", "ns", "e-%d",
	   .times = 90},
	  {0, SYSTEM("cm:cert-manager"), "10.0.0.5", "update", "leases"},
	  {0, SYSTEM("cm:cert-manager"), "10.0.0.5", "list", "secrets"},
	  {0, SYSTEM("argocd:argocd-application-controller"), "10.0.0.6", "list", "secrets"},
	  {0, SYSTEM("argocd:argocd-application-controller"), "10.0.0.6", "watch", "secrets"},
	  {0, SYSTEM("argocd:argocd-application-controller"), "10.0.0.6", "watch", "pods"},
	  {0, SYSTEM("trivy:trivy-operator"), "10.0.0.8", "list", "secrets"},
	  {0, SYSTEM("trivy:trivy-operator"), "10.0.0.8", "watch", "secrets"},
	  {0, SYSTEM("trivy:trivy-operator"), "10.0.0.8", "watch", "jobs"}},
	 ""},
	{"metrics of secrets, listed once",
	 {{0, SYSTEM("kube-system:kube-state-metrics"), "10.0.0.8", "list", "secrets"}},
	 "signal secrets"},
	{"a backup that reads all secrets every night, and watches nothing",
	 {{0, SYSTEM("velero:backup"), "10.0.0.4", "get", "secrets", "ns", "e-%d", .times = 12},
	  {DAY, SYSTEM("velero:backup"), "10.0.0.4", "get", "secrets", "ns", "e-%d", .times = 12},
	  {2 * DAY, SYSTEM("velero:backup"), "10.0.0.4", "get", "secrets", "ns", "e-%d",
	   .times = 12}},
	 ""},
	{"kubelets read secrets and make tokens for their pods",
	 {{0, "system:node:n1", "10.0.0.2", "get", "secrets", "ns", "e-%d", .times = 60},
	  {0, "system:node:n1", "10.0.0.2", "create", "serviceaccounts/token", "ns", "a-%d",
	   .times = 30}},
	 ""},
	{"a runner of GitHub's in a pod with rights, and jobs that install things",
	 {{0, SYSTEM("arc:controller"), "10.0.0.4", "create", "pods", "arc-runners", "runner-%d",
	   POD("'containers':[{'image':'ghcr.io/actions/actions-runner:2','command':['/opt/runner/"
	       "run"
	       ".sh']},{'image':'docker:dind','securityContext':{'privileged':true}}]"),
	   .times = 12},
	  {9, SYSTEM("ci:builder"), "10.0.0.5", "create", "jobs", "ci", "build-%d",
	   TEMPLATE("Job",
		    "'containers':[{'image':'ubuntu:24.04','command':['bash','-c','curl -fsSL "
		    "https://sh.rustup.rs | sh -s -- -y && cargo build']}]"),
	   .times = 12}},
	 "signal workload"},
	{"people look for faults",
	 {{0, "dev", "198.51.100.7", "create", "pods/exec", "shop", "web-1",
	   .uri = "/api/v1/namespaces/shop/pods/web-1/exec?command=sh&stdin=true&tty=true"},
	  {1, "dev", "198.51.100.7", "create", "pods/exec", "shop", "web-1",
	   .uri = "/api/v1/namespaces/shop/pods/web-1/exec?command=env"},
	  {2, "dev", "198.51.100.7", "create", "pods/portforward", "shop", "db-1"},
	  {3, "dev", "198.51.100.7", "get", "secrets", "shop", "s-%d", .times = 3},
	  {4, "dev", "198.51.100.7", "list", "nodes", .outcome = OUTCOME_DENIED},
	  {4, "dev", "198.51.100.7", "list", "secrets", .outcome = OUTCOME_DENIED},
	  {4, "dev", "198.51.100.7", "list", "roles", .outcome = OUTCOME_DENIED},
	  {4, "dev", "198.51.100.7", "list", "crds", .outcome = OUTCOME_DENIED},
	  {9, "dev", "198.51.100.7", "create", "deployments", "shop", "web",
	   TEMPLATE("Deployment", NOTHING_SAID)}},
	 ""},
	{"a debug container",
	 {{0, "dev", "198.51.100.7", "patch", "pods/ephemeralcontainers", "shop", "web-1",
	   POD("'ephemeralContainers':[{'image':'busybox','command':['sh']}]")}},
	 "signal debug container"},
	{"an administrator installs helm charts with all rights for one of them",
	 {{0, ADMIN, "192.0.2.4", "create", "clusterrolebindings", NULL, "flux", GRANT("flux")},
	  {1, ADMIN, "192.0.2.4", "create", "deployments", "flux-system", "c-%d",
	   TEMPLATE("Deployment", NOTHING_SAID), .times = 4}},
	 "signal rights"},
	{"the dashboard keeps its keys and shows what is there",
	 {{0, CONSOLE, "10.0.0.9", "get", "secrets", "kubernetes-dashboard",
	   "kubernetes-dashboard-key-holder"},
	  {1, CONSOLE, "10.0.0.9", "update", "secrets", "kubernetes-dashboard",
	   "kubernetes-dashboard-key-holder"},
	  {2, CONSOLE, "10.0.0.9", "get", "configmaps", "kubernetes-dashboard",
	   "kubernetes-dashboard-settings"},
	  {3, CONSOLE, "10.0.0.9", "get", "services/proxy", "kubernetes-dashboard",
	   "dashboard-metrics-scraper"},
	  {4, CONSOLE, "10.0.0.9", "list", "namespaces"}},
	 ""},
	{"prometheus reads metrics through the nodes",
	 {{0, SYSTEM("monitoring:prometheus"), "10.0.0.4", "get", "nodes/proxy", NULL, "n-%d",
	   .uri = "/api/v1/nodes/n1/proxy/metrics/cadvisor", .times = 60}},
	 ""},
	{"a shop that takes donations, a pool operator's exporter",
	 {{0, "dev", "198.51.100.7", "create", "deployments", "shop", "web",
	   TEMPLATE("Deployment",
		    "'containers':[{'image':'shop','env':[{'name':'DONATE','value':'" WALLET
		    "'}]}]")},
	  {1, "dev", "198.51.100.7", "create", "deployments", "shop", "exporter",
	   TEMPLATE("Deployment", "'containers':[{'image':'example/xmrig-exporter:1'}]")}},
	 "signal workload"},
	{"a console for the inside",
	 {{0, "admin", "198.51.100.7", "create", "services", "d", "dashboard",
	   "{'metadata':{'annotations':{'service.beta.kubernetes.io/"
	   "aws-load-balancer-internal':'true'}"
	   "},'spec':{'type':'LoadBalancer','selector':{'app':'dashboard'}}}"},
	  {1, "admin", "198.51.100.7", "create", "services", "shop", "web",
	   "{'spec':{'type':'LoadBalancer','selector':{'app':'web'}}}"}},
	 "signal console to the outside"},
};

static void innocents_are_not_accused(void **state)
{
	for (size_t i = 0; i < sizeof(innocents) / sizeof(*innocents); i++)
		assert_true(innocents[i].told[0] == '\0' ||
			    strncmp(innocents[i].told, "signal", 6) == 0);
	stories_run(innocents, sizeof(innocents) / sizeof(*innocents));
}

/* What README.md says is not seen, tried: whoever makes one of these seen may strike it out there.
 */
static const struct story escapes[] = {
	{"an image whose entry point mines, and nothing else is said, by a pipeline's account",
	 {{0, SYSTEM("gitlab:runner"), "10.0.0.7", "create", "deployments", "shop", "cache",
	   TEMPLATE("Deployment", "'containers':[{'image':'registry.example.net/cache:9'}]")}},
	 ""},
	{"few secrets, slowly",
	 {{0, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 20, .every = 660}},
	 ""},
	{"two idle watches make a controller of anybody",
	 {{0, WEB, "10.0.0.5", "watch", "pods"},
	  {1, WEB, "10.0.0.5", "watch", "services"},
	  {2, WEB, "10.0.0.5", "get", "secrets", "shop", "s-%d", .times = 50}},
	 ""},
	{"another address in each request",
	 {{0, WEB, "10.0.0.1", "get", "secrets", "shop", "a"},
	  {1, WEB, "10.0.0.2", "get", "secrets", "shop", "b"},
	  {2, WEB, "10.0.0.3", "get", "secrets", "shop", "c"},
	  {3, WEB, "10.0.0.4", "get", "secrets", "shop", "d"},
	  {4, WEB, "10.0.0.5", "get", "secrets", "shop", "e"}},
	 ""},
};

static void escapes_are_as_told(void **state)
{
	stories_run(escapes, sizeof(escapes) / sizeof(*escapes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(innocents_are_not_accused),
		cmocka_unit_test(escapes_are_as_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
