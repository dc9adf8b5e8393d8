#!/usr/bin/env python3
"""Random Sigma rules over random records: the engine and the plain evaluator must say the same. TAP.

usage: sigma_random_test.py PROGRAM [--rounds N] [--seed N] [--keep FOLDER]

PROGRAM    tests/sigma_hits of a build (meson test does it)
--rounds   of 40 rules and 60 records each (8); `--rounds 100` takes some minutes and is for changes of the engine
--seed     the same seed makes the same rules and records (1)
--keep     rules and records of the first round in which the two differ go there

Every modifier, keywords, conditions, correlations with each kind of bound, filters; fields with dots in keys and lists in
the way; letters of either case, numbers in quotes and without. What one refuses the other must refuse, too. Many rules ask
the same fields, so that what is shared between them is seen.
"""
import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree stays as it is
try:
    import naive_sigma as sigma
except ImportError as missing:
    print(f"1..0 # SKIP {missing.name} is not installed (Debian: python3-yaml)")
    sys.exit(0)
from sigma_engine_test import line_of, written

RULES, RECORDS = 40, 60
MAPPINGS = {
    "plain": {"logsource": {"product": "p"}, "kinds": ["cloudtrail"]},
    "rich": {"logsource": {"product": "r"}, "kinds": ["cloudtrail"], "fields": {"a": ["a", "b.c"], "all": "a.**", "deep": ["b.**", "c"]},
             "prefixes": {"x.": "", "x.a.": "a.b."}},
    "nocase": {"logsource": {"product": "n"}, "kinds": ["cloudtrail"], "case_insensitive_keys": True, "fields": {"All": "A.**"}},
}
KEYS = ["a", "b", "c", "a.b", "b.c", "a.b.c", "A", "B.c", "d"]
FIELDS = ["a", "b", "c", "a.b", "a.b.c", "a.c", "b.c", "A.B", "all", "All", "deep", "x.a", "x.a.c", "d"]
TEXTS = ["abc", "ABC", "aBc", "abd", "", " ", "a*c", "a?c", "a\\c", "a\\*c", "\u00e9", "\u00c9x", "a-c", "a/c", "a\u2013c", "-a -c", "x abc y", "abc\n", "a\nc", "%n%",
         "true", "null", "4", "04", "4.0", "5", "-1", "YWJj", "eGFiYw==", "YQBiAGMA", "//5hAA==", "AGE="]
NUMBERS = ["4", "4.0", "5", "-1", "0.5", "4e0", "12"]
ADDRESSES = ["10.1.2.3", "10.255.0.1", "11.0.0.1", "::1", "2001:db8::5", "2001:db9::", "ten"]
NETWORKS = ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "2001:db8::/32", "::/0", "10.1.2.3"] * 3 + ["10.0.0.0/40", "ten"]
DATES = ["2026-01-05T03:04:05Z", "2026-01-05 03:04", "2020-12-31", "2021-01-03T23:59:59+02:00", "2024-02-29T00:00:00Z", "2026-02-29", "2026-01-05T24:00", "9999-12-31"]
VALUES = ["abc", "ABC", "a*", "*c", "a?c", "*", "?*", "", "a\\*c", "a\\\\*", "a\\", "-c", "/c", "a b", "abc\n", "4", "04", "\u00e9", "true", "%n%", "x%n%", "\\%n%"]
LITERALS = ["abc", "a", "a-c", "ab c", "4", "\\*"]
EXPRESSIONS = ["a.c", "^a", "c$", "^$", "[a-c]+$", "A", "a|4", "(ab)+", "^a.c$", "x{2}", "\\."]
BAD_EXPRESSIONS = ["(?=a)", "(", "(a)\\1", "a++"]
WORDS = ["contains", "startswith", "endswith", "all", "cased", "windash", "neq", "expand", "base64", "base64offset", "wide", "utf16", "utf16le", "utf16be", "fieldref", "re", "i", "exists", "lt",
         "gte", "cidr", "hour", "near"]
PLACEHOLDERS = {"n": ["abc", "a*", "4"], "one": ["x"]}


