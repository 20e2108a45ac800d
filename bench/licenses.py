"""How well licence texts are told apart, and their clauses found.

    OSAI_EVIDENCE_CORPUS=FOLDER python bench/licenses.py [--show KIND] [--peers PYTHON] [--texts FOLDER]

Reads `bench/licenses/labels.tsv` of the corpus (files of other projects' test suites, with their labels) and the clause
labels beside this file. A file counts as exact when the set of licences is the label's and the text is not called
changed; `-only` and `-or-later` count only in notices. A clause with a `?` in its label is one that a reader could
leave out, and is not counted; what ScanCode writes above a licence is not read. FOLDER holds texts that the corpus
lacks: `scancode` its licences, the others as `OWNER@NAME__PATH`. PYTHON is an interpreter of another environment in
which scancode-toolkit-mini or licenseclassifier are installed: they then answer beside us.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

# Deprecated ids with the one that SPDX says is equivalent or replaces it.
DEPRECATED = {
    "bzip2-1.0.5": "bzip2-1.0.6",
    "bsd-2-clause-freebsd": "bsd-2-clause-views",
    "bsd-2-clause-netbsd": "bsd-2-clause",
}
LABELS = Path(__file__).parent / "clause_labels.tsv"
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)
GROUPS: dict[str, Callable[[Row], bool]] = {
    "natural full texts": lambda r: r.kind == "full" and r.suite != "scancode",
    "ScanCode's full texts": lambda r: r.kind == "full" and r.suite == "scancode",
    "several in one file": lambda r: r.kind == "multi",
    "notices and headers": lambda r: r.kind == "notice" and r.suite != "scancode",
    "ScanCode's notices": lambda r: r.kind == "notice" and r.suite == "scancode",
    "custom AI licences": lambda r: r.suite == "ai-custom",
    "modified texts": lambda r: r.kind == "custom" and r.suite != "ai-custom",
}
PEERS = {
    "licenseclassifier": """
import sys, json
from licenseclassifier import identify_license
for path in json.load(sys.stdin):
    found = identify_license(open(path, encoding="utf-8", errors="replace").read())
    print(json.dumps([one.id for one in found]))
""",
    "scancode": """
import sys, json
from scancode.api import get_licenses
for path in json.load(sys.stdin):
    found = get_licenses(path)
    print(json.dumps([d.get("license_expression_spdx") or "" for d in found["license_detections"]]))
