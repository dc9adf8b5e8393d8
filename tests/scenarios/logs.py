"""Records of a run, and the folder of files they lie in, as the providers lay them out.

docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html and ...-log-file-examples.html
docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-choosing-target-resource.html
learn.microsoft.com/azure/azure-monitor/platform/resource-logs (y=/m=/d=/h=/m=/PT1H.json)
docs.cloud.google.com/logging/docs/export/storage (hourly files of a sink)
"""
import collections
import gzip
import json
import os

import aws
import kube
from chance import Chance
from world import stamp

KINDS = ("kubeaudit", "cloudtrail", "flow", "lookup")
EACH_S = {"kubeaudit": 3600, "cloudtrail": 900, "flow": 300, "lookup": 3600}
Entry = collections.namedtuple("Entry", "at kind record")


def text_of(record):
    return json.dumps(record, separators=(",", ":"))


def name_of(entry):
    """What tells a record from all others: its id, or of a row of flows its interface, ends, and start."""
    record = entry.record
    if entry.kind == "flow":
        fields = record.split(" ")
        return " ".join((fields[2], f"{fields[19]}:{fields[5]}", f"{fields[20]}:{fields[6]}", fields[10]))
    if entry.kind == "lookup":
        return " ".join((record["srcaddr"], record["srcport"], record["query_name"], record["query_type"], record["query_timestamp"]))
    return record["eventID"] if entry.kind == "cloudtrail" else kube.identifier(record)


def place(world, form, kind, at, region):
    """Where a file of that kind, begun at that moment, lies in a folder."""
    day, hour, minute = stamp(at)[:10].split("-"), stamp(at)[11:13], stamp(at)[:16].replace("-", "").replace(":", "") + "Z"
    unique = Chance(world.seed, "file", kind, at, region)
    logs = os.path.join("AWSLogs", world.account)
    if kind == "cloudtrail":
        return os.path.join(logs, "CloudTrail", region, *day, f"{world.account}_CloudTrail_{region}_{minute}_{unique.mixed(16)}.json.gz")
    if kind == "flow":
        return os.path.join(logs, "vpcflowlogs", region, *day,
                            f"{world.account}_vpcflowlogs_{region}_{world.flow_log}_{minute}_{unique.hex(8)}.log.gz")
    if kind == "lookup":
        return os.path.join(logs, "vpcdnsquerylogs", world.vpc, *day,
                            f"{world.vpc}_vpcdnsquerylogs_{world.account}_{minute}_{unique.hex(8)}.log.gz")
    if form == "aks":
        return os.path.join("insights-logs-kube-audit", world.cluster.upper(), f"y={day[0]}", f"m={day[1]}", f"d={day[2]}", f"h={hour}",
                            "m=00", "PT1H.json")
    if form == "gke":
        return os.path.join("cloudaudit.googleapis.com", *day, f"{hour}:00:00_{hour}:59:59_S0.json")
    if form == "eks":
        return os.path.join("eks-audit", *day, hour, f"{world.cluster}-audit-{minute}-{unique.uuid()}.gz")
    return os.path.join("kube-apiserver", f"audit-{stamp(at)[:19].replace(':', '-')}.log")


def content(world, form, kind, records):
    """The bytes of a file; packed where the provider packs."""
    if kind == "cloudtrail":
        return packed('{"Records":[' + ",".join(map(text_of, records)) + "]}")
    if kind == "flow":
        return packed("\n".join([aws.FLOW_FIELDS, *records]) + "\n")
    if kind == "lookup":
        return packed("".join(text_of(record) + "\n" for record in records))
    if form == "eks":
        return packed("".join(text_of(kube.batched_eks(world, records[i:i + 50])) + "\n" for i in range(0, len(records), 50)))
    wrap = {"aks": kube.wrapped_aks, "gke": kube.wrapped_gke}.get(form, lambda world, record: record)
    return "".join(text_of(wrap(world, record)) + "\n" for record in records).encode()


def packed(text):
    return gzip.compress(text.encode(), 6, mtime=0)


def files_of(world, form, kind, entries):
    """{path: records}, in order of time."""
    files = collections.defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.at):
        region = entry.record["awsRegion"] if kind == "cloudtrail" else world.region
        files[place(world, form, kind, int(entry.at) // EACH_S[kind] * EACH_S[kind], region)].append(entry.record)
    return files


def shuffled(world, kind, files):
    """The same records in as many files, dealt at random; the names say nothing."""
    chance = Chance(world.seed, "shuffle", kind)
    records = [record for path in sorted(files) for record in files[path]]
    if not records:
        return {}
    chance.shuffle(records)
    cuts = sorted(chance.sample(range(1, len(records)), min(len(files), len(records)) - 1))
    return {chance.hex(24): records[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(records)])}


def again(world, entries, percent):
    """Some records a second time, minutes later and so often in another file: delivery is at least once."""
    chance = Chance(world.seed, "twice")
    return [entry._replace(at=entry.at + chance.uniform(60, 1800)) for entry in entries if chance.random() * 100 < percent]


def write(world, folder, entries, form="aws", is_shuffled=False):
    """Writes all files, returns how many there are."""
    count = 0
    for kind in KINDS:
        files = files_of(world, form, kind, [entry for entry in entries if entry.kind == kind])
        for path, records in (shuffled(world, kind, files) if is_shuffled else files).items():
            path = os.path.join(folder, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as out:
                out.write(content(world, form, kind, records))
            count += 1
    return count


def read(path):
    """[(kind, record)] of a file that was written here, by its content alone; for the tests of the makers."""
    with open(path, "rb") as file:
        raw = file.read()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    if text.startswith("version "):
        head, *lines = text.splitlines()
        assert head == aws.FLOW_FIELDS
        return [("flow", line) for line in lines]
    if text.startswith('{"Records":'):
        return [("cloudtrail", record) for record in json.loads(text)["Records"]]
    found = []
    for line in text.splitlines():
        record = json.loads(line)
        if "query_name" in record:
            found.append(("lookup", record))
        elif "logEvents" in record:
            found += [("kubeaudit", json.loads(one["message"])) for one in record["logEvents"]]
        elif record.get("category") == "kube-audit":
            found.append(("kubeaudit", json.loads(record["properties"]["log"])))
        elif "protoPayload" in record:
            name = record["insertId"]
            found.append(("kubeaudit", {"auditID": name.removesuffix(kube.STARTED), "wrapped": record,
                                        "stage": "ResponseStarted" if name.endswith(kube.STARTED) else "ResponseComplete"}))
        else:
            found.append(("kubeaudit", record))
    return found
