#!/usr/bin/env python3
"""The Sigma engine against the plain evaluator, on the same records. TAP.

usage: sigma_engine_test.py PROGRAM      PROGRAM: tests/sigma_hits of a build (meson test does it)

Own rules, and those of $DAVY_CORPUS/sigma (../shared/corpus) where they are: every record that tests/sigma_cases.py
makes fires its rule or just misses it; the cases of the own pack, correlations among them, each forwards and backwards;
and every labelled record of $DAVY_CORPUS/cloud, where the two must name the same rules for the same records.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree stays as it is
try:
    import naive_sigma as sigma
except ImportError as missing:
    print(f"1..0 # SKIP {missing.name} is not installed (Debian: python3-yaml)")
    sys.exit(0)

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(HERE)
OWN = os.path.join(TREE, "rules", "sigma")
MAPPINGS = os.path.join(TREE, "rules", "mappings")
CORPUS = os.environ.get("DAVY_CORPUS") or os.path.join(TREE, "..", "shared", "corpus")
number = 0


def told(name, wrong):
    global number
    number += 1
    print(f"{'not ' if wrong else ''}ok {number} - {name}", flush=True)
    for line in wrong[:20]:
        print(f"# {line}")


def written(value):
    """JSON with numbers as they were written."""
    if isinstance(value, sigma.Number):
        return str.__str__(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def line_of(record, kind=None):
    return f"{kind or sigma.kind_of(record)}\t{int(sigma.time_of(record))}\t{written(record)}\n"


def run(program, rules, lines):
    """What the engine says: a list of words a line."""
    files = [f"mapping {f}" for f in sorted(glob.glob(os.path.join(MAPPINGS, "*.yaml")))]
    for path in rules:
        inside = sorted(glob.glob(os.path.join(path, "**", "*.yml"), recursive=True))
        files += [f"rules {f}" for f in (inside if os.path.isdir(path) else [path])]
    with tempfile.TemporaryDirectory() as folder:
        listed = os.path.join(folder, "files")
        with open(listed, "w", encoding="utf-8") as out:
            out.write("".join(f + "\n" for f in files))
        done = subprocess.run([program, listed], input="".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        return [["failed", str(done.returncode), done.stderr[:500]]]
    return [line.split() for line in done.stdout.splitlines()]


def told_refusals(said):
    return [" ".join(words) for words in said if words[0] in ("refused", "failed")]


def made_records(program, name, rules):
    with tempfile.TemporaryDirectory() as folder:
        records, labels = os.path.join(folder, "records"), os.path.join(folder, "labels")
        subprocess.run([os.path.join(HERE, "sigma_cases.py"), "--records", records, "--labels", labels, rules],
                       stdout=subprocess.DEVNULL, check=False)
        with open(labels, encoding="utf-8") as file:
            wanted = [line.rstrip("\n").split("\t") for line in file]
        with open(records, encoding="utf-8") as file:
            lines = [line_of(sigma.parse_record(line), label[3]) for line, label in zip(file, wanted)]
    said = run(program, [rules], lines)
    hits = {(words[1], words[2]) for words in said if words[0] == "hit"}
    wrong = [" ".join(label) for label in wanted if ((label[1], label[0]) in hits) != (label[2] == "fires")]
    told(f"{name}: {len(wanted)} records made for {len({label[1] for label in wanted})} rules fire them, or just miss",
         told_refusals(said) + wrong + ([] if wanted else ["no record was made"]))


def pack_cases(program):
    wrong, count = [], 0
    for path in sorted(glob.glob(os.path.join(OWN, "cases", "*.ndjson"))):
        with open(path, encoding="utf-8") as file:
            cases = [json.loads(line, parse_int=sigma.Number, parse_float=sigma.Number) for line in file]
        lines = []
        for case in cases:
            records = [line_of(sigma.parse_record(written(r))) for r in case["records"]]
            lines += records + ["report\n"] + records[::-1] + ["report\n"]
        said = run(program, [os.path.join(OWN, os.path.basename(path).replace(".cases.ndjson", ".yml"))], lines)
        wrong += told_refusals(said)
        found, reports = set(), []
        for words in said:
            if words[0] == "found":
                found.add(words[1])
            elif words[0] == "done":
                reports.append(found)
                found = set()
        for place, case in enumerate(cases):
            for order in (0, 1):
                count += 1
                told_of = reports[2 * place + order] if 2 * place + order < len(reports) else None
                if told_of is None or (case["rule"] in told_of) != case["fires"]:
                    wrong.append(f"{os.path.basename(path)}: {case['case']}: {'backwards' if order else 'forwards'}")
    told(f"own rules: {count} cases in two orders", wrong + ([] if count else ["no case is there"]))


def labelled(program, rules):
    """Every record of the corpus, by both."""
    paths = sorted(p for p in glob.glob(os.path.join(CORPUS, "cloud", "**", "*.ndjson.gz"), recursive=True) if "vpcflow" not in p)
    records = [(r, sigma.kind_of(r)) for r in sigma.read_records(paths)]
    loaded, _ = sigma.read_rules(rules, sigma.read_mappings(MAPPINGS), {})
    plain = {(rule.id, str(place)) for rule in loaded if not rule.is_correlation
             for place, (record, kind) in enumerate(records, 1) if rule.is_hit(record, kind)}
    said = run(program, rules, [line_of(record, kind) for record, kind in records])
    hits = {(words[1], words[2]) for words in said if words[0] == "hit"}
    wrong = [f"{rule} record {place}: only by {'the engine' if (rule, place) in hits else 'the plain evaluator'}"
             for rule, place in sorted(plain ^ hits)]
    told(f"{len(records)} labelled records: the same {len(plain)} hits of {len(loaded)} rules", told_refusals(said) + wrong)


def main():
    program = sys.argv[1]
    public = os.path.join(CORPUS, "sigma")
    made_records(program, "own rules", OWN)
    pack_cases(program)
    if os.path.isdir(public):
        made_records(program, "public rules", public)
        labelled(program, [public, OWN])
    print(f"1..{number}")


if __name__ == "__main__":
    main()
