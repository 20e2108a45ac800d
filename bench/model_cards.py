"""How well model cards are read: labelled cards, and every card at hand for crashes, broken quotes and time.

    OSAI_EVIDENCE_CORPUS=FOLDER python bench/model_cards.py [--wrong] [--quick]

Reads `truth/model_card_sections.tsv` (cells: y present, p named but empty, l linked elsewhere, n absent; `~`
boilerplate; cells named in `ambiguous_columns` are left out) and all cards below `corpus/`. The labelled cards were at
hand while the rules were written, so these figures are in-sample. `--wrong` lists each cell that differs, `--quick`
reads every tenth card.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from output.record import EvidenceRecord, Source
from pipelines import access, claims, data_sources, datasheet, hardware, model_card
from pipelines.dossier import Dossier
from pipelines.readers.markdown import read_markdown
from spiders.document import Document

COLUMNS = {
    "model_description": "description",
    "intended_use": "intended_use",
    "out_of_scope": "out_of_scope_use",
    "risks": "risks",
    "limitations": "limitations",
    "biases": "biases",
    "recommendations": "recommendations",
    "training_data": "training_data",
    "training_procedure": "training_procedure",
    "evaluation": "evaluation",
    "env_compute": "compute",
    "license": "license",
    "citation": "citation",
}
CARD_DETECTORS = (model_card, data_sources, datasheet, hardware, access, claims)
ORDER = ["present", "boilerplate", "linked", "placeholder", "absent"]
LINES = 3


def main() -> None:
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        print("OSAI_EVIDENCE_CORPUS is not set: nothing to measure")
        return
    labelled(Path(folder))
    every_card(Path(folder) / "corpus")


def read(path: Path) -> Dossier:
    body = path.read_bytes()
    source = Source(str(path), str(path), path=str(path), sha256=hashlib.sha256(body).hexdigest())
    return Dossier("hf:model:a/b", (Document("model_card", "hf:model:a/b", source, body),))


def labelled(folder: Path) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with (folder / "truth" / "model_card_sections.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            records = list(model_card.detect(read(folder / "corpus" / row["path"]), ()))
            for column, topic in COLUMNS.items():
                if column not in row["ambiguous_columns"].split(","):
                    of_topic = [r for r in records if r.indicator == f"model_card.{topic}"]
                    compare(counts[column], row["path"], column, row[column], of_topic)
    total = sum(counts.values(), Counter())
    for column in (*COLUMNS, "all"):
        c = counts[column] if column != "all" else total
        print(
            f"{column:20} precision {ratio(c['right'], c['extra'])}  recall {ratio(c['right'], c['missed'])}  "
            f"placeholder or linked {ratio(c['gate'], c['gate_wrong'])}  line {ratio(c['line'], c['line_off'])}"
        )


def compare(counts: Counter[str], path: str, column: str, label: str, records: list[EvidenceRecord]) -> None:
    """A card that embeds another has two records for a topic; the one that says more counts."""
    best = min(records, key=lambda r: ORDER.index(r.outcome))
    said, there = best.outcome in ("present", "boilerplate"), label.startswith("y")
    kinds = ["right" if said and there else "extra" if said else "missed" if there else ""]
    if label[0] in "pl":
        kinds.append("gate" if best.outcome == {"p": "placeholder", "l": "linked"}[label[0]] else "gate_wrong")
    line = best.selector.start_line if best.selector else None
    if kinds[0] == "right" and line:
        wanted = int("".join(c for c in label[2:] if c.isdigit()))
        kinds.append("line" if abs(line - wanted) <= LINES else "line_off")
    counts.update(k for k in kinds if k)
    if "--wrong" in sys.argv and {"extra", "missed", "gate_wrong", "line_off"} & set(kinds):
        print(f"{path}\t{column}\tlabel {label}\tfound {best.outcome} at line {line}")


def ratio(right: int, wrong: int) -> str:
    return f"{right / (right + wrong):.3f}" if right + wrong else "  –  "


def every_card(corpus: Path) -> None:
    paths = [*sorted((corpus / "hub" / "models").rglob("README.md")), *sorted((corpus / "model_cards").rglob("*.md"))]
    paths = paths[:: 10 if "--quick" in sys.argv else 1]
    for path in paths[:3]:  # lexicons are loaded once a run, not once a card
        detect(read(path))
    crashes, broken, quotes, times = 0, 0, 0, []
    for path in paths:
        read_markdown.cache_clear()
        dossier = read(path)
        started = time.process_time()
        try:
            records = detect(dossier)
        except Exception as error:  # a crash is what is counted here
            crashes += 1
            print(f"{path}: {type(error).__name__}: {error}")
            continue
        times.append(1000 * (time.process_time() - started))
        text = dossier.documents[0].text
        for record in records:
            if record.quote and record.selector:
                quotes += 1
                broken += text[record.selector.start : record.selector.end] != record.quote.exact
    times.sort()
    print(
        f"{len(paths)} cards: {crashes} crashes, {broken} of {quotes} quotes not at their place; "
        f"CPU per card, {len(CARD_DETECTORS)} detectors: mean {sum(times) / len(times):.1f} ms, median "
        f"{times[len(times) // 2]:.1f} ms, 99th percentile {times[int(len(times) * 0.99)]:.1f} ms"
    )


def detect(dossier: Dossier) -> list[EvidenceRecord]:
    found: list[EvidenceRecord] = []
    for detector in CARD_DETECTORS:
        found += detector.detect(dossier, tuple(found))
    return found


if __name__ == "__main__":
    main()