class Maker:
    def __init__(self, seed):
        self.pick = random.Random(seed)

    def some(self, chance):
        return self.pick.random() < chance

    def one(self, *lists):
        return self.pick.choice(self.pick.choice(lists))

    # -- records

    def scalar(self):
        if self.some(0.15):
            return self.one([True, False, None])
        if self.some(0.3):
            return sigma.Number(self.one(NUMBERS))
        return self.one(TEXTS, TEXTS, TEXTS, ADDRESSES, DATES)

    def node(self, depth):
        if depth == 0 or self.some(0.4):
            return self.scalar()
        if self.some(0.3):
            return [self.node(depth - 1) for _ in range(self.pick.randrange(4))]
        return {self.one(KEYS): self.node(depth - 1) for _ in range(self.pick.randrange(5))}

    def record(self):
        content = {self.one(KEYS): self.node(3) for _ in range(self.pick.randrange(1, 7))}
        if self.some(0.7):
            content["u"] = self.one(["1", "2", sigma.Number("1"), ["2", "1"]])
        if self.some(0.7):
            content["v"] = self.one(["x", "y", sigma.Number("3"), sigma.Number("-2.5"), ["x", "y"], [sigma.Number("3"), sigma.Number("3")], "7", None])
        if self.some(0.8):
            content["k"] = self.one(["a", "b", "c"])
        second = self.pick.randrange(120)
        return content | {"eventTime": f"2026-01-05T10:{second // 60:02}:{second % 60:02}Z"}

    # -- detections

    def modifiers(self):
        shape = self.pick.randrange(20)
        if shape < 3:
            return []
        if shape < 4 and self.some(0.3):
            return self.pick.sample(WORDS, self.pick.randrange(1, 4))  # most of these are refused
        if shape < 7:
            return self.one([["re"], ["re", "i"], ["re", "m"], ["re", "s"], ["re", "i", "s"], ["re", "expand"]])
        if shape < 8:
            return ["cidr"]
        if shape < 10:
            return [self.one(["lt", "lte", "gt", "gte"])]
        if shape < 12:
            return [self.one(["minute", "hour", "day", "week", "month", "year"])] + self.one([[], ["lt"], ["lte"], ["gt"], ["gte"]])
        if shape < 13:
            return ["exists"]
        if shape < 15:
            return ["fieldref"] + self.one([[], ["contains"], ["startswith"], ["endswith"], ["cased"], ["contains", "cased"]])
        before = self.one([[], [], ["windash"], ["wide"], ["utf16"], ["utf16be"], ["utf16le"]]) + self.one([[], [], [], ["base64"], ["base64offset"]])
        return before + self.one([[], ["contains"], ["startswith"], ["endswith"]]) + self.one([[], [], ["cased"], ["expand"]])

    def value(self, modifiers):
        if "exists" in modifiers:
            return self.one([True, False])
        if "re" in modifiers:
            return self.one(EXPRESSIONS if self.some(0.97) else BAD_EXPRESSIONS)
        if "cidr" in modifiers:
            return self.one(NETWORKS)
        if "fieldref" in modifiers:
            return self.one(FIELDS)
        if set(modifiers) & {"lt", "lte", "gt", "gte"} - {"hour"} and not set(modifiers) & set(sigma.DATE_PARTS):
            return self.one([sigma.Number(n) for n in NUMBERS] + ["4"]) if self.some(0.95) else "five"
        part = next((m for m in modifiers if m in sigma.DATE_PARTS), None)
        if part:
            fit = {"year": ["2020", "2021", "2026"], "minute": ["0", "3", "4", "59"], "hour": ["0", "3", "23"]}.get(part, ["1", "3", "5", "12"])
            return sigma.Number(self.one(fit) if self.some(0.95) else "60")
        if set(modifiers) & {"base64", "base64offset", *sigma.WIDE} and self.some(0.95):
            return self.one(LITERALS)
        if not modifiers and self.some(0.4):
            return self.one([sigma.Number(n) for n in NUMBERS], [True, False, None])
        if modifiers and self.some(0.1):
            return sigma.Number(self.one(NUMBERS))
        return self.one(VALUES) if self.some(0.98) else "%nobody%"

    def item(self, field):
        modifiers = self.modifiers()
        if self.some(0.1) and "exists" not in modifiers:
            modifiers.append("neq")
        count = self.one([1, 1, 1, 2, 3])
        if count > 1 and self.some(0.4) and "exists" not in modifiers:
            modifiers.insert(self.pick.randrange(len(modifiers) + 1) if "re" not in modifiers else len(modifiers), "all")
        values = [self.value(modifiers) for _ in range(count)]
        return "|".join([field] + modifiers), values if count > 1 or self.some(0.1) else values[0]

    def selection(self):
        shape = self.pick.randrange(12)
        if shape == 0:
            return [self.one(["abc", "4", "a*c", sigma.Number("4"), "\u00e9"]) for _ in range(self.pick.randrange(1, 3))]
        if shape == 1:
            return dict([self.item("")])
        if shape == 2:
            return [dict([self.item(self.one(FIELDS))]) for _ in range(2)] + self.one([[], ["abc"]])
        return dict(self.item(self.one(FIELDS)) for _ in range(self.one([1, 1, 2, 3])))

    def condition(self, names):
        if self.some(0.35):
            first = self.one(names)[0]
            return self.one(["1 of them", "all of them", f"1 of {first}*", f"all of {first}*", f"not 1 of {first}*", "not all of them", f"1 of them and not 1 of {first}*", "1 of q*"])
        parts = [self.one(["", "", "not "]) + self.one(names) for _ in range(self.pick.randrange(1, 4))]
        text = parts[0]
        for part in parts[1:]:
            text = self.one([f"{text} and {part}", f"{text} or {part}", f"({text}) and {part}", f"{part} or not ({text})"])
        return text

    def detection(self):
        names = self.pick.sample(["s", "s_1", "s_2", "t", "t_1", "_u"], self.pick.randrange(1, 4))
        content = {name: self.selection() for name in names}
        return content | {"condition": [self.condition(names) for _ in range(2)] if self.some(0.1) else self.condition(names)}

    # -- documents

    def correlation(self):
        kind = self.one(["event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_max", "value_min", "value_avg"])
        rules = self.pick.sample(["ka", "kb", "kc"], self.pick.randrange(2, 4) if kind.startswith("temporal") else self.pick.randrange(1, 3))
        content = {"type": kind, "rules": rules, "timespan": self.one(["1s", "5s", "20s", "1m"]), "group-by": self.one([["u"], ["u", "k"], ["w"], ["v"]])}
        if self.some(0.7) or not kind.startswith("temporal"):
            words = self.pick.sample(["gt", "gte", "lt", "lte", "eq", "neq"], self.one([1, 1, 1, 2]))
            content["condition"] = {word: sigma.Number(self.one(["1", "2", "2", "3", "5", "0", "2.5"] if kind in sigma.NUMBERS else ["1", "1", "2", "2", "2", "3", "5"])) for word in words}
        if kind.startswith("value"):
            content.setdefault("condition", {})["field"] = self.one(["v", ["v"], ["v", "u"] if kind == "value_count" else ["v"]])
        if self.some(0.3):
            content["aliases"] = {"w": {name: self.one(["u", "v", "k"]) for name in rules}}
        return content

    def document(self, number):
        about = {"title": f"t{number}", "id": f"r{number}"}
        if number in (0, 1, 2):  # what correlations are built from
            name = "abc"[number]
            return about | {"name": f"k{name}", "logsource": {"product": "p"}, "detection": {"s": {"k": name}, "condition": "s"}}
        if self.some(0.25):
            return about | {"correlation": self.correlation()}
        if self.some(0.15):
            names = self.pick.sample(["s", "t"], self.pick.randrange(1, 3))
            return {"title": f"f{number}", "logsource": {"product": self.one("prn")}, "filter": {name: self.selection() for name in names} | {
                "rules": self.one(["any", [f"r{self.pick.randrange(RULES)}" for _ in range(3)], "ka", ["r9"], ["any"], []]),
                "condition": self.one([f"not {names[0]}", "not 1 of them", f"not not {names[0]}", self.condition(names)])}}
        return about | {"logsource": {"product": self.one("pprn")}, "detection": self.detection()}


