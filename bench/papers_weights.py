"""Weights of the signs of a training-data statement, learned from the labelled reports.

    OSAI_EVIDENCE_CORPUS=… OSAI_EVIDENCE_REPOSITORIES=… python -m bench.papers_weights [--write|--wrong] [--without SET]

A sentence that fits a label is a statement, any other is none. Prints precision and recall for some thresholds, every
report judged by weights that were learned without it. `--write` puts the weights learned from all into the file of
signs, `--wrong` lists what fits no label, `--without` leaves a set out that is to stay unseen. Needs numpy, which
comes with the project's readers of tables.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.papers import blob, document, folded, group_of, papers, rows
from pipelines.paper_text import own_name, read_report
from pipelines.paper_text import training_data as signs_file
from pipelines.paper_text.sentences import Sentence, sentences
from pipelines.paper_text.statements import Speaker, amounts, lexicon, own_data_names, said, signs, source_spans
from spiders.document import Document

PENALTY = 2.0
THRESHOLDS = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)


class Seen(NamedTuple):
    """A sentence with its signs and the labels that it fits."""

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
    speaker = Speaker([own_name(title)], own_data_names(found))
    for sentence in found:
        words = folded(sentence.text).replace("\ufffe", "").lower()
        groups = frozenset(
            group_of(row)
            for row in labels
            if int(row["page"]) == sentence.page and folded(row["words"]).lower() in words
        )
        spans = amounts(sentence.text) or source_spans(sentence.text, speaker)
        never = sentence.tabular or len(sentence.text) < 30 or said(lexicon().data.never).search(sentence.text)
        if spans and not never:
            yield Seen(number, sentence, signs(sentence, speaker), groups)


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


def main() -> None:
    corpus, repositories = (os.environ.get(f"OSAI_EVIDENCE_{name}") for name in ("CORPUS", "REPOSITORIES"))
    if not corpus or not repositories:
        print("OSAI_EVIDENCE_CORPUS or OSAI_EVIDENCE_REPOSITORIES is not set: nothing to learn from")
        return
    left_out = sys.argv[sys.argv.index("--without") + 1] if "--without" in sys.argv else None
    labelled = [one for one in reports(Path(corpus), Path(repositories)) if one[0] != left_out]
    labels = [[row for row in rows if row["indicator"] == "data.described"] for _, _, rows in labelled]
    must = [{group_of(row) for row in here if row["need"].startswith("must")} for here in labels]
    seen = [one for n, (_, read, _) in enumerate(labelled) for one in look(n, read, labels[n])]
    names = list(seen[0].signs)
    table = np.array([[one.signs[name] for name in names] for one in seen], float)
    right = np.array([bool(one.groups) for one in seen], float)
    owner = np.array([one.report for one in seen])
    likely = np.zeros(len(seen))
    for number in range(len(labelled)):
        weights = fit(table[owner != number], right[owner != number])
        likely[owner == number] = 1 / (1 + np.exp(-table[owner == number] @ weights[:-1] - weights[-1]))
    sets = list(dict.fromkeys(name for name, _, _ in labelled))
    for threshold in THRESHOLDS:
        parts = []
        for name in ["all", *sets]:
            mine = [n for n, (part, _, _) in enumerate(labelled) if name in ("all", part)]
            said = [one for one, p in zip(seen, likely, strict=True) if p >= threshold and one.report in mine]
            found = {(one.report, group) for one in said for group in one.groups}
            wanted = {(n, group) for n in mine for group in must[n]}
            precision = sum(bool(one.groups) for one in said) / max(1, len(said))
            parts.append(f"{name} {precision:.2f}/{len(found & wanted) / max(1, len(wanted)):.2f}")
        print(f"threshold {threshold}: precision/recall {', '.join(parts)}")
    if "--wrong" in sys.argv:
        for one, p in sorted(zip(seen, likely, strict=True), key=lambda pair: -pair[1]):
            if p >= signs_file.rules().threshold and not one.groups:
                print(
                    f"  {p:.2f} {labelled[one.report][1].source.path} p{one.sentence.page}: {one.sentence.text[:200]}"
                )
    if "--write" in sys.argv:
        write(dict(zip([*names, "bias"], fit(table, right), strict=True)))


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
