"""Kubernetes audit events, and what managed clusters wrap around them.

Event: kubernetes.io/docs/reference/config-api/apiserver-audit.v1
Levels: who is logged how is the policy of managed clusters, docs.aws.amazon.com/eks/latest/best-practices/auditing-and-logging.html
and cloud.google.com/kubernetes-engine/docs/concepts/audit-policy: secrets and token reviews as metadata alone, reads of the core
groups without answers, writes with request and answer.
Wrappers: learn.microsoft.com/azure/aks/monitor-aks-reference (category kube-audit, properties.log);
cloud.google.com/kubernetes-engine/docs/how-to/audit-logging (protoPayload of service k8s.io);
docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html (DATA_MESSAGE, logEvents).
"""
import json
from datetime import datetime

from world import stamp

CORE = "/api/v1"
GROUPS = {"deployments": "apps", "replicasets": "apps", "daemonsets": "apps", "jobs": "batch", "cronjobs": "batch",
          "leases": "coordination.k8s.io", "horizontalpodautoscalers": "autoscaling", "subjectaccessreviews": "authorization.k8s.io",
          "selfsubjectrulesreviews": "authorization.k8s.io", "tokenreviews": "authentication.k8s.io",
          "clusterrolebindings": "rbac.authorization.k8s.io", "ingresses": "networking.k8s.io"}
VERSIONS = {"autoscaling": "v2"}
STARTED = "-started"  # end of a LogEntry's id
NODES = ["system:nodes", "system:authenticated"]
ANONYMOUS = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}


def service_account(namespace, name, uid=None):
    return {"username": f"system:serviceaccount:{namespace}:{name}", **({"uid": uid} if uid else {}),
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]}


def path(resource, namespace=None, name=None, sub=None):
    group = GROUPS.get(resource)
    base = f"/apis/{group}/{VERSIONS.get(group, 'v1')}" if group else CORE
    return base + "".join(f"/{part}" for part in (("namespaces", namespace) if namespace else ()) + (resource, name, sub) if part)


def reference(resource, namespace=None, name=None, sub=None, uid=None):
    group = GROUPS.get(resource)
    told = {"resource": resource, "namespace": namespace, "name": name, "uid": uid, "apiGroup": group,
            "apiVersion": VERSIONS.get(group, "v1"), "subresource": sub}
    return {key: value for key, value in told.items() if value}


def event(chance, at, user, verb, uri, source, agent, *, ref=None, code=200, level="Metadata", request=None, response=None,
          reason="", allowed=True, stage="ResponseComplete", took=0.004):
    """One audit event; `reason` as the authorizer gives it."""
    status = {"metadata": {}, "code": code}
    if code >= 400:
        status = {"metadata": {}, "status": "Failure", "message": "forbidden", "reason": "Forbidden", "code": code}
    told = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": level, "auditID": chance.uuid(), "stage": stage,
            "requestURI": uri, "verb": verb, "user": user, "sourceIPs": [source], "userAgent": agent}
    if ref:
        told["objectRef"] = ref
    told["responseStatus"] = status
    if request is not None:
        told["requestObject"] = request
    if response is not None:
        told["responseObject"] = response
    return {**told, "requestReceivedTimestamp": stamp(at, 6), "stageTimestamp": stamp(at + took, 6),
            "annotations": {"authorization.k8s.io/decision": "allow" if allowed else "forbid", "authorization.k8s.io/reason": reason}}


def on(chance, at, user, verb, resource, source, agent, *, namespace=None, name=None, sub=None, query="", **rest):
    """An event on a resource: address and reference from its parts."""
    return event(chance, at, user, verb, path(resource, namespace, name, sub) + query, source, agent,
                 ref=reference(resource, namespace, name, sub), **rest)


def container(name, image, *, env=(), command=None, args=None, cpu="250m", memory="256Mi", **rest):
    told = {"name": name, "image": image}
    if command:
        told["command"] = command
    if args:
        told["args"] = args
    if env:
        told["env"] = list(env)
    return {**told, "resources": {"limits": {"cpu": cpu, "memory": memory}, "requests": {"cpu": cpu, "memory": memory}},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
            **rest}


