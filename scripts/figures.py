"""What the benchmarks say of themselves, and how their figures get into docs/benchmarks.md."""
import os
import subprocess
import sys

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BUILD = os.environ.get("DAVY_BUILD") or os.path.join(TREE, "build")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} processors, {model}, Linux {os.uname().release}; load when it ended: {os.getloadavg()[0]:.1f}"


def commit():
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", TREE, "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=False).stdout.strip() or "unknown commit"


def write_block(script, lines):
    """Puts lines into docs/benchmarks.md, between the comments that begin and end the block of that script."""
    page = os.path.join(TREE, "docs/benchmarks.md")
    begin, end = f"<!-- {script}: begin, written by scripts/{script} --write -->", f"<!-- {script}: end -->"
    with open(page, encoding="utf-8") as file:
        head, found, rest = file.read().partition(begin)
    if not found:
        sys.exit(f"{page} has no block of scripts/{script}")
    with open(page, "w", encoding="utf-8") as file:
        file.write(head + begin + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2])
