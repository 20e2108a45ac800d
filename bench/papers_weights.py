"""Weights of the signs and words of a training-data statement, learned from the labelled reports.

    OSAI_EVIDENCE_CORPUS=… OSAI_EVIDENCE_REPOSITORIES=… python -m bench.papers_weights [--write|--wrong] [--without SET]

A sentence that fits a label is a statement, any other is none. Every report is judged by weights that were learned
without those of its maker, as the detector quotes it: a passage is right when some label stands in it, a fact (the
labels of one group that must be found) is found when some passage states it. Words count that stand in the reports of
many makers, so that no name is learned. `--write` puts the weights learned from all into the files of signs and words,
`--wrong` lists passages that fit no label and facts that are missed, `--without` leaves a set out that is to stay
unseen. Needs numpy, which comes with the project's readers of tables.
"""

from __future__ import annotations

import json
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

PENALTY = 2.0
WORD_PENALTY = 32.0  # words are many and say little one by one
MAKERS = 12  # in whose reports a word or pair of words stands
HEADING_MAKERS = 5
THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


class Seen(NamedTuple):
    """A sentence with its signs, if it speaks of data, and the labels that it fits."""

    report: int
    maker: str
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


def maker_of(read: Document) -> str:
    """Who wrote a report: the owner of the repository that it lies in."""
    return re.split(r"[+/]", read.target.partition(":")[2] or read.target)[0]


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
        yield Seen(
            number, maker_of(read), sentence, signs(sentence, speaker) if of_data(sentence, speaker) else {}, groups
        )


Table = np.ndarray[Any, Any]


class Terms(NamedTuple):
    """What the columns of a table are: signs, then words of the sentence, then words of its headings."""

    signs: list[str]
    text: list[str]
    section: list[str]

    def penalties(self) -> list[float]:
        return [PENALTY] * len(self.signs) + [WORD_PENALTY] * (len(self.text) + len(self.section))

    def table(self, about: list[Seen]) -> Table:
        places = [{term: n for n, term in enumerate(terms)} for terms in (self.text, self.section)]
        table = np.zeros((len(about), len(self.penalties())))
        table[:, : len(self.signs)] = [list(one.signs.values()) for one in about]
        for row, one in zip(table, about, strict=True):
            first = len(self.signs)
            for place, found in zip(places, signs_file.terms_of(one.sentence), strict=True):
                row[[first + place[term] for term in found if term in place]] = 1
                first += len(place)
        return table


def terms(about: list[Seen]) -> Terms:
    """Words that the reports of enough makers share."""
    makers: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    for one in about:
        for seen, found in zip(makers, signs_file.terms_of(one.sentence), strict=True):
            for term in found:
                seen.setdefault(term, set()).add(one.maker)
    text, section = (
        sorted(term for term, here in seen.items() if len(here) >= least)
        for seen, least in zip(makers, (MAKERS, HEADING_MAKERS), strict=True)
    )
    return Terms(list(about[0].signs), text, section)


def fit(seen: Table, right: Table, penalties: list[float]) -> Table:
    """Logistic regression by Newton's method; the last weight is the bias."""
    table = np.hstack([seen, np.ones((len(seen), 1))])
    penalty = np.diag([*penalties, 0.0])
    weights = np.zeros(table.shape[1])
    for _ in range(25):
        likely = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (likely - right) + penalty @ weights
        step = np.linalg.solve((table.T * (likely * (1 - likely))) @ table + penalty, slope)
        weights -= step
        if np.abs(step).max() < 1e-4:
            break
    return weights


def judged(seen: list[Seen]) -> list[float]:
    """How likely each sentence is a statement, by weights from other makers' reports; 0 where it is not of data."""
    about = [one for one in seen if one.signs]
    learned = terms(about)
    table, right = learned.table(about), labelled(about)
    owner = np.array([one.maker for one in about])
    likely = np.zeros(len(about))
    for maker in sorted(set(owner)):
        others = owner != maker
        weights = fit(table[others], right[others], learned.penalties())
        likely[~others] = 1 / (1 + np.exp(-table[~others] @ weights[:-1] - weights[-1]))
    found = iter(likely)
    return [float(next(found)) if one.signs else 0.0 for one in seen]


