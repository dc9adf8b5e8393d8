#!/usr/bin/env python3
"""The Sigma engine against the plain evaluator, on the same records. TAP.

usage: sigma_engine_test.py PROGRAM                   PROGRAM: tests/sigma_hits of a build (meson test does it)
       sigma_engine_test.py PROGRAM --table RULES...  a line for each rule of these files and folders, tab-separated: id, title,
                                                      records made, of these fired, near-misses made, of these silent, and in the
                                                      records of $DAVY_CORPUS/cloud hits of the engine and of the evaluator
The cases of tests/naive_sigma_test.py, what the specification says one by one; own rules, and those of $DAVY_CORPUS/sigma (../shared/corpus) where they are: every record that tests/sigma_cases.py
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
    import naive_sigma_test as specification
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


def asked(program, files, lines):
    """What the engine says of the records: a list of words a line. files: (what it is, path)"""
    with tempfile.TemporaryDirectory() as folder:
        listed = os.path.join(folder, "files")
        with open(listed, "w", encoding="utf-8") as out:
            out.write("".join(f"{what} {path}\n" for what, path in files))
        done = subprocess.run([program, listed], input="".join(lines), capture_output=True, text=True, check=False)
    if done.returncode:
        return [["failed", str(done.returncode), done.stderr[:500]]]
    return [line.split() for line in done.stdout.splitlines()]


def run(program, rules, lines):
    files = [("mapping", f) for f in sorted(glob.glob(os.path.join(MAPPINGS, "*.yaml")))]
    for path in rules:
        inside = sorted(glob.glob(os.path.join(path, "**", "*.yml"), recursive=True))
        files += [("rules", f) for f in (inside if os.path.isdir(path) else [path])]
    return asked(program, files, lines)


def specified(program):
    """Each case of the specification; of correlations, whether there is a window at all."""
    wrong, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        names = {what: os.path.join(folder, what) for what in ("mapping", "placeholders", "rules")}
        for what, content in (("mapping", specification.MAPPING), ("placeholders", specification.PLACEHOLDERS)):
            with open(names[what], "w", encoding="utf-8") as file:
                file.write(written(content))
        for name, text, records, wanted in specification.all_cases():
            count += 1
            with open(names["rules"], "w", encoding="utf-8") as file:
                file.write(text)
            lines = [line_of(sigma.parse_record(json.dumps(r)), "cloudtrail") for r in records]
            said = asked(program, names.items(), lines + ["report\n"])
            hits = [int(words[2]) for words in said if words[0] == "hit" and words[1] == "r"]
            found = bool([words for words in said if words[:2] == ["found", "corr"]])
            is_good = (bool(told_refusals(said)) if wanted is None else found == bool(wanted) if "correlation:" in text else hits == wanted)
            if not is_good or wanted is not None and told_refusals(said):
                wrong.append(f"{name}: wanted {wanted}: {said}")
    told(f"{count} cases of the specification", wrong + ([] if count else ["no case is there"]))


def told_refusals(said):
    return [" ".join(words) for words in said if words[0] in ("refused", "failed")]


def made(program, rules):
    """(what the engine says, labels) of the records that tests/sigma_cases.py makes: number, rule, fires or near-miss, kind, what"""
    with tempfile.TemporaryDirectory() as folder:
        records, labels = os.path.join(folder, "records"), os.path.join(folder, "labels")
        subprocess.run([os.path.join(HERE, "sigma_cases.py"), "--records", records, "--labels", labels, *rules],
                       stdout=subprocess.DEVNULL, check=False)
        with open(labels, encoding="utf-8") as file:
            wanted = [line.rstrip("\n").split("\t") for line in file]
        with open(records, encoding="utf-8") as file:
            lines = [line_of(sigma.parse_record(line), label[3]) for line, label in zip(file, wanted)]
    return run(program, rules, lines), wanted


def hits_of(said):
    return {(words[1], words[2]) for words in said if words[0] == "hit"}


def made_records(program, name, rules):
    said, wanted = made(program, [rules])
    hits = hits_of(said)
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


def both(program, rules):
    """(records, rules, hits of the engine, of the evaluator, what the engine says) of every record of the corpus."""
    paths = sorted(p for p in glob.glob(os.path.join(CORPUS, "cloud", "**", "*.ndjson.gz"), recursive=True) if "vpcflow" not in p)
    records = [(r, sigma.kind_of(r)) for r in sigma.read_records(paths)]
    loaded, _ = sigma.read_rules(rules, sigma.read_mappings(MAPPINGS), {})
    plain = {(rule.id, str(place)) for rule in loaded if not rule.is_correlation
             for place, (record, kind) in enumerate(records, 1) if rule.is_hit(record, kind)}
    said = run(program, rules, [line_of(record, kind) for record, kind in records])
    return records, loaded, hits_of(said), plain, said


def labelled(program, rules):
    records, loaded, hits, plain, said = both(program, rules)
    wrong = [f"{rule} record {place}: only by {'the engine' if (rule, place) in hits else 'the plain evaluator'}"
             for rule, place in sorted(plain ^ hits)]
    told(f"{len(records)} labelled records: the same {len(plain)} hits of {len(loaded)} rules", told_refusals(said) + wrong)


def table(program, rules):
    """The proof, rule by rule: nothing of it belongs into the tree, since the titles are their authors'."""
    said, wanted = made(program, rules)
    fired = hits_of(said)
    _, loaded, hits, plain, _ = both(program, rules)
    is_bad = bool(told_refusals(said))
    for rule in loaded:
        if rule.is_correlation:
            continue
        counts = []
        for label in ("fires", "near-miss"):
            its = [line for line in wanted if line[1] == rule.id and line[2] == label]
            good = [line for line in its if ((rule.id, line[0]) in fired) == (label == "fires")]
            counts += [len(its), len(good)]
            is_bad |= not its or len(its) != len(good)
        counts += [len([hit for hit in some if hit[0] == rule.id]) for some in (hits, plain)]
        print("\t".join([rule.id, rule.content["title"], *map(str, counts)]))
    return 1 if is_bad or hits != plain or not loaded else 0


def main():
    program = sys.argv[1]
    if sys.argv[2:3] == ["--table"]:
        return table(program, sys.argv[3:])
    specified(program)
    public = os.path.join(CORPUS, "sigma")
    made_records(program, "own rules", OWN)
    pack_cases(program)
    if os.path.isdir(public):
        made_records(program, "public rules", public)
        labelled(program, [public, OWN])
    print(f"1..{number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
