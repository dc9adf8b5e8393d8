"""Holds what `davy scan --json OUT/logs` printed against OUT/truth.json: one incident, the whole story, nobody else accused.

The forms are those of docs/schema.md. A step is told by an entry of the story whose time is the step's, in which one of the step's
marks stands (in its text, or in the finding that it names), and whose finding has a technique of the step. The steps of an
escalation, which have words, may be told by one finding that reaches into their time and has such a word.
"""
import datetime
import json
import re
import sys

ACCUSES = ("mining", "miner", "suspect", "exposure", "access")


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Output:
    """The last revision of each finding and incident, and the summary."""

    def __init__(self, text):
        self.text, self.findings, self.incidents, self.summary, self.bad, self.unchecked = text, {}, {}, None, [], []
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                kind = told["kind"]
            except (ValueError, KeyError, TypeError):
                self.bad.append(f"line {number} is no object with a kind: {line[:80]}")
                continue
            if kind in ("finding", "incident"):
                kept = (self.findings if kind == "finding" else self.incidents)
                if told["id"] not in kept or kept[told["id"]]["revision"] <= told["revision"]:
                    kept[told["id"]] = told
            elif kind == "unchecked":
                self.unchecked.append(told)
            elif kind == "summary":
                self.summary = told if number == len(lines) else None

    def incident(self):
        """The one incident; where a missing step breaks the story in two, both as one."""
        whole = {}
        for one in self.incidents.values():
            if not whole:
                whole = {**one}
                continue
            whole["story"] = sorted(whole["story"] + one["story"], key=lambda entry: seconds(entry["time"]))
            whole["impact"] = {kind: lines + one["impact"][kind] for kind, lines in whole["impact"].items()}
            for key in ("findings", "finding_total", "victims", "actions"):
                whole[key] = whole[key] + one[key]
        return whole

    def said_of(self, entry):
        """All that stands behind an entry of the story: its text and its finding."""
        return entry["text"] + json.dumps(self.findings.get(entry["finding"]), ensure_ascii=False)


def is_of(output, entry, step):
    text, first, last = output.said_of(entry), seconds(step["first"]), seconds(step["last"])
    if not any(mark in text for mark in step["marks"]):
        return False
    if first - step["slack_s"] <= seconds(entry["time"]) <= last + step["slack_s"]:
        return True
    finding = output.findings.get(entry["finding"])  # one that grew from step to step tells this one when it says so
    return bool(step["words"] and finding and seconds(finding["first_seen"]) <= first + 1 and
                first <= seconds(finding["last_seen"]) + 1 and any(word in text.lower() for word in step["words"]))


def techniques(output, entry):
    return {entry["technique"], *output.findings.get(entry["finding"], {}).get("techniques", [])} - {None}


# Each case returns what is wrong, as sentences.

def reads_all(output, truth):
    """every input is read, every record counted"""
    wrong = list(output.bad)
    if not output.summary:
        return wrong + ["the last line is no summary"]
    summary, records = output.summary, truth["records"]
    if summary.get("inputs") != truth["files"] or summary.get("unreadable") or summary.get("malformed") or output.unchecked:
        wrong.append(f"{truth['files']} files were written; the summary says {json.dumps(summary)}; unchecked {output.unchecked[:3]}")
    if not records["all"] - records["empty"] <= summary.get("records", 0) <= records["all"]:
        wrong.append(f"{records['all']} records were written ({records['empty']} of them empty windows), {summary.get('records', 0)} read")
    return wrong


def one_incident(output, truth):
    """exactly one incident, called what it is"""
    asked, told = truth["incident"], list(output.incidents.values())
    if not 1 <= len(told) <= asked["most"]:
        return [f"{len(told)} incidents: " + "; ".join(one["title"] for one in told)]
    return [f"{key} is {' and '.join(one[key] for one in told)}, not {' or '.join(asked[plural])}"
            for key, plural in (("verdict", "verdicts"), ("severity", "severities")) if not any(one[key] in asked[plural] for one in told)]


def tells_steps(output, truth):
    """each step is told, with its technique"""
    wrong, story = [], output.incident().get("story", [])
    for step in truth["steps"]:
        if not step["is_told"]:
            continue
        of_it = [entry for entry in story if is_of(output, entry, step)]
        if not of_it:
            wrong.append(f"not told: {step['name']} ({step['text']}), {step['first']} to {step['last']}")
            continue
        told = set().union(*(techniques(output, entry) for entry in of_it))
        wrong += [f"{step['name']}: an entry without technique: {entry['text'][:100]}" for entry in of_it if not entry["technique"]]
        wrong += [f"{step['name']}: none of {' '.join(wanted)} is told, but {' '.join(sorted(told)) or 'nothing'}"
                  for wanted in step["techniques"] if not told & set(wanted)]
    return wrong


