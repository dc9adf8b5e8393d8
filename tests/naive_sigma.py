#!/usr/bin/env python3
"""Sigma rules, evaluated slowly and plainly: what Davy's engine is held against.

Written from the Sigma specification 2.1.0 (rules, modifiers, correlations, filters) and docs/rules.md, never
from the engine: an error in one is seen by the other. No index, no matcher, no state kept between records.

usage: naive_sigma.py [--mappings FOLDER] [--kind KIND] [--placeholders FILE] [--why] --rules PATH... --records FILE...

--rules         rule files or folders of them (*.yml, *.yaml)
--records       files of records, one JSON object a line (.gz too), each already out of its wrapper
--kind          the kind of all records (docs/rules.md); default: recognised from the record
--placeholders  YAML, NAME: [VALUE...], for the modifier expand
--why           also print each refused rule and the reason, to standard error

Prints RULE_ID<tab>RECORD_NUMBER, sorted; records are counted from 1 over all files. A correlation's line names the last
record of each of its windows. Exit status: 0; 2 when a rule was refused.
"""
import argparse
import base64
import datetime
import decimal
import gzip
import ipaddress
import json
import os
import re
import sys

import yaml


class Refused(Exception):
    """A rule that cannot be honoured, with the reason and the remedy."""


class Number(str):
    """A number as it was written: 4.0 and 4 are two texts and one value."""


def as_number(value):
    if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", value):
        return decimal.Decimal(value)
    return None


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: NO, on and 2024-01-01 are texts. A key that is there twice is an error."""
    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(k) for k, _ in node.value]
        twice = {str(k) for k in keys if keys.count(k) > 1}
        if twice:
            raise Refused(f"line {node.start_mark.line + 1}: the key {sorted(twice)[0]} is there twice: join the two")
        return super().construct_mapping(node, deep)


NUMBER = re.compile(r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$")
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|Null|NULL|)$"), ["~", "n", "N", ""])
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))
Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Number(node.value))


# ---- records -------------------------------------------------------------------------------------------------------

def parse_record(line):
    record = json.loads(line, parse_int=Number, parse_float=Number)
    if isinstance(record, dict) and str(record.get("category", "")).lower().startswith("kube-audit"):
        log = record.get("properties", {}).get("log")  # Azure's wrapper
        record = json.loads(log, parse_int=Number, parse_float=Number) if isinstance(log, str) else log or record
    return record


def read_records(paths):
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8") as file:
            yield from (parse_record(line) for line in file if line.strip())


AZURE = {"storageread": "azurestorage", "storagewrite": "azurestorage", "storagedelete": "azurestorage", "auditlogs": "entraaudit",
         "signinlogs": "signin", "noninteractiveusersigninlogs": "signin", "serviceprincipalsigninlogs": "signin",
         "managedidentitysigninlogs": "signin", "adfssigninlogs": "signin"} | dict.fromkeys(
             ("administrative", "write", "action", "delete", "policy", "security", "alert", "autoscale", "recommendation", "resourcehealth",
              "servicehealth"), "azureactivity")
WORKSPACE = ("admin.googleapis.com", "login.googleapis.com", "oauth2.googleapis.com", "cloudidentity.googleapis.com")


def kind_of_azure(record):
    category = record.get("category")
    category = category.get("value") if isinstance(category, dict) else category
    if not category:
        return "azureactivity" if "resourceId" in record or "subscriptionId" in record else "other"
    return AZURE.get(str(category).lower(), "other")


def kind_of_entry(payload):
    """Google's LogEntry, by the service that wrote it; GKE's hands on Kubernetes' audit."""
    service = payload.get("serviceName")
    if service == "k8s.io":
        return "kubeaudit"
    return "workspace" if service in WORKSPACE else "gcpaudit" if "methodName" in payload else "other"


def kind_of(record):
    """The name of the record's kind (src/model/record.h), from its content."""
    if not isinstance(record, dict):
        return "other"
    if isinstance(record.get("eventName"), str) and isinstance(record.get("eventSource"), str):
        return "cloudtrail"
    if record.get("kind") == "Event" and isinstance(record.get("verb"), str):
        return "kubeaudit"
    if isinstance(record.get("protoPayload"), dict):
        return kind_of_entry(record["protoPayload"])
    if "operationName" in record:
        return kind_of_azure(record)
    service = record.get("service", record.get("Service"))
    if isinstance(service, dict) and (service.get("serviceName") == "guardduty" or {"detectorId", "DetectorId"} & set(service)
                                      or ":guardduty:" in str(record.get("arn", record.get("Arn")))):
        return "guardduty"
    if record.get("kind") == "admin#reports#activity":
        return "workspace"
    if "query_name" in record and ("rcode" in record or "query_type" in record):
        return "lookup"
    if "activityDisplayName" in record and "initiatedBy" in record:
        return "entraaudit"
    if "createdDateTime" in record and "appId" in record and ("userPrincipalName" in record or "servicePrincipalId" in record):
        return "signin"
    return "other"


