"""Connections as a flow log sees them: rows of a minute for each direction, from what each side sent when.

On a Nitro instance the aggregation interval is a minute or less. The address of the interface stands in srcaddr or dstaddr, that of
a pod behind it in pkt-srcaddr or pkt-dstaddr. docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""
import collections

FIN, SYN, RST, SYN_ACK = 1, 2, 4, 18
TCP, UDP = 6, 17
HEADERS = 52  # IPv4 and TCP with time stamps
HEADERS_6 = 72
MSS = 1448
Said = collections.namedtuple("Said", "at up up_packets down down_packets")  # bytes with headers


class Connection:
    """A connection of something behind a node's interface; `is_outgoing`: begun by it."""

    def __init__(self, node, local, local_port, remote, remote_port, *, protocol=TCP, is_outgoing=True, in_vpc=False, service="-",
                 begins=None, ends=None, resets=False):
        self.node, self.local, self.remote = node, (local, local_port), (remote, remote_port)
        self.protocol, self.is_outgoing, self.in_vpc, self.service = protocol, is_outgoing, in_vpc, service
        self.begins, self.ends, self.resets = begins, ends, resets


def message(at, up, down, headers=HEADERS):
    """So many bytes of content each way at one moment, and the acknowledgements; headers counted."""
    def packets(count):
        return -(-count // MSS)
    sent, heard = packets(up), packets(down)
    acks_up, acks_down = -(-heard // 2), -(-sent // 2)
    return Said(at, up + (sent + acks_up) * headers, sent + acks_up, down + (heard + acks_down) * headers, heard + acks_down)


def flags_of(connection, window, from_begun):
    """The bits of a minute, OR-ed, of the side that began or of the other."""
    flags = 0
    if connection.protocol == TCP:
        begins, ends = (moment is not None and window <= moment < window + 60 for moment in (connection.begins, connection.ends))
        flags |= (SYN if from_begun else SYN_ACK) if begins else 0
        flags |= (RST if connection.resets else FIN) if ends else 0
    return flags


def rows(world, connection, said):
    """[(start of the window, row)] in order of time; a minute without traffic has no row."""
    minutes = collections.defaultdict(lambda: [0, 0, 0, 0])
    node = connection.node
    for one in said:
        window = int(one.at) - (int(one.at) - node.window) % 60
        for i, value in enumerate((one.up, one.up_packets, one.down, one.down_packets)):
            minutes[window][i] += value
    made = []
    for window in sorted(minutes):
        up, up_packets, down, down_packets = minutes[window]
        for is_up, size, packets in ((True, up, up_packets), (False, down, down_packets)):
            if packets:
                flags = flags_of(connection, window, is_up == connection.is_outgoing)
                made.append((window, row(world, connection, is_up, packets, size, window, flags)))
    return made


def row(world, connection, is_up, packets, size, window, flags, action="ACCEPT"):
    node, (local, local_port), (remote, remote_port) = connection.node, connection.local, connection.remote
    is_six = ":" in remote
    of_interface = local if is_six else node.address
    seen, packet = ((of_interface, remote), (local, remote)) if is_up else ((remote, of_interface), (remote, local))
    ports = (local_port, remote_port) if is_up else (remote_port, local_port)
    services = ("-", connection.service) if is_up else (connection.service, "-")
    traffic_path = "-" if not is_up else "1"
    fields = (5, world.account, node.interface, *seen, *ports, connection.protocol, packets, size, window,
              window + 55 + (packets + ports[0]) % 5, action, "OK", world.vpc, node.subnet["id"], node.instance, flags,
              "IPv6" if is_six else "IPv4", *packet, world.region, node.subnet["zone_id"], "-", "-", *services,
              "egress" if is_up else "ingress", traffic_path)
    return " ".join(str(field) for field in fields)


def nothing(world, node, window, status):
    """A window in which nothing was seen, or not all could be kept."""
    return " ".join(str(field) for field in (5, world.account, node.interface, *["-"] * 7, window, window + 59, "-", status, world.vpc,
                                             node.subnet["id"], node.instance, *["-"] * 4, world.region, node.subnet["zone_id"],
                                             *["-"] * 6))


def refused(world, chance, node, source, port, window):
    """Somebody outside tries a port."""
    connection = Connection(node, node.address, port, source, chance.randrange(1024, 65536), is_outgoing=False)
    return row(world, connection, False, 1, 40 + 4 * chance.randrange(6), window, SYN, "REJECT")
