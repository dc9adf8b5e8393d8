"""What AWS writes down: CloudTrail records, VPC flow log rows, resolver query log lines.

docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html, ...-user-identity.html
docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html (additionalEventData of S3)
docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html (fields to version 5)
docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html and ...-example-json.html
"""
from world import stamp

FLOW_FIELDS = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status "
               "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id "
               "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path")
GLOBAL = {"iam.amazonaws.com": "us-east-1", "signin.amazonaws.com": "us-east-1", "organizations.amazonaws.com": "us-east-1"}
CLI = "aws-cli/2.22.7 md/awscrt#0.23.4 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard"
BOTO = "Boto3/1.35.76 md/Botocore#1.35.76 ua/2.0 os/linux#5.10.228 md/arch#x86_64 lang/python#3.11.10 md/pyimpl#CPython Botocore/1.35.76"
GO = "aws-sdk-go-v2/1.32.6 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.198.1"
CONSOLE = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def user(world, name, key):
    return {"type": "IAMUser", "principalId": world.principal_id("AIDA", name), "arn": f"arn:aws:iam::{world.account}:user/{name}",
            "accountId": world.account, "accessKeyId": key, "userName": name}


def session(world, role, name, key, since, *, mfa=False, federated=None, delivery=None, path=""):
    """Who assumed a role; `delivery`: as an instance by its metadata service (1.0 or 2.0); `federated`: web identity."""
    principal = world.principal_id("AROA", role)
    context = {"sessionIssuer": {"type": "Role", "principalId": principal, "arn": f"arn:aws:iam::{world.account}:role/{path}{role}",
                                 "accountId": world.account, "userName": role},
               "attributes": {"creationDate": stamp(since), "mfaAuthenticated": "true" if mfa else "false"}}
    if federated:
        context["webIdFederationData"] = {"federatedProvider": federated, "attributes": {}}
    if delivery:
        context["ec2RoleDelivery"] = delivery
    return {"type": "AssumedRole", "principalId": f"{principal}:{name}",
            "arn": f"arn:aws:sts::{world.account}:assumed-role/{role}/{name}", "accountId": world.account, "accessKeyId": key,
            "sessionContext": context}


def instance(world, node, at, role=None, delivery="2.0"):
    """A machine by the role it has; the nodes' unless told."""
    key, since = node.credential(at)
    return session(world, role or world.node_role, node.instance, key, since, delivery=delivery)


def service(name):
    return {"type": "AWSService", "invokedBy": name}


def act(world, chance, at, source, name, who, address, agent, *, request=None, response=None, reads=None, error=None, message=None,
        region=None, resources=None, extra=None, is_data=False):
    """One CloudTrail record."""
    source += ".amazonaws.com"
    region = GLOBAL.get(source, region or world.region)
    told = {"eventVersion": "1.11", "userIdentity": who, "eventTime": stamp(at), "eventSource": source, "eventName": name,
            "awsRegion": region, "sourceIPAddress": address, "userAgent": agent}
    if error:
        told |= {"errorCode": error, "errorMessage": message or "Access denied"}
    told |= {"requestParameters": request, "responseElements": None if error else response}
    if extra:
        told["additionalEventData"] = extra
    told |= {"requestID": chance.uuid(), "eventID": chance.uuid(),
             "readOnly": name.startswith(("Describe", "Get", "List", "Lookup", "Head", "Batch")) if reads is None else reads}
    if resources:
        told["resources"] = resources
    told |= {"eventType": "AwsApiCall", "managementEvent": not is_data, "recipientAccountId": world.account,
             "eventCategory": "Data" if is_data else "Management"}
    if "." in address and not address.endswith(".amazonaws.com"):
        told["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                              "clientProvidedHostHeader": f"{source.split('.')[0]}.{region}.amazonaws.com"}
    return told


def s3(world, chance, at, name, who, address, agent, bucket=None, key=None, *, bytes_out=0, bytes_in=0, request=None, **rest):
    """An act on a bucket or, as a data event, on an object."""
    host = f"{bucket}.s3.{world.region}.amazonaws.com" if bucket else f"s3.{world.region}.amazonaws.com"
    is_data = bucket is not None and name in ("GetObject", "PutObject", "ListObjects", "HeadObject", "DeleteObject", "CopyObject")
    request = {**({"bucketName": bucket} if bucket else {}), "Host": host, **({"key": key} if key else {}), **(request or {})}
    resources = [{"accountId": world.account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}] if bucket else None
    if key:
        resources.insert(0, {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"})
    elif is_data:
        resources.insert(0, {"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/"})
    return act(world, chance, at, "s3", name, who, address, f"[{agent}]", request=request, resources=resources, is_data=is_data,
               reads=not name.startswith(("Put", "Delete", "Copy")),
               extra={"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": bytes_in,
                      "AuthenticationMethod": "AuthHeader", "x-amz-id-2": chance.base64(56), "bytesTransferredOut": bytes_out}, **rest)


def lookup(world, chance, at, node, name, answers, kind="A", code="NOERROR"):
    """One line of a resolver query log: a pod's question comes from its node's resolver."""
    return {"version": "1.100000", "account_id": world.account, "region": world.region, "vpc_id": world.vpc,
            "query_timestamp": stamp(at), "query_name": name + ".", "query_type": kind, "query_class": "IN", "rcode": code,
            "answers": [{"Rdata": answer, "Type": kind, "Class": "IN"} for answer in answers], "srcaddr": node.address,
            "srcport": str(chance.randrange(1024, 65536)), "transport": "UDP", "srcids": {"instance": node.instance}}
