"""What scripts/bench_live and scripts/soak_watch share: two joined network namespaces, the real `davy watch` in one of them,
traffic and mining sessions between them. Everything is made here and taken away again; nothing leaves the machine."""
import atexit
import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from figures import BUILD

DAVY = os.path.join(BUILD, "davy")
MINER, POOL = "198.18.7.1", "198.18.7.2"  # RFC 2544: nobody's, routed nowhere; the traffic of live_sender has others
PATIENCE_S = 30
TICKS = os.sysconf("SC_CLK_TCK")
Found = collections.namedtuple("Found", "at finding")


def need(*tools):
    """Builds the measuring programs; ends with a sentence where rights or tools are lacking."""
    missing = [tool for tool in ("ip", *tools) if not shutil.which(tool)]
    if os.getuid() != 0 or missing:
        sys.exit(f"{os.path.basename(sys.argv[0])}: needs root and the commands ip {' '.join(tools)}")
    subprocess.run(["ninja", "-C", BUILD, "src/programs/davy", "bench/live_sender", "bench/drill_between"], check=True,
                   stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))


def ip(line):
    subprocess.run(["ip", *line.split()], check=True)


class Ground:
    """Namespace `near` with the miners and senders, `far` with the pools and Davy, a veth pair between them. Several need names."""

    def __init__(self, name=""):
        self.near, self.far, self.running = f"davy-{os.getpid()}-near{name}", f"davy-{os.getpid()}-far{name}", []
        atexit.register(self.clear)
        for name in (self.near, self.far):
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        ip(f"link add davy0 netns {self.near} type veth peer name davy1 netns {self.far}")
        for name, end, address in ((self.near, "davy0", MINER), (self.far, "davy1", POOL)):
            ip(f"-n {name} addr add {address}/30 dev {end}")
            ip(f"-n {name} link set {end} up")
        self.segments = 65535

    def start(self, where, command, **rest):
        child = subprocess.Popen(["ip", "netns", "exec", where, *command], stdin=subprocess.DEVNULL, **rest)
        self.running.append(child)
        return child

    def set_segments(self, count):
        """How many segments a packet on the link may hold: 1 makes them as large as on a cable."""
        for name, end in ((self.near, "davy0"), (self.far, "davy1")):
            ip(f"-n {name} link set {end} gso_max_segs {count}")

    def sender(self, seconds, packets, flows):
        return self.start(self.near, [os.path.join(BUILD, "bench/live_sender"), "davy0", str(seconds), str(packets), str(flows)],
                          stdout=subprocess.PIPE, text=True)

    def clear_running(self):
        for child in self.running:
            if child.poll() is None:
                child.kill()
                child.wait()
        self.running.clear()

    def clear(self):
        self.clear_running()
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


