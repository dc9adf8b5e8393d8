#!/usr/bin/env python3
"""Records that fire Sigma rules, and records that just miss them.

For each rule its condition is solved: the wanted values go where the mapping says, into a small record as the
provider writes it, and filters are left unmet. Every value of a list gets its turn. A near-miss differs from its
record in one value without which the rule does not fire (in all of them, where any one would do), or meets a
filter. The same seed gives the same records.

usage: sigma_cases.py [--mappings FOLDER] [--seed N] [--most N] [--records FILE] [--labels FILE] RULES...
       sigma_cases.py --tap RULES...    as a test, of these and of $DAVY_CORPUS/sigma (../shared/corpus) where it is

--most     variants of a rule, at most (32)
--records  where the records go, one JSON object a line
--labels   where the labels go: number, rule, "fires" or "near-miss", kind, what was changed; tab-separated

Each record is held against tests/naive_sigma.py; prints one line a rule that fails, or has no near-miss, and a sum.
Exit status: 0; 1 when a rule has no record or no near-miss, or naive_sigma.py says otherwise.
"""
import argparse
import copy
import json
import os
import random
import sys

sys.dont_write_bytecode = True  # the tree stays as it is
try:
    import naive_sigma as sigma
    from naive_sigma import ANY, ONE, Number, Test
except ImportError as missing:
    print(f"1..0 # SKIP {missing.name} is not installed (Debian: python3-yaml)")
    sys.exit(0)

# ---- records as providers write them -------------------------------------------------------------------------------

TENANT, SUBSCRIPTION = "aaaabbbb-0000-cccc-1111-dddd2222eeee", "00001111-aaaa-2222-bbbb-3333cccc4444"


def cloudtrail(ids):
    return {"eventVersion": "1.09", "userIdentity": {
        "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/example",
        "accountId": "111122223333", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "example"},
        "eventTime": "2026-01-05T10:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity",
        "awsRegion": "eu-central-1", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.15.0",
        "requestParameters": None, "responseElements": None, "requestID": ids(), "eventID": ids(), "readOnly": True,
        "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "111122223333", "eventCategory": "Management"}


def guardduty(ids):
    return {"schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-central-1", "partition": "aws", "id": ids().replace("-", ""),
            "type": "Recon:EC2/PortProbeUnprotectedPort", "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0123456789abcdef0"}},
            "service": {"serviceName": "guardduty", "detectorId": "12abc34d567e8fa901bc2d34e56789f0", "count": 1}, "severity": 2,
            "createdAt": "2026-01-05T10:00:00.000Z", "updatedAt": "2026-01-05T10:00:00.000Z", "title": "A finding."}


def lookup(_):
    return {"version": "1.100000", "account_id": "111122223333", "region": "eu-central-1", "vpc_id": "vpc-0123456789abcdef0",
            "query_timestamp": "2026-01-05T10:00:00Z", "query_name": "www.example.com.", "query_type": "A", "query_class": "IN",
            "rcode": "NOERROR", "answers": [{"Rdata": "198.51.100.9", "Type": "A", "Class": "IN"}], "srcaddr": "10.0.0.7", "srcport": "50000",
            "transport": "UDP", "srcids": {"instance": "i-0123456789abcdef0"}}


def activity_diagnostic(ids):
    return {"time": "2026-01-05T10:00:00.0000000Z", "resourceId": f"/SUBSCRIPTIONS/{SUBSCRIPTION.upper()}/RESOURCEGROUPS/EXAMPLE",
            "operationName": "MICROSOFT.RESOURCES/TAGS/READ", "category": "Administrative", "resultType": "Success",
            "resultSignature": "Succeeded.", "durationMs": 0, "callerIpAddress": "198.51.100.7", "correlationId": ids(),
            "identity": {"claims": {"name": "example@example.com"}}, "level": "Information", "location": "global", "tenantId": TENANT,
            "properties": {"statusCode": "OK", "serviceRequestId": None}}


