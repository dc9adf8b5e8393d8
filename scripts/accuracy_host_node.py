"""A node that fetches blocks and checks them, and never mines: Debian's monerod on a private chain, for scripts/accuracy_host.

usage: python3 accuracy_host_node.py make FOLDER BLOCKS     make the chain; this hashes once a block, for seconds
       python3 accuracy_host_node.py follow FOLDER          until it is ended: a node of nothing fetches the chain from a second
                                                            one and checks all its blocks, again and again

Both must be run in a network namespace of their own, whose loopback this sets up.
"""
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

# Of no wallet: both its keys are the curve's base point, whose secret is 1.
NOBODY = "44yQXfkWZNmJ8QgRfFWTzmJ8QgRfFWTzmJ8QgRfFWTzmJ7suhUXwdrDJ8QgRfFWTzmJ8QgRfFWTzmJ8QgRfFWTzmCYrSgjJ"
SERVES, FOLLOWS = 21001, 21011  # ports of the namespace; each node's RPC listens on the next one
AT_ONCE, PATIENCE_S = 50, 60
OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def node(folder, port, *rest):
    return subprocess.Popen(["monerod", "--regtest", "--keep-fakechain", "--fixed-difficulty", "1", "--no-igd", "--hide-my-port",
                             "--allow-local-ip", "--p2p-bind-ip", "127.0.0.1", "--p2p-bind-port", str(port), "--rpc-bind-ip", "127.0.0.1",
                             "--rpc-bind-port", str(port + 1), "--no-zmq", "--non-interactive", "--data-dir", folder, *rest],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(port, method, **parameters):
    body = json.dumps({"jsonrpc": "2.0", "id": "0", "method": method, "params": parameters}).encode()
    with OPEN(f"http://127.0.0.1:{port + 1}/json_rpc", body, PATIENCE_S) as answer:
        told = json.load(answer)
    if "error" in told:
        sys.exit(f"{method}: {told['error']}")
    return told["result"]


def await_height(port, height):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if ask(port, "get_info").get("height", 0) >= height:
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)
    sys.exit(f"the node at port {port} did not come to height {height}")


def make(folder, blocks):
    one = node(os.path.join(folder, "whole"), SERVES, "--offline")
    await_height(SERVES, 1)
    for _ in range(0, blocks, AT_ONCE):
        ask(SERVES, "generateblocks", amount_of_blocks=AT_ONCE, wallet_address=NOBODY, starting_nonce=0)
    with open(os.path.join(folder, "height"), "w", encoding="ascii") as file:
        file.write(str(ask(SERVES, "get_info")["height"]))
    one.terminate()
    one.wait()


def follow(folder):
    with open(os.path.join(folder, "height"), encoding="ascii") as file:
        height = int(file.read())
    node(os.path.join(folder, "whole"), SERVES)
    await_height(SERVES, height)
    while True:
        shutil.rmtree(os.path.join(folder, "new"), ignore_errors=True)
        other = node(os.path.join(folder, "new"), FOLLOWS, "--add-exclusive-node", f"127.0.0.1:{SERVES}")
        await_height(FOLLOWS, height)
        other.terminate()
        other.wait()


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("make", "follow"):
        sys.exit(__doc__)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.makedirs(sys.argv[2], exist_ok=True)
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]))
    else:
        follow(sys.argv[2])


if __name__ == "__main__":
    main()
