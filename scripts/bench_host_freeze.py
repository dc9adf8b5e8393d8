"""How long a miner goes on after `davy watch --protect` has told its verdict: seconds, a line for each of COUNT drills.

usage: python3 bench_host_freeze.py DAVY DRILL COUNT     root, control groups v2

In a control group made for it, outside which that davy does nothing; "missed" for what was not frozen within a minute.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE_S, SHARE = 60, "randomx,duty=50"


def group_made():
    with open("/proc/mounts", encoding="ascii", errors="replace") as file:
        mounts = [line.split()[1] for line in file if line.split()[2] == "cgroup2"]
    if not mounts:
        sys.exit("no control groups of version 2 here")
    group = os.path.join(mounts[0], f"davy-bench-{os.getpid()}")
    os.mkdir(group)
    return group


class Watch:
    """davy watch --protect; what it says is kept with the time at which it was said."""

    def __init__(self, davy, folder, group):
        self.lines, self.changed = [], threading.Condition()
        config = os.path.join(folder, "davy.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"store: {{path: {folder}/store/davy.db}}\nwatch: {{host: true, workers: 1, memory: 64 MiB}}\n"
                       f"respond: {{evidence: {folder}/evidence, only_cgroups: [/{os.path.basename(group)}], again_per_minute: 60}}\n")
        self.child = subprocess.Popen(["unshare", "--net", davy, "watch", "--protect", "--json", "--config", config],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.undo = [davy, "respond", "--config", config]
        for stream in (self.child.stdout, self.child.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append((time.monotonic(), line))
                self.changed.notify_all()

    def when(self, test):
        """(time, what test gave) of the first line it takes; None after a minute."""
        def found():
            return next(((at, value) for at, line in self.lines if (value := test(line))), None)
        with self.changed:
            return self.changed.wait_for(found, PATIENCE_S)


def finding_on(program):
    def test(line):
        if not line.startswith("{"):
            return None
        told = json.loads(line)
        is_ours = told.get("verdict") == "mining" and told.get("facts", {}).get("executable") == program
        return told["id"] if is_ours else None
    return test


def end_members(group):
    """A drill has children."""
    with open(os.path.join(group, "cgroup.procs"), encoding="ascii") as file:
        for pid in file.read().split():
            os.kill(int(pid), signal.SIGKILL)


def measure(watch, drill, group):
    def enter():
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")
    miner = subprocess.Popen([drill, f"seconds={2 * PATIENCE_S},{SHARE}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             preexec_fn=enter)
    told = watch.when(finding_on(drill))
    frozen = told and watch.when(lambda line: f"finding {told[1]}: freeze done by policy" in line)
    print(f"{frozen[0] - told[0]:.3f}" if frozen else "missed", flush=True)
    if told:
        subprocess.run([*watch.undo, told[1], "undo", "--yes"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end_members(group)
    miner.wait()


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    davy, drill, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    group, folder = group_made(), tempfile.mkdtemp(prefix="davy-freeze-")
    os.chmod(folder, 0o755)
    watch = Watch(davy, folder, group)
    try:
        if not watch.when(lambda line: "watching with" in line):
            sys.exit("davy watch --protect did not begin")
        for number in range(count):
            program = os.path.join(folder, f"drill-{number}")
            shutil.copy(drill, program)
            measure(watch, program, group)
    finally:
        watch.child.terminate()
        watch.child.wait()
        end_members(group)
        shutil.rmtree(folder, ignore_errors=True)
        for _ in range(50):
            try:
                os.rmdir(group)
                break
            except OSError:
                time.sleep(0.1)


if __name__ == "__main__":
    main()
