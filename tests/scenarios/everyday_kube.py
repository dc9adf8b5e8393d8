"""An ordinary day in the cluster's audit log: kubelets, controllers, health checks, deployments, jobs, developers."""
import kube
from chance import CROWD, Chance
from logs import Entry
from world import Pod, stamp

KUBELET = "kubelet/v1.31.4 (linux/amd64) kubernetes/a78aa47"
MANAGER = "kube-controller-manager/v1.31.4 (linux/amd64) kubernetes/a78aa47"
KUBECTL = "kubectl/v1.31.2 (linux/amd64) kubernetes/5864a46"


def entry(at, record):
    return Entry(at, "kubeaudit", record)


def allowed(binding, role, whom):
    return f'RBAC: allowed by ClusterRoleBinding "{binding}" of ClusterRole "{role}" to {whom}'


def lease(world, chance, at):
    """A kubelet says that it lives, or a controller that it leads."""
    if chance.random() < 0.6:
        node = chance.choice(world.nodes)
        return [entry(at, kube.on(chance, at, kube.kubelet(node), "update", "leases", node.address, KUBELET, namespace="kube-node-lease",
                                  name=node.name, query="?timeout=10s"))]
    who = chance.choice(("kube-controller-manager", "kube-scheduler", "cloud-controller-manager"))
    whom = {"username": f"system:{who}", "groups": ["system:authenticated"]}
    return [entry(at, kube.on(chance, at, whom, verb, "leases", world.control[0], f"{who}/v1.31.4 (linux/amd64) kubernetes/a78aa47/leader-election",
                              namespace="kube-system", name=who, query="?timeout=5s",
                              reason=allowed(f"system:{who}", f"system:{who}", f'User "system:{who}"')))
            for verb in ("get", "update")]


