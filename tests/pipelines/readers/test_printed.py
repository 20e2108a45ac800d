"""Printed cards: what is read in a PDF is quoted from the page where it stands."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.commands.inspect import command
from output.record import EvidenceRecord, Source
from pipelines import read
from pipelines.dossier import Dossier
from pipelines.readers.pdf import parse
from spiders.document import Document, Kind
from spiders.hub import card_file
from tests.pipelines.readers.pdfs import column, make_pdf

FIRST = [
    (72, 770, 20, "Heron 2: Model Card"),
    *column(["Heron sums up letters. It was trained on the Common Crawl", "corpus of letters in one pass."], top=740),
    (72, 700, 14, "Intended Use"),
    *column(["Heron is intended for archives of letters."], top=680),
    (72, 650, 14, "Limitations"),
    *column(["\x95 It forgets names.", "\x95 It may generate false dates."], top=630),
]
SECOND = [
    (72, 770, 14, "Training"),
    *column(["Training took three days on 16 A100 GPUs."], top=750),
    (72, 720, 14, "License"),
    *column(["The weights are released under the Apache 2.0 license."], top=700),
]


def records(body: bytes, kind: Kind = "model_card") -> list[EvidenceRecord]:
    digest = hashlib.sha256(body).hexdigest()
    source = Source("https://example.org/MODEL_CARD.pdf", "", path="MODEL_CARD.pdf", sha256=digest)
    return read(Dossier("github:org/name", (Document(kind, "github:org/name", source, body),)))


def test_topics_of_a_printed_card_with_their_pages() -> None:
    body = make_pdf([FIRST, SECOND])
    found = {r.indicator: r for r in records(body)}
    for name, page in {"intended_use": 1, "limitations": 1, "license": 2, "compute": 2, "training_data": 1}.items():
        record = found[f"model_card.{name}"]
        assert record.outcome == "present", name
        assert record.selector is not None
        assert record.selector.page == page
    assert found["hardware.training"].value["facts"][0]["count"] == 16
    assert found["data.declared"].value["dataset"] == "Common Crawl"


def test_quotes_are_the_page_s_own_characters() -> None:
    body = make_pdf([FIRST, SECOND])
    pages = parse(body).pages
    quoted = [r for r in records(body) if r.quote and r.selector and r.selector.page]
    assert len(quoted) > 8
    for record in quoted:
        assert record.quote is not None
        assert record.selector is not None
        page = pages[(record.selector.page or 0) - 1]
        assert page.text[record.selector.start : record.selector.end] == record.quote.exact


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (make_pdf([FIRST])[:400], "error"),
        (make_pdf([[]]), "unavailable"),
        (b"%PDF-1.4\n" + b"\x00" * 2_000, "error"),
    ],
    ids=["cut off", "scanned", "no objects"],
)
def test_a_card_that_cannot_be_read_is_no_empty_card(body: bytes, outcome: str) -> None:
    found = records(body)
    assert [r.outcome for r in found if r.indicator == "model_card.coverage"] == [outcome]
    assert not [r for r in found if r.outcome == "absent" and r.indicator.startswith(("model_card.", "hardware."))]


def test_a_printed_datasheet() -> None:
    lines = [
        (72, 770, 14, "1 Motivation"),
        (72, 750, 14, "1.1 For what purpose was the dataset created?"),
        *column(["The dataset was created to study letters."], top=730),
    ]
    found = {r.indicator: r for r in records(make_pdf([lines]), "dataset_card")}
    assert found["datasheet.motivation"].value["answered"] == ["purpose"]
    assert found["datasheet.motivation"].selector is not None
    assert found["datasheet.motivation"].selector.page == 1


def test_inspect_reads_a_pdf(tmp_path: Path) -> None:
    path = tmp_path / "card.pdf"
    path.write_bytes(make_pdf([FIRST, SECOND]))
    result = CliRunner().invoke(command, ["model-card", str(path)])
    assert result.exit_code == 0
    assert '"model_card.limitations"' in result.output


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MODEL_CARD.pdf", "model_card"),
        ("heron-2-system-card.pdf", "model_card"),
        ("model_card.md", "model_card"),
        ("dataset_card.md", "dataset_card"),
        ("Datasheet.pdf", "dataset_card"),
        ("data_summary_card.md", "dataset_card"),
        ("Heron_EU_Public_Summary.pdf", "dataset_card"),
        ("heron_report.pdf", None),
        ("summary.md", None),
        ("modelcard.py", None),
    ],
)
def test_cards_by_their_file_names(name: str, kind: str | None) -> None:
    assert card_file(name) == kind
