"""READMEs of repositories beside the cards of the Hub."""

from __future__ import annotations

import hashlib

import pytest

from output.record import EvidenceRecord, Source
from pipelines import data_sources, hardware
from pipelines.dossier import Dossier
from spiders.document import Document, Lead
from tests.pipelines.checks import document, verify

MODEL, REPOSITORY = "hf:model:org/Heron-7B", "github:org/Heron"


def readme(text: str, target: str = REPOSITORY) -> Document:
    body = text.encode()
    source = Source("https://example.org/r", "a" * 40, sha256=hashlib.sha256(body).hexdigest(), path="README.md")
    return Document("source_file", target, source, body)


def read(text: str, target: str = REPOSITORY, card: str = "# Heron-7B\n\nA model.\n") -> list[EvidenceRecord]:
    documents = (document(card, target=MODEL), readme(text, target))
    dossier = Dossier(MODEL, documents, (), (Lead(MODEL, target, "repository", "called code", True),))
    found = [r for d in (data_sources, hardware) for r in d.detect(dossier, ())]
    for record in found:
        verify(record, documents)
    return [r for r in found if r.subject.target == target]


def present(records: list[EvidenceRecord]) -> list[str]:
    return [r.statement for r in records if r.outcome == "present"]


def test_a_readme_says_what_the_model_was_trained_on() -> None:
    found = present(read("# Heron\n\nHeron-7B was trained on Wikipedia with 64 A100 GPUs.\n"))
    assert found == [
        "README of org/Heron names Wikipedia as training data by name.",
        "README of org/Heron: training hardware given (64 NVIDIA A100).",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "You can fine-tune it on Wikipedia with 8 A100 GPUs.",
        "- [2024/05/01] Egret-2 was trained on Wikipedia with 8 A100 GPUs.",
        "Egret-2 was trained on Wikipedia with 8 A100 GPUs.",
        "The script runs on Wikipedia with 8 A100 GPUs.",
    ],
)
def test_what_users_do_and_other_models_are_not_the_model(line: str) -> None:
    assert present(read(f"# Heron-7B\n\n{line}\n")) == []


def test_the_readme_of_a_framework_speaks_of_other_models() -> None:
    assert read("# Trainer\n\nSuch as Heron-7B. The model was trained on Wikipedia.\n", "github:org/trainer") == []


def test_a_readme_that_has_gone_on_to_a_newer_version_does_not_speak_of_this_one() -> None:
    assert read("# Heron\n\nWe train Heron-2 on Wikipedia.\n") == []


def test_what_the_card_says_is_not_said_again() -> None:
    line = "Heron-7B was trained on Wikipedia."
    assert present(read(f"# Heron\n\n{line}\n", card=f"# Heron-7B\n\n{line}\n")) == []


def test_a_repository_that_another_one_points_to_is_not_called_after_a_model() -> None:
    text = "# Egret\n\nEgret-core was trained on Wikipedia.\n"
    documents = (document("# Heron-7B\n\nA model.\n"), readme(text, "github:org/Egret"))
    origins = (MODEL, "github:org/Egret-core")
    leads = [Lead(origin, "github:org/Egret", "repository", "link", True) for origin in origins]
    dossier = Dossier(MODEL, documents, (), tuple(leads))
    assert all(r.subject.target == MODEL for r in data_sources.detect(dossier, ()))


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("Heron was trained with audio data of 100,000+ hours.", "audio data of 100,000+ hours"),
        ("Heron is a 3B model trained on 2T tokens.", "2T tokens"),
        ("Heron 经过 2.6 万亿 Tokens 的高质量语料训练。", "2.6 万亿 Tokens"),
        ("Heron was trained with a batch size of 4M tokens.", None),
        ("Heron has 62 亿参数, trained well.", None),
        ("Training took 2.7M H800 GPU hours.", None),
    ],
)
def test_a_readme_says_on_how_much_data_a_model_was_trained(said: str, amount: str | None) -> None:
    found = [r for r in read(f"# Heron-7B\n\n{said}\n") if r.detector.rule == "amount"]
    assert [r.value["tokens"] for r in found] == ([amount] if amount else [])


def test_an_amount_belongs_to_the_stage_before_it() -> None:
    said = "We pre-train Heron-7B on 2T tokens, followed by supervised fine-tuning."
    (found,) = [r for r in read(f"# Heron-7B\n\n{said}\n") if r.detector.rule == "amount"]
    assert found.parameter == "datasources_basemodel"


def test_what_a_readme_says_of_another_size_is_not_this_models() -> None:
    assert present(read("# Heron\n\nHeron-32B was trained on Wikipedia. Heron-7B is small.\n")) == []
