"""The mining session as a flow log sees it: jobs broadcast to all, shares by chance, over TLS to one address of a content network.

Sizes are those of CryptoNote's messages (a job of 350 to 450 bytes, a share of 230 and its answer of 65, a keep-alive of 75) with 22
bytes of TLS 1.3 around each. Blocks come every two minutes on average and pools send new templates in between.
"""
import flows
from flows import Connection, message

TLS = 22
JOB_S, SHARE_S, KEEP_ALIVE_S = 45, 50, 60


def jobs(chance, begins, ends):
    """[(moment, bytes)]: what the pool tells everybody at once."""
    return [(at, chance.randrange(350, 450) + TLS) for at in chance.poisson_times(begins, ends, JOB_S)]


def session(world, chance, pod, begins, ends, server, server_port, told, ipv6=False):
    """Rows of one pod's session of hours; it breaks off now and then, and is back within seconds on another port."""
    made, at = [], begins
    breaks = sorted(chance.uniform(begins + 1800, ends - 1800) for _ in range(chance.randrange(0, 3)))
    for until in (*breaks, ends):
        made += connected(world, chance, pod, at, until, server, server_port, told, ipv6)
        at = until + chance.uniform(2, 9)
    return made


def connected(world, chance, pod, begins, ends, server, server_port, told, ipv6):
    headers = flows.HEADERS_6 if ipv6 else flows.HEADERS
    local = pod.ip6 if ipv6 else pod.ip
    connection = Connection(pod.node, local, chance.randrange(32768, 61000), server, server_port, begins=begins, ends=ends,
                            resets=chance.random() < 0.3)
    said = [flows.Said(begins, 112, 2, 60, 1), message(begins + 0.1, 517, chance.randrange(2800, 4200), headers),
            message(begins + 0.3, 300, 480, headers), flows.Said(ends, headers, 1, headers, 1)]
    said += [message(at + chance.random() / 5, 0, size, headers) for at, size in told if begins + 1 < at < ends]
    said += [message(at, 230 + TLS + chance.randrange(8), 65 + TLS, headers) for at in chance.poisson_times(begins + 5, ends, SHARE_S)]
    said += [message(begins + KEEP_ALIVE_S * i, 75 + TLS, 65 + TLS, headers) for i in range(1, int((ends - begins) // KEEP_ALIVE_S))]
    return flows.rows(world, connection, said)
