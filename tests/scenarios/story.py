"""What every scenario's maker shares: options, an ordinary day, the attack's steps, and the truth about them beside the logs."""
import argparse
import json
import os
import sys

import everyday_aws
import everyday_kube
import everyday_network
import logs
from world import World, stamp

SHARES = {"kubeaudit": 0.3, "cloudtrail": 0.3, "flow": 0.3, "lookup": 0.1}
DAYS = {"kubeaudit": everyday_kube.day, "cloudtrail": everyday_aws.day, "flow": everyday_network.flow_day,
        "lookup": everyday_network.lookup_day}


class Step:
    """One step of the attack: its records, and what must be told of it.

    techniques: of each list of ATT&CK ids at least one must be told; marks: texts of which one stands in whatever tells it;
    words: where steps grow out of each other one finding may tell several: then one of these must stand in it, too
    """

    def __init__(self, name, text, techniques, is_told=True, words=()):
        self.name, self.text, self.techniques, self.is_told, self.words = name, text, techniques, is_told, list(words)
        self.entries, self.marks = [], []

    def add(self, kind, at, record):
        self.entries.append(logs.Entry(at, kind, record))
        return record

    def truth(self, order):
        times = [entry.at for entry in self.entries]
        return {"name": self.name, "order": order, "text": self.text, "first": stamp(min(times)), "last": stamp(max(times)),
                "techniques": self.techniques, "is_told": self.is_told, "marks": self.marks, "words": self.words,
                # a flow is told from the begin of its window, all else to the second
                "slack_s": 120 if any(entry.kind == "flow" for entry in self.entries) else 2,
                "records": [{"kind": entry.kind, "id": logs.name_of(entry)} for entry in self.entries]}


class Story:
    """steps: in order; before: innocent records that the attack stands on; told: what else the truth says, given who stays."""

    def __init__(self, steps, before, told):
        self.steps, self.before, self.told = steps, before, told


def options_for(doc, step_names, argv):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="folder to make; must not exist")
    parser.add_argument("--seed", default="1", help="another one gives every name, id, address, time and bucket another value (1)")
    parser.add_argument("--records", type=int, default=100_000, help="innocent records (100000)")
    parser.add_argument("--shuffle", action="store_true", help="files with meaningless names, records in any order")
    parser.add_argument("--without", action="append", default=[], choices=step_names, metavar="STEP",
                        help=f"leave out the records of a step: {', '.join(step_names)}; may be given again")
    parser.add_argument("--twice", type=int, default=0, metavar="PERCENT", help="so many of the records come a second time, later (0)")
    parser.add_argument("--format", default="aws", choices=("aws", "eks", "aks", "gke"),
                        help="what is around Kubernetes' audit events: nothing, or a managed cluster's wrapper (aws)")
    parser.add_argument("--carrier", choices=("pod", "read", "secret"), help="where the key's id is told: where the pod is made, in the "
                        "answer to who reads it, or in the secret's; the last two only where a cluster's own policy logs answers (read; pod "
                        "in a managed cluster)")
    parser.add_argument("--ipv6", action="store_true", help="pods and the mining session have IPv6 addresses")
    options = parser.parse_args(argv)
    if options.format != "aws" and options.carrier in ("read", "secret"):
        parser.error(f"--carrier {options.carrier}: a managed cluster does not log answers to reads")
    options.carrier = options.carrier or ("read" if options.format == "aws" else "pod")
    return options


def everyday(world, before, count):
    """`count` innocent records, those of `before` among them."""
    entries, left = [], count
    for kind, make_day in DAYS.items():
        share = left if kind == "lookup" else int(count * SHARES[kind])
        entries += make_day(world, [entry for entry in before if entry.kind == kind], share)
        left -= share
    return entries


def truth_of(options, world, story, parts, files):
    """parts: {"innocent", "attack", "repeated": entries}."""
    every = [entry for entries in parts.values() for entry in entries]
    steps = [step for step in story.steps if step.name not in options.without]
    return {"seed": options.seed, "format": options.format, "carrier": options.carrier, "without": options.without,
            "begin": stamp(world.begin), "end": stamp(world.end), "files": files,
            # `empty`: rows of a window without traffic, which need not count as records
            "records": {"all": len(every), **{name: len(entries) for name, entries in parts.items()},
                        **{kind: sum(entry.kind == kind for entry in every) for kind in logs.KINDS},
                        "empty": sum(entry.kind == "flow" and entry.record.split(" ")[13] != "OK" for entry in every)},
            "steps": [step.truth(order) for order, step in enumerate(steps, 1)], **story.told({step.name for step in steps})}


def run(doc, step_names, make_story, argv=None):
    """Makes OUT/logs, which is to be scanned, and OUT/truth.json."""
    options = options_for(doc, step_names, argv)
    world = World(options.seed)
    story = make_story(world, options)
    if [step.name for step in story.steps] != list(step_names):
        sys.exit("the steps made are not those named")
    parts = {"innocent": everyday(world, story.before, options.records),
             "attack": [entry for step in story.steps if step.name not in options.without for entry in step.entries]}
    parts["repeated"] = logs.again(world, parts["innocent"] + parts["attack"], options.twice)
    os.makedirs(options.out)
    files = logs.write(world, os.path.join(options.out, "logs"), sum(parts.values(), []), options.format, options.shuffle)
    with open(os.path.join(options.out, "truth.json"), "x", encoding="utf-8") as out:
        json.dump(truth_of(options, world, story, parts, files), out, indent=1)
        out.write("\n")