TIMES = ("eventTime", "stageTimestamp", "requestReceivedTimestamp", "timestamp", "time", "eventTimestamp", "createdDateTime",
         "activityDateTime", "updatedAt", "query_timestamp", "receiveTimestamp")


def time_of(record):
    """Seconds since 1970; 0 where the record does not say."""
    for key in TIMES:
        text = record.get(key) if isinstance(record, dict) else None
        if isinstance(text, str):
            found = re.match(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?", text)
            if found:
                whole = datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00").timestamp()
                return whole + float(found[3] or 0)
    return 0.0


# ---- fields --------------------------------------------------------------------------------------------------------

def scalars_of(node):
    if isinstance(node, dict):
        for value in node.values():
            yield from scalars_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from scalars_of(value)
    elif node is not None:
        yield node


def find(node, parts, any_case):
    """(is there, values) at the end of a path: every element of an array; the longest literal key that leads to a value."""
    if isinstance(node, list):
        if not parts and not node:
            return True, []
        found = [find(element, parts, any_case) for element in node]
        return any(there for there, _ in found), [value for _, values in found for value in values]
    if not parts:
        return True, [node]
    if parts == ["**"]:
        values = list(scalars_of(node))
        return bool(values), values
    is_there = False
    if isinstance(node, dict):
        for length in range(len(parts) - (parts[-1] == "**"), 0, -1):
            wanted = ".".join(parts[:length])
            keys = [k for k in node if k == wanted or any_case and lowered(k) == lowered(wanted)]
            found = [find(node[key], parts[length:], any_case) for key in keys]
            is_there |= any(there for there, _ in found)
            values = [value for _, inner in found for value in inner]
            if values:
                return True, values
    return is_there, []


class Mapping:
    """One file of rules/mappings: whose rules it is for, which records they see, and what a field is called there."""

    def __init__(self, content, path):
        known = {"title", "logsource", "kinds", "fields", "prefixes", "case_insensitive_keys"}
        if set(content) - known:
            raise Refused(f"{path}: unknown key {sorted(set(content) - known)[0]}")
        sources = content["logsource"]
        self.sources = sources if isinstance(sources, list) else [sources]
        self.kinds = content["kinds"]
        self.any_case = content.get("case_insensitive_keys", False)
        self.fields = {f: p if isinstance(p, list) else [p] for f, p in (content.get("fields") or {}).items()}
        self.prefixes = content.get("prefixes") or {}
        self.path = path

    def words_said(self, source):
        """How many words of this mapping's the log source says, when it says all of one of its sources."""
        return max((len(own) for own in self.sources if own.items() <= source.items()), default=0)

    def says(self, source):
        return any(source.items() <= own.items() for own in self.sources)

    def paths(self, field):
        if field in self.fields:
            return self.fields[field]
        if self.any_case:
            for name, paths in self.fields.items():
                if name.lower() == field.lower():
                    return paths
        for prefix in sorted(self.prefixes, key=len, reverse=True):
            if field.startswith(prefix):
                return [self.prefixes[prefix] + field[len(prefix):]]
        return [field]

    def values(self, record, field):
        """(is there, values) of a rule's field: all its paths together."""
        found = [find(record, path.split("."), self.any_case) for path in self.paths(field)]
        return any(there for there, _ in found), [value for _, values in found for value in values]


def read_mappings(folder):
    mappings = []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".yaml", ".yml")):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                mappings.append(Mapping(yaml.load(file, Loader), name))
    return mappings


def mappings_of(source, mappings):
    """Those with the most words that the rule says, too; else those that say all of the rule's words."""
    source = {k: v for k, v in source.items() if k in ("product", "category", "service")}
    most = max((m.words_said(source) for m in mappings), default=0)
    fit = [m for m in mappings if m.words_said(source) == most] if most else [m for m in mappings if source and m.says(source)]
    if not fit:
        told = ", ".join(f"{k}: {v}" for k, v in source.items())
        raise Refused(f"no mapping is for the log source {{{told}}}: write one (docs/rules.md)")
    return fit


# ---- values --------------------------------------------------------------------------------------------------------

ANY, ONE = object(), object()
DASHES = "-/\u2013\u2014\u2015"


def text_of(value):
    """How a value is compared: null and objects have no text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def tokens_of(text):
    """Characters and wildcards of a rule's value. A backslash takes the meaning from *, ? and a backslash only."""
    tokens, i = [], 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1:i + 2] in ("*", "?", "\\"):
            tokens.append(text[i + 1])
            i += 1
        else:
            tokens.append({"*": ANY, "?": ONE}.get(text[i], text[i]))
        i += 1
    return tokens