def node_status(world, chance, at):
    node = chance.choice(world.nodes)
    patch = {"status": {"conditions": [{"lastHeartbeatTime": stamp(at), "type": kind} for kind in
                                       ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")]}}
    return [entry(at, kube.on(chance, at, kube.kubelet(node), "patch", "nodes", node.address, KUBELET, name=node.name, sub="status",
                              query="?timeout=10s", level="Request", request=patch))]


def watches(world, chance, at):
    """Controllers that list and watch; a watch is told when it begins and when it ends."""
    resource = chance.choice(("pods", "services", "configmaps", "secrets", "deployments", "replicasets", "nodes", "ingresses"))
    name = chance.choice(("generic-garbage-collector", "resourcequota-controller", "endpointslice-controller", "namespace-controller"))
    whom = kube.service_account("kube-system", name)
    agent, reason = f"{MANAGER}/{name}", allowed(f"system:controller:{name}", f"system:controller:{name}", f'ServiceAccount "{name}/kube-system"')
    version = chance.randrange(10 ** 7, 10 ** 8)
    source = chance.choice(world.control)
    if chance.random() < 0.3:
        return [entry(at, kube.on(chance, at, whom, "list", resource, source, agent, query="?limit=500&resourceVersion=0", reason=reason))]
    begun = kube.on(chance, at, whom, "watch", resource, source, agent, reason=reason, stage="ResponseStarted",
                    query=f"?allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={chance.randrange(300, 600)}&watch=true")
    took = chance.uniform(300, 600)
    ended = {**begun, "stage": "ResponseComplete", "stageTimestamp": stamp(at + took, 6)}
    return [entry(at, begun), entry(at + took, ended)]


def health(world, chance, at):
    """Nobody by name asks how the server is: load balancers and monitors, allowed to all by the roles every cluster has."""
    uri = chance.choice(("/livez", "/readyz", "/healthz", "/livez?verbose", "/readyz?exclude=kms-provider-0", "/version"))
    source, agent = chance.choice(((world.control[0], "kube-probe/1.31"), (world.control[1], "ELB-HealthChecker/2.0"),
                                   (world.egress, "Blackbox Exporter/0.25.0"), (world.office, "curl/8.9.1")))
    reason = allowed("system:public-info-viewer", "system:public-info-viewer", 'Group "system:unauthenticated"')
    return [entry(at, kube.event(chance, at, kube.ANONYMOUS, "get", uri, source, agent, reason=reason))]


def knocking(world, chance, at):
    """The internet tries the door, and is refused."""
    uri = chance.choice(("/", "/api/v1/pods", "/api/v1/secrets", "/apis", "/.env", "/api/v1/namespaces/default/pods"))
    resource = {"/api/v1/pods": ("pods", None), "/api/v1/secrets": ("secrets", None), "/api/v1/namespaces/default/pods": ("pods", "default")}
    ref = kube.reference(*resource[uri]) if uri in resource else None
    return [entry(at, kube.event(chance, at, kube.ANONYMOUS, "list" if ref else "get", uri, chance.address(CROWD),
                                 chance.choice(("Mozilla/5.0 zgrab/0.x", "Go-http-client/1.1", "python-requests/2.32.3")), ref=ref,
                                 code=403, allowed=False))]


def token_work(world, chance, at):
    """Metrics and webhooks ask who somebody is and what he may."""
    whom = kube.service_account("kube-system", "metrics-server")
    node = chance.choice(world.nodes)
    agent = "metrics-server/v0.7.2 (linux/amd64) kubernetes/$Format"
    reason = allowed("metrics-server:system:auth-delegator", "system:auth-delegator", 'ServiceAccount "metrics-server/kube-system"')
    resource = chance.choice(("subjectaccessreviews", "tokenreviews"))
    return [entry(at, kube.on(chance, at, whom, "create", resource, node.address, agent, code=201, reason=reason))]


def pull_secrets(world, chance, at):
    """A kubelet reads the secrets of the pods it runs; a controller synchronises those it keeps."""
    pod = chance.choice(world.pods)
    if chance.random() < 0.7:
        name = chance.choice(("registry", "tls", "settings")) + "-" + pod.namespace
        return [entry(at, kube.on(chance, at, kube.kubelet(pod.node), "get", "secrets", pod.node.address, KUBELET,
                                  namespace=pod.namespace, name=name))]
    whom = kube.service_account("external-secrets", "external-secrets")
    node = chance.choice(world.nodes)
    reason = allowed("external-secrets-controller", "external-secrets-controller", 'ServiceAccount "external-secrets/external-secrets"')
    return [entry(at + i, kube.on(chance, at + i, whom, verb, "secrets", node.address, "external-secrets/v0.10.5 (linux/amd64)",
                                  namespace=pod.namespace, name=f"settings-{pod.namespace}", reason=reason))
            for i, verb in enumerate(("get", "update"))]


def spec_of(world, workload, pod, **rest):
    return {"containers": [kube.container(workload.name, workload.image, **rest)], "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "serviceAccountName": workload.name,
            "nodeName": pod.node.name, "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "schedulerName": "default-scheduler"}


def deployment(world, chance, at):
    """CI brings a new version: the deployment is patched, controllers and kubelets do the rest, the old pods go."""
    workload = chance.choice(world.workloads)
    ci = {"username": f"{world.ci_role}", "uid": f"aws-iam-authenticator:{world.account}:{world.principal_id('AROA', world.ci_role)}",
          "groups": ["deployers", "system:authenticated"],
          "extra": {"arn": [f"arn:aws:sts::{world.account}:assumed-role/{world.ci_role}/ci-{chance.digits(8)}"]}}
    image = workload.image.rsplit(":", 1)[0] + f":{chance.randrange(9)}.{chance.randrange(40)}.{chance.randrange(20)}"
    patch = {"spec": {"template": {"spec": {"containers": [{"name": workload.name, "image": image}]}}}}
    made = [entry(at, kube.on(chance, at, ci, "patch", "deployments", world.office, "helm/v3.16.3", namespace=workload.namespace,
                              name=workload.name, query="?fieldManager=helm", level="RequestResponse", request=patch,
                              response={"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": workload.name,
                                        "namespace": workload.namespace}, "spec": {"replicas": len(workload.pods)}},
                              reason=allowed("deployers", "edit", 'Group "deployers"')))]
    owner = ("ReplicaSet", f"{workload.name}-{chance.hex(9)}", chance.uuid())
    for old in workload.pods:
        pod = Pod(world, chance, workload.namespace, f"{owner[1]}-{chance.lower(5)}", chance.choice(world.nodes))
        spec = spec_of(world, workload, pod)
        spec["containers"][0]["image"] = image
        made += [entry(*told) for told in kube.comes_up(world, chance, at + chance.uniform(1, 40), pod, spec, owner, {"app": workload.name})]
    return made


def job(world, chance, at):
    """A job that runs every so often, in a pod that ends."""
    workload = chance.choice(world.workloads)
    name = f"{workload.name}-nightly-{chance.digits(8)}"
    owner = ("Job", name, chance.uuid())
    whom = kube.service_account("kube-system", "cronjob-controller")
    body = {"kind": "Job", "apiVersion": "batch/v1", "metadata": {"name": name, "namespace": workload.namespace},
            "spec": {"template": {"spec": {"containers": [kube.container("job", workload.image, args=["report", "--since", "24h"])],
                                           "restartPolicy": "OnFailure"}}}}
    made = [entry(at, kube.on(chance, at, whom, "create", "jobs", world.control[0], f"{MANAGER}/cronjob-controller",
                              namespace=workload.namespace, code=201, level="RequestResponse", request=body, response=body,
                              reason=allowed("system:controller:cronjob-controller", "system:controller:cronjob-controller",
                                             'ServiceAccount "cronjob-controller/kube-system"')))]
    pod = Pod(world, chance, workload.namespace, f"{name}-{chance.lower(5)}", chance.choice(world.nodes))
    return made + [entry(*told) for told in kube.comes_up(world, chance, at + 0.3, pod, body["spec"]["template"]["spec"], owner, {"job-name": name})]


def developer(world, chance, at):
    """Somebody of the company looks at his pods, at times into one."""
    name = chance.choice(world.developers)
    whom = {"username": name, "uid": f"aws-iam-authenticator:{world.account}:{world.principal_id('AIDA', name)}",
            "groups": ["developers", "system:authenticated"]}
    reason, pod = allowed("developers", "edit", 'Group "developers"'), chance.choice(world.pods)
    made = [entry(at, kube.on(chance, at, whom, "list", "pods", world.office, KUBECTL, namespace=pod.namespace, query="?limit=500", reason=reason))]
    if chance.random() < 0.5:
        made.append(entry(at + 9, kube.on(chance, at + 9, whom, "get", "pods", world.office, KUBECTL, namespace=pod.namespace, name=pod.name,
                                          sub="log", query="?container=app&tailLines=200", reason=reason)))
    if chance.random() < 0.1:
        for stage, took in (("ResponseStarted", 0.1), ("ResponseComplete", chance.uniform(20, 600))):
            made.append(entry(at + 30 + took, {**kube.on(chance, at + 30, whom, "create", "pods", world.office, KUBECTL, namespace=pod.namespace,
                                                         name=pod.name, sub="exec", query="?command=sh&container=app&stdin=true&stdout=true&tty=true",
                                                         code=101, reason=reason, took=took), "stage": stage}))
        made[-1].record["auditID"] = made[-2].record["auditID"]
    return made


def addon(world, chance, at):
    """The provider keeps its own DaemonSets in kube-system up to date."""
    name = chance.choice(("kube-proxy", "aws-node", "ebs-csi-node"))
    whom = {"username": "eks:addon-manager", "groups": ["system:authenticated"]}
    patch = {"metadata": {"annotations": {"eks.amazonaws.com/updated": stamp(at)}}}
    return [entry(at, kube.on(chance, at, whom, "patch", "daemonsets", world.control[0], "eks-addon-manager/v1", namespace="kube-system",
                              name=name, query="?fieldManager=eks&force=false", level="RequestResponse", request=patch,
                              response={"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": {"name": name, "namespace": "kube-system"}},
                              reason=allowed("eks:addon-manager", "eks:addon-manager", 'User "eks:addon-manager"')))]


WEIGHTS = {lease: 40, node_status: 12, watches: 14, health: 14, knocking: 2, token_work: 8, pull_secrets: 4, deployment: 0.25, job: 0.4,
           developer: 1.5, addon: 0.3}


def day(world, first, count):
    """`first`, and so much more that there are `count` in all."""
    chance, entries = Chance(world.seed, "everyday", "kubeaudit"), list(first)
    doings, weights = list(WEIGHTS), list(WEIGHTS.values())
    while len(entries) < count:
        entries += chance.choices(doings, weights)[0](world, chance, chance.uniform(world.begin, world.end - 700))
    return entries[:count]
