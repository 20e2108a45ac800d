"""Claims: the maker's own words on openness, not remarks on other models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from output.record import Subject
from pipelines.claims import detector, read_claims, read_stretch
from pipelines.dossier import Dossier
from pipelines.model_card.pages import Stretch
from pipelines.readers.markdown import card_of
from tests.pipelines.checks import document, verify


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Heron is a fully open language model.", "fully_open"),
        ("We open-source the weights of Heron.", "open_source"),
        ("Heron is the best open-source model currently available.", "open_source"),
        ("Our model is released with open weights.", "open_weights"),
        ("Heron is an open-source plugin-augmented model.", "open_source"),
        ("It is freely available for research.", "free_use"),
        ("我们开源了模型。", "open_source"),
        ("An open source speech system built by turning Stork around.", "open_source"),
        ("We weave with care and all the code is open source.", "open_source"),
    ],
)
def test_claims(text: str, kind: str) -> None:
    assert [found.kind for found in read_claims(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "It outperforms all open-source models of its size.",
        "Unlike other open-source models, it is small.",
        "It is ahead of all the open-source models that we know.",
        "We use open-source tools for evaluation.",
        "It is first on the Open LLM Leaderboard.",
        "We thank the open-source community.",
        "An open question remains.",
        "We report its results on standard open-source benchmarks.",
        "Heron is released under the Bird Open Model License.",
        "Heron is built by the open-source AI community.",
        "It rivals the best open-source models of its size.",
        "We plan to open-source it in the future.",
        "We will soon open-source the code of Heron.",
        "In future versions, we may open-source models with more voices.",
        "我们将开源训练代码。",
        "我们将持续优化模型并开源。",
        "Heron walks. In the future, we will continue with open-sourcing more herons.",
        "Our nest is built on StorkHub, an open-source platform for models.",
        "We are the company behind the open-source AI framework Stork.",
        "We have created and open-sourced a benchmark for herons.",
        "We introduce Heron, which rivals closed models (e.g., Stork) and open-access models.",
        "[ ] We release open-source models with more feathers.",
        "Our code will be released, as open source should be.",
        "Write to us at heron.opensource@example.org: this model is ours.",
        "模型达到开源模型中的领先水平。",
        "未来，我们将不断开源更加强大的模型。",
        "目前大部分开源模型主要基于英文优化。",
    ],
)
def test_remarks_on_others(text: str) -> None:
    assert list(read_claims(text)) == []


def test_records() -> None:
    card = document("# Heron\n\nHeron is a **fully open** model. We open-source its code.\n")
    found = list(detector.detect(Dossier(card.target, (card,)), ()))
    assert [r.value["kind"] for r in found] == ["fully_open", "open_source"]
    for record in found:
        verify(record, (card,))


def test_no_claim_is_absent() -> None:
    card = document("# Heron\n\nA model.\n")
    assert [r.outcome for r in detector.detect(Dossier(card.target, (card,)), ())] == ["absent"]


def test_news_of_a_repository_are_about_many_models() -> None:
    readme = replace(document("# Heron\n\n- [2026.02.06] We open-source Egret 2.\n"), kind="source_file")
    stretch = Stretch(0, len(readme.text), Subject(None, readme.target, "end"), None, "README of org/heron", "heron")
    assert [r.outcome for r in read_stretch(readme, card_of(readme), stretch)] == ["absent"]
