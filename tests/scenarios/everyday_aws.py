"""An ordinary day in the account's CloudTrail: nodes, pipelines, deployments, scaling, the provider's own services, developers."""
import aws
from chance import Chance
from logs import Entry
from world import REGIONS

# What an agent or a controller asks for all day long: (service, act, parameters).
ASKED = (("ec2", "DescribeInstances", {"filterSet": {}, "instancesSet": {}}), ("ec2", "DescribeVolumes", {"volumeSet": {}, "filterSet": {}}),
         ("autoscaling", "DescribeAutoScalingGroups", {"maxRecords": 100}), ("elasticloadbalancing", "DescribeTargetHealth", None),
         ("ecr", "GetAuthorizationToken", None), ("ec2", "DescribeNetworkInterfaces", {"networkInterfaceIdSet": {}, "filterSet": {}}),
         ("logs", "DescribeLogGroups", None), ("ec2", "DescribeRouteTables", {"filterSet": {}}))


def entry(at, record):
    return Entry(at, "cloudtrail", record)


def asking(world, chance, at):
    node, (service, name, request) = chance.choice(world.nodes), chance.choice(ASKED)
    return [entry(at, aws.act(world, chance, at, service, name, aws.instance(world, node, at), world.egress, aws.GO, request=request))]


def agent(world, chance, at):
    """The agent of Systems Manager reports; the plug-in of the network takes addresses for pods."""
    node = chance.choice(world.nodes)
    who = aws.instance(world, node, at)
    if chance.random() < 0.7:
        return [entry(at, aws.act(world, chance, at, "ssm", "UpdateInstanceInformation", who, world.egress, "aws-sdk-go/1.55.5 (go1.22.8; linux; amd64) amazon-ssm-agent/",
                                  request={"instanceId": node.instance, "agentVersion": "3.3.1142.0", "agentStatus": "Active",
                                           "platformType": "Linux", "platformName": "Amazon Linux", "platformVersion": "2023",
                                           "iPAddress": node.address, "computerName": node.name, "agentName": "amazon-ssm-agent"}, reads=False))]
    return [entry(at, aws.act(world, chance, at, "ec2", "AssignPrivateIpAddresses", who, world.egress, aws.GO,
                              request={"networkInterfaceId": node.interface, "secondaryPrivateIpAddressCount": 1,
                                       "privateIpAddressesSet": {}, "allowReassignment": False}, response={"_return": True}))]