""",
}


class Row(NamedTuple):
    path: str
    expected: str
    suite: str
    kind: str


class Answer(NamedTuple):
    ids: frozenset[str]
    verdict: str


def split(expression: str) -> Iterable[str]:
    return (part for part in re.split(r"\s+(?:AND|OR|WITH)\s+|[();]", expression) if part.strip())


def fold(ident: str) -> str:
    """One spelling per licence: the label of a text does not say -only; `GPL-2.0-with-X` is a WITH."""
    ident = ident.strip().removeprefix("LicenseRef-AI-").replace("++", "-plus-plus").lower()
    ident = DEPRECATED.get(ident, re.sub(r"-(?:only|or-later)$|\+$", "", ident))
    return re.sub(r"-exception-[\d.a-z-]+$", "-exception", ident)


def expected(row: Row) -> frozenset[str]:
    parts = re.sub(r"(GPL-\d\.\d)-with-", r"\1;", row.expected).split(";")
    return frozenset(map(fold, parts)) - {"none"}


def ours(text: str) -> Answer:
    from license_rules import identify

    found = identify(text)
    named = list(split(found.expression or "")) or [m.id for m in found.matches]
    return Answer(frozenset(fold(part) for one in named for part in split(one)), found.verdict)


def outcome(row: Row, answer: Answer) -> str:
    want, got = expected(row), answer.ids
    if not got and not answer.verdict:
        return "none"
    if row.suite == "ai-custom" or row.kind == "custom":
        if got == want and want:
            return "exact"
        if answer.verdict in ("variant", "custom"):
            return "honest"
        return "none" if answer.verdict == "none" else "named"
    if got == want:
        return "exact" if answer.verdict in ("exact", "") else "variant"
    if not got:
        return "none"
    if answer.verdict in ("variant", "custom"):
        return "honest"
    return "more" if got > want else "wrong" if not got & want else "part"


def table(rows: list[Row], answers: dict[str, Answer], name: str, show: str) -> None:
    for group, belongs in GROUPS.items():
        mine = [r for r in rows if belongs(r)]
        counts = Counter(outcome(r, answers[r.path]) for r in mine)
        parts = ", ".join(f"{kind} {n}" for kind, n in counts.most_common())
        share = counts["exact"] / len(mine) if mine else 0
        print(f"{name:18} {group:22} {len(mine):4} files  exact {share:6.1%}   {parts}")
        for row in mine:
            if show and outcome(row, answers[row.path]) == show:
                print(f"    {row.path}: {row.expected} -> {sorted(answers[row.path].ids)} {answers[row.path].verdict}")


def held_out_numbers(rows: list[Row], texts: dict[str, str]) -> None:
    """Read AI licences without their own fingerprints: none may pass for another licence, or for an open one."""
    from bench.licenses_changed import without
    from license_rules import holds, identify, is_open, matcher

    references = matcher.index().references
    counts: Counter[str] = Counter()
    for row in (r for r in rows if r.suite.startswith("ai-") and "LicenseRef" in r.expected):
        out = {n for n, ref in enumerate(references) if ref.kind == "ai" and fold(ref.id) in expected(row)}
        with without(out):
            found = identify(texts[row.path])
        named = found.verdict == "exact" and found.expression is not None
        kind = found.verdict if not named else "open" if holds(str(found.expression), is_open) else "another name"
        counts[kind] += 1
    print("AI licences held out: " + ", ".join(f"{kind} {n}" for kind, n in counts.most_common()))


def peer_answers(python: str, name: str, paths: list[Path]) -> list[Answer] | None:
    asked = json.dumps([str(p) for p in paths])
    done = subprocess.run([python, "-c", PEERS[name]], input=asked, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if len(lines) != len(paths):
        print(f"{name}: not run ({done.stderr.strip().splitlines()[-1:] or 'no answer'})")
        return None
    return [Answer(frozenset(fold(p) for one in json.loads(line) for p in split(one)), "") for line in lines]


def clause_numbers(corpus: Path, more: Path | None, show: str) -> None:
    from license_rules import clauses
    from pipelines.licenses.reading import read_pdf

    with LABELS.open(encoding="utf-8") as file:
        labels = list(csv.DictReader(file, delimiter="\t"))
    folders = [corpus / "corpus/license_texts", *(corpus / "bench/licenses" / n for n in ("ai-custom", "ai-standard"))]
    folders += [more] if more else []
    for half in dict.fromkeys(row["half"] for row in labels):
        right = wrong = missed = values = texts = 0
        for name in dict.fromkeys(row["file"] for row in labels if row["half"] == half):
            path = next((f / name for f in folders if (f / name).exists()), None)
            if path is None:
                continue
            texts += 1
            mine = {r["clause"]: r["value"] for r in labels if r["file"] == name and r["clause"] != "none"}
            wanted = {clause: value for clause, value in mine.items() if not clause.startswith("?")}
            body = path.read_bytes()
            text = read_pdf(body).text if path.suffix == ".pdf" else body.decode("utf-8", "replace")
            text = FRONT_MATTER.sub("", text)
            found = {c.clause: c for c in reversed(clauses(text)) if f"?{c.clause}" not in mine}
            for clause in sorted(found.keys() ^ wanted.keys()) if show == "clauses" else ():
                said = "missed" if clause in wanted else repr(text[slice(*found[clause].said)])
                print(f"    {name}: {clause} {said}")
            right += len(wanted.keys() & found.keys())
            wrong += len(found.keys() - wanted.keys())
            missed += len(wanted.keys() - found.keys())
            for clause in wanted.keys() & found.keys():
                value = found[clause].value
                shown = ";".join(value) if isinstance(value, tuple) else str(value)
                values += bool(wanted[clause]) and shown != wanted[clause]
        if texts:
            print(
                f"clauses, {half:8} {texts:3} texts  precision {right / max(1, right + wrong):.3f}  "
                f"recall {right / max(1, right + missed):.3f}  ({right} right, {wrong} wrong, {missed} missed, "
                f"{values} wrong values)"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", default="", help="list the files with this outcome, or what differs in `clauses`")
    parser.add_argument("--held-out", action="store_true", help="read AI licences without their own fingerprints")
    parser.add_argument("--peers", default="", metavar="PYTHON", help="interpreter with other engines")
    parser.add_argument("--texts", type=Path, help="folder with further labelled texts")
    options = parser.parse_args()
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        print("OSAI_EVIDENCE_CORPUS is not set: there are no licence files to read here")
        return
    home = Path(folder) / "bench" / "licenses"
    with (home / "labels.tsv").open(encoding="utf-8") as file:
        rows = [Row(r["path"], r["expected"], r["suite"], r["kind"]) for r in csv.DictReader(file, delimiter="\t")]

    begin = time.perf_counter()
    from license_rules import identify

    identify("Licensed under the Apache License, Version 2.0")
    loaded = time.perf_counter() - begin
    texts = {row.path: (home / row.path).read_bytes().decode("utf-8", "replace") for row in rows}
    spent = time.process_time()
    answers = {path: ours(text) for path, text in texts.items()}
    spent = time.process_time() - spent
    table(rows, answers, "osai-evidence", options.show)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"speed {len(rows) / spent:.0f} files/s on one core, load {loaded:.2f} s, memory {memory:.0f} MB at most")
    if options.held_out:
        held_out_numbers(rows, texts)
    clause_numbers(Path(folder), options.texts, options.show)
    for name in PEERS if options.peers else ():
        theirs = peer_answers(options.peers, name, [home / row.path for row in rows])
        if theirs is not None:
            table(rows, {row.path: one for row, one in zip(rows, theirs, strict=True)}, name, "")


if __name__ == "__main__":
    sys.exit(main())