def in_order(output, truth):
    """the story is in order of time, and the steps one after the other"""
    story = output.incident().get("story", [])
    wrong = [f"{entry['time']} stands behind {before['time']}" for one in output.incidents.values()
             for before, entry in zip(one["story"], one["story"][1:]) if seconds(entry["time"]) < seconds(before["time"])]
    at = -1  # of the entry that told the step before
    for step in truth["steps"]:
        own = [i for i, entry in enumerate(story) if is_of(output, entry, step) and
               any(techniques(output, entry) & set(wanted) for wanted in step["techniques"])]
        after = [i for i in own if i > at or i == at and step["words"]]
        if step["is_told"] and not after:
            wrong.append(f"{step['name']} has no entry of its own behind the step before")
        elif step["is_told"]:
            at = after[0]
    return wrong


def invents_nothing(output, truth):
    """no step is told that the records do not hold"""
    return [f"told, but of no step: {entry['time']} {entry['text'][:160]}" for entry in output.incident().get("story", [])
            if not any(is_of(output, entry, step) for step in truth["steps"])]


def accuses_nobody_else(output, truth):
    """nothing else is accused"""
    marks = {mark for step in truth["steps"] for mark in step["marks"]}
    marks |= {pod[part] for pod in truth.get("pods", []) for part in ("name", "ip", "node", "interface", "instance")}
    victims = [one.lower() for one in (*marks, *truth["victims"])]
    incident = output.incident()
    own = set(incident.get("findings", []))
    wrong = []
    for finding in output.findings.values():
        if finding["verdict"] in ACCUSES and finding["id"] not in own and incident.get("finding_total", 0) <= len(own):
            wrong.append(f"accused beside the incident: {finding['title']}")
        subject = json.dumps([finding["subject"], finding["actor"], finding["resources"]], ensure_ascii=False)
        if finding["verdict"] in ACCUSES and not any(mark in subject for mark in marks):
            wrong.append(f"accused, and innocent: {finding['title']}")
    return wrong + [f"a victim that is none: {victim}" for victim in incident.get("victims", [])
                    if not any(one in victim.lower() for one in victims)]


def tells_count(line, count):
    """The number itself, or one that is called an estimate and is within a tenth."""
    told = re.search(r"(about )?(\d+) objects?\b", line.replace(",", ""))
    return bool(told) and abs(int(told[2]) - count) <= (count / 10 if told[1] else 0)


def impact(output, truth):
    """touched, not touched and cannot tell are right"""
    told = output.incident().get("impact", {"touched": [], "not_touched": [], "cannot_tell": []})
    wrong = []
    for bucket in truth["touched"]:
        lines = [line for line in told["touched"] if bucket["bucket"] in line]
        if not any(tells_count(line, bucket["objects"]) for line in lines):
            wrong.append(f"touched: {bucket['bucket']}, {bucket['objects']} objects, {bucket['bytes']} bytes; told: {lines or told['touched']}")
    wrong += [f"not touched, and not told so: {bucket}" for bucket in truth["not_touched"]
              if not any(bucket in line for line in told["not_touched"])]
    wrong += [f"cannot be told, and that is not said: {bucket['bucket']} (no data events since {bucket['since']})"
              for bucket in truth["cannot_tell"] if not any(bucket["bucket"] in line for line in told["cannot_tell"])]
    right = {"touched": [bucket["bucket"] for bucket in truth["touched"]], "not_touched": truth["not_touched"],
             "cannot_tell": [bucket["bucket"] for bucket in truth["cannot_tell"]]}
    buckets = [bucket for those in right.values() for bucket in those]
    wrong += [f"{kind}, which is wrong: {line}" for kind, lines in told.items() for line in lines
              if any(bucket in line for bucket in buckets) and not any(bucket in line for bucket in right[kind])]
    if not truth["touched"]:
        wrong += [f"touched, though nothing was: {line}" for line in told["touched"] if any(word in line for word in ("bucket", "object"))]
    return wrong


def says_what_to_do(output, truth):
    """commands are given for the very key, role, pods and machines"""
    given = [action["command"] or "" for holder in (output.incident(), *output.findings.values()) for action in holder.get("actions", [])]
    return [f"no command names any of {', '.join(names[:4])}" for names in truth["commands"]
            if not any(name in command for name in names for command in given)]


def keeps_secrets(output, truth):
    """no secret of the records is in the output"""
    return [f"a secret is shown: {canary[:6]}..." for canary in truth["canaries"] if canary in output.text or
            json.dumps(canary)[1:-1] in output.text]


CASES = (reads_all, one_incident, tells_steps, in_order, invents_nothing, accuses_nobody_else, impact, says_what_to_do, keeps_secrets)


def judge(text, truth):
    """{case: what is wrong}"""
    output = Output(text)
    return {case: case(output, truth) for case in CASES}


def main(doc, arguments):
    """check TRUTH OUTPUT: TAP; OUTPUT is - for standard input. Exit status 1 when a case failed."""
    if len(arguments) != 2 or arguments[0].startswith("-"):
        sys.stderr.write(doc)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        truth = json.load(file)
    with (sys.stdin if arguments[1] == "-" else open(arguments[1], encoding="utf-8", errors="surrogateescape")) as file:
        wrong = judge(file.read(), truth)
    print(f"1..{len(wrong)}")
    for number, (case, lines) in enumerate(wrong.items(), 1):
        print(f"{'not ' if lines else ''}ok {number} - {case.__doc__}")
        for line in lines:
            print("#", line.replace("\n", " "))
    return 1 if any(wrong.values()) else 0
