#!/usr/bin/env python3
"""Davy's own Sigma rules, each against its cases, by the plain evaluator. TAP.

usage: sigma_pack_test.py [FOLDER]      default: rules/sigma beside tests/

FOLDER/cases/RULE_FILE.cases.ndjson has a case a line: {"case": name, "rule": id, "fires": true or false, "records":
[record...]}. A rule needs one that fires and one that does not.
"""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # the tree stays as it is
try:
    import naive_sigma as sigma
except ImportError as missing:
    print(f"1..0 # SKIP {missing.name} is not installed (Debian: python3-yaml)")
    sys.exit(0)

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TECHNIQUE = re.compile(r"attack\.(t\d{4}(\.\d{3})?|[a-z-]+)")
WANTED = ("id", "status", "description", "references", "author", "license", "date", "tags", "falsepositives", "level")
number = 0


def told(name, wrong):
    global number
    number += 1
    print(f"{'not ' if wrong else ''}ok {number} - {name}", flush=True)
    for line in wrong[:20]:
        print(f"# {line}")
    return bool(wrong)


def wrong_words(rule, seen):
    """What is amiss with what a rule says of itself."""
    content = rule.content
    inner = content.get("level") == "informational" and content.get("name")  # part of a correlation
    for key in ("id", "author", "license", "level") if inner else WANTED:
        if not content.get(key):
            yield f"{content['title']}: has no {key}"
    if not UUID4.fullmatch(rule.id):
        yield f"{rule.id} is no UUID of version 4"
    for key in ("references", "falsepositives", "tags"):
        if not all(isinstance(text, str) for text in content.get(key) or []):
            yield f"{key} are texts"
    for name in filter(None, (rule.id, rule.name)):
        if name in seen:
            yield f"{name} is in {seen[name]}, too"
        seen[name] = rule.path
    for tag in content.get("tags") or []:
        if not TECHNIQUE.fullmatch(tag) and tag != f"davy.verdict.{(content.get('davy') or {}).get('verdict')}":
            yield f"{tag} is no tactic or technique of ATT&CK, and not the verdict"
    if not inner and not any(re.match(r"attack\.t\d", t) for t in content.get("tags") or []):
        yield "no technique of ATT&CK"


def read_cases(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line, parse_int=sigma.Number, parse_float=sigma.Number) for line in file if line.strip()]


def wrong_cases(rules, cases):
    for outcome in (True, False):
        if not any(case["fires"] == outcome for case in cases):
            yield f"no case that {'fires' if outcome else 'stays silent'}"
    for case in cases:
        records = [(record, sigma.kind_of(record)) for record in case["records"]]
        hit = {rule for rule, _ in sigma.Evaluation(rules, records).lines()}
        if (case["rule"] in hit) != case["fires"]:
            yield f"{case['case']}: {'does not fire' if case['fires'] else 'fires'} ({', '.join(k for _, k in records)})"
        if hit - {case["rule"]}:
            yield f"{case['case']}: also fires {', '.join(hit - {case['rule']})}"
        turned = sigma.Evaluation(rules, records[::-1]).lines()
        if {rule for rule, _ in turned} != hit:
            yield f"{case['case']}: another outcome when the records come in the other order"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "rules", "sigma")
    mappings = sigma.read_mappings(os.path.join(here, "..", "rules", "mappings"))
    names = sorted(n for n in os.listdir(folder) if n.endswith(".yml"))
    kept = {n.removesuffix(".cases.ndjson") + ".yml" for n in os.listdir(os.path.join(folder, "cases"))}
    failed = told("there are rules, and cases for these only", ([] if names else ["no rules"]) + sorted(kept - set(names)))
    seen = {}
    for name in names:
        rules, refused = sigma.read_rules([os.path.join(folder, name)], mappings)
        wrong = [f"{title}: {reason}" for _, title, reason in refused]
        wrong += [w for rule in rules for w in wrong_words(rule, seen)]
        path = os.path.join(folder, "cases", name.removesuffix(".yml") + ".cases.ndjson")
        wrong += list(wrong_cases(rules, read_cases(path))) if name in kept and rules else ["no cases"]
        failed |= told(name, wrong)
    table = subprocess.run([os.path.join(here, "..", "scripts", "rules_table"), "--check"], capture_output=True, text=True, check=False)
    failed |= told("docs/rules.md lists these rules", table.stderr.splitlines() if table.returncode else [])
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