def labelled(about: list[Seen]) -> Table:
    return np.array([bool(one.groups) for one in about], float)


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
            wrong.append(f"{p:.2f} page {passage.page}: {passage.text[:420]}")
    return Tally(len(read), right, frozenset(found), wrong)


def main() -> None:
    corpus, repositories = (os.environ.get(f"OSAI_EVIDENCE_{name}") for name in ("CORPUS", "REPOSITORIES"))
    if not corpus or not repositories:
        print("OSAI_EVIDENCE_CORPUS or OSAI_EVIDENCE_REPOSITORIES is not set: nothing to learn from")
        return
    left_out = sys.argv[sys.argv.index("--without") + 1] if "--without" in sys.argv else None
    read_all = [one for one in reports(Path(corpus), Path(repositories)) if one[0] != left_out]
    labels = [[row for row in rows if row["indicator"] == "data.described"] for _, _, rows in read_all]
    facts = [{group_of(row) for row in here if row["need"].startswith("must")} for here in labels]
    seen = [one for n, (_, read, _) in enumerate(read_all) for one in look(n, read, labels[n])]
    likely = judged(seen)
    of_report = [[n for n, one in enumerate(seen) if one.report == number] for number in range(len(read_all))]
    for threshold in sorted({*THRESHOLDS, signs_file.rules().threshold}):
        rules = msgspec.structs.replace(signs_file.rules(), threshold=threshold)
        found = [tally([seen[n] for n in here], [likely[n] for n in here], rules) for here in of_report]
        parts = []
        for name in ["all", *dict.fromkeys(name for name, _, _ in read_all)]:
            mine = [n for n, (part, _, _) in enumerate(read_all) if name in ("all", part)]
            said, right = sum(found[n].said for n in mine), sum(found[n].right for n in mine)
            stated = sum(len(found[n].found & facts[n]) for n in mine)
            parts.append(f"{name} {right / max(1, said):.2f}/{stated / max(1, sum(len(facts[n]) for n in mine)):.2f}")
        print(f"threshold {threshold}: passages right/facts found {', '.join(parts)}")
        if "--wrong" in sys.argv and threshold == signs_file.rules().threshold:
            for number, (_, read, _) in enumerate(read_all):
                for line in found[number].wrong:
                    print(f"  wrong? {read.source.path} {line}")
                for row in labels[number]:
                    if row["need"].startswith("must") and group_of(row) not in found[number].found:
                        print(f"  missed {read.source.path} page {row['page']}: {row['words']}")
    if "--write" in sys.argv:
        about = [one for one in seen if one.signs]
        learned = terms(about)
        write(learned, fit(learned.table(about), labelled(about), learned.penalties()).tolist())


def write(learned: Terms, weights: list[float]) -> None:
    path = Path(signs_file.__file__).with_suffix(".yaml")
    text = path.read_text("utf-8")
    found = iter(weights)
    signs_learned = {name: next(found) for name in learned.signs}
    for name, weight in (signs_learned | {"bias": weights[-1]}).items():
        written = rf"(\{{name: {re.escape(name)}, where: \w+, weight: |^(?:  )?{re.escape(name)}: )-?[\d.]+"
        text, count = re.subn(written, rf"\g<1>{weight:.2f}", text, flags=re.MULTILINE)
        assert count == 1, name
    path.write_text(text, "utf-8")
    lines = [WORDS_HEAD]
    for place, names in (("text", learned.text), ("section", learned.section)):
        rounded = {name: round(next(found), 2) for name in names}
        lines += [f"{place}:", *(f"  {json.dumps(name)}: {weight}" for name, weight in rounded.items() if weight)]
    path.with_name("training_data_words.yaml").write_text("\n".join(lines) + "\n", "utf-8")


WORDS_HEAD = f"""\
# Words that speak for or against a statement on training data, each with its weight: in the sentence (also pairs of
# words; every number is 0) and in the headings above it. Written by `python -m bench.papers_weights --write`: words
# that stand in labelled reports of {MAKERS} makers or more ({HEADING_MAKERS} for headings)."""


if __name__ == "__main__":
    main()