def literal_of(tokens, modifier):
    if any(t is ANY or t is ONE for t in tokens):
        raise Refused(f"{modifier} of a value with a wildcard has no meaning: escape it as \\* or \\?")
    return "".join(tokens)


def pattern_of(tokens, is_cased):
    parts = [".*" if t is ANY else "." if t is ONE else f"[{re.escape(t[0])}]" if len(t) == 1 else f"[{re.escape(t)}]" for t in tokens]
    return re.compile("".join(parts), re.DOTALL | re.ASCII | (0 if is_cased else re.IGNORECASE))


def expression_of(text, flags):
    """A regular expression without what needs backtracking; it sees bytes, as PCRE does unless told otherwise."""
    plain = re.sub(r"\\\\", "", text)
    if re.search(r"\(\?(<?[=!]|>|P|R|\d|\()|\\[1-9]|\\[gk]|[+*?}]\+", plain):
        raise Refused("the expression looks around, back or backtracks: say it without, or with a second selection and not")
    bits = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    if "m" in flags:  # PCRE's lines begin behind a line's end, but not behind the last one; Python's do
        text = re.sub(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\^", lambda found: found[1] or r"(?:\A|(?<=\n)(?!\Z))", text, flags=re.DOTALL)
    try:
        return re.compile(text.encode(), sum(bits[f] for f in flags))
    except re.error as wrong:
        raise Refused(f"not a regular expression: {wrong}") from wrong


WIDE = {"wide": ("utf-16-le", b""), "utf16le": ("utf-16-le", b""), "utf16be": ("utf-16-be", b""), "utf16": ("utf-16-le", b"\xff\xfe")}
PLACES = ("contains", "startswith", "endswith")
COMPARES = {"lt": lambda a, b: a < b, "lte": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b}


def placed(tokens, place):
    before = [ANY] if place in ("contains", "endswith") else []
    after = [ANY] if place in ("contains", "startswith") else []
    return before + tokens + after


def texts_of(text, modifiers, placeholders):
    """Token lists of one text value with all its modifiers applied in order."""
    texts = [text]
    if "expand" in modifiers:
        texts = expand(text, placeholders)
    lists = [tokens_of(t) for t in texts]
    is_wide = False
    for modifier in modifiers:
        if modifier in PLACES:
            lists = [placed(tokens, modifier) for tokens in lists]
        elif modifier in WIDE:
            codec, mark = WIDE[modifier]
            lists = [list((mark + literal_of(tokens, modifier).encode(codec)).decode("latin-1")) for tokens in lists]
            is_wide = True
        elif modifier in ("base64", "base64offset"):
            made = []
            for tokens in lists:
                literal = literal_of(tokens, modifier)
                raw = literal.encode("latin-1") if is_wide else literal.encode()
                if not raw and modifier == "base64offset":
                    raise Refused("base64offset of an empty text fits everything: write a value")
                made += base64_of(raw, modifier)
            lists, is_wide = made, False
        elif modifier == "windash":
            lists = [[DASHES if t is not ANY and t is not ONE and t in DASHES else t for t in tokens] for tokens in lists]
    return lists


def base64_of(raw, modifier):
    if modifier == "base64":
        return [list(base64.b64encode(raw).decode())]
    starts, ends = (0, 2, 3), (None, -3, -2)
    return [list(base64.b64encode(b" " * i + raw).decode()[starts[i]:ends[(len(raw) + i) % 3]]) for i in range(3)]


def expand(text, placeholders):
    """All texts that come of %NAME% in a value; \\% is a percent sign."""
    found = re.search(r"(?<!\\)%([^%\\]+)%", text)
    if not found:
        return [text.replace("\\%", "%")]
    if found[1] not in placeholders:
        raise Refused(f"the placeholder %{found[1]}% has no values: give them in a file of placeholders")
    return [t for value in placeholders[found[1]] for t in expand(text[:found.start()] + str(value) + text[found.end():], placeholders)]


# ---- detections ----------------------------------------------------------------------------------------------------
# An expression is ("and"|"or", [expression...]), ("not", expression) or a Test.

DATE_PARTS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "week": (1, 53), "month": (1, 12), "year": (1, 9999)}
MODIFIERS = {*DATE_PARTS, "all", "re", "i", "m", "s", "cidr", "base64", "base64offset", "exists", "fieldref", "cased", "expand", "windash",
             "neq", *WIDE, *PLACES, *COMPARES}