class Drill:
    """A mining session over sockets from namespace to namespace; its first line tells where and when it connects."""

    def __init__(self, ground, dialect, carrier, shares, every_ms, longest_s, seed):
        self.dialect, self.carrier, self.found = dialect, carrier, None
        program = os.path.join(BUILD, "bench/drill_between")
        # not with `ip netns exec`: it enters both namespaces by itself
        self.child = subprocess.Popen([program, "--namespaces", f"{ground.near},{ground.far}", "--every", str(every_ms), "--longest",
                                       str(longest_s), dialect, carrier, f"{MINER}:0", f"{POOL}:0", "0.0.0.0:0", str(shares), str(seed)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        ground.running.append(self.child)
        words = self.child.stdout.readline().split()
        if len(words) != 5:
            sys.exit(f"the drill {dialect} over {carrier} did not start")
        self.server, self.at = words[2], float(words[4])

    def end(self):
        """Its last words; waits for it."""
        return self.child.communicate(timeout=PATIENCE_S)[0].strip()


class Davy:
    """`davy watch` with its default settings, but for a store of its own and lines of YAML, in namespace `far`."""

    def __init__(self, ground, settings=""):
        self.folder = tempfile.mkdtemp(prefix="davy-live-")
        atexit.register(shutil.rmtree, self.folder, True)
        os.chmod(self.folder, 0o755)  # the workers' user passes through it
        self.config, self.findings, self.lock = os.path.join(self.folder, "davy.yaml"), [], threading.Lock()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"store:\n  path: {self.folder}/store/davy.db\n{settings}")
        self.said = open(os.path.join(self.folder, "said"), "w+", encoding="utf-8")  # closed by stop()
        self.child = ground.start(ground.far, [DAVY, "watch", "--json", "--config", self.config], stdout=subprocess.PIPE,
                                  stderr=self.said, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self._await_start()

    def _read(self):
        for line in self.child.stdout:
            at, finding = time.time(), json.loads(line)
            if finding["kind"] == "finding":
                with self.lock:
                    self.findings.append(Found(at, finding))

    def words(self):
        with open(self.said.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _await_start(self):
        until = time.monotonic() + PATIENCE_S
        while "watching with" not in self.words():
            if self.child.poll() is not None or time.monotonic() > until:
                sys.exit(f"davy watch did not start: {self.words()}")
            time.sleep(0.02)

    def processes(self):
        """{role: pid}; `ip netns exec` becomes the program it starts."""
        main = self.child.pid
        with open(f"/proc/{main}/task/{main}/children", encoding="ascii") as file:
            workers = file.read().split()
        roles, sensors = {"supervisor": main}, 0
        for pid in workers:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                role = file.read().split("\0")[2]
            if role == "sensor":
                role, sensors = f"sensor {sensors}", sensors + 1
            roles[role] = int(pid)
        return roles

    def cpu_seconds(self):
        """User and system time of all its processes so far."""
        total = 0
        for pid in self.processes().values():
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory_kib(self):
        """{role: (PSS, RSS)}"""
        sizes = {}
        for role, pid in self.processes().items():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as file:
                lines = dict(line.split(":", 1) for line in file if ":" in line and line[0].isupper())
            sizes[role] = (int(lines["Pss"].split()[0]), int(lines["Rss"].split()[0]))
        return sizes

    def counters(self):
        """{name: value}, summed over processes, as `davy health` tells them; at most ten seconds old."""
        done = subprocess.run([DAVY, "health", "--json", "--config", self.config], stdout=subprocess.PIPE, text=True, check=False)
        sums = collections.Counter()
        for line in done.stdout.splitlines():
            entry = json.loads(line)
            if entry["kind"] == "counter":
                sums[entry["name"]] += entry["value"]
        return sums

    def settled_counters(self):
        """The counters once nothing is counted any more, for which the traffic must be over."""
        before, until = None, time.monotonic() + 4 * PATIENCE_S
        while time.monotonic() < until:
            now = self.counters()
            key = (now["packets received"], now["frames"], now["bytes"])
            if key == before:
                return now
            before = key
            time.sleep(10.5)  # as often as they are written
        return self.counters()

    def first(self, test):
        with self.lock:
            return next((f for f in self.findings if test(f.finding)), None)

    def await_mining(self, drill, seconds):
        """When the finding about a drill was printed (it was stored before), or None."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.first(lambda f: is_of(f, drill))
            if found:
                return found
            time.sleep(0.005)
        return None

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        status = self.child.wait(timeout=PATIENCE_S)
        self.reader.join(PATIENCE_S)
        self.said.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


def is_of(finding, drill):
    return finding["verdict"] == "mining" and finding["facts"].get("dialect") == drill.dialect and \
        finding["subject"].get("server") == drill.server


def lost_by_the_host():
    """Packets the kernel threw away before anybody could see them (second column of softnet_stat)."""
    with open("/proc/net/softnet_stat", encoding="ascii") as file:
        return sum(int(line.split()[1], 16) for line in file)