def pod_object(pod, spec, owner, labels):
    """A pod as a controller asks for it: `owner` is (kind, name, uid)."""
    kind, name, uid = owner
    return {"kind": "Pod", "apiVersion": "v1",
            "metadata": {"generateName": f"{name}-", "namespace": pod.namespace, "creationTimestamp": None, "labels": labels,
                         "ownerReferences": [{"apiVersion": "batch/v1" if kind == "Job" else "apps/v1", "kind": kind, "name": name,
                                              "uid": uid, "controller": True, "blockOwnerDeletion": True}]},
            "spec": spec, "status": {}}


def as_made(pod, asked, at):
    """The answer to that: with name, uid and time."""
    return {**asked, "metadata": {**asked["metadata"], "name": pod.name, "uid": pod.uid, "creationTimestamp": stamp(at)},
            "status": {"phase": "Pending", "qosClass": "Guaranteed"}}


def comes_up(world, chance, at, pod, spec, owner, labels, ipv6=False):
    """[(time, event)]: a controller makes the pod, the scheduler binds it, its kubelet says that it runs and at what address."""
    controller = {"DaemonSet": "daemon-set-controller", "ReplicaSet": "replicaset-controller", "Job": "job-controller"}[owner[0]]
    asked = pod_object(pod, spec, owner, labels)
    control, manager = chance.choice(world.control), "kube-controller-manager/v1.31.4 (linux/amd64) kubernetes/a78aa47"
    user = service_account("kube-system", controller, chance.uuid())
    reason = f'RBAC: allowed by ClusterRoleBinding "system:controller:{controller}" of ClusterRole "system:controller:{controller}" ' \
             f'to ServiceAccount "{controller}/kube-system"'
    made = on(chance, at, user, "create", "pods", control, f"{manager}/system:serviceaccount:kube-system:{controller}",
              namespace=pod.namespace, code=201, level="RequestResponse", request=asked, response=as_made(pod, asked, at), reason=reason)
    bound = on(chance, at + 0.05, {"username": "system:kube-scheduler", "groups": ["system:authenticated"]}, "create", "pods",
               control, "kube-scheduler/v1.31.4 (linux/amd64) kubernetes/a78aa47/scheduler", namespace=pod.namespace, name=pod.name,
               sub="binding", code=201, level="RequestResponse",
               request={"kind": "Binding", "apiVersion": "v1", "metadata": {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid},
                        "target": {"kind": "Node", "name": pod.node.name}},
               response={"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201},
               reason='RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler" to User '
                      '"system:kube-scheduler"')
    runs = at + chance.uniform(4, 25)
    return [(at, made), (at + 0.05, bound), (runs, runs_now(chance, runs, pod, spec, ipv6))]


def kubelet(node):
    return {"username": f"system:node:{node.name}", "groups": NODES}


def runs_now(chance, at, pod, spec, ipv6=False):
    """The kubelet's word that a pod runs: a patch of its status, which holds uid and addresses."""
    addresses = [{"ip": pod.ip6}] if ipv6 else [{"ip": pod.ip}]
    conditions = [{"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp(at)} for kind in
                  ("PodReadyToStartContainers", "ContainersReady", "Ready")]
    first = spec["containers"][0]
    status = {"$setElementOrder/conditions": [{"type": condition["type"]} for condition in conditions], "conditions": conditions,
              "containerStatuses": [{"containerID": "containerd://" + chance.hex(64), "image": first["image"],
                                     "imageID": f"{first['image'].rsplit(':', 1)[0]}@sha256:{chance.hex(64)}", "lastState": {},
                                     "name": first["name"], "ready": True, "restartCount": 0, "started": True,
                                     "state": {"running": {"startedAt": stamp(at)}}}],
              "hostIP": pod.node.address, "hostIPs": [{"ip": pod.node.address}], "phase": "Running", "podIP": addresses[0]["ip"],
              "podIPs": addresses, "startTime": stamp(at - 3)}
    return on(chance, at, kubelet(pod.node), "patch", "pods", pod.node.address,
              "kubelet/v1.31.4 (linux/amd64) kubernetes/a78aa47", namespace=pod.namespace, name=pod.name, sub="status",
              level="Request", request={"metadata": {"uid": pod.uid}, "status": status})


def identifier(told):
    """By what the record is known: a watch is told twice, when it begins and when it ends."""
    return f"{told['auditID']}/{told['stage']}"


def wrapped_aks(world, told):
    upper = f"/SUBSCRIPTIONS/{world.chance_uuid('subscription').upper()}/RESOURCEGROUPS/{world.company.upper()}" \
            f"/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/{world.cluster.upper()}"
    return {"operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read", "category": "kube-audit",
            "ccpNamespace": world.chance_uuid("ccp").replace("-", "")[:24], "resourceId": upper,
            "properties": {"log": json.dumps(told, separators=(",", ":")) + "\n", "stream": "stdout",
                           "pod": f"kube-apiserver-{world.chance_uuid('pod')[:13]}",
                           "containerID": world.chance_uuid("container").replace("-", "") * 2},
            "time": told["stageTimestamp"]}


# What a LogEntry's method calls a group: io.k8s.core.v1.pods.create, io.k8s.apps.v1.daemonsets.create ...
def method_of(told):
    ref = told.get("objectRef")
    if not ref:
        return f"io.k8s.{told['verb']}", told["requestURI"].lstrip("/")
    group = ref.get("apiGroup", "core")
    version = ref["apiVersion"]
    own = ref.get("name") or told.get("responseObject", {}).get("metadata", {}).get("name")  # of a generated name the answer tells
    name = "/".join(part for part in (("namespaces", ref["namespace"]) if "namespace" in ref else ()) +
                    (ref["resource"], own, ref.get("subresource")) if part)
    kind = ref["resource"] + (f".{ref['subresource']}" if "subresource" in ref else "")
    group_method = "authorization.rbac" if group == GROUPS["clusterrolebindings"] else group.removesuffix(".k8s.io")
    return f"io.k8s.{group_method}.{version}.{kind}.{told['verb']}", f"{group}/{version}/{name}"


def wrapped_gke(world, told):
    method, resource = method_of(told)
    is_read = told["verb"] in ("get", "list", "watch")
    denied = told["responseStatus"]["code"] >= 400
    payload = {"@type": "type.googleapis.com/google.cloud.audit.AuditLog",
               "authenticationInfo": {"principalEmail": told["user"]["username"]},
               "authorizationInfo": [{"granted": not denied, "permission": method, "resource": resource}], "methodName": method,
               "requestMetadata": {"callerIp": told["sourceIPs"][0], "callerSuppliedUserAgent": told["userAgent"]},
               "resourceName": resource, "serviceName": "k8s.io",
               "status": {"code": 7, "message": "PERMISSION_DENIED"} if denied else {}}
    for key, where in (("requestObject", "request"), ("responseObject", "response")):
        if key in told:
            payload[where] = typed(told[key])
    project = f"{world.company}-{world.chance_uuid('project')[:6]}"
    return {"insertId": told["auditID"] + (STARTED if told["stage"] == "ResponseStarted" else ""),
            "labels": dict(told["annotations"]),
            "logName": f"projects/{project}/logs/cloudaudit.googleapis.com%2F{'data_access' if is_read else 'activity'}",
            "operation": {"first": True, "id": told["auditID"], "last": True, "producer": "k8s.io"}, "protoPayload": payload,
            "receiveTimestamp": told["stageTimestamp"],
            "resource": {"labels": {"cluster_name": world.cluster, "location": "europe-west4", "project_id": project},
                         "type": "k8s_cluster"},
            "severity": "ERROR" if denied else "INFO" if is_read else "NOTICE", "timestamp": told["requestReceivedTimestamp"]}


def typed(body):
    kind, version = body.get("kind"), body.get("apiVersion", "v1")
    if not kind:
        return {"@type": "k8s.io/Patch", **body}
    return {"@type": f"{'core' if '/' not in version else version.split('/')[0]}.k8s.io/{version.split('/')[-1]}.{kind}", **body}


def batched_eks(world, told_list):
    """One message of CloudWatch's subscription for many events."""
    events = []
    for told in told_list:
        at = datetime.fromisoformat(told["stageTimestamp"].replace("Z", "+00:00")).timestamp()
        events.append({"id": f"{int(at * 1000)}{int(told['auditID'][:8], 16):020d}"[:56], "timestamp": int(at * 1000),
                       "message": json.dumps(told, separators=(",", ":"))})
    return {"messageType": "DATA_MESSAGE", "owner": world.account, "logGroup": f"/aws/eks/{world.cluster}/cluster",
            "logStream": f"kube-apiserver-audit-{world.chance_uuid('stream').replace('-', '')}", "subscriptionFilters": ["everything"],
            "logEvents": events}