class Test:
    """One field (None: any scalar of the record) against one value."""

    def __init__(self, field, modifiers, value, placeholders):
        self.field, self.modifiers, self.value = field, modifiers, value
        self.lists, self.patterns, self.networks = [], [], []
        self.is_null = value is None and "exists" not in modifiers
        text = text_of(value)
        if "exists" in modifiers:
            if not isinstance(value, bool):
                raise Refused(f"{field}|exists takes true or false")
        elif self.is_null:
            if set(modifiers) - {"all"} or field is None:
                raise Refused(f"null has no modifiers ({field})")
        elif text is None:
            raise Refused(f"{field or 'a keyword'}: a value is a text, a number, true, false or null")
        elif "re" in modifiers:
            self.patterns = [expression_of(text, [m for m in modifiers if m in "ims"])]
        elif "cidr" in modifiers:
            self.networks = [network_of(t) for t in (expand(text, placeholders) if "expand" in modifiers else [text])]
        elif set(modifiers) & {*COMPARES, *DATE_PARTS}:
            self.compared_number(field, modifiers, as_number(text))
        elif "fieldref" not in modifiers:
            self.lists = texts_of(text, modifiers, placeholders)
            if field is None and not set(modifiers) & set(PLACES):
                self.lists = [placed(tokens, "contains") for tokens in self.lists]
            self.patterns = [pattern_of(tokens, "cased" in modifiers) for tokens in self.lists]

    @staticmethod
    def compared_number(field, modifiers, number):
        if number is None:
            raise Refused(f"{field}: {'|'.join(modifiers)} needs a number")
        for part in set(modifiers) & set(DATE_PARTS):
            if number != int(number) or not DATE_PARTS[part][0] <= number <= DATE_PARTS[part][1]:
                raise Refused(f"{field}: {part} is a whole number from {DATE_PARTS[part][0]} to {DATE_PARTS[part][1]}")

    def is_compared(self, values):
        """lt and its kin of numbers; of a part of a date where a time modifier says so, and then equality, too."""
        part = next((m for m in self.modifiers if m in DATE_PARTS), None)
        compare = next((COMPARES[m] for m in self.modifiers if m in COMPARES), lambda a, b: a == b)
        numbers = [part_of_date(text_of(v), part) if part else as_number(text_of(v)) for v in values]
        return any(n is not None and compare(n, as_number(self.value)) for n in numbers)

    def is_true(self, record, mapping):
        if self.field is None:
            there, values = True, list(scalars_of(record))
        else:
            there, values = mapping.values(record, self.field)
        if "exists" in self.modifiers:
            return there == self.value
        if self.is_null:
            return not there or any(v is None for v in values)
        if "fieldref" in self.modifiers:
            return self.is_like(values, mapping.values(record, self.value)[1])
        if self.networks:
            return any(a in n for a in map(address_of, values) if a is not None for n in self.networks if a.version == n.version)
        if set(self.modifiers) & {*COMPARES, *DATE_PARTS}:
            return self.is_compared(values)
        texts = [text_of(v) for v in values]
        if "re" in self.modifiers:
            return any(t is not None and self.patterns[0].search(t.encode()) for t in texts)
        if any(t is not None and p.fullmatch(t) for t in texts for p in self.patterns):
            return True
        return self.is_same_number(values)

    def is_same_number(self, values):
        """A number without quotes equals each way to write it: 4, 4.0, "04"."""
        if self.field is None or not isinstance(self.value, Number) or set(self.modifiers) - {"all"}:
            return False
        return any(as_number(text_of(v)) == as_number(self.value) for v in values)

    def is_like(self, values, others):
        for ours in map(text_of, values):
            for theirs in map(text_of, others):
                if ours is None or theirs is None:
                    continue
                a, b = (ours, theirs) if "cased" in self.modifiers else (lowered(ours), lowered(theirs))
                if "contains" in self.modifiers and b in a or "startswith" in self.modifiers and a.startswith(b) \
                        or "endswith" in self.modifiers and a.endswith(b) or not set(self.modifiers) & set(PLACES) and a == b:
                    return True
        return False


DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?:[:.Zz+ -].*)?)?", re.DOTALL)


def part_of_date(text, part):
    """A number out of a date as it is written; None where the text is no date, or has no such part."""
    found = DATE.fullmatch(text) if text is not None else None
    if not found:
        return None
    year, month, day, hour, minute = (int(n) if n else None for n in found.groups())
    try:
        date = datetime.datetime(year, month, day, hour or 0, minute or 0)
    except ValueError:
        return None
    return {"minute": minute, "hour": hour, "day": day, "week": date.isocalendar()[1], "month": month, "year": year}[part]


def lowered(text):
    return "".join(c.lower() if c.isascii() else c for c in text)


def network_of(text):
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as wrong:
        raise Refused(f"{text} is no network such as 10.0.0.0/8") from wrong


