"""An ordinary day on the network: what the flow log and the resolver see of it."""
import aws
import flows
from chance import CROWD, Chance
from flows import Connection, message
from logs import Entry

HOUR = 3600
ASKED_S = 150  # by then all names were asked for once


def port(chance):
    return chance.randrange(32768, 61000)


def entries_of(world, connection, said):
    return [Entry(at, "flow", row) for at, row in flows.rows(world, connection, said)]


def short(world, chance, at, connection_to, up, down, seconds):
    """One exchange after a handshake, then closed."""
    connection_to.begins, connection_to.ends = at, at + seconds
    return entries_of(world, connection_to, [flows.Said(at, 112, 2, 60, 1), message(at + 0.1, up, down), flows.Said(at + seconds, 104, 2, 104, 2)])


def calls_out(world, chance, at):
    """A pod calls a service on the internet or of the provider, by a name the resolver knows."""
    pod, name = chance.choice(world.pods), chance.choice(sorted(world.names))
    remote = chance.choice(world.names[name])
    service = name.split(".")[0].upper() if name.endswith("amazonaws.com") else "-"
    connection = Connection(pod.node, pod.ip, port(chance), remote, 443, service={"S3": "S3", "EC2": "EC2", "-": "-"}.get(service, "AMAZON"))
    return short(world, chance, at, connection, chance.randrange(600, 4000), int(chance.paretovariate(1.1) * 3000), chance.uniform(0.2, 50))


def visitors(world, chance, at):
    """Somebody's browser talks to the load balancer."""
    connection = Connection(world.balancer, world.balancer.address, 443, chance.address(CROWD), port(chance), is_outgoing=False)
    return short(world, chance, at, connection, int(chance.paretovariate(1.1) * 6000), chance.randrange(800, 6000), chance.uniform(1, 90))


def knocking(world, chance, at):
    window = int(at) - (int(at) - world.balancer.window) % 60
    return [Entry(window, "flow", flows.refused(world, chance, world.balancer, chance.address(CROWD),
                                                chance.choice((22, 23, 445, 2375, 3306, 3389, 6379, 8080, 10250)), window))]


def inside(world, chance, at):
    """Pods among each other, and to the control plane."""
    one, other = chance.choice(world.pods), chance.choice(world.pods)
    remote, remote_port = chance.choice(((other.ip, 8080), (other.ip, 9090), (chance.choice(world.control), 443), (world.cache, 6379)))
    return short(world, chance, at, Connection(one.node, one.ip, port(chance), remote, remote_port, in_vpc=True),
                 chance.randrange(200, 3000), chance.randrange(300, 30000), chance.uniform(0.1, 20))


def empty(world, chance, at):
    """A spare interface, or a minute of which not all could be kept."""
    node = chance.choice(world.spare)
    window = int(at) - (int(at) - node.window) % 60
    if (node.interface, window) in world.silent:
        return []
    world.silent.add((node.interface, window))
    return [Entry(window, "flow", flows.nothing(world, node, window, "NODATA" if chance.random() < 0.98 else "SKIPDATA"))]


def clock(world, chance, at):
    """chrony asks an outside clock, more rarely the longer it agrees."""
    node = chance.choice(world.nodes)
    connection = Connection(node, node.address, port(chance), world.names[world.time][0], 123, protocol=flows.UDP)
    return entries_of(world, connection, [flows.Said(at + 1024 * i, 76, 1, 76, 1) for i in range(chance.randrange(1, 8))])


def lasting(world, chance, at, hours):
    """Node, pod, and the time a long connection has."""
    pod = chance.choice(world.pods)
    begins = min(at, world.end - hours * HOUR)
    return pod, begins, begins + hours * HOUR


