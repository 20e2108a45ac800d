"""Weights of the signs of a training-data statement, learned from the labelled reports.

    OSAI_EVIDENCE_CORPUS=… OSAI_EVIDENCE_REPOSITORIES=… python -m bench.papers_weights [--write|--wrong] [--without SET]

A sentence that fits a label is a statement, any other is none. Every report is judged by weights that were learned
without it, as the detector quotes it: a passage is right when some label stands in it, a fact (the labels of one group
that must be found) is found when some passage states it. `--write` puts the weights learned from all into the file of
signs, `--wrong` lists passages that fit no label and facts that are missed, `--without` leaves a set out that is to
stay unseen. Needs numpy, which comes with the project's readers of tables.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from bench.papers import blob, document, folded, group_of, papers, rows
from pipelines.paper_text import own_name, read_report
from pipelines.paper_text import training_data as signs_file
from pipelines.paper_text.sentences import Sentence, sentences
from pipelines.paper_text.statements import of_data, signs, speaker_of
from spiders.document import Document

PENALTY = 3.0
THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


class Seen(NamedTuple):
    """A sentence with its signs, if it speaks of data, and the labels that it fits."""

    report: int
    sentence: Sentence
    signs: dict[str, bool]
    groups: frozenset[str]


def reports(corpus: Path, repositories: Path) -> Iterator[tuple[str, Document, list[dict[str, str]]]]:
    """Set, document and labels of each report."""
    for path in papers(corpus):
        yield "first", document("paper", f"url:{path.name}", path), [
            row for row in rows("papers_statements.tsv") if row["paper"] in path.name
        ]  # fmt: skip
    unseen: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in rows("papers_unseen.tsv"):
        unseen.setdefault((row["set"], row["repository"], row["path"]), []).append(row)
    for (name, repository, path), labels in unseen.items():
        yield name, blob(repositories, repository, path), labels


def look(number: int, read: Document, labels: list[dict[str, str]]) -> Iterator[Seen]:
    report, title = read_report(read)
    found = list(sentences(report))
    speaker = speaker_of(found, [own_name(title)])
    for sentence in found:
        words = folded(sentence.text).replace("\ufffe", "").lower()
        groups = frozenset(
            group_of(row)
            for row in labels
            if int(row["page"]) == sentence.page and folded(row["words"]).lower() in words
        )
        yield Seen(number, sentence, signs(sentence, speaker) if of_data(sentence, speaker) else {}, groups)


def fit(seen: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Logistic regression by Newton's method; the last weight is the bias."""
    table = np.hstack([seen, np.ones((len(seen), 1))])
    penalty = PENALTY * np.eye(table.shape[1])
    penalty[-1, -1] = 0
    weights = np.zeros(table.shape[1])
    for _ in range(25):
        likely = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (likely - right) + penalty @ weights
        weights -= np.linalg.solve((table.T * (likely * (1 - likely))) @ table + penalty, slope)
    return weights


def judged(seen: list[Seen]) -> list[float]:
    """How likely each sentence is a statement, by weights learned from the other reports; 0 where it is not of data."""
    about = [one for one in seen if one.signs]
    table, right = matrix(about)
    owner = np.array([one.report for one in about])
    likely = np.zeros(len(about))
    for number in set(owner):
        weights = fit(table[owner != number], right[owner != number])
        likely[owner == number] = 1 / (1 + np.exp(-table[owner == number] @ weights[:-1] - weights[-1]))
    found = iter(likely)
    return [float(next(found)) if one.signs else 0.0 for one in seen]


def matrix(about: list[Seen]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    seen = np.array([list(one.signs.values()) for one in about], float)
    return seen, np.array([bool(one.groups) for one in about], float)


class Tally(NamedTuple):
    """What some passages come to: how many, how many of them fit a label, which facts they state."""

    said: int
    right: int
    found: frozenset[str]
    wrong: list[str]


def tally(seen: list[Seen], likely: list[float], rules: signs_file.Signs) -> Tally:
    """The passages of one report."""
    groups = {(id(one.sentence.flow), one.sentence.start): one.groups for one in seen}
    right, found, wrong = 0, set(), []
    read = list(signs_file.passages(list(zip((one.sentence for one in seen), likely, strict=True)), rules))
    for passage, _, p in read:
        here = {
            group
            for (flow, start), fitting in groups.items()
            if flow == id(passage.flow) and passage.start <= start < passage.end
            for group in fitting
        }
        right += bool(here)
        found |= here
        if not here:
            wrong.append(f"{p:.2f} page {passage.page}: {passage.text[:200]}")
    return Tally(len(read), right, frozenset(found), wrong)


def main() -> None:
    corpus, repositories = (os.environ.get(f"OSAI_EVIDENCE_{name}") for name in ("CORPUS", "REPOSITORIES"))
    if not corpus or not repositories:
        print("OSAI_EVIDENCE_CORPUS or OSAI_EVIDENCE_REPOSITORIES is not set: nothing to learn from")
        return
    left_out = sys.argv[sys.argv.index("--without") + 1] if "--without" in sys.argv else None
    labelled = [one for one in reports(Path(corpus), Path(repositories)) if one[0] != left_out]
    labels = [[row for row in rows if row["indicator"] == "data.described"] for _, _, rows in labelled]
    facts = [{group_of(row) for row in here if row["need"].startswith("must")} for here in labels]
    seen = [one for n, (_, read, _) in enumerate(labelled) for one in look(n, read, labels[n])]
    likely = judged(seen)
    of_report = [[n for n, one in enumerate(seen) if one.report == number] for number in range(len(labelled))]
    for threshold in sorted({*THRESHOLDS, signs_file.rules().threshold}):
        rules = msgspec.structs.replace(signs_file.rules(), threshold=threshold)
        found = [tally([seen[n] for n in here], [likely[n] for n in here], rules) for here in of_report]
        parts = []
        for name in ["all", *dict.fromkeys(name for name, _, _ in labelled)]:
            mine = [n for n, (part, _, _) in enumerate(labelled) if name in ("all", part)]
            said, right = sum(found[n].said for n in mine), sum(found[n].right for n in mine)
            stated = sum(len(found[n].found & facts[n]) for n in mine)
            parts.append(f"{name} {right / max(1, said):.2f}/{stated / max(1, sum(len(facts[n]) for n in mine)):.2f}")
        print(f"threshold {threshold}: passages right/facts found {', '.join(parts)}")
        if "--wrong" in sys.argv and threshold == signs_file.rules().threshold:
            for number, (_, read, _) in enumerate(labelled):
                for line in found[number].wrong:
                    print(f"  wrong? {read.source.path} {line}")
                for row in labels[number]:
                    if row["need"].startswith("must") and group_of(row) not in found[number].found:
                        print(f"  missed {read.source.path} page {row['page']}: {row['words']}")
    if "--write" in sys.argv:
        about = [one for one in seen if one.signs]
        write(dict(zip([*about[0].signs, "bias"], fit(*matrix(about)), strict=True)))


def write(weights: dict[str, float]) -> None:
    path = Path(signs_file.__file__).with_suffix(".yaml")
    text = path.read_text("utf-8")
    for name, weight in weights.items():
        written = rf"(\{{name: {re.escape(name)}, where: \w+, weight: |^(?:  )?{re.escape(name)}: )-?[\d.]+"
        text, count = re.subn(written, rf"\g<1>{weight:.2f}", text, flags=re.MULTILINE)
        assert count == 1, name
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
