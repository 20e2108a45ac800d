"""How well the groups of datasheets are found, against documents labelled by hand.

`datasheet_labels.tsv` was at hand while the rules were written; `datasheets_unseen.tsv` was labelled by reading before
the program had read it, and `docs/measurements.md` has the figure of that first reading.

    OSAI_EVIDENCE_CORPUS=FOLDER python bench/datasheets.py [--wrong]

Labels: y answered, p asked but not answered, n not there, ? arguable (left out). One reader made them.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from collections import Counter
from pathlib import Path

from output.record import Source
from pipelines.datasheet import detector
from pipelines.datasheet.sheet import GROUPS
from pipelines.dossier import Dossier
from pipelines.readers.printed import with_printed
from spiders.document import Document


def main() -> None:
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        print("OSAI_EVIDENCE_CORPUS is not set: nothing to measure")
        return
    unseen = rows("datasheets_unseen.tsv")
    sets = {"in-sample": rows("datasheet_labels.tsv")}
    sets |= {f"unseen set {n}": [r for r in unseen if r["set"] == n] for n in sorted({r["set"] for r in unseen})}
    for title, cards in sets.items():
        counts: Counter[str] = Counter()
        for row in cards:
            found = outcomes(Path(folder) / "corpus" / row["path"])
            for group in GROUPS:
                count(counts, row, group, found.get(group, "absent"))
        print(
            f"{len(cards)} documents, {title}: present: precision {ratio(counts['right'], counts['extra'])}, "
            f"recall {ratio(counts['right'], counts['missed'])} "
            f"({counts['right']} right, {counts['extra']} too many, {counts['missed']} missed); "
            f"placeholder told from absent: {ratio(counts['gate'], counts['gate_wrong'])}"
        )


def rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def outcomes(path: Path) -> dict[str, str]:
    body = path.read_bytes()
    source = Source(str(path), str(path), path=str(path), sha256=hashlib.sha256(body).hexdigest())
    document = Document("dataset_card", "url:x", source, body)
    records = detector.detect(with_printed(Dossier("url:x", (document,))), ())
    return {r.indicator.removeprefix("datasheet."): r.outcome for r in records}


def count(counts: Counter[str], row: dict[str, str], group: str, outcome: str) -> None:
    label = row[group]
    if label == "?":
        return
    said, there = outcome == "present", label == "y"
    kind = "right" if said and there else "extra" if said else "missed" if there else ""
    if not kind:
        kind = "gate" if (label == "p") == (outcome in ("placeholder", "linked")) else "gate_wrong"
    counts[kind] += 1
    if "--wrong" in sys.argv and kind in ("extra", "missed", "gate_wrong"):
        print(f"{kind}\t{row['path']}\t{group}\tlabel {label}\tfound {outcome}")


def ratio(right: int, wrong: int) -> str:
    return f"{right / max(1, right + wrong):.3f}"


if __name__ == "__main__":
    main()
