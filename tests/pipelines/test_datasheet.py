"""Datasheets: answers count, not headings."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output.record import EvidenceRecord, Source, Subject
from pipelines.datasheet import detector, read_croissant
from pipelines.datasheet.sheet import rules
from pipelines.dossier import Dossier
from spiders.document import Document, Kind, Lead, Miss
from tests.pipelines.checks import document, verify
from tests.pipelines.readers.pdfs import column, make_pdf

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


def test_croissant_fields_that_say_nothing_answer_nothing() -> None:
    fields = {
        "dataUseCases": "TBD",
        "dataCollection": ["", " "],
        "dataPreprocessingProtocol": "[More Information Needed]",
    }
    body = json.dumps({f"rai:{name}": value for name, value in fields.items()} | {"rai:dataBiases": {"@value": "Few."}})
    answer = document(body, "hub_croissant", "hf:dataset:org/letters")
    found = list(detector.detect(Dossier(ROOT, (answer,)), ()))
    assert [(r.indicator, r.value["fields"]) for r in found] == [("datasheet.uses", ["rai:dataBiases"])]


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


def test_all_questions_of_the_paper_are_there() -> None:
    assert sum(len(group.questions) for group in rules().groups.values()) == 57


@pytest.mark.parametrize(
    ("sentence", "group", "question"),
    [
        ("The letters were made to train small models.", "motivation", "purpose"),
        ("The work was paid for by the Lumen Laboratory.", "motivation", "funding"),
        ("The corpus was compiled by the Lumen Laboratory.", "motivation", "creator"),
        ("Each instance is a letter with its year.", "composition", "instances"),
        ("There are 84,000 Dutch letters.", "composition", "count"),
        ("We split the letters into train and test.", "composition", "splits"),
        ("Some texts may contain offensive words.", "composition", "offensive"),
        ("Names of private persons were removed.", "composition", "identifiable"),
        ("Some letters hold health data of their writers.", "composition", "sensitive"),
        ("The letters were collected from two archives.", "collection_process", "acquired"),
        ("Annotators were hired through an agency and paid 16 euros an hour.", "collection_process", "people"),
        ("They were written between May and October 2025.", "collection_process", "timeframe"),
        ("The study was approved by the ethics committee.", "collection_process", "ethics_review"),
        ("Writers may withdraw their consent at any time.", "collection_process", "revoke"),
        ("Duplicate letters: all texts were deduplicated and lower-cased.", "preprocessing", "done"),
        ("The raw recordings are available on request.", "preprocessing", "raw_saved"),
        ("The corpus can also be used to study handwriting.", "uses", "other_tasks"),
        ("The data should not be used to identify writers.", "uses", "not_for"),
        ("It is available from Zenodo as a tarball.", "distribution", "how"),
        ("The data are released under the terms of CC BY 4.0.", "distribution", "licence"),
        ("It is maintained by the Lumen Laboratory.", "maintenance", "who"),
        ("Please contact the authors or open an issue.", "maintenance", "contact"),
        ("The corpus will be updated each year.", "maintenance", "updates"),
    ],
)
def test_sentences_answer_questions_nobody_asked(sentence: str, group: str, question: str) -> None:
    assert question in sheet(f"# Letters, a dataset\n\n## Notes\n\n{sentence}\n")[group].value["answered"]


def test_other_comments_belong_to_the_group_above() -> None:
    found = sheet("# Letters dataset\n\n## Uses\n\n### Any other comments?\n\nAsk before you print them.\n")
    assert found["uses"].value["answered"] == ["other"]


SUMMARY = """{title}

## 1. General information

Provider: Lumen Laboratory.

## 2. List of data sources

Publicly available datasets: Letters.

## 3. Data processing aspects

