"""Licence triples of crawled systems beside what the maintainers wrote.

    OSAI_EVIDENCE_CORPUS=FOLDER python -m bench.license_triples RUN… [--all]

RUN are run folders of crawls of index entries (`osai-evidence crawl ENTRY.yaml`). Of each entry its note on licences is
read: `Weights: … . Code: … . Data: … .`, or, in the old notation, the licence of the end model as that of the weights.
Prints each part that differs, with the records that ours rests on (`--all`: also those that agree), and counts. A part
that could not be looked at (its release is not on this machine) is counted apart, and a part of which the entry says
nothing is not counted. Where a copy of the Hub holds cards only, the licence declared for the weights counts as ours.
"""

from __future__ import annotations

import argparse
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from license_rules import normalise_name, stem
from output.entries import Entry, entry_paths, read_entry
from output.run import System, load_run

# Read one by one: where the difference lies with the entry, or in what counts as code.
NOTES = {
    (
        "AquilaChat",
        "code",
    ): "the README of Aquila2 puts the project under Apache-2.0; the Aquila licence is for models",
    ("BERT", "data"): "the corpora are named in a README, and no data set on the Hub is linked",
    ("Baichuan", "code"): "fine-tuning code is in the repository; the entry counts it as no training code",
    ("CodeGeeX", "code"): "the entry links GLM-4's repository, which has fine-tuning code",
    ("DeepFloyd", "code"): "the entry gives the licence of the inference code",
    ("DynamiCrafter", "data"): "the card names no data; the entry knows of WebVid from the paper",
    ("Omnilingual ASR", "weights"): "the entry sums up weights and data",
    ("OpenCodeInterpreter", "weights"): "the model is not on this machine; its repository says nothing of weights",
    ("Rave", "weights"): "the entry takes the repository's licence for that of weights, which it does not name",
    ("T5", "weights"): "the entry takes the repository's licence for that of weights, which it does not name",
    ("minChatGPT", "weights"): "the entry takes the repository's licence for that of weights, which it does not name",
    ("airoboros", "code"): "the repository that the entry links is under MIT",
}
PARTS = ("weights", "code", "data")
NOTE = re.compile(r"weights:\s*(?P<weights>.+?)\.\s+code:\s*(?P<code>.+?)\.\s+data:\s*(?P<data>.+?)\.?\s*$", re.I)
NOTHING = re.compile(
    r"not? (?:re[-\s])?(?:released|disclosed|specified|available|repository found|found)|^unknown|unclear|ambiguous",
    re.I,
)


def theirs(entry: Entry) -> dict[str, str]:
    note = str(entry.block("licenses").get("notes") or "")
    if match := NOTE.match(note.strip()):
        return match.groupdict()
    system = entry.block("system")
    named = system.get("endmodellicense") or system.get("endmodel license")
    return {"weights": str(named)} if named else {}


def ids(words: str) -> set[str]:
    """Licences that words name, as far as they are known; families by their name."""
    found = set()
    for piece in [words, *re.split(r"\s+and\s+|[,+;(]|\s+\(?partly\b", words)]:
        name = normalise_name(piece.strip(" ."))
        found |= {stem(i) for i in name.ids} | ({name.family} if name.family else set())
    return found


def compared(words: str, ours: dict[str, Any]) -> str:
    mine = {stem(one["id"]) for one in ours["licenses"]} | ids(ours["words"])
    said = ids(words)
    if ours["unread"] and not mine:
        return "not looked at"
    if not said and NOTHING.search(words):
        return "agree" if not mine else "differ"
    if not mine:
        return "differ"
    if said == mine or (said and said & mine and (said < mine or mine < said)):
        return "agree" if said == mine else "partly"
    return "agree" if fold(words) == fold(ours["words"]) else "differ"


def fold(words: str) -> str:
    return re.sub(r"\W+|\blicen[cs]e\b|\bagreement\b", " ", words.lower()).strip()


def rows(system: System, entry: Entry) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    triple = next((r for r in system.records if r.indicator == "license.triple"), None)
    for part, words in theirs(entry).items():
        if triple is not None:
            ours = triple.value[part]
            if part == "weights" and ours["words"] == "not released" and (declared := declared_for(system)):
                ours = ours | declared
            yield part, words, ours, compared(words, ours)


def declared_for(system: System) -> dict[str, Any] | None:
    """What is declared for weights that a listing of a single file does not hold."""
    said = [
        r for r in system.records
        if r.indicator == "license.declared" and r.outcome == "present" and r.subject.component == "end"
        and r.detector.rule == "hub-metadata"
    ]  # fmt: skip
    if not said:
        return None
    listed = [{"id": i, "name": i, "why": ""} for i in said[0].value["ids"]]
    return {"words": said[0].value["name"], "licenses": listed, "evidence": [said[0].id]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--all", action="store_true", help="print the parts that agree, too")
    options = parser.parse_args()
    corpus = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not corpus:
        print("OSAI_EVIDENCE_CORPUS is not set: there are no entries to compare with")
        return
    entries = {e.id: e for path in entry_paths(Path(corpus) / "index/entries") if (e := read_entry(path))}
    counts: Counter[tuple[str, str]] = Counter()
    compared_with = set()
    for system in (s for folder in options.runs for s in load_run(folder).systems if s.entry in entries):
        said = {r.id: r.statement for r in system.records}
        for part, words, ours, verdict in rows(system, entries[str(system.entry)]):
            counts[part, verdict] += 1
            compared_with |= {system.entry} if verdict != "not looked at" else set()
            if options.all or verdict in ("differ", "partly"):
                open_or_not = {True: "open", False: "not open", None: "open or not: unknown"}[ours["open"]]
                print(f"{verdict:8} {system.entry} {part}: theirs {words!r}, ours {ours['words']!r} ({open_or_not})")
                if note := NOTES.get((str(system.entry), part)):
                    print(f"             ({note})")
                for ident in ours["evidence"][:3]:
                    print(f"             {said.get(ident, '')[:150]}")
    print(f"{len(compared_with)} entries with at least one part that both speak of")
    for part in PARTS:
        print(f"  {part}: " + ", ".join(f"{v} {n}" for (p, v), n in sorted(counts.items()) if p == part))


if __name__ == "__main__":
    main()