def pod_role(world, chance, at):
    """A pod exchanges its token for a role, as it does every hour, and uses it."""
    workload = chance.choice(world.workloads)
    role = f"{world.cluster}-{workload.name}"
    issuer = f"oidc.eks.{world.region}.amazonaws.com/id/{Chance(world.seed, 'oidc').hex(32).upper()}"
    subject = f"system:serviceaccount:{workload.namespace}:{workload.name}"
    key, name = chance.session_key(), f"botocore-session-{int(at)}"
    asked = {"type": "WebIdentityUser", "principalId": f"arn:aws:iam::{world.account}:oidc-provider/{issuer}:sts.amazonaws.com:{subject}",
             "userName": subject, "identityProvider": f"arn:aws:iam::{world.account}:oidc-provider/{issuer}"}
    arn = f"arn:aws:iam::{world.account}:role/{role}"
    answer = {"credentials": {"accessKeyId": key, "sessionToken": chance.base64(240), "expiration": "Nov 1, 2026, 9:00:00 AM"},
              "subjectFromWebIdentityToken": subject, "assumedRoleUser": {"assumedRoleId": f"{world.principal_id('AROA', role)}:{name}",
              "arn": f"arn:aws:sts::{world.account}:assumed-role/{role}/{name}"}, "audience": "sts.amazonaws.com"}
    who = aws.session(world, role, name, key, at, federated=f"arn:aws:iam::{world.account}:oidc-provider/{issuer}")
    made = [entry(at, aws.act(world, chance, at, "sts", "AssumeRoleWithWebIdentity", asked, world.egress, aws.BOTO, reads=True,
                              request={"roleArn": arn, "roleSessionName": name}, response=answer))]
    for i in range(chance.randrange(1, 6)):
        when = at + 1 + 60 * i * chance.random()
        service, act, request = chance.choice((("sqs", "GetQueueUrl", {"queueName": workload.name}),
                                               ("kms", "Decrypt", {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
                                               ("dynamodb", "DescribeTable", {"tableName": workload.name}),
                                               ("secretsmanager", "GetSecretValue", {"secretId": f"{workload.namespace}/{workload.name}"})))
        made.append(entry(when, aws.act(world, chance, when, service, act, who, world.egress, aws.BOTO, request=request, reads=True)))
    return made


def pipeline(world, chance, at):
    """The data pipeline lists and reads what it is there to read, and writes its results."""
    role = world.pipeline_role
    who = aws.session(world, role, "batch", world.sessions[role], world.begin - 1800)
    bucket = world.buckets[chance.choice(("assets", "exports", "artifacts", "invoices", "telemetry"))]
    day = f"{chance.randrange(2024, 2027)}/{chance.randrange(1, 13):02d}/{chance.randrange(1, 29):02d}"
    made = [entry(at, aws.s3(world, chance, at, "ListObjects", who, world.egress, aws.BOTO, bucket, bytes_out=chance.randrange(400, 9000),
                             request={"list-type": "2", "prefix": f"{day}/", "encoding-type": "url"}))]
    for i in range(chance.randrange(2, 12)):
        when, size = at + 0.4 * i + 1, int(chance.paretovariate(1.2) * 4000)
        made.append(entry(when, aws.s3(world, chance, when, "GetObject", who, world.egress, aws.BOTO, bucket, f"{day}/part-{i:05d}.parquet",
                                       bytes_out=size)))
    when = at + 12
    return made + [entry(when, aws.s3(world, chance, when, "PutObject", who, world.egress, aws.BOTO, world.buckets["exports"],
                                      f"daily/{chance.hex(12)}.parquet", bytes_in=chance.randrange(10 ** 4, 10 ** 7)))]


def provider(world, chance, at):
    """Services of the provider act for themselves."""
    invoked = chance.choice(("autoscaling.amazonaws.com", "config.amazonaws.com", "elasticloadbalancing.amazonaws.com",
                             "cloudtrail.amazonaws.com", "eks.amazonaws.com"))
    bucket = chance.choice(sorted(world.buckets.values()))
    if invoked == "config.amazonaws.com":
        name = chance.choice(("GetBucketPolicy", "GetBucketAcl", "GetBucketEncryption", "GetBucketLifecycle"))
        return [entry(at, aws.s3(world, chance, at, name, aws.service(invoked), invoked, invoked, bucket))]
    role = chance.choice(("AWSServiceRoleForAutoScaling", "AWSServiceRoleForAmazonEKS", "AWSServiceRoleForElasticLoadBalancing"))
    return [entry(at, aws.act(world, chance, at, "sts", "AssumeRole", aws.service(invoked), invoked, invoked, reads=True,
                              request={"roleArn": f"arn:aws:iam::{world.account}:role/aws-service-role/{invoked}/{role}",
                                       "roleSessionName": invoked.split(".")[0], "durationSeconds": 900},
                              response={"credentials": {"accessKeyId": chance.session_key(), "sessionToken": chance.base64(200)}}))]


def scaling(world, chance, at):
    """The group grows by a machine of the usual kind, and shrinks again."""
    invoked = "autoscaling.amazonaws.com"
    who = {**aws.session(world, "AWSServiceRoleForAutoScaling", "AutoScaling", chance.session_key(), at, path=f"aws-service-role/{invoked}/"),
           "invokedBy": invoked}
    instance = "i-0" + chance.hex(16)
    request = {"instancesSet": {"items": [{"imageId": "ami-0" + Chance(world.seed, "ami").hex(16), "minCount": 1, "maxCount": 1}]},
               "instanceType": "m5.large", "blockDeviceMapping": {}, "monitoring": {"enabled": False}, "disableApiTermination": False,
               "subnetId": chance.choice(world.subnets)["id"], "clientToken": f"fleet-{chance.uuid()}-0"}
    answer = {"requestId": chance.uuid(), "reservationId": "r-0" + chance.hex(16), "ownerId": world.account, "groupSet": {},
              "instancesSet": {"items": [{"instanceId": instance, "imageId": request["instancesSet"]["items"][0]["imageId"],
                                          "instanceType": "m5.large", "instanceState": {"code": 0, "name": "pending"}}]}}
    ended = {"instancesSet": {"items": [{"instanceId": instance}]}}
    return [entry(at, aws.act(world, chance, at, "ec2", "RunInstances", who, invoked, invoked, request=request, response=answer)),
            entry(at + 600, aws.act(world, chance, at + 600, "ec2", "TerminateInstances", who, invoked, invoked, request=ended, response=ended))]


def probing_scaler(world, chance, at):
    """Karpenter asks whether it might, before it does: a dry run is nothing by itself."""
    node, name = chance.choice(world.nodes), f"karpenter-{int(at)}"
    who = aws.session(world, f"{world.cluster}-karpenter", name, chance.session_key(), at, federated="oidc")
    return [entry(at, aws.act(world, chance, at, "ec2", "RunInstances", who, world.egress, "karpenter.sh-1.1.0 " + aws.GO,
                              request={"instancesSet": {"items": [{"minCount": 1, "maxCount": 1}]}, "instanceType": "m5.large",
                                       "subnetId": node.subnet["id"]},
                              error="Client.DryRunOperation", message="Request would have succeeded, but DryRun flag is set."))]


def deployment(world, chance, at):
    """CI: a role by web identity, an image, a task definition of our own registry, a service, a function's code."""
    role, workload = world.ci_role, chance.choice(world.workloads)
    who = aws.session(world, role, f"ci-{chance.digits(8)}", chance.session_key(), at, federated="token.ci.example.com")
    family = workload.name
    definition = {"family": family, "networkMode": "awsvpc", "cpu": "512", "memory": "1024", "requiresCompatibilities": ["FARGATE"],
                  "containerDefinitions": [{"name": family, "image": workload.image, "cpu": 0, "essential": True}]}
    acts = (("ecr", "InitiateLayerUpload", {"repositoryName": f"{workload.namespace}/{family}"}, None),
            ("ecr", "PutImage", {"repositoryName": f"{workload.namespace}/{family}", "imageTag": workload.image.rsplit(":", 1)[1]}, None),
            ("ecs", "RegisterTaskDefinition", definition, {"taskDefinition": {"taskDefinitionArn":
             f"arn:aws:ecs:{world.region}:{world.account}:task-definition/{family}:{chance.randrange(20, 90)}", "status": "ACTIVE"}}),
            ("ecs", "UpdateService", {"cluster": world.cluster, "service": family, "taskDefinition": family}, None),
            ("lambda", "UpdateFunctionCode20150331v2", {"functionName": f"{family}-hook", "publish": False, "dryRun": False}, None))
    return [entry(at + 7 * i, aws.act(world, chance, at + 7 * i, service, name, who, world.office, aws.BOTO, request=request, response=answer))
            for i, (service, name, request, answer) in enumerate(acts)]


def developer(world, chance, at):
    """Somebody looks around in the browser or with the CLI, and may not do everything."""
    name = chance.choice(world.developers)
    who = aws.session(world, "AWSReservedSSO_Developer_" + Chance(world.seed, "sso").hex(16), name, world.sessions[name], world.begin - 600,
                      mfa=True, path="aws-reserved/sso.amazonaws.com/")
    made = []
    for i in range(chance.randrange(1, 7)):
        when = at + 11 * i
        service, act, request = chance.choice((("ec2", "DescribeInstances", {"instancesSet": {}, "filterSet": {}}), ("s3", "ListBuckets", None),
                                               ("cloudtrail", "LookupEvents", {"maxResults": 50}), ("ecs", "ListClusters", None),
                                               ("servicequotas", "GetServiceQuota", {"serviceCode": "ec2", "quotaCode": "L-1216C47A"}),
                                               ("iam", "ListRoles", None), ("ce", "GetCostAndUsage", None), ("logs", "FilterLogEvents", None)))
        denied = service in ("iam", "ce") and chance.random() < 0.4
        if service == "s3":
            made.append(entry(when, aws.s3(world, chance, when, act, who, world.office, aws.CONSOLE, bytes_out=900)))
        else:
            made.append(entry(when, aws.act(world, chance, when, service, act, who, world.office, aws.CONSOLE, request=request,
                                            error="AccessDenied" if denied else None)))
    return made


def elsewhere(world, chance, at):
    """The platform's people look into another region now and then."""
    who = aws.user(world, world.platform, world.keys[world.platform])
    region = chance.choice([region for region in REGIONS if region != world.region][:2])
    return [entry(at, aws.act(world, chance, at, "ec2", "DescribeInstances", who, world.office, aws.CLI, region=region,
                              request={"instancesSet": {}, "filterSet": {}}))]


WEIGHTS = {asking: 34, agent: 16, pod_role: 6, pipeline: 6, provider: 14, scaling: 0.3, probing_scaler: 0.2, deployment: 0.4, developer: 1.2,
           elsewhere: 0.3}


def data_events(world):
    """The trail tells of what is done to objects in some buckets alone; this record, older than the attack, says so."""
    chance, at = Chance(world.seed, "selectors"), world.begin + 60
    who = aws.user(world, world.platform, world.keys[world.platform])
    told = [world.buckets[use] for use in ("telemetry", "invoices", "assets", "artifacts", "exports")]
    selectors = [{"readWriteType": "All", "includeManagementEvents": True, "excludeManagementEventSources": [],
                  "dataResources": [{"type": "AWS::S3::Object", "values": [f"arn:aws:s3:::{bucket}/" for bucket in told]}]}]
    return entry(at, aws.act(world, chance, at, "cloudtrail", "PutEventSelectors", who, world.office, aws.CLI, reads=False,
                             request={"trailName": world.trail, "eventSelectors": selectors},
                             response={"trailARN": f"arn:aws:cloudtrail:{world.region}:{world.account}:trail/{world.trail}",
                                       "eventSelectors": selectors}))


def unlogged(world):
    """The bucket without data events is in use all the same: what is done to it as a whole is told."""
    chance, bucket = Chance(world.seed, "unlogged"), world.buckets["backups"]
    who = aws.user(world, world.platform, world.keys[world.platform])
    return [entry(at, aws.s3(world, chance, at, name, who, world.office, aws.CLI, bucket))
            for at, name in ((world.begin + 300, "PutBucketLifecycle"), (world.begin + 330, "GetBucketLifecycle"),
                             (world.begin + 4000, "GetBucketPolicy"))]


def logged(world):
    """Every bucket with data events is read by its own pipeline, whatever the size of the day."""
    chance = Chance(world.seed, "logged")
    who = aws.session(world, world.pipeline_role, "batch", world.sessions[world.pipeline_role], world.begin - 1800)
    return [entry(at, aws.s3(world, chance, at, "GetObject", who, world.egress, aws.BOTO, world.buckets[use], f"today/{chance.hex(8)}.parquet",
                             bytes_out=chance.randrange(1000, 90000)))
            for at, use in zip(range(int(world.begin) + 600, int(world.begin) + 36000, 6000), ("invoices", "assets", "artifacts", "exports"))]


def day(world, first, count):
    """`first`, and so much more that there are `count` in all."""
    chance = Chance(world.seed, "everyday", "cloudtrail")
    entries = [data_events(world), *unlogged(world), *logged(world), *first]
    doings, weights = list(WEIGHTS), list(WEIGHTS.values())
    while len(entries) < count:
        entries += chance.choices(doings, weights)[0](world, chance, chance.uniform(world.begin, world.end - 700))
    return entries[:count]
