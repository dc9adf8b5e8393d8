#!/usr/bin/env python3
"""What Sigma's specification says, a case at a time, held against tests/naive_sigma.py. TAP.

usage: naive_sigma_test.py                  the test
       naive_sigma_test.py --write FOLDER   FOLDER/NUMBER.yml and .ndjson, expected.tsv (rule's number, record): for
                                            another evaluator; refused.tsv names the rules that must be refused; placeholders.yaml is for expand

A case is a detection (or a whole rule after "---") and records with the outcome each must have. Records are of the
kind cloudtrail; `f` and the like are raw fields.
"""
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree stays as it is
try:
    import naive_sigma as sigma
except ImportError as missing:
    print(f"1..0 # SKIP {missing.name} is not installed (Debian: python3-yaml)")
    sys.exit(0)


def values(field, fits, not_):
    """A case about one field: values that fit and values that do not."""
    return "s: {%s}\ncondition: s" % field, [({"f": v}, True) for v in fits] + [({"f": v}, False) for v in not_]


MATCHES = {
    "a text, letters of either case": values("f: Abc", ["abc", "ABC"], ["abcd", "xabc", "", None, 1]),
    "a list is or": values("f: [a, b]", ["a", "B"], ["c"]),
    "an element of a list in the record": values("f: a", [["x", "a"], [["a"]]], [[], ["x"]]),
    "an object equals nothing": values("f: '*'", ["", "x", 1, True, ["x"]], [{"a": "x"}, None, [None]]),
    "* is any number of characters": values("f: 'a*c'", ["ac", "abc", "a\nc"], ["acd", "bac"]),
    "? is one character": values("f: 'a?c'", ["abc", "a?c"], ["ac", "abbc"]),
    "an escaped star": values("f: 'a\\*c'", ["a*c"], ["abc", "a\\*c"]),
    "a backslash before a star": values("f: 'a\\\\*c'", ["a\\c", "a\\xc"], ["a*c", "abc"]),
    "a backslash and a star, both plain": values("f: 'a\\\\\\*c'", ["a\\*c"], ["a\\xc"]),
    "a single backslash": values("f: 'a\\b'", ["a\\b"], ["ab", "a\\\\b"]),
    "two are one": values("f: 'a\\\\b'", ["a\\b"], ["a\\\\b"]),
    "three are two": values("f: 'a\\\\\\b'", ["a\\\\b"], ["a\\b"]),
    "a number": values("f: 4", [4, "4", 4.0, "4.0", "04"], [5, "four", ""]),
    "numbers of many digits": values("f: 9007199254740993", [9007199254740993], [9007199254740992]),
    "a number in quotes": values("f: '4'", [4, "4"], [4.5]),
    "truth": values("f: true", [True, "true", "TRUE"], [False, 1]),
    "truth in quotes": values("f: 'false'", [False, "False"], [True, None]),
    "NO is a text": values("f: NO", ["no"], [False]),
    "the empty text": values("f: ''", [""], [" ", None, 0]),
    "null": ("s: {f: null}\ncondition: s", [({}, True), ({"f": None}, True), ({"f": ""}, False), ({"f": {}}, False), ({"f": 0}, False), ({"f": []}, False), ({"f": [1, None]}, True)]),
    "exists": ("s: {f|exists: true}\ncondition: s", [({"f": None}, True), ({"f": {}}, True), ({"f": []}, True), ({}, False)]),
    "does not exist": ("s: {f|exists: false}\ncondition: s", [({}, True), ({"f": ""}, False), ({"f": None}, False)]),
    "contains": values("f|contains: bc", ["abcd", "BC"], ["b c"]),
    "contains with a wildcard": values("f|contains: 'b?d'", ["abcde"], ["abde"]),
    "startswith": values("f|startswith: ab", ["abc", "AB"], ["cab"]),
    "endswith": values("f|endswith: bc", ["abc"], ["bca"]),
    "all": values("f|contains|all: [a, b]", ["ab", "ba", ["xa", "xb"]], ["a", "b"]),
    "cased": values("f|cased: Abc", ["Abc"], ["abc"]),
    "cased and contains": values("f|contains|cased: B", ["aBc"], ["abc"]),
    "neq": ("s: {f|neq: a}\ncondition: s", [({"f": "b"}, True), ({"f": "A"}, False)]),
    "re finds, and case counts": values("f|re: 'a[0-9]+'", ["xa1y"], ["A1", "a"]),
    "re anchored": values("f|re: '^a.c$'", ["abc"], ["abcd", "a\nc"]),
    "re|i": values("f|re|i: '^abc$'", ["ABC"], ["ab"]),
    "re|m": values("f|re|m: '^b$'", ["a\nb\nc", "b"], ["ab"]),
    "a line begins behind a line, not behind the last": values("f|re|m: '^$'", ["a\n\nb", "\na", ""], ["a\n", "a", "a\nb"]),
    "re|m and a class": values("f|re|m: '^[^a]$'", ["a\nb\nc"], ["a\na"]),
    "re|s": values("f|re|s: 'a.c'", ["a\nc"], ["ac"]),
    "cidr 4": values("f|cidr: 10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "10.0.0.0/8", "::1", "ten"]),
    "cidr 6": values("f|cidr: '2001:db8::/32'", ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
    "cidr of a list": values("f|cidr: [10.0.0.0/8, 192.168.0.0/16]", ["192.168.3.4"], ["172.16.0.1"]),
    "base64": values("f|base64: 'curl -s'", ["Y3VybCAtcw=="], ["curl -s"]),
    "base64offset": values("f|base64offset|contains: 'curl '", ["Y3VybCAtcw==", "eGN1cmwgLXM=", "eHhjdXJsIC1z", "eHh4Y3VybCAtcw=="], ["d2dldCAtcw=="]),
    "wide and base64offset": values("f|wide|base64offset|contains: 'ab'", ["YQBiAA==", "eABhAGIA"], ["YWI="]),
    "utf16le is wide": values("f|utf16le|base64: 'ab'", ["YQBiAA=="], ["AGEAYg=="]),
    "utf16be": values("f|utf16be|base64: 'ab'", ["AGEAYg=="], ["YQBiAA=="]),
    "utf16 has a mark": values("f|utf16|base64: 'ab'", ["//5hAGIA"], ["YQBiAA=="]),
    "windash": values("f|windash|contains: ' -e '", ["x -e y", "x /e y", "x \u2013e y", "x \u2014e y", "x \u2015e y"], ["x e y"]),
    "windash at the end": values("f|windash|contains: 'a-'", ["xa\u2013b", "a/"], ["ab"]),
    "a number in quotes before one without": ("s: {f: '4'}\nt: {f: 4}\ncondition: s or s and t", [({"f": "04"}, False), ({"f": "4"}, True)]),
    "lt": values("f|lt: 5", [4, 4.9, "4", -1], [5, "5", "four", None]),
    "lte": values("f|lte: 5", [5, 4], [5.1]),
    "gt": values("f|gt: 5", [6, "6", 1e3], [5, "x"]),
    "gte": values("f|gte: 5", [5, 50], [4.99]),
    "hour": values("f|hour: 3", ["2026-01-05T03:00:00Z", "2026-01-05 03:59", "2026-01-05T03:00:00+02:00"], ["2026-01-05T04:00:00Z", "2026-01-05", "03:00", 3]),
    "minute": values("f|minute: 59", ["2026-01-05T03:59:00Z"], ["2026-01-05T03:58:59Z"]),
    "day": values("f|day: 29", ["2024-02-29"], ["2026-02-29", "2026-01-28"]),
    "week, of ISO 8601": values("f|week: 53", ["2020-12-31", "2021-01-03T00:00:00Z"], ["2021-01-04", "2024-12-30"]),
    "month": values("f|month|gte: 6", ["2026-06-01", "2026-12-31T10:00:00"], ["2026-05-31"]),
    "year": values("f|year|lt: 2026", ["2025-12-31T23:59:59Z"], ["2026-01-01T00:00:00Z", "year"]),
    "outside of office hours": ("s: {f|hour|gte: 8, g|hour|lt: 18}\ncondition: not s", [({"f": "2026-01-05T07:00:00Z", "g": "2026-01-05T07:00:00Z"}, True), ({"f": "2026-01-05T12:00:00Z", "g": "2026-01-05T12:00:00Z"}, False)]),
    "neq a field": ("s: {f|fieldref|neq: g}\ncondition: s", [({"f": "a", "g": "b"}, True), ({"f": "a", "g": "A"}, False)]),
    "fieldref": ("s: {f|fieldref: g}\ncondition: s", [({"f": "a", "g": "A"}, True), ({"f": "a", "g": "b"}, False), ({"f": "a"}, False), ({}, False)]),
    "fieldref with a place": ("s: {f|fieldref|endswith: g}\ncondition: s", [({"f": "arn:user/joe", "g": "joe"}, True), ({"f": "arn:user/joe", "g": "jo"}, False)]),
    "expand": values("f|expand: '%admins%'", ["root", "admX"], ["%admins%", "user"]),
    "expand in a text, and a percent sign": values("f|expand|contains: '\\%a%admins%b'", ["x%arootb", "%aadm1bx"], ["rootb"]),
    "without expand a placeholder is a text": values("f: '%admins%'", ["%admins%"], ["root"]),
    "keywords": ("k: [evil, '10.0.0.?']\ncondition: k", [({"a": {"b": ["x Evil y"]}}, True), ({"a": "to 10.0.0.7!"}, True), ({"evil": "x"}, False), ({"a": None}, False)]),
    "keywords, all": ("k: {'|all': [aa, bb]}\ncondition: k", [({"a": "aa", "b": "bb"}, True), ({"a": "aa"}, False)]),
    "a list of maps is or": ("s: [{f: a}, {g: b}]\ncondition: s", [({"f": "a"}, True), ({"g": "b"}, True), ({"f": "b"}, False)]),
    "a map is and": ("s: {f: a, g: b}\ncondition: s", [({"f": "a", "g": "b"}, True), ({"f": "a"}, False)]),
    "nested fields": ("s: {a.b.c: x}\ncondition: s", [({"a": {"b": {"c": "x"}}}, True), ({"a": [{"b": [{"c": ["y", "x"]}]}]}, True), ({"a": {"b": "x"}}, False)]),
    "a key with dots": ("s: {a.b.c/d: x}\ncondition: s", [({"a": {"b.c/d": "x"}}, True), ({"a.b": {"c/d": "x"}}, True), ({"a": {"b": {"c/d": "x"}}}, True)]),
    "the longest key counts": ("s: {a.b: x}\ncondition: s", [({"a.b": "y", "a": {"b": "x"}}, False), ({"a.b": "x", "a": {"b": "y"}}, True), ({"a.b": "y"}, False)]),
    "the longest key counts that leads to a value": ("s: {a.b.c: x}\ncondition: s", [({"a.b": "y", "a": {"b": {"c": "x"}}}, True), ({"a.b": {"d": "x"}, "a": {"b.c": "x"}}, True)]),
    "a key that leads nowhere is in nobody's way": ("s: {a.b.c: x}\ncondition: s", [({"a.b": None, "a": {"b.c": "x"}}, True), ({"a.b": "", "a": {"b.c": ["x"]}}, True),
                                                                                  ({"a.b": "y", "a": {"b": {"c": "z", "a.b": 1}, "b.c": "x"}}, True)]),
    "an expression sees bytes": values("f|re: '^..$'", ["ab", "\u00e9"], ["a"]),
    "? is a letter outside of ASCII, too": values("f: '?'", ["a", "\u00e9"], ["ab"]),
    "keys are as they are written": ("s: {Ab: x}\ncondition: s", [({"Ab": "x"}, True), ({"ab": "x"}, False)]),
    "and before or": ("a: {f: 1}\nb: {g: 1}\nc: {h: 1}\ncondition: a or b and c", [({"f": 1}, True), ({"g": 1}, False), ({"g": 1, "h": 1}, True)]),
    "not before and": ("a: {f: 1}\nb: {g: 1}\ncondition: not a and b", [({"g": 1}, True), ({"f": 1, "g": 1}, False), ({}, False)]),
    "brackets": ("a: {f: 1}\nb: {g: 1}\ncondition: not (a or b)", [({}, True), ({"g": 1}, False)]),
    "1 of a pattern": ("s_a: {f: 1}\ns_b: {g: 1}\nt: {h: 1}\ncondition: 1 of s_*", [({"g": 1}, True), ({"h": 1}, False)]),
    "all of a pattern": ("s_a: {f: 1}\ns_b: {g: 1}\ncondition: all of s_*", [({"f": 1, "g": 1}, True), ({"f": 1}, False)]),
    "them, without what begins with _": ("a: {f: 1}\n_b: {g: 1}\ncondition: 1 of them", [({"f": 1}, True), ({"g": 1}, False)]),
    "not 1 of": ("a: {f: 1}\nx_1: {g: 1}\nx_2: {h: 1}\ncondition: a and not 1 of x_*", [({"f": 1}, True), ({"f": 1, "h": 1}, False)]),
    "not all of": ("a: {f: 1}\nx_1: {g: 1}\nx_2: {h: 1}\ncondition: a and not all of x_*", [({"f": 1, "h": 1}, True), ({"f": 1, "g": 1, "h": 1}, False)]),
    "several conditions are or": ("a: {f: 1}\nb: {g: 1}\ncondition: [a, b]", [({"f": 1}, True), ({"g": 1}, True), ({"h": 1}, False)]),
}

PLACEHOLDERS = {"admins": ["root", "adm*"]}

REFUSED = {
    "an unknown modifier": "s: {f|near: a}\ncondition: s",
    "no such hour": "s: {f|hour: 24}\ncondition: s",
    "compared before it is taken": "s: {f|lt|hour: 3}\ncondition: s",
    "two parts of a date": "s: {f|hour|day: 3}\ncondition: s",
    "a part of a date, and a text": "s: {f|hour|contains: 3}\ncondition: s",
    "exists and cased": "s: {f|exists|cased: true}\ncondition: s",
    "a place, and then an encoding": "s: {f|contains|base64: a}\ncondition: s",
    "looking ahead": "s: {f|re: 'a(?=b)'}\ncondition: s",
    "looking behind": "s: {f|re: '(?<!a)b'}\ncondition: s",
    "a back reference": "s: {f|re: '(a)\\1'}\ncondition: s",
    "no expression": "s: {f|re: '(a'}\ncondition: s",
    "no network": "s: {f|cidr: 10.0.0.0/40}\ncondition: s",
    "no number": "s: {f|lt: five}\ncondition: s",
    "base64 of a wildcard": "s: {f|base64: 'a*'}\ncondition: s",
    "a placeholder without values": "s: {f|expand: '%nobody%'}\ncondition: s",
    "two ways to compare": "s: {f|re|cidr: a}\ncondition: s",
    "a selection that is not there": "s: {f: a}\ncondition: s and t",
    "a pattern that names none": "s: {f: a}\ncondition: 1 of t*",
    "a bracket too few": "s: {f: a}\ncondition: (s",
    "a word too much": "s: {f: a}\ncondition: s s",
    "an aggregation": "s: {f: a}\ncondition: s | count() > 3",
    "a time frame": "s: {f: a}\ntimeframe: 5m\ncondition: s",
    "no condition": "s: {f: a}",
    "a key twice": "s:\n  f: a\n  f: b\ncondition: s",
    "an empty list": "s: {f: []}\ncondition: s",
}


def event(second, **fields):
    return {"eventTime": f"2026-01-05T10:{second // 60:02}:{second % 60:02}Z"} | fields


def correlation(text, *rules):
    """Rules a, b ... that look for k: a, k: b ..., and a correlation of them."""
    return "\n---\n".join([f"title: t\nid: corr\ncorrelation:\n{text}", *(
        f"title: {n}\nname: {n}\nlogsource: {{product: aws, service: cloudtrail}}\ndetection: {{s: {{k: {n}}}, condition: s}}" for n in rules)])


COUNT = "  type: event_count\n  rules: [a]\n  group-by: [u]\n  timespan: 10s\n  condition: {gte: 3}"
DISTINCT = "  type: value_count\n  rules: [a]\n  group-by: [u]\n  timespan: 10s\n  condition: {gte: 2, field: v}"
TEMPORAL = "  type: temporal\n  rules: [a, b]\n  group-by: [u]\n  timespan: 10s"
ORDERED = "  type: temporal_ordered\n  rules: [a, b]\n  group-by: [u]\n  timespan: 10s"
ALIASES = "  type: temporal\n  rules: [a, b]\n  group-by: [who]\n  timespan: 10s\n  aliases: {who: {a: x, b: y}}"
NUMBERS = "  type: TYPE\n  rules: [a]\n  group-by: [u]\n  timespan: 10s\n  condition: "
FILTER = "title: f\nlogsource: {product: aws}\nfilter:\n  rules: [a]\n  s: {by: me}\n  condition: "
FILTERED = f"\n---\n{FILTER}not s"
CORRELATIONS = {  # records, and which of them (from 1) are the last of a window
    "event_count": (correlation(COUNT, "a"), [event(s, k="a", u="1") for s in (0, 5, 10, 11)], [3]),
    "event_count, and what follows": (correlation(COUNT, "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 9, 10, 11)], [5]),
    "event_count, twice": (correlation(COUNT, "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 20, 21, 22)], [3, 6]),
    "exactly three": (correlation(COUNT.replace("gte", "eq"), "a"), [event(s, k="a", u="1") for s in (0, 1, 2)], [3]),
    "of four no three are exactly three": (correlation(COUNT.replace("gte", "eq"), "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 3)], []),
    "the first of many is not fewer than three": (correlation(COUNT.replace("gte", "lt"), "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 20)], [4]),
    "at most": (correlation(COUNT.replace("gte", "lte"), "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 20)], [3, 4]),
    "not three": (correlation(COUNT.replace("gte", "neq"), "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 20)], [4]),
    "a range": (correlation(COUNT.replace("gte: 3", "gt: 1, lt: 4"), "a"), [event(s, k="a", u="1") for s in (0, 1, 2, 20, 40, 41, 42, 43)], [3]),
    "value_sum": (correlation(NUMBERS.replace("TYPE", "value_sum") + "{gt: 10, field: v}", "a"), [event(0, k="a", u="1", v=4), event(1, k="a", u="1", v="7"), event(30, k="a", u="1", v=9), event(31, k="a", u="1", v="many")], [2]),
    "value_sum below": (correlation(NUMBERS.replace("TYPE", "value_sum") + "{lte: 10, field: v}", "a"), [event(0, k="a", u="1", v=4), event(1, k="a", u="1", v=7), event(30, k="a", u="1", v=[5, 5])], [3]),
    "value_max": (correlation(NUMBERS.replace("TYPE", "value_max") + "{gte: 7.5, field: v}", "a"), [event(0, k="a", u="1", v=7.5), event(1, k="a", u="1", v=-9), event(30, k="a", u="1", v=7)], [2]),
    "value_min": (correlation(NUMBERS.replace("TYPE", "value_min") + "{lt: 0, field: v}", "a"), [event(0, k="a", u="1", v=7.5), event(1, k="a", u="1", v=-9), event(30, k="a", u="1", v=7)], [2]),
    "value_avg": (correlation(NUMBERS.replace("TYPE", "value_avg") + "{eq: 5, field: v}", "a"), [event(0, k="a", u="1", v=4), event(1, k="a", u="1", v=6), event(30, k="a", u="1", v=6)], [2]),
    "temporal, fewer than all": (correlation(TEMPORAL + "\n  condition: {lt: 2}", "a", "b"), [event(0, k="a", u="1"), event(1, k="b", u="1"), event(20, k="b", u="1")], [3]),
    "a filter": (correlation(COUNT, "a") + FILTERED, [event(s, k="a", u="1", by="me" if s == 1 else "you") for s in range(3)], []),
    "a filter that nothing meets": (correlation(COUNT, "a") + FILTERED, [event(s, k="a", u="1") for s in range(3)], [3]),
    "event_count, one second too long": (correlation(COUNT, "a"), [event(s, k="a", u="1") for s in (0, 5, 11)], []),
    "event_count, the window ends with each record": (correlation(COUNT, "a"), [event(s, k="a", u="1") for s in (0, 10, 20, 21, 22)], [5]),
    "event_count by group": (correlation(COUNT, "a"), [event(s, k="a", u=str(s % 2)) for s in range(4)], []),
    "no value, no group": (correlation(COUNT, "a"), [event(s, k="a") for s in range(4)], []),
    "event_count in any order of the records": (correlation(COUNT, "a"), [event(s, k="a", u="1") for s in (10, 0, 5)], [1]),
    "value_count": (correlation(DISTINCT, "a"), [event(0, k="a", u="1", v="x"), event(1, k="a", u="1", v="x"), event(2, k="a", u="1", v="y")], [3]),
    "value_count of a list": (correlation(DISTINCT, "a"), [event(0, k="a", u="1", v=["x", "y"])], [1]),
    "temporal": (correlation(TEMPORAL, "a", "b"), [event(0, k="b", u="1"), event(9, k="a", u="1"), event(30, k="a", u="1")], [2]),
    "temporal in one group": (correlation(TEMPORAL, "a", "b"), [event(0, k="b", u="1"), event(1, k="a", u="2")], []),
    "temporal_ordered": (correlation(ORDERED, "a", "b"), [event(0, k="a", u="1"), event(9, k="b", u="1"), event(10, k="a", u="1")], [2]),
    "temporal_ordered, the other way round": (correlation(ORDERED, "a", "b"), [event(0, k="b", u="1"), event(9, k="a", u="1")], []),
    "temporal_ordered at the same time": (correlation(ORDERED, "a", "b"), [event(0, k="b", u="1"), event(0, k="a", u="1")], [1]),
    "aliases": (correlation(ALIASES, "a", "b"), [event(0, k="a", x="1", y="2"), event(1, k="b", x="2", y="1")], [2]),
    "aliases of others": (correlation(ALIASES, "a", "b"), [event(0, k="a", x="1"), event(1, k="b", y="2")], []),
}


REFUSED_RULES = {
    "a filter that keeps what it selects": correlation(COUNT, "a") + f"\n---\n{FILTER}s",
    "a filter for nobody": correlation(COUNT, "a") + f"\n---\n{FILTER}not s".replace("[a]", "[z]"),
    "a filter for another log": correlation(COUNT, "a") + f"\n---\n{FILTER}not s".replace("aws", "gcp"),
    "a filter that names no rules": correlation(COUNT, "a") + f"\n---\n{FILTER}not s".replace("  rules: [a]\n", ""),
    "a percentile": correlation(NUMBERS.replace("TYPE", "value_percentile") + "{lte: 1, field: v}", "a"),
    "a sum of what": correlation(NUMBERS.replace("TYPE", "value_sum") + "{lte: 1}", "a"),
    "half a record": correlation(COUNT.replace("3", "2.5"), "a"),
    "no number at all": correlation(COUNT.replace("gte: 3", "gt: 3, lt: 4"), "a"),
}


def rule_of(detection):
    inner = "\n".join("  " + line for line in detection.splitlines())
    return f"title: t\nid: r\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n{inner}\n"


MAPPING = {"logsource": {"product": "aws", "service": "cloudtrail"}, "kinds": ["cloudtrail"]}


def mappings():
    return [sigma.Mapping(MAPPING, "test")]


def evaluated(folder, text, records):
    """(record numbers, why it was refused) of a rule's text."""
    path = os.path.join(folder, "rule.yml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    rules, refused = sigma.read_rules([path], mappings(), PLACEHOLDERS)
    plain = [(sigma.parse_record(json.dumps(r)), "cloudtrail") for r in records]
    return [n for _, n in sigma.Evaluation(rules, plain).lines()], refused


def all_cases():
    """(name, text, records, record numbers that are hit or None for refused)"""
    for name, (detection, records) in MATCHES.items():
        yield name, rule_of(detection), [r for r, _ in records], [n for n, (_, hit) in enumerate(records, 1) if hit]
    for name, detection in REFUSED.items():
        yield "refused: " + name, rule_of(detection), [], None
    for name, text in REFUSED_RULES.items():
        yield "refused: " + name, text, [], None
    for name, (text, records, hits) in CORRELATIONS.items():
        yield name, text, records, hits


def write(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "placeholders.yaml"), "w", encoding="utf-8") as file:
        file.write("".join(f"{name}: {json.dumps(texts)}\n" for name, texts in PLACEHOLDERS.items()))
    with open(os.path.join(folder, "expected.tsv"), "w", encoding="utf-8") as expected, open(os.path.join(folder, "refused.tsv"), "w", encoding="utf-8") as refused:
        for number, (name, text, records, hits) in enumerate(all_cases(), 1):
            with open(os.path.join(folder, f"{number}.yml"), "w", encoding="utf-8") as file:
                file.write(f"# {name}\n{text}\n")
            with open(os.path.join(folder, f"{number}.ndjson"), "w", encoding="utf-8") as file:
                file.write("".join(json.dumps(r) + "\n" for r in records))
            if hits is None:
                refused.write(f"{number}\t{name}\n")
            else:
                expected.write("".join(f"{number}\t{n}\n" for n in hits))


def main():
    if sys.argv[1:2] == ["--write"] and len(sys.argv) == 3:
        return write(sys.argv[2])
    failed, number = False, 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, text, records, hits) in enumerate(all_cases(), 1):
            found, refused = evaluated(folder, text, records)
            good = bool(refused) if hits is None else found == hits and not refused
            failed |= not good
            print(f"{'' if good else 'not '}ok {number} - {name}")
            if not good:
                print(f"# found {found}, wanted {hits}, refused {refused}")
    print(f"1..{number}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