def address_of(value):
    try:
        return ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def check_modifiers(field, modifiers):
    for modifier in modifiers:
        if modifier not in MODIFIERS:
            raise Refused(f"{field}: there is no modifier {modifier}")
        if modifiers.count(modifier) > 1:
            raise Refused(f"{field}: {modifier} is there twice")
    texts = {*PLACES, *WIDE, "base64", "base64offset", "windash", "cased"}
    beside = {"re": {"i", "m", "s", "expand"}, "cidr": {"expand"}, "exists": set(), "fieldref": {*PLACES, "cased"}} | {
        name: {"expand"} | set(DATE_PARTS) for name in COMPARES} | {name: {"expand"} | set(COMPARES) for name in DATE_PARTS}
    for name in set(modifiers) & set(beside):  # what says how to compare, and what may stand beside it
        others = set(modifiers) - {name} - beside[name] - (set() if name == "exists" else {"all", "neq"})
        if others - {m for m in others if m in beside and name in beside[m]}:
            raise Refused(f"{field}: {name} and {sorted(others)[0]} exclude each other")
    if set(modifiers) & set("ims") and ("re" not in modifiers or min(modifiers.index(m) for m in modifiers if m in "ims") < modifiers.index("re")):
        raise Refused(f"{field}: i, m and s are for re, and come behind it")
    if len(set(modifiers) & set(DATE_PARTS)) > 1 or len(set(modifiers) & set(COMPARES)) > 1:
        raise Refused(f"{field}: one of them is enough: {'|'.join(modifiers)}")
    order = [m in COMPARES for m in modifiers if m in COMPARES or m in DATE_PARTS]
    if order != sorted(order):
        raise Refused(f"{field}: a part of a date is taken first, and then compared")
    places = [n for n, m in enumerate(modifiers) if m in PLACES]
    if len(places) > 1 or places and set(modifiers[places[0] + 1:]) & (texts - {"cased"} | {"fieldref"}):
        raise Refused(f"{field}: contains, startswith or endswith comes last, and one of them")
    if not field and set(modifiers) & {"exists", "fieldref", "cidr", *COMPARES, *DATE_PARTS}:
        raise Refused(f"{'|'.join(modifiers)} compare with a field, and none is named")


def tests_of(key, values, placeholders):
    field, *modifiers = key.split("|")
    check_modifiers(field, modifiers)
    values = values if isinstance(values, list) else [values]
    if not values:
        raise Refused(f"{key}: an empty list matches nothing")
    tests = [Test(field or None, [m for m in modifiers if m != "neq"], v, placeholders) for v in values]
    joined = tests[0] if len(tests) == 1 else ("and" if "all" in modifiers else "or", tests)
    return ("not", joined) if "neq" in modifiers else joined


def expression_of_search(search, placeholders):
    """A search identifier's maps, lists of maps and lists of keywords."""
    if isinstance(search, dict):
        if not search:
            raise Refused("an empty selection matches everything")
        return "and", [tests_of(str(k), v, placeholders) for k, v in search.items()]
    if isinstance(search, list):
        if not search:
            raise Refused("an empty selection matches nothing")
        return "or", [expression_of_search(s, placeholders) if isinstance(s, (dict, list)) else tests_of("", s, placeholders) for s in search]
    return tests_of("", search, placeholders)


class Condition:
    """or < and < not < x of < brackets."""

    def __init__(self, text, searches):
        self.words = re.findall(r"[()|]|[^\s()|]+", text)
        self.searches, self.text, self.at = searches, text, 0
        if "|" in self.words:
            raise Refused(f"aggregations in a condition ({text}) are no longer Sigma: write a correlation")

    def word(self):
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self):
        word = self.word()
        if word is None:
            raise Refused(f"the condition ends too soon: {self.text}")
        self.at += 1
        return word

    def parse(self):
        expression = self.either()
        if self.word() is not None:
            raise Refused(f"the condition has {self.word()} too much: {self.text}")
        return expression

    def joined(self, name, part):
        parts = [part()]
        while (self.word() or "").lower() == name:
            self.take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else (name, parts)

    def either(self):
        return self.joined("or", lambda: self.joined("and", self.negated))

    def negated(self):
        if (self.word() or "").lower() == "not":
            self.take()
            return "not", self.negated()
        return self.primary()

    def primary(self):
        word = self.take()
        if word == "(":
            inner = self.either()
            if self.take() != ")":
                raise Refused(f"a bracket is not closed: {self.text}")
            return inner
        if word.lower() in ("1", "any", "all") and (self.word() or "").lower() == "of":
            self.take()
            return "and" if word.lower() == "all" else "or", self.matching(self.take())
        if word not in self.searches:
            raise Refused(f"the condition names {word}, which the detection does not have")
        return self.searches[word]

    def matching(self, pattern):
        shape = re.compile(".*" if pattern.lower() == "them" else re.escape(pattern).replace(r"\*", ".*"))
        found = [s for name, s in self.searches.items()
                 if shape.fullmatch(name) and not (pattern.lower() == "them" and name.startswith("_"))]
        if not found:
            raise Refused(f"no selection is called {pattern}")
        return found


