"""Changed licence texts: clauses put in, words taken out or turned round, licences that the index does not hold.

    OSAI_EVIDENCE_CORPUS=FOLDER python -m bench.licenses_changed [--leave-one-out] [--show]

The clauses (`licenses_added.tsv`) and the changes of words (`licenses_mutations.tsv`) stand beside this file. In each
file the lines called `second` were written before any rule was changed for them. `--leave-one-out` takes each text of
the index out of it and reads it again from the SPDX XML: nothing else may pass for it unless the texts are one.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from license_rules import Identification, holds, identify, is_open, matcher
from license_rules.build_index import NS, Template, flatten

HERE = Path(__file__).parent


class Change(NamedTuple):
    """A text before and after, and the characters that were changed."""

    before: Identification
    text: str
    start: int
    end: int


def lines_of(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def with_clause(text: str, clause: str, chance: random.Random) -> str:
    """The text with a clause in front, behind, at an empty line, or behind a sentence within a paragraph."""
    lines = text.split("\n")
    empty = [n for n, line in enumerate(lines) if not line.strip()]
    ends = [n for n, line in enumerate(lines) if line.rstrip().endswith(".")]
    where = chance.choice(["front", "behind", "empty", "sentence"])
    if where == "sentence" and ends:
        place = chance.choice(ends)
        return "\n".join([*lines[:place], f"{lines[place].rstrip()} {clause}", *lines[place + 1 :]])
    place = {"front": 0, "behind": len(lines)}.get(where, chance.choice(empty or [0]))
    return "\n".join([*lines[:place], "", clause, "", *lines[place:]])


def is_flagged(change: Change) -> tuple[bool, bool]:
    """Whether a change makes the text another licence or a variant, and whether the changed place is quoted."""
    found = identify(change.text)
    flagged = found.verdict != "exact" or found.expression != change.before.expression
    quoted = any(r.rules and r.start < change.end and r.end > change.start for r in found.residual)
    return flagged, quoted


def report(title: str, changes: list[tuple[str, Change]], show: bool) -> None:
    flagged = quoted = 0
    for name, change in changes:
        seen, told = is_flagged(change)
        flagged += seen
        quoted += told
        if show and not (seen and told):
            words = change.text[max(0, change.start - 60) : change.end + 40]
            print(f"    {name} {change.before.expression}: {'not quoted' if seen else 'passes'}: {words!r}")
    tried = max(1, len(changes))
    print(f"{title}: {len(changes)} tried, flagged {flagged / tried:.1%}, changed words quoted {quoted / tried:.1%}")


def added(exact: list[tuple[str, str, Identification]], half: str) -> list[tuple[str, Change]]:
    clauses = [line["clause"] for line in lines_of("licenses_added.tsv") if line["set"] == half]
    chance, changes = random.Random(1), []
    for name, text, before in exact:
        clause = chance.choice(clauses)
        changed = with_clause(text, clause, chance)
        start = changed.index(clause)
        changes.append((name, Change(before, changed, start, start + len(clause))))
    return changes


def mutated(exact: list[tuple[str, str, Identification]], half: str) -> list[tuple[str, Change]]:
    """Each text with one of the changes of words that apply to it, at one of the places."""
    rules = [line for line in lines_of("licenses_mutations.tsv") if line["set"] == half]
    chance, changes = random.Random(2), []
    for name, text, before in exact:
        spans = [(m.start, m.end) for m in before.matches if m.via in ("text", "ai")]
        places = [
            (match, line["put"])
            for line in rules
            for match in re.finditer(rf"(?<![\w-]){line['find']}(?![\w-])", text)
            if any(a <= match.start() and match.end() <= b for a, b in spans)
        ]
        if not places:
            continue
        by_rule = sorted({match.re.pattern for match, _ in places})
        pattern = chance.choice(by_rule)
        match, put = chance.choice([p for p in places if p[0].re.pattern == pattern])
        changed = text[: match.start()] + put + text[match.end() :]
        change = Change(before, changed, max(0, match.start() - 1), match.start() + len(put) + 1)
        changes.append((f"{name} {match.group()!r} -> {put!r}", change))
    return changes


@contextmanager
def without(out: set[int]) -> Iterator[None]:
    """Read as if the index did not hold these references."""
    asked = matcher.likely

    def likely(base: matcher.Index, free: matcher.Ids) -> tuple[list[int], list[int]]:
        near, rest = asked(base, free, out)
        return near, rest

    matcher.likely = likely  # type: ignore[assignment]
    try:
        yield
    finally:
        matcher.likely = asked


def spdx_text(path: Path) -> str:
    template = Template()
    text = ElementTree.parse(path).getroot()[0].find(f"{NS}text")
    if text is not None:
        flatten(text, template, 0)
    return "".join(template.text)


def leave_one_out(folder: Path, show: bool) -> None:
    """Take each SPDX licence out of the index and read its own text."""
    references = matcher.index().references
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.xml")):
        out = {n for n, ref in enumerate(references) if ref.id == path.stem}
        if not out:
            continue
        text = spdx_text(path)
        with without(out):
            found = identify(text)
        kind = found.verdict
        if kind == "exact" and found.expression:
            kind = "an open licence" if holds(found.expression, is_open) and not is_open(path.stem) else "another name"
        counts[kind] += 1
        if show and kind in ("another name", "an open licence"):
            print(f"    {path.stem} -> {found.expression} {[(m.id, m.via, m.score) for m in found.matches]}")
    print("each SPDX text read without itself: " + ", ".join(f"{kind} {n}" for kind, n in counts.most_common()))


def natural(home: Path) -> list[tuple[str, str, Identification]]:
    """The labelled full texts that are exact as they are."""
    with (home / "labels.tsv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file, delimiter="\t") if r["kind"] == "full" and r["suite"] != "scancode"]
    texts = [(r["path"], (home / r["path"]).read_bytes().decode("utf-8", "replace")) for r in rows]
    read = [(path, text, identify(text)) for path, text in texts]
    return [one for one in read if one[2].verdict == "exact"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leave-one-out", action="store_true", help="take each SPDX licence out of the index")
    parser.add_argument("--show", action="store_true", help="list what passes")
    options = parser.parse_args()
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        print("OSAI_EVIDENCE_CORPUS is not set: there are no licence files to read here")
        return
    exact = natural(Path(folder) / "bench" / "licenses")
    for half in ("first", "second"):
        report(f"a clause added, {half} set", added(exact, half), options.show)
        report(f"words changed, {half} set", mutated(exact, half), options.show)
    if options.leave_one_out:
        leave_one_out(Path(folder) / "spdx-license-list-XML" / "src", options.show)


if __name__ == "__main__":
    main()