def activity_rest(ids):
    return {"caller": "example@example.com", "channels": "Operation", "claims": {"name": "example"}, "correlationId": ids(),
            "eventDataId": ids(), "eventName": {"value": "EndRequest", "localizedValue": "End request"},
            "category": {"value": "Administrative", "localizedValue": "Administrative"}, "eventTimestamp": "2026-01-05T10:00:00.0000000Z",
            "id": f"/subscriptions/{SUBSCRIPTION}/events/1", "level": "Informational", "operationName": {
                "value": "Microsoft.Resources/tags/read", "localizedValue": "Reads tags"},
            "resourceGroupName": "example", "resourceProviderName": {"value": "Microsoft.Resources", "localizedValue": "Microsoft Resources"},
            "resourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/example", "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
            "subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "properties": {"statusCode": "OK"}}


def directory_audit(ids):
    return {"id": f"Directory_{ids()}", "category": "GroupManagement", "correlationId": ids(), "result": "success", "resultReason": "",
            "activityDisplayName": "Update group", "activityDateTime": "2026-01-05T10:00:00.0000000Z", "loggedByService": "Core Directory",
            "operationType": "Update", "initiatedBy": {"user": {"id": ids(), "userPrincipalName": "example@example.com", "ipAddress": "198.51.100.7"}},
            "targetResources": [{"id": ids(), "displayName": "Example", "type": "Group", "userPrincipalName": None, "modifiedProperties": [
                {"displayName": "Description", "oldValue": "[]", "newValue": "[\"example\"]"}]}],
            "additionalDetails": [{"key": "User-Agent", "value": "example"}]}


def audit_diagnostic(ids):
    return {"time": "2026-01-05T10:00:00.0000000Z", "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "Update group",
            "operationVersion": "1.0", "category": "AuditLogs", "tenantId": TENANT, "resultSignature": "None", "durationMs": 0,
            "callerIpAddress": "198.51.100.7", "correlationId": ids(), "Level": 4, "properties": directory_audit(ids)}


def sign_in(ids):
    return {"id": ids(), "createdDateTime": "2026-01-05T10:00:00.0000000Z", "userDisplayName": "Example", "userPrincipalName": "example@example.com",
            "userId": ids(), "appId": ids(), "appDisplayName": "Azure Portal", "ipAddress": "198.51.100.7",
            "status": {"errorCode": 50140, "failureReason": "An interrupt.", "additionalDetails": ""}, "clientAppUsed": "Browser",
            "userAgent": "Mozilla/5.0", "deviceDetail": {"deviceId": "d1", "displayName": "PC", "operatingSystem": "Windows 10",
                                                         "isCompliant": True, "isManaged": True, "trustType": "Azure AD joined"},
            "location": {"city": "Example", "countryOrRegion": "DE"}, "conditionalAccessStatus": "notApplied", "riskState": "none",
            "riskLevelDuringSignIn": "none", "resourceDisplayName": "Microsoft Graph", "authenticationRequirement": "none",
            "networkLocationDetails": [], "correlationId": ids()}


def sign_in_diagnostic(ids):
    return {"time": "2026-01-05T10:00:00.0000000Z", "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "Sign-in activity",
            "operationVersion": "1.0", "category": "SignInLogs", "tenantId": TENANT, "resultType": "50140", "resultSignature": "None",
            "resultDescription": "An interrupt.", "durationMs": 0, "callerIpAddress": "198.51.100.7", "correlationId": ids(),
            "identity": "Example", "Level": 4, "location": "DE", "properties": sign_in(ids)}


def risk(ids):
    return {"time": "2026-01-05T10:00:00.0000000Z", "resourceId": f"/tenants/{TENANT}/providers/microsoft.aadiam", "operationName": "User Risk Detection",
            "operationVersion": "1.0", "category": "UserRiskEvents", "tenantId": TENANT, "resultSignature": "None", "correlationId": ids(), "Level": 4,
            "properties": {"id": ids(), "riskEventType": "generic", "riskState": "atRisk", "riskLevel": "medium", "source": "IdentityProtection",
                           "userPrincipalName": "example@example.com", "ipAddress": "198.51.100.7"}}


def storage(ids):
    return {"time": "2026-01-05T10:00:00.0000000Z", "resourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/example/providers/Microsoft.Storage/"
            "storageAccounts/example/blobServices/default", "category": "StorageRead", "operationName": "GetBlob", "operationVersion": "2023-01-03",
            "schemaVersion": "1.0", "statusCode": 200, "statusText": "Success", "durationMs": 3, "callerIpAddress": "198.51.100.7:50000",
            "correlationId": ids(), "identity": {"type": "OAuth"}, "properties": {"accountName": "example", "userAgentHeader": "example"},
            "uri": "https://example.blob.core.windows.net/c/b", "protocol": "HTTPS"}


def log_entry(ids):
    return {"insertId": ids()[:13], "logName": "projects/example/logs/cloudaudit.googleapis.com%2Factivity", "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "authenticationInfo": {"principalEmail": "user@example.com"},
        "authorizationInfo": [{"granted": True, "permission": "compute.instances.get", "resource": "projects/example"}],
        "methodName": "v1.compute.instances.get", "requestMetadata": {"callerIp": "198.51.100.7", "callerSuppliedUserAgent": "gcloud"},
        "resourceName": "projects/example", "serviceName": "compute.googleapis.com", "status": {}},
        "resource": {"type": "gce_instance", "labels": {"project_id": "example"}}, "severity": "NOTICE",
        "timestamp": "2026-01-05T10:00:00.000000Z", "receiveTimestamp": "2026-01-05T10:00:01.000000Z"}