def holds(expression, record, mapping):
    if isinstance(expression, Test):
        return expression.is_true(record, mapping)
    if expression[0] == "not":
        return not holds(expression[1], record, mapping)
    return (all if expression[0] == "and" else any)(holds(e, record, mapping) for e in expression[1])


# ---- rules ---------------------------------------------------------------------------------------------------------

class Rule:
    def __init__(self, content, path, mappings, placeholders):
        self.content, self.path = content, path
        self.id, self.name = str(content.get("id") or content.get("name") or content.get("title")), content.get("name")
        self.is_correlation = "correlation" in content
        if not content.get("title"):
            raise Refused("a rule needs a title")
        if self.is_correlation:
            self.correlation = Correlation(content["correlation"])
            return
        self.filters = []
        for key in ("logsource", "detection"):
            if not isinstance(content.get(key), dict):
                raise Refused(f"a rule needs {key}")
        self.mappings = mappings_of(content["logsource"], mappings)
        self.mapping = self.mappings[0]
        self.read_detection(dict(content["detection"]), placeholders)

    def read_detection(self, detection, placeholders):
        conditions = detection.pop("condition", None)
        if "timeframe" in detection:
            raise Refused("timeframe belongs to the old aggregations: write a correlation")
        if not conditions:
            raise Refused("a detection needs a condition")
        searches = {str(n): expression_of_search(s, placeholders) for n, s in detection.items()}
        conditions = conditions if isinstance(conditions, list) else [conditions]
        self.expression = "or", [Condition(str(c), searches).parse() for c in conditions]

    def is_hit(self, record, kind):
        return any(kind in m.kinds and holds(self.expression, record, m) and all(holds(f.expression, record, m) for f in self.filters)
                   for m in self.mappings)

    def mapping_for(self, kind):
        return next((m for m in self.mappings if kind in m.kinds), self.mapping)


class Filter:
    """A document with one more condition for the rules it names; what it selects nothing of must pass."""

    def __init__(self, content, path, placeholders):
        self.path, self.title = path, content.get("title")
        inner = content["filter"]
        if not self.title or not isinstance(inner, dict) or "detection" in content or "correlation" in content:
            raise Refused("a filter is a document of its own, with a title, and `filter` with rules, a selection and a condition")
        if not isinstance(content.get("logsource"), dict):
            raise Refused("a filter needs a logsource")
        self.source = {k: v for k, v in content["logsource"].items() if k in ("product", "category", "service")}
        inner = dict(inner)
        self.rules, condition = inner.pop("rules", None), inner.pop("condition", None)
        if isinstance(self.rules, str) and self.rules.lower() not in ("any", "all"):
            self.rules = [self.rules]
        if not self.rules or not all(isinstance(rule, str) for rule in self.rules) or not isinstance(condition, str):
            raise Refused("a filter needs rules, and one condition")
        searches = {str(n): expression_of_search(s, placeholders) for n, s in inner.items()}
        self.expression = Condition(condition, searches).parse()
        if not self.passes(Condition(condition, dict.fromkeys(searches, "never")).parse()):
            raise Refused("a filter leaves out what it selects; this one would leave out all else")

    def passes(self, expression):
        """Whether what no selection is about passes."""
        if expression == "never":
            return False
        if expression[0] == "not":
            return not self.passes(expression[1])
        return (all if expression[0] == "and" else any)(map(self.passes, expression[1]))

    def is_for(self, rule):
        if rule.is_correlation or not self.source.items() <= rule.content["logsource"].items():
            return False
        return isinstance(self.rules, str) or bool({rule.id, rule.name} & set(self.rules))


BOUNDS = COMPARES | {"eq": lambda a, b: a == b, "neq": lambda a, b: a != b}
NUMBERS = {"value_sum": sum, "value_max": max, "value_min": min, "value_avg": lambda numbers: sum(numbers) / len(numbers)}