def mqtt(world, chance, at):
    """Keep-alives of a device gateway: tiny, and as regular as its clock."""
    pod, begins, ends = lasting(world, chance, at, chance.uniform(2, 6))
    connection = Connection(pod.node, pod.ip, port(chance), world.names[world.iot][0], 8883, begins=begins, ends=ends)
    said = [message(begins + 60 * i, 31, 31) for i in range(int((ends - begins) // 60))]
    return entries_of(world, connection, said)


def agent(world, chance, at):
    """The agent of Systems Manager holds a websocket and is asked nothing: a ping every five minutes."""
    node = chance.choice(world.nodes)
    begins = min(at, world.end - 5 * HOUR)
    connection = Connection(node, node.address, port(chance), chance.choice(world.names[f"ssmmessages.{world.region}.amazonaws.com"]), 443,
                            service="AMAZON", begins=begins)
    return entries_of(world, connection, [message(begins + 300 * i + chance.random(), 35, 31) for i in range(60)])


def chat(world, chance, at):
    """A bot listens to its company's chat: much is heard, little is said."""
    pod, begins, ends = lasting(world, chance, at, chance.uniform(2, 5))
    connection = Connection(pod.node, pod.ip, port(chance), world.names[world.chat][0], 443, begins=begins, ends=ends)
    said = [message(when, 0, int(chance.paretovariate(1.3) * 420)) for when in chance.poisson_times(begins, ends, 20)]
    return entries_of(world, connection, said + [message(begins + 30 * i, 31, 31) for i in range(int((ends - begins) // 30))])


def dashboard(world, chance, at):
    """A browser watches a dashboard over a websocket: figures every few seconds."""
    begins = min(at, world.end - 2 * HOUR)
    ends = begins + chance.uniform(0.3, 2) * HOUR
    connection = Connection(world.balancer, world.balancer.address, 443, chance.address(CROWD), port(chance), is_outgoing=False, begins=begins,
                            ends=ends)
    return entries_of(world, connection, [message(begins + 5 * i, chance.randrange(300, 420), 0) for i in range(int((ends - begins) // 5))])


def pool(world, chance, at):
    """A connection to the database that stays open: bursts when there is work, silence when not."""
    pod, begins, ends = lasting(world, chance, at, chance.uniform(1, 4))
    connection = Connection(pod.node, pod.ip, port(chance), world.database, 5432, in_vpc=True, begins=begins, ends=ends)
    said = []
    for burst in chance.poisson_times(begins, ends, 240):
        said += [message(burst + chance.expovariate(0.5), chance.randrange(60, 900), int(chance.paretovariate(1.0) * 300))
                 for _ in range(chance.randrange(1, 60))]
    return entries_of(world, connection, said)


def topic(world, chance, at):
    """Three replicas hear the same messages of the company's own broker: they move together."""
    begins = min(at, world.end - HOUR)
    heard = [(when, chance.randrange(150, 900)) for when in chance.poisson_times(begins, begins + HOUR, 25)]
    made = []
    for pod in chance.sample(world.pods, 3):
        connection = Connection(pod.node, pod.ip, port(chance), world.broker, 4222, in_vpc=True, begins=begins)
        made += entries_of(world, connection, [message(when + chance.random() / 10, 0, size) for when, size in heard])
    return made


def scraping(world, chance, at):
    """Metrics are fetched every half minute, tens of kilobytes each."""
    one, other = chance.sample(world.pods, 2)
    begins = min(at, world.end - HOUR)
    connection = Connection(one.node, one.ip, port(chance), other.ip, 9090, in_vpc=True, begins=begins)
    return entries_of(world, connection, [message(begins + 30 * i, 310, chance.randrange(30000, 31000)) for i in range(120)])


def backup(world, chance, at):
    """Much in one direction, then nothing."""
    pod = chance.choice(world.pods)
    connection = Connection(pod.node, pod.ip, port(chance), chance.choice(world.names[f"s3.{world.region}.amazonaws.com"]), 443, service="S3",
                            begins=at, ends=at + 240)
    return entries_of(world, connection, [message(at + 2 * i, chance.randrange(10 ** 6, 10 ** 7), 400) for i in range(120)])


SHORT = {calls_out: 30, visitors: 30, inside: 20, knocking: 8, empty: 4, clock: 1, backup: 0.5}
LONG = (mqtt, agent, chat, dashboard, pool, topic, scraping)  # in turn, as far as they are half of all rows


def flow_day(world, first, count):
    chance, entries = Chance(world.seed, "everyday", "flow"), list(first)
    for turn in range(count):
        more = LONG[turn % len(LONG)](world, chance, chance.uniform(world.begin + ASKED_S, world.end - HOUR))
        if len(entries) + len(more) > count // 2:
            break
        entries += more
    doings, weights = list(SHORT), list(SHORT.values())
    while len(entries) < count:
        entries += chance.choices(doings, weights)[0](world, chance, chance.uniform(world.begin, world.end - 300))
    return entries[:count]


def asks(world, chance, at):
    """A pod asks for a name; both kinds of address, and the cluster's search list now and then."""
    node, name = chance.choice(world.nodes), chance.choice(sorted(world.names))
    if chance.random() < 0.12:
        pod = chance.choice(world.pods)
        wrong = f"{name}.{pod.namespace}.svc.{world.region}.compute.internal"
        return [Entry(at, "lookup", aws.lookup(world, chance, at, node, wrong, (), code="NXDOMAIN"))]
    made = [Entry(at, "lookup", aws.lookup(world, chance, at, node, name, world.names[name]))]
    if chance.random() < 0.4:
        made.append(Entry(at, "lookup", aws.lookup(world, chance, at, node, name, (), "AAAA")))
    return made


def lookup_day(world, first, count):
    chance, entries = Chance(world.seed, "everyday", "lookup"), list(first)
    # What holds a connection for hours was asked for before it began.
    held = [world.chat, world.iot, world.time, f"ssmmessages.{world.region}.amazonaws.com"]
    for name in held + sorted(set(world.names) - set(held)):
        for node in world.nodes:
            at = world.begin + chance.uniform(0, ASKED_S - 30)
            entries.append(Entry(at, "lookup", aws.lookup(world, chance, at, node, name, world.names[name])))
    while len(entries) < count:
        entries += asks(world, chance, chance.uniform(world.begin, world.end))
    return entries[:count]
