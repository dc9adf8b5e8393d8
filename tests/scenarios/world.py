"""Who and what there is in one run: account, network, cluster, people's roles, buckets. All named by the seed."""
import datetime

from chance import DOCUMENTATION, SERVERS, Chance

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-east-2", "us-west-2", "ap-southeast-1", "ap-northeast-1")
WORDS = ("harbor", "copper", "meadow", "lantern", "quarry", "willow", "anchor", "beacon", "cedar", "delta", "ember", "falcon",
         "garnet", "hazel", "indigo", "juniper", "kestrel", "linden", "maple", "nectar", "onyx", "pebble", "quartz", "raven",
         "saffron", "thistle", "umber", "velvet", "walnut", "yarrow", "zephyr", "aspen", "bramble", "cobalt", "dune")
PARTS = ("api", "web", "worker", "sync", "gateway", "index", "mail", "report", "search", "auth", "cart", "feed", "media", "billing")
SPAN_S, CREDENTIAL_S = 10 * 3600, 6 * 3600


def stamp(at, digits=0):
    """RFC 3339 in UTC; `digits` of the second's fraction."""
    text = datetime.datetime.fromtimestamp(int(at), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{int(at % 1 * 10 ** digits):0{digits}d}" if digits else "") + "Z"


class Node:
    """A virtual machine that is a node of the cluster, with its network interface."""

    def __init__(self, world, chance, subnet):
        self.subnet, self.zone = subnet, subnet["zone"]
        self.instance, self.interface = "i-0" + chance.hex(16), "eni-0" + chance.hex(16)
        self.address = world.free_address(chance, subnet)
        self.name = f"ip-{self.address.replace('.', '-')}.{world.region}.compute.internal"
        self.uid = chance.uuid()
        self.window = chance.randrange(60)  # when its minute begins
        self.booted = world.begin - chance.randrange(3600, 5 * 3600)
        self.seed = world.seed

    def credential(self, at):
        """(key id, since when) of the role its metadata service gives; another one every six hours."""
        turn = int((at - self.booted) // CREDENTIAL_S)
        return Chance(self.seed, "credential", self.instance, turn).session_key(), self.booted + turn * CREDENTIAL_S


class Pod:
    """A pod that runs: what the audit log and the flow log say of it."""

    def __init__(self, world, chance, namespace, name, node):
        self.namespace, self.name, self.node, self.uid = namespace, name, node, chance.uuid()
        self.ip = world.free_address(chance, node.subnet)
        self.ip6 = chance.address(node.subnet["six"])


class Workload:
    def __init__(self, world, chance, namespace, name):
        self.namespace, self.name = namespace, name
        self.image = f"{world.account}.dkr.ecr.{world.region}.amazonaws.com/{namespace}/{name}:{chance.randrange(1, 9)}.{chance.randrange(40)}.0"
        self.replica_set = f"{name}-{chance.hex(9)}"
        self.pods = [Pod(world, chance, namespace, f"{self.replica_set}-{chance.lower(5)}", chance.choice(world.nodes))
                     for _ in range(chance.randrange(2, 4))]


class World:
    def __init__(self, seed):
        chance = self.chance = Chance(seed, "world")
        words = chance.sample(WORDS, len(WORDS))
        self.seed, self.company = seed, words.pop()
        self.account, self.region = chance.digits(12), chance.choice(REGIONS)
        # Some day at some hour, to the second.
        self.begin = 1767225600 + chance.randrange(300) * 86400 + chance.randrange(86400)
        self.end = self.begin + SPAN_S
        self.roles_seen, self.taken = {}, set()
        self._make_network(chance)
        self._make_cluster(chance, words)
        self._make_principals(chance, words)
        self.buckets = {use: f"{self.company}-{use}-{words.pop()}-{chance.lower(4)}" for use in
                        ("telemetry", "invoices", "assets", "artifacts", "backups", "exports")}
        self.trail = f"{self.company}-{words.pop()}-trail"
        self.names = self._make_names(chance, words)

    def _make_network(self, chance):
        self.vpc, self.flow_log = "vpc-0" + chance.hex(16), "fl-0" + chance.hex(16)
        second = chance.randrange(1, 250)
        self.subnets = [{"id": "subnet-0" + chance.hex(16), "net": f"10.{second}.{16 * i}.0/20", "six": f"fd00:{second:x}:{i}::/64",
                         "zone": f"{self.region}{'abc'[i]}", "zone_id": f"{chance.lower(3)}1-az{i + 1}"} for i in range(3)]
        nets = chance.sample(DOCUMENTATION, 3)
        # The account's own way out, the office, and two networks of nobody in the account.
        self.egress, self.office = chance.address(nets[0]), chance.address(SERVERS)
        self.elsewhere = chance.address(nets[1]), chance.address(nets[2])

    def free_address(self, chance, subnet):
        while True:
            address = chance.address(subnet["net"])
            if address not in self.taken:
                self.taken.add(address)
                return address

    def _make_cluster(self, chance, words):
        self.cluster = f"{self.company}-{words.pop()}"
        self.nodes = [Node(self, chance, self.subnets[i % 3]) for i in range(6)]
        # The interfaces of the managed control plane, the load balancer, the database.
        self.control = [self.free_address(chance, subnet) for subnet in self.subnets[:2]]
        self.balancer = Node(self, chance, self.subnets[0])
        self.balancer.instance = "-"
        self.spare, self.silent = [Node(self, chance, subnet) for subnet in self.subnets], set()
        self.database, self.cache, self.broker = (self.free_address(chance, self.subnets[1]) for _ in range(3))
        self.namespaces = [words.pop() for _ in range(4)]
        self.workloads = [Workload(self, chance, namespace, f"{chance.choice(WORDS)}-{part}") for namespace in self.namespaces
                          for part in chance.sample(PARTS, 3)]
        self.pods = [pod for workload in self.workloads for pod in workload.pods]

    def _make_principals(self, chance, words):
        self.developers = [f"dev-{words.pop()}" for _ in range(4)]
        self.node_role = f"{self.cluster}-node-{chance.mixed(8)}"
        self.ci_role, self.pipeline_role = f"{self.company}-deploy", f"{self.company}-pipeline"
        self.platform = f"platform-{chance.lower(4)}"  # who administers the account
        self.keys = {name: chance.user_key() for name in (*self.developers, self.platform)}
        self.sessions = {name: chance.session_key() for name in (self.ci_role, self.pipeline_role, *self.developers)}
        self.principal_ids = {}

    def principal_id(self, prefix, name):
        if name not in self.principal_ids:
            self.principal_ids[name] = prefix + Chance(self.seed, "principal", name).base32(17)
        return self.principal_ids[name]

    def chance_uuid(self, what):
        """An id of something there is one of."""
        return Chance(self.seed, "one", what).uuid()

    def _make_names(self, chance, words):
        """{name: addresses} as the account's resolver answers."""
        suffix = f"{self.region}.amazonaws.com"
        names = [f"{service}.{suffix}" for service in ("sts", "s3", "ec2", "ssm", "ssmmessages", "ec2messages", "logs", "monitoring",
                                                       "kms", "sqs", "api.ecr", "autoscaling")]
        names += ["registry.k8s.io", "deb.debian.org", "security.debian.org", "pypi.org", "registry.npmjs.org", "github.com"]
        names += [f"{part}.{word}.example.{top}" for part in ("api", "www", "cdn", "hooks") for word in words[:4]
                  for top in ("com", "net")]
        self.chat, self.iot, self.time = (f"{kind}.{word}.example.net" for kind, word in zip(("wss", "mqtt", "ntp"), words[4:]))
        return {name: [chance.address(SERVERS) for _ in range(chance.randrange(1, 4))] for name in (*names, self.chat, self.iot, self.time)}