class Correlation:
    """Of the hits of one group, (time, number, rule, values), sorted."""

    def __init__(self, content):
        self.type = content.get("type")
        if self.type not in ("event_count", "value_count", "temporal", "temporal_ordered", *NUMBERS):
            raise Refused(f"there is no correlation of the type {self.type}")
        self.rules = content.get("rules") or []
        self.rules = self.rules if isinstance(self.rules, list) else [self.rules]
        self.group = content.get("group-by") or []
        self.group = self.group if isinstance(self.group, list) else [self.group]
        self.aliases = content.get("aliases") or {}
        self.generate = content.get("generate", False)
        span = re.fullmatch(r"(\d+)([smhd])", str(content.get("timespan", "")))
        if not span:
            raise Refused("a correlation needs a timespan such as 30s, 5m, 1h or 7d")
        self.span = int(span[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[span[2]]
        self.read_condition(dict(content.get("condition") or {}))

    def read_condition(self, condition):
        field = condition.pop("field", [])
        self.fields = field if isinstance(field, list) else [field]
        if bool(self.fields) != self.type.startswith("value") or self.type in NUMBERS and len(self.fields) > 1:
            raise Refused("value_count needs fields in its condition, value_sum and its kin one, the others none")
        if not self.type.startswith("temporal") and not condition:
            raise Refused(f"{self.type} needs a condition such as gte: 10")
        self.bounds = []
        for name, bound in condition.items():
            number = as_number(text_of(bound))
            if name not in BOUNDS or number is None or self.type not in NUMBERS and number != int(number):
                raise Refused(f"a correlation's condition cannot be {name}: {bound}")
            self.bounds.append((name, number))
        if self.type.startswith("temporal") and not self.bounds:
            self.bounds = [("gte", len(self.rules))]
        if self.type == "temporal_ordered" and (not self.is_enough(len(self.rules)) or any(map(self.is_enough, range(len(self.rules))))):
            raise Refused("temporal_ordered takes all of its rules")
        if self.type not in NUMBERS and not any(map(self.is_enough, self.counts())):
            raise Refused("no number is in this range")
        most = len(self.rules) if self.type == "temporal" else float("inf")
        self.is_early = self.type not in NUMBERS and all(name in ("gt", "gte") or name in ("lte", "eq") and bound >= most
                                                         or name == "lt" and bound > most for name, bound in self.bounds)

    def counts(self):
        """What could be counted, as far as it makes a difference."""
        if self.type.startswith("temporal"):
            return range(1, len(self.rules) + 1)
        return {1, *(max(int(bound) + d, 1) for _, bound in self.bounds for d in (-1, 0, 1))}

    def is_enough(self, count):
        return all(BOUNDS[name](count, bound) for name, bound in self.bounds)

    def amount(self, window):
        """What is counted in a window, or the sum, average ... of its numbers; None where there are none."""
        if self.type == "event_count":
            return len({number for _, number, _, _ in window})
        if self.type == "value_count":
            return len({v for _, _, _, values in window for v in values})
        if self.type in NUMBERS:
            numbers = {(number, place, v[0]) for _, number, _, values in window for place, v in enumerate(values)}
            numbers = [n for n in (as_number(text) for _, _, text in numbers) if n is not None]
            return NUMBERS[self.type](numbers) if numbers else None
        return len({rule for _, _, rule, _ in window})

    def counts_for(self, hit):
        """Whether a record has what is counted: without, it is not there."""
        return not self.type.startswith("value") or self.amount([hit]) not in (None, 0)

    def windows(self, hits):
        """[(hits of a window, amount)...], one behind the other."""
        hits = [h for h in hits if self.counts_for(h)]
        if self.type == "temporal_ordered":
            return list(self.ordered(hits))
        return list(self.early(hits) if self.is_early else self.apart(hits))

    def early(self, hits):
        """A window is as early as it can be, and takes in what follows within the timespan."""
        while True:
            for end, hit in enumerate(hits):
                window = [h for h in hits[:end + 1] if h[0] >= hit[0] - self.span]
                if self.is_enough(self.amount(window)):
                    break
            else:
                return
            window = [h for h in hits if window[0][0] <= h[0] <= window[0][0] + self.span]
            yield window, self.amount(window)
            hits = [h for h in hits if h[0] > window[-1][0]]

    def apart(self, hits):
        """Windows follow each other, each from its first record on."""
        while hits:
            window = [h for h in hits if h[0] <= hits[0][0] + self.span]
            hits = hits[len(window):]
            if self.is_enough(self.amount(window)):
                yield window, self.amount(window)

    def ordered(self, hits):
        """In the order of `rules`, as early as it can be; what has the same time is in any order. The latest beginning counts."""
        behind = None
        for end in hits:
            if end[2] != len(self.rules) - 1 or behind is not None and end[0] <= behind:
                continue
            chain = [end]
            for rule in range(len(self.rules) - 2, -1, -1):
                before = [h for h in hits if h[2] == rule and h[0] <= chain[-1][0] and (behind is None or h[0] > behind)]
                if not before:
                    break
                chain.append(before[-1])
            if len(chain) == len(self.rules) and chain[-1][0] >= end[0] - self.span:
                behind = end[0]
                yield chain[::-1], len(self.rules)


def documents(paths):
    """(path, document) of every rule; a folder is walked."""
    for path in paths:
        inside = sorted(os.path.join(where, f) for where, _, files in os.walk(path) for f in files if f.endswith((".yml", ".yaml")))
        for name in inside if os.path.isdir(path) else [path]:
            with open(name, encoding="utf-8") as file:
                try:
                    yield from ((name, d) for d in yaml.load_all(file, Loader) if d)
                except (yaml.YAMLError, Refused) as wrong:
                    yield name, wrong


def read_rules(paths, mappings, placeholders=None):
    """(rules, refused), the second as (path, title, reason)."""
    rules, filters, refused = [], [], []
    for path, content in documents(paths):
        try:
            if not isinstance(content, dict):
                raise Refused(f"not a rule: {content}")
            if "filter" in content:
                filters.append(Filter(content, path, placeholders or {}))
            else:
                rules.append(Rule(content, path, mappings, placeholders or {}))
        except Refused as reason:
            refused.append((path, content.get("title") if isinstance(content, dict) else None, str(reason)))
    known = {r.id for r in rules} | {r.name for r in rules if r.name}
    for rule in [r for r in rules if r.is_correlation]:
        missing = [n for n in rule.correlation.rules if n not in known]
        if missing or not rule.correlation.rules:
            rules.remove(rule)
            refused.append((rule.path, rule.content["title"], f"it correlates the rule {missing[0] if missing else '?'}, which is not here"))
    for one in filters:
        its = [rule for rule in rules if one.is_for(rule)]
        for rule in its:
            rule.filters.append(one)
        if not its and not isinstance(one.rules, str):
            refused.append((one.path, one.title, "no rule that it could be for is here"))
    return rules, refused


class Evaluation:
    """All hits of a set of rules in a list of (record, kind)."""

    def __init__(self, rules, records):
        self.rules, self.records = rules, records
        self.by_name = {r.name: r for r in rules if r.name} | {r.id: r for r in rules}
        self.found = {}

    def hits(self, rule):
        """Record numbers, from 1."""
        if rule.id not in self.found:
            if rule.is_correlation:
                self.found[rule.id] = sorted({window[-1][1] for found in self.windows(rule.correlation).values() for window, _ in found})
            else:
                self.found[rule.id] = [n for n, (record, kind) in enumerate(self.records, 1) if rule.is_hit(record, kind)]
        return self.found[rule.id]

    def field(self, rule, correlation, number, field):
        """The texts of a field, of an alias too, in a record that a rule hit."""
        alias = correlation.aliases.get(field, {})
        field = alias.get(rule.name, alias.get(rule.id, field))
        record, kind = self.records[number - 1]
        mapping = rule.mapping_for(kind) if not rule.is_correlation else self.mapping_below(rule, kind)
        return [t for t in map(text_of, mapping.values(record, field)[1]) if t is not None]

    def mapping_below(self, rule, kind):
        below = [self.by_name[n] for n in rule.correlation.rules]
        while any(r.is_correlation for r in below):
            below = [b for r in below for b in ([r] if not r.is_correlation else [self.by_name[n] for n in r.correlation.rules])]
        return next((m for r in below for m in r.mappings if kind in m.kinds), below[0].mapping)

    def windows(self, correlation):
        """By group: [(hits of a window, amount)...]"""
        groups = {}
        for place, name in enumerate(correlation.rules):
            rule = self.by_name[name]
            for number in self.hits(rule):
                key = [self.field(rule, correlation, number, f) for f in correlation.group]
                if not all(key):
                    continue  # what has no value for a field of the group is in no group
                values = list(zip(*(self.field(rule, correlation, number, f) for f in correlation.fields))) if correlation.fields else []
                hit = (time_of(self.records[number - 1][0]), number, place, tuple(values))
                groups.setdefault(tuple(k[0] for k in key), []).append(hit)
        return {group: correlation.windows(sorted(hits)) for group, hits in groups.items()}

    def lines(self):
        inner = {self.by_name[n].id for r in self.rules if r.is_correlation and not r.correlation.generate for n in r.correlation.rules}
        return sorted((r.id, n) for r in self.rules if r.id not in inner for n in self.hits(r))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "rules", "mappings")
    parser.add_argument("--mappings", default=here)
    parser.add_argument("--kind")
    parser.add_argument("--placeholders")
    parser.add_argument("--why", action="store_true")
    parser.add_argument("--rules", nargs="+", required=True)
    parser.add_argument("--records", nargs="+", required=True)
    asked = parser.parse_args()
    placeholders = {}
    if asked.placeholders:
        with open(asked.placeholders, encoding="utf-8") as file:
            placeholders = yaml.load(file, Loader)
    rules, refused = read_rules(asked.rules, read_mappings(asked.mappings), placeholders)
    if asked.why:
        for path, title, reason in refused:
            print(f"{path}: {title}: {reason}", file=sys.stderr)
    records = [(record, asked.kind or kind_of(record)) for record in read_records(asked.records)]
    for rule, number in Evaluation(rules, records).lines():
        print(f"{rule}\t{number}")
    return 2 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
