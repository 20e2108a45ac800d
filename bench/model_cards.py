"""How well model cards are read: labelled cards, and every card at hand for crashes, broken quotes and time.

    OSAI_EVIDENCE_CORPUS=FOLDER python bench/model_cards.py [--wrong] [--quick] [--labels]

Reads `truth/model_card_sections.tsv` (cells: y present, p named but empty, l linked elsewhere, n absent; `~`
boilerplate; `/` between lines that are equally right; cells named in `ambiguous_columns` are left out) and all cards
below `corpus/`. Those labelled cards were at hand while the rules were written, so their figures are in-sample. The
sets of `model_cards_unseen.tsv` and `hardware_unseen.tsv` were labelled by reading before the program had read them;
cards of repositories among them are read where OSAI_EVIDENCE_REPOSITORIES names a folder of repositories.
`docs/measurements.md` has the figures of that first reading. `--wrong` lists each cell that differs, `--quick` reads
every tenth card, `--labels` only the labelled ones. `--cpu` only measures CPU time: milliseconds of one core, the best
of ROUNDS for each card and detector, lexicons loaded before. What else runs on the machine makes it longer.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from crawler.workers import load_detectors
from output.record import EvidenceRecord, Source
from pipelines import DETECTORS, access, claims, data_sources, datasheet, hardware, model_card
from pipelines.dossier import Dossier
from pipelines.readers.markdown import card_of, read_markdown
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
ROUNDS = 3
HERE = Path(__file__).parent


def main() -> None:
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        print("OSAI_EVIDENCE_CORPUS is not set: nothing to measure")
        return
    corpus = Path(folder) / "corpus"
    if "--cpu" in sys.argv:
        cpu(cards(corpus))
        return
    truth = rows(Path(folder) / "truth" / "model_card_sections.tsv")
    report(f"{len(truth)} cards, in-sample", labelled(corpus, truth), per_topic=True)
    unseen = rows(HERE / "model_cards_unseen.tsv")
    for number in sorted({row["set"] for row in unseen}):
        chosen = [row for row in unseen if row["set"] == number and at_hand(row["path"])]
        report(f"{len(chosen)} cards, unseen set {number}", labelled(corpus, chosen))
    hardware_cells(corpus)
    if "--labels" not in sys.argv:
        every_card(corpus)
        cpu(cards(corpus))


def read(path: Path) -> Dossier:
    body = body_of(path)
    source = Source(str(path), str(path), path=str(path), sha256=hashlib.sha256(body).hexdigest())
    return Dossier("hf:model:a/b", (Document("model_card", "hf:model:a/b", source, body),))


def body_of(path: Path) -> bytes:
    """A file, or one in a repository below OSAI_EVIDENCE_REPOSITORIES: `git:OWNER+NAME@COMMIT:PATH`."""
    _, git, place = str(path).partition("git:")
    if not git:
        return path.read_bytes()
    repository, _, rest = place.partition("@")
    folder = Path(os.environ["OSAI_EVIDENCE_REPOSITORIES"]) / repository / "repo"
    return subprocess.run(["git", "-C", str(folder), "show", rest], check=True, capture_output=True).stdout


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def at_hand(path: str) -> bool:
    return not path.startswith("git:") or "OSAI_EVIDENCE_REPOSITORIES" in os.environ


def labelled(corpus: Path, cards: list[dict[str, str]]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in cards:
        records = list(model_card.detect(read(corpus / row["path"]), ()))
        for column, topic in COLUMNS.items():
            if column not in (row["ambiguous_columns"] or "").split(","):
                of_topic = [r for r in records if r.indicator == f"model_card.{topic}"]
                compare(counts[column], row["path"], column, row[column], of_topic)
    return counts


def report(title: str, counts: dict[str, Counter[str]], per_topic: bool = False) -> None:
    total = sum(counts.values(), Counter[str]())
    for column in (*COLUMNS, title) if per_topic else (title,):
        c = counts[column] if column != title else total
        print(
            f"{column:26} precision {ratio(c['right'], c['extra'])}  recall {ratio(c['right'], c['missed'])}  "
            f"placeholder or linked {ratio(c['gate'], c['gate_wrong'])}  line {ratio(c['line'], c['line_off'])}"
        )


def hardware_cells(corpus: Path) -> None:
    """Whether training hardware and energy are found where a reader found them (cells: y, n, ? arguable)."""
    counts: Counter[str] = Counter()
    cards = rows(HERE / "hardware_unseen.tsv")
    for row in cards:
        records = list(hardware.detect(read(corpus / row["path"]), ()))
        for indicator in ("hardware.training", "hardware.energy"):
            found = [r for r in records if r.indicator == indicator]
            if row[indicator] != "?":
                compare(counts, row["path"], indicator, row[indicator], found)
    print(
        f"hardware of {len(cards)} unseen cards: precision {ratio(counts['right'], counts['extra'])}, recall "
        f"{ratio(counts['right'], counts['missed'])}, line {ratio(counts['line'], counts['line_off'])} "
        f"({counts['right']} right, {counts['extra']} too many, {counts['missed']} missed)"
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
        wanted = [int(number) for number in re.findall(r"\d+", label)]
        kinds.append("line" if min(abs(line - n) for n in wanted) <= LINES else "line_off")
    counts.update(k for k in kinds if k)
    if "--wrong" in sys.argv and {"extra", "missed", "gate_wrong", "line_off"} & set(kinds):
        print(f"{path}\t{column}\tlabel {label}\tfound {best.outcome} at line {line}")


def ratio(right: int, wrong: int) -> str:
    return f"{right / (right + wrong):.3f}" if right + wrong else "  –  "


def cards(corpus: Path) -> list[Path]:
    paths = [*sorted((corpus / "hub" / "models").rglob("README.md")), *sorted((corpus / "model_cards").rglob("*.md"))]
    return paths[:: 10 if "--quick" in sys.argv else 1]


def every_card(corpus: Path) -> None:
    paths = cards(corpus)
    crashes, broken, quotes = 0, 0, 0
    for path in paths:
        dossier = read(path)
        try:
            records = detect(dossier)
        except Exception as error:  # a crash is what is counted here
            crashes += 1
            print(f"{path}: {type(error).__name__}: {error}")
            continue
        text = dossier.documents[0].text
        for record in records:
            if record.quote and record.selector:
                quotes += 1
                broken += text[record.selector.start : record.selector.end] != record.quote.exact
    print(f"{len(paths)} cards: {crashes} crashes, {broken} of {quotes} quotes not at their place")


def cpu(paths: list[Path]) -> None:
    """CPU time per card: reading the Markdown, each detector, those of cards together, all together."""
    load_detectors()
    for path in paths[:40]:  # lexicons are loaded once a run, not once a card
        costs(read(path))
    table = [min_of(costs(read(path)) for _ in range(ROUNDS)) for path in paths]
    print(f"CPU of {len(paths)} cards, ms           mean   median     99 %   longest")
    for name in table[0]:
        times = sorted(1000 * cost[name] for cost in table)
        said = (sum(times) / len(times), times[len(times) // 2], times[int(len(times) * 0.99)], times[-1])
        print(f"{name:28} " + " ".join(f"{t:8.2f}" for t in said))


def costs(dossier: Dossier) -> dict[str, float]:
    read_markdown.cache_clear()
    started = time.process_time()
    card_of(dossier.documents[0])
    spent = {"Markdown": time.process_time() - started}
    found: list[EvidenceRecord] = []
    for detector in DETECTORS:
        started = time.process_time()
        found += detector.detect(dossier, tuple(found))
        spent[detector.name] = time.process_time() - started
    spent["card detectors, Markdown too"] = spent["Markdown"] + sum(spent[d.name] for d in CARD_DETECTORS)
    spent["all detectors, Markdown too"] = sum(spent[name] for name in ("Markdown", *(d.name for d in DETECTORS)))
    return spent


def min_of(rounds: Iterable[dict[str, float]]) -> dict[str, float]:
    listed = list(rounds)
    return {name: min(one[name] for one in listed) for name in listed[0]}


def detect(dossier: Dossier) -> list[EvidenceRecord]:
    found: list[EvidenceRecord] = []
    for detector in CARD_DETECTORS:
        found += detector.detect(dossier, tuple(found))
    return found


if __name__ == "__main__":
    main()