def workspace(ids):
    entry = log_entry(ids)
    entry["logName"] = "organizations/123/logs/cloudaudit.googleapis.com%2Factivity"
    entry["protoPayload"] |= {"serviceName": "admin.googleapis.com", "methodName": "google.admin.AdminService.changeGroup", "metadata": {
        "@type": "type.googleapis.com/ccc_hosted_reporting.ActivityProto", "event": [
            {"eventName": "CHANGE_GROUP", "eventType": "GROUP_SETTINGS", "parameter": [{"name": "X", "type": "TYPE_STRING", "value": "example"}]}]}}
    entry["resource"] = {"type": "audited_resource", "labels": {"service": "admin.googleapis.com"}}
    return entry


def kube_audit(ids):
    return {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": ids(), "stage": "ResponseComplete",
            "requestURI": "/api/v1/namespaces/example", "verb": "get", "user": {"username": "example", "groups": ["system:authenticated"]},
            "sourceIPs": ["198.51.100.7"], "userAgent": "kubectl/v1.32.0", "objectRef": {"resource": "namespaces", "namespace": "example", "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 200}, "requestReceivedTimestamp": "2026-01-05T10:00:00.000000Z",
            "stageTimestamp": "2026-01-05T10:00:00.100000Z", "annotations": {"authorization.k8s.io/decision": "allow"}}


FORMS = {  # by the first of a mapping's kinds; where keywords are written
    "cloudtrail": ((cloudtrail,), "userAgent"), "guardduty": ((guardduty,), "title"), "lookup": ((lookup,), "query_name"),
    "azureactivity": ((activity_diagnostic, activity_rest), "operationName"), "entraaudit": ((audit_diagnostic, directory_audit), "operationName"),
    "signin": ((sign_in_diagnostic, sign_in), "userAgent"), "other": ((risk,), "riskDetail"), "azurestorage": ((storage,), "UserAgentHeader"),
    "gcpaudit": ((log_entry,), "protoPayload.request.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration"),
    "workspace": ((workspace,), "setting_name"), "kubeaudit": ((kube_audit,), "userAgent"),
}
LISTS = {"targetResources", "modifiedProperties", "additionalDetails", "authorizationInfo", "event", "parameter", "containers",
         "initContainers", "volumes", "add", "containerDefinitions", "command", "layers", "sourceIPs", "groups", "events", "answers"}
DOTTED = ("kubectl.kubernetes.io/last-applied-configuration", "authorization.k8s.io/decision", "authorization.k8s.io/reason")
BELOW = {"targetResources": "displayName", "modifiedProperties": "newValue"}  # what "**" stands for
POLICY = "requestParameters.policyDocument"  # where a text with quotes goes, of all parameters


# ---- values --------------------------------------------------------------------------------------------------------

def text_for(lists_of_tests, pick):
    """One text that matches all these patterns, each once: what begins, what is between, what ends."""
    first, middle, last, whole = "", "", "", None
    for tokens in lists_of_tests:
        inner = [t for i, t in enumerate(tokens) if not (t is ANY and i in (0, len(tokens) - 1))]
        text = "".join("x" if t is ONE else pick.choice(["1", "x1", "ab"]) if t is ANY else t[0] for t in inner) or "x"
        starts, ends = tokens[:1] != [ANY], tokens[-1:] != [ANY]
        if not tokens or starts and ends:
            whole = text if tokens else ""
        elif starts:
            first += text
        elif ends:
            last = text
        else:
            middle += (" " if middle else "") + text
    return whole if whole is not None else first + middle + last


def text_of_expression(pattern):
    """A text that a regular expression finds, out of Python's own parse of it."""
    try:
        from re import _parser as parser
    except ImportError:
        import sre_parse as parser

    def one(code, argument):
        name = str(code)
        if name in ("LITERAL", "NOT_LITERAL"):
            return chr(argument) if name == "LITERAL" else chr(argument + 1)
        if name == "IN":
            return one(*argument[0])
        if name == "RANGE":
            return chr(argument[0])
        if name == "CATEGORY":
            return {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(argument), "x")
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return several(argument[2]) * max(argument[0], 1)
        if name == "BRANCH":
            return several(argument[1][0])
        if name == "SUBPATTERN":
            return several(argument[3])
        return "" if name == "AT" else "x"

    def several(parsed):
        return "".join(one(*item) for item in parsed)
    return several(parser.parse(pattern))


def json_value(test, text):
    if isinstance(test.value, Number) and text == test.value:
        return json.loads(text)
    return {"true": True, "false": False}.get(text, text)


def value_for(tests, pick):
    """A JSON value that makes all these tests of one field true."""
    for test in tests:
        if test.is_null:
            return None
        if "exists" in test.modifiers:
            return "x"
        if test.networks:
            return str(test.networks[0][min(1, test.networks[0].num_addresses - 1)])
        if "re" in test.modifiers:
            return text_of_expression(test.value)
        for name, step in (("lt", -1), ("lte", 0), ("gt", 1), ("gte", 0)):
            if name in test.modifiers:
                return int(sigma.as_number(test.value)) + step
    return json_value(tests[0], text_for([t.lists[pick.randrange(len(t.lists))] for t in tests], pick))


# ---- paths ---------------------------------------------------------------------------------------------------------

def keys_of(path):
    for dotted in DOTTED:
        if path.endswith(dotted):
            return [*path[:-len(dotted)].rstrip(".").split("."), dotted]
    keys = path.split(".")
    return keys[:-1] + [BELOW.get(keys[-2], "example")] if keys[-1] == "**" else keys


def at(record, keys):
    for key in keys:
        record = record[0] if isinstance(record, list) and record else record
        record = record.get(key) if isinstance(record, dict) else None
    return record


def best_path(record, mapping, field, value, taken):
    """Where this form of the record has the field, or its first place that does not overwrite an object."""
    paths = [keys_of(p) for p in sorted(mapping.paths(field), key=lambda p: p.endswith("**"))]
    if field == "requestParameters":
        return keys_of(POLICY) if '"' in str(value) else paths[0]
    if any(p in taken for p in paths):  # two fields of the rule are one of the record's: an earlier path counts first
        return next((p for p in paths if p not in taken), paths[0])
    for keys in paths:
        if at(record, keys) is not None and not isinstance(at(record, keys), (dict, list)):
            return keys
    for keys in paths:
        if keys[0] in record and not isinstance(at(record, keys), dict) and (len(keys) == 1 or isinstance(record[keys[0]], (dict, list))):
            return keys
    return paths[0]


def place(record, keys, value):
    """Set a value; None takes the key away."""
    node = record
    for key in keys[:-1]:
        node = node[0] if isinstance(node, list) else node
        inner = node.get(key)
        if not isinstance(inner, (dict, list)) or not inner:
            inner = [{}] if key in LISTS else {}
            node[key] = inner
        node = inner
    node = node[0] if isinstance(node, list) else node
    if value is None:
        node.pop(keys[-1], None)
    else:
        node[keys[-1]] = [value] if keys[-1] in LISTS else value


# ---- solving -------------------------------------------------------------------------------------------------------

def demands(expression, wanted, turn):
    """[(Test, wanted)] that make the expression true or false; of a choice, the turn-th."""
    if isinstance(expression, Test):
        return [(expression, wanted)]
    if expression[0] == "not":
        return demands(expression[1], not wanted, turn)
    if (expression[0] == "and") == wanted:
        return [d for e in expression[1] for d in demands(e, wanted, turn)]
    parts = expression[1]
    return demands(parts[turn % len(parts)], wanted, turn // len(parts) if len(parts) > 1 and nested(parts) else turn)


def nested(parts):
    return any(not isinstance(p, Test) for p in parts)


def turns_of(expression):
    """How many variants give each value of each list its turn."""
    if isinstance(expression, Test):
        return 1
    if expression[0] == "not":
        return turns_of(expression[1])
    inner = [turns_of(e) for e in expression[1]]
    return max(inner) if expression[0] == "and" else len(inner) * max(inner)


class Builder:
    def __init__(self, rule, form, seed):
        self.rule, self.form, self.pick = rule, form, random.Random(f"{seed} {rule.id}")
        self.kind_keyword = FORMS[rule.mapping.kinds[0]][1]
        self.places = {}  # of fields, in the record that was built

    def ids(self):
        hexes = "%032x" % self.pick.getrandbits(128)
        return "-".join((hexes[:8], hexes[8:12], hexes[12:16], hexes[16:20], hexes[20:]))

    def field_of(self, test):
        return test.field if test.field is not None else self.kind_keyword

    def build(self, wishes):
        """A record in which what is wanted is true and what is not is not there."""
        record = self.form(self.ids)
        by_field = {}
        for test, wanted in wishes:
            by_field.setdefault(self.field_of(test), []).append((test, wanted))
        for field, tests in by_field.items():
            self.meet(record, field, [t for t, w in tests if w], [t for t, w in tests if not w])
        return record

    def set(self, record, field, value):
        if field not in self.places:
            taken = list(self.places.values())
            self.places[field] = best_path(record, self.rule.mapping, field, value, taken)
        place(record, self.places[field], value)

    def meet(self, record, field, met, unmet):
        if any("fieldref" in t.modifiers for t in met):
            for name in (field, met[0].value):
                self.set(record, name, "same")
        elif met:
            absent = any("exists" in t.modifiers and t.value is False for t in met)
            self.set(record, field, None if absent else value_for(met, self.pick))
        elif any(t.is_null for t in unmet):
            self.set(record, field, "example")
        elif any("fieldref" not in t.modifiers and t.is_true(record, self.rule.mapping) for t in unmet):
            self.set(record, field, None)

    def is_hit(self, record):
        plain = json.loads(json.dumps(record), parse_int=Number, parse_float=Number)
        return self.rule.is_hit(plain, sigma.kind_of(plain))

    def changes(self, value, tests):
        """Values that are nearly `value`, the nearest first."""
        if isinstance(value, bool):
            yield not value
        elif isinstance(value, int):
            yield from (value - 1, value + 1, value * 10)
        elif value is None or any(t.is_null for t in tests):
            yield "AccessDenied"
        elif isinstance(value, str):
            for network in (n for t in tests for n in t.networks):
                yield str(network.network_address - 1) if int(network.network_address) else str(network.broadcast_address + 1)
            for i in range(len(value) - 1, -1, -1):
                yield value[:i] + value[i + 1:]
        yield None

    def near_misses(self, record, wishes):
        """(record, what was changed): one value at a time; all together where none is needed by itself."""
        fields = {}
        for test, wanted in wishes:
            if wanted:
                fields.setdefault(self.field_of(test), []).append(test)
        found, soft = [], []
        for field, tests in fields.items():
            change = self.falsify(record, field, tests)
            if change is not None:
                found.append((change, field))
            else:
                soft.append((field, tests))
        if not found:
            changed = copy.deepcopy(record)
            for field, tests in soft:
                self.set(changed, field, next(self.changes(self.scalar(changed, self.places[field]), tests)))
            if not self.is_hit(changed):
                found.append((changed, "all of " + ", ".join(f for f, _ in soft)))
        for test in {id(t): t for t, w in wishes if not w}.values():
            filtered = copy.deepcopy(record)
            self.meet(filtered, self.field_of(test), [test], [])
            if not self.is_hit(filtered):
                found.append((filtered, f"filter {self.field_of(test)}"))
        return found

    @staticmethod
    def scalar(record, keys):
        value = at(record, keys)
        return value[0] if isinstance(value, list) and value else value

    def falsify(self, record, field, tests):
        for change in self.changes(self.scalar(record, self.places[field]), tests):
            changed = copy.deepcopy(record)
            self.set(changed, field, change)
            if not self.is_hit(changed):
                return changed
        return None


def cases_of(rule, seed, most):
    """(label, record, what was changed) of one rule."""
    forms = FORMS[rule.mapping.kinds[0]][0]
    count = min(max(turns_of(rule.expression), len(forms)), most)
    for turn in range(count):
        builder = Builder(rule, forms[turn % len(forms)], f"{seed} {turn}")
        wishes = demands(rule.expression, True, turn)
        record = builder.build(wishes)
        yield "fires", record, ""
        if builder.is_hit(record):
            for changed, what in builder.near_misses(record, wishes):
                yield "near-miss", changed, what


class Outcome:
    """All cases of a set of rules, and what naive_sigma.py says of them."""

    def __init__(self, paths, mappings, seed, most):
        rules, refused = sigma.read_rules(paths, mappings)
        self.wrong = [f"{path}: refused: {reason}" for path, _, reason in refused]
        self.records, self.labels, self.count = [], [], {"fires": 0, "near-miss": 0}
        self.rules = [r for r in rules if not r.is_correlation]
        self.passed_over = len(rules) - len(self.rules)
        for rule in self.rules:
            before = self.count["near-miss"]
            wrong = [w for w in (self.take(rule, *case) for case in cases_of(rule, seed, most)) if w]
            if wrong or self.count["near-miss"] == before:
                self.wrong.append(f"{rule.path}: {wrong[0] if wrong else 'no near-miss'}")

    def take(self, rule, label, record, what):
        line = json.dumps(record, ensure_ascii=False)
        read = sigma.parse_record(line)
        kind = sigma.kind_of(read)
        self.count[label] += 1
        self.records.append(line)
        self.labels.append(f"{len(self.records)}\t{rule.id}\t{label}\t{kind}\t{what}")
        return None if rule.is_hit(read, kind) == (label == "fires") else f"{label} ({kind}): {line}"

    def __str__(self):
        return (f"{len(self.rules)} rules, {self.passed_over} correlations passed over: {self.count['fires']} records that fire, "
                f"{self.count['near-miss']} near-misses, {len(self.wrong)} wrong")


def tap(asked, mappings):
    root = os.environ.get("DAVY_SOURCE_ROOT", ".")
    corpus = os.path.join(os.environ.get("DAVY_CORPUS", os.path.join(root, "..", "shared", "corpus")), "sigma")
    failed = False
    for number, (name, paths) in enumerate((("own rules", asked.rules), ("reference rules", [corpus])), 1):
        if name == "reference rules" and not os.path.isdir(corpus):
            print(f"ok {number} - {name} # SKIP none where DAVY_CORPUS says")
            continue
        outcome = Outcome(paths, mappings, asked.seed, asked.most)
        is_bad = bool(outcome.wrong) or not outcome.rules
        failed |= is_bad
        print(f"{'not ' if is_bad else ''}ok {number} - {name}: {outcome}")
        for line in outcome.wrong[:20]:
            print(f"# {line}")
    print("1..2")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mappings", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rules", "mappings"))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--most", type=int, default=32)
    parser.add_argument("--records")
    parser.add_argument("--labels")
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("rules", nargs="+")
    asked = parser.parse_args()
    mappings = sigma.read_mappings(asked.mappings)
    if asked.tap:
        return tap(asked, mappings)
    outcome = Outcome(asked.rules, mappings, asked.seed, asked.most)
    for path, lines in ((asked.records, outcome.records), (asked.labels, outcome.labels)):
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in lines))
    for line in outcome.wrong:
        print(line)
    print(outcome)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
