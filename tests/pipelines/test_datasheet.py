"""Datasheets: answers count, not headings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output.record import EvidenceRecord, Source
from pipelines.datasheet import detector
from pipelines.dossier import Dossier
from spiders.document import Document, Miss
from tests.pipelines.checks import document, verify

ROOT = "hf:model:org/name"
GEBRU = """# Datasheet: letters

## Motivation

*These questions are intended to encourage dataset creators to say why.*

1. **For what purpose was the dataset created?** Was there a gap? Please describe it.

    To train models that write letters.

2. **Who funded the creation of the dataset?** If there is a grant, please name it.

    *Your Answer Here*

## Composition

**How many instances are there?** 5,000.

**Is any information missing?** No.

## Collection process

### Over what timeframe was the data collected?

From 2019 to 2021.

## Maintenance

### Will the dataset be updated?
"""


def sheet(body: str) -> dict[str, EvidenceRecord]:
    card = document(body, "dataset_card", "hf:dataset:org/letters")
    found = list(detector.detect(Dossier(ROOT, (card,)), ()))
    for record in found:
        verify(record, (card,))
    return {r.indicator.removeprefix("datasheet."): r for r in found}


def test_questions_of_gebru() -> None:
    found = sheet(GEBRU)
    assert found["motivation"].value["answered"] == ["purpose"]
    assert found["composition"].value["answered"] == ["count", "missing"]
    assert found["collection_process"].value["answered"] == ["timeframe"]
    assert found["maintenance"].outcome == "placeholder"
    assert found["uses"].outcome == "absent"


@pytest.mark.parametrize(
    ("body", "group", "expected"),
    [
        ("# Dataset\n\n### Curation Rationale\n\n[More Information Needed]\n", "motivation", "placeholder"),
        ("# Dataset\n\n### Curation Rationale\n\nLetters are rare in Danish.\n", "motivation", "present"),
        ("# Dataset\n\n- [Discussion of Biases](#discussion-of-biases)\n", "uses", "absent"),
        ("---\nlicense: mit\n---\n\n# Dataset\n\nText.\n", "distribution", "present"),
        ("---\nlicense: unknown\n---\n\n# Dataset\n\nText.\n", "distribution", "absent"),
        ("# Dataset\n\nThe letters were scraped from old newspapers.\n", "collection_process", "present"),
    ],
)
def test_headings_are_not_answers(body: str, group: str, expected: str) -> None:
    assert sheet(body)[group].outcome == expected


def test_a_datasheet_of_a_chip_is_not_one_of_a_dataset() -> None:
    found = sheet("# XY-200\n\n## Distribution\n\nSold in trays of 50. Supply voltage 3.3 V.\n")
    assert {r.outcome for r in found.values()} == {"not_applicable"}


def test_croissant_fields() -> None:
    body = json.dumps({"name": "letters", "rai:dataCollection": "Written by hand.", "rai:dataBiases": ""})
    answer = document(body, "hub_croissant", "hf:dataset:org/letters")
    found = list(detector.detect(Dossier(ROOT, (answer,)), ()))
    assert [(r.indicator, r.outcome) for r in found] == [("datasheet.collection_process", "present")]
    verify(found[0], (answer,))


def test_training_summary() -> None:
    body = (
        "# Public Summary of Training Content\n\n## 1. General information\n\nModalities: text.\n\n"
        "## 2. List of data sources\n\nWikipedia.\n\n## 3. Data processing aspects\n\nOpt-outs are kept.\n"
    )
    card = document(body)
    found = list(detector.detect(Dossier(ROOT, (card,)), ()))
    summary = next(r for r in found if r.indicator == "datasheet.training_summary")
    assert (summary.outcome, summary.value["parts"]) == ("present", ["general", "sources", "processing"])
    verify(summary, (card,))


def release(*misses: Miss) -> list[EvidenceRecord]:
    card: Document = document("# M\n\nA model.\n")
    return [r for r in detector.detect(Dossier(ROOT, (card,), misses), ()) if r.subject.target == ROOT]


def test_no_datasheet_says_what_was_searched() -> None:
    found = release()
    assert [r.outcome for r in found] == ["absent"]
    assert "1 model card" in found[0].statement


def test_a_dataset_card_that_could_not_be_read_is_not_absent() -> None:
    miss = Miss("hf:dataset:org/letters", "dataset_card", Source("https://x", "", status=403), "unavailable", "gated")
    assert [r.outcome for r in release(miss)] == ["unavailable"]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from([*GEBRU.split("\n"), "---", "```", "| a | b |", "| - | - |", "<h2>Uses</h2>", "\r", "?"]))
)
def test_any_datasheet_gives_quotes_that_verify(lines: list[str]) -> None:
    assert sheet("Dataset\n" + "\n".join(lines))