def files_of(folder, documents):
    """Written as JSON, which is YAML, too; each a file, so that what is refused has a name."""
    listed = []
    for name, content in (*MAPPINGS.items(), ("placeholders", PLACEHOLDERS), *((f"{n}.yml", d) for n, d in enumerate(documents))):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(written(content) + "\n")
        listed.append(f"{'mapping' if name in MAPPINGS else 'placeholders' if name == 'placeholders' else 'rules'} {path}")
    path = os.path.join(folder, "files")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in listed))
    return path


def counted(found):
    """Without the group's values, which the engine hides where a field may hold a secret: how many there are of each instead."""
    return {(*one, times) for one, times in collections.Counter(found).items()}


def said_by_engine(program, listed, records):
    """(files refused, hits, findings of correlations)"""
    lines = [line_of(r, "cloudtrail") for r in records] + ["report\n"]
    done = subprocess.run([program, listed], input="".join(lines).encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')[:1000]}")
    refused, hits, found = set(), set(), []
    for line in done.stdout.decode().splitlines():
        words = line.split(" ", 6)
        if words[0] == "refused":
            refused.add(int(os.path.basename(line.split(":")[0]).removesuffix(".yml")))
        elif words[0] == "hit":
            hits.add((words[1], int(words[2])))
        elif words[0] == "found" and len(words) == 7:
            found.append((words[1], round(float(words[2]), 9), *map(int, words[3:6])))
    return refused, hits, counted(found)


def said_by_evaluator(folder, documents, records):
    mappings = [sigma.Mapping(content, name) for name, content in MAPPINGS.items()]
    paths = [os.path.join(folder, f"{n}.yml") for n in range(len(documents))]
    rules, refused = sigma.read_rules(paths, mappings, PLACEHOLDERS)
    gone = {int(os.path.basename(path).removesuffix(".yml")) for path, _, _ in refused}
    evaluation = sigma.Evaluation(rules, [(r, "cloudtrail") for r in records])
    hits = {(r.id, n) for r in rules if not r.is_correlation for n in evaluation.hits(r)}
    found = []
    for rule in rules:
        for windows in (evaluation.windows(rule.correlation).values() if rule.is_correlation else ()):
            if windows:
                found.append((rule.id, round(float(windows[0][1]), 9), len(windows), int(windows[0][0][0][0]), int(windows[-1][0][-1][0])))
    return gone, hits, counted(found)


def differences(documents, records, engine, plain):
    for what, ours, theirs in zip(("refused", "hit", "finding"), engine, plain):
        for one in sorted(ours ^ theirs, key=str)[:3]:
            number = one if what == "refused" else int(one[0][1:])
            yield f"{what} {one}: only by {'the engine' if one in ours else 'the plain evaluator'}: {written(documents[number])}"
            if what == "hit":
                yield f"record: {written(records[one[1] - 1])}"


def one_round(program, seed, keep):
    maker = Maker(seed)
    documents = [maker.document(n) for n in range(RULES)]
    # as they are written and read again: a number of a list is one, and a text is none
    records = [sigma.parse_record(written(maker.record())) for _ in range(RECORDS)]
    with tempfile.TemporaryDirectory() as folder:
        listed = files_of(folder, documents)
        engine, plain = said_by_engine(program, listed, records), said_by_evaluator(folder, documents, records)
    wrong = list(differences(documents, records, engine, plain))
    if wrong and keep:
        os.makedirs(keep, exist_ok=True)
        files_of(keep, documents)
        with open(os.path.join(keep, "records"), "w", encoding="utf-8") as file:
            file.write("".join(line_of(r, "cloudtrail") for r in records))
    return wrong, [len(s) for s in plain]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep")
    asked = parser.parse_args()
    wrong, sums = [], [0, 0, 0]
    for number in range(asked.rounds):
        found, counts = one_round(asked.program, f"{asked.seed} {number}", asked.keep if not wrong else None)
        wrong += [f"round {number}: {line}" for line in found]
        sums = [a + b for a, b in zip(sums, counts)]
    # a test of rules that are all refused, or never hold, would show nothing
    poor = sums[0] * 2 > asked.rounds * RULES or sums[1] < asked.rounds * RULES or sums[2] < asked.rounds
    print(f"{'not ' if wrong or poor else ''}ok 1 - {asked.rounds * RULES} rules over {asked.rounds * RECORDS} records, {sums[0]} refused, "
          f"{sums[1]} hits, {sums[2]} findings of correlations")
    for line in wrong[:30]:
        print(f"# {line}")
    print("1..1")
    return 1 if wrong or poor else 0


if __name__ == "__main__":
    sys.exit(main())