Opt-outs are honoured.
"""


@pytest.mark.parametrize(
    ("kind", "path", "body", "outcome"),
    [
        ("source_file", "a.md", SUMMARY.format(title="# Public summary of training content"), "present"),
        ("source_file", "training_data_summary.md", SUMMARY.format(title="# Lumen 2"), "present"),
        ("model_card", "README.md", SUMMARY.format(title="# Training data summary"), "present"),
        (
            "web_page",
            "summary.html",
            "<html><body><h1>Public Summary of Training Content</h1>\n<h2>1. General information</h2><p>Lumen.</p>\n"
            "<h2>2. List of data sources</h2><p>Letters.</p></body></html>",
            "present",
        ),
        ("dataset_card", "data_summary_card.md", SUMMARY.format(title="# Data Summary for Lumen 2"), "present"),
        ("model_card", "README.md", "# M\n\n[Public summary of training content](https://a.example/s)\n", "linked"),
        ("model_card", "README.md", "# M\n\nThe public summary of training content will follow.\n", "placeholder"),
        ("model_card", "README.md", "# M\n\n## Training data summary\n\nSynthetic data and user data.\n", None),
        ("model_card", "README.md", "# M\n\nData processing and general information are discussed.\n", None),
    ],
)  # fmt: skip
def test_summaries_of_training_content(kind: Kind, path: str, body: str, outcome: str | None) -> None:
    plain = document(body, kind, ROOT)
    one = Document(kind, ROOT, msgspec.structs.replace(plain.source, path=path), plain.body)
    found = [r for r in detector.detect(Dossier(ROOT, (one,)), ()) if r.indicator == "datasheet.training_summary"]
    for record in found:
        verify(record, (one,))
    assert [r.outcome for r in found] == ([outcome] if outcome else [])


def test_a_printed_summary() -> None:
    lines = [
        (72, 770, 18, "Public summary of training content"),
        (72, 740, 14, "1. General information"),
        *column(["Lumen Laboratory"], top=720),
        (72, 690, 14, "2. List of data sources"),
        *column(["Letters"], top=670),
    ]
    body = make_pdf([lines])
    source = Source("https://example.org/s.pdf", "", path="public-summary.pdf", sha256=hashlib.sha256(body).hexdigest())
    found = list(detector.detect(Dossier(ROOT, (Document("paper", ROOT, source, body),)), ()))
    record = next(r for r in found if r.indicator == "datasheet.training_summary")
    assert record.outcome == "present"
    assert record.selector is not None
    assert record.selector.page == 1


def test_a_datasheet_inside_a_model_card() -> None:
    body = (
        "# Heron\n\nA model.\n\n## Datasheet\n\n### For what purpose was the dataset created?\n\nTo sum up letters.\n\n"
        "### How many instances are there?\n\n84,000.\n\n## Usage\n\nRun it.\n"
    )
    card = document(body, "model_card", ROOT)
    found = {r.indicator: r for r in detector.detect(Dossier(ROOT, (card,)), ())}
    assert found["datasheet.motivation"].value["answered"] == ["purpose"]
    assert found["datasheet.composition"].outcome == "present"
    assert "Datasheet in model card org/name" in found["datasheet.motivation"].statement


def test_a_paper_of_a_dataset_may_serve_as_its_datasheet() -> None:
    answer = document('{"id": "org/letters", "tags": ["arxiv:2601.00001"]}', "hub_dataset", "hf:dataset:org/letters")
    (record,) = [r for r in detector.detect(Dossier(ROOT, (answer,)), ()) if r.outcome == "linked"]
    verify(record, (answer,))
    assert record.value["address"] == "https://arxiv.org/abs/2601.00001"


def test_croissant_fields_by_their_full_names() -> None:
    body = '{"http://mlcommons.org/croissant/RAI/dataCollection": "Two archives.", "rai:dataBiases": ""}'
    found = list(read_croissant(document(body, "hub_croissant", "hf:dataset:org/letters"), Subject(None, ROOT, None)))
    assert [r.indicator for r in found] == ["datasheet.collection_process"]


def test_a_missed_dataset_without_an_owner_is_shown_where_it_is_named() -> None:
    """`c4` alone is no address that can be pinned."""
    card: Document = document("# M\n\nA model.\n")
    miss = Miss("hf:dataset:tales", "hub_dataset", Source("https://x", "", status=404), "unavailable", "not there")
    lead = Lead(ROOT, "hf:dataset:tales", "dataset", "declared", card.source)
    found = [r.source for r in detector.detect(Dossier(ROOT, (card,), (miss,), (lead,)), ())]
    assert found == [card.source]
