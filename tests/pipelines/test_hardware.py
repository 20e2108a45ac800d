"""Hardware: what is named, how many, and whether it trained the model or runs it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output.record import EvidenceRecord
from pipelines.dossier import Dossier
from pipelines.hardware import detector
from pipelines.hardware.reading import read_hardware
from tests.pipelines.checks import document, verify


def records(body: str) -> dict[str, EvidenceRecord]:
    card = document(body)
    found = list(detector.detect(Dossier(card.target, (card,)), ()))
    for record in found:
        verify(record, (card,))
    return {r.indicator: r for r in found}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Trained on 384 A100 40GB GPUs.", "accelerator", {"name": "NVIDIA A100", "count": 384, "memory_gb": 40}),
        ("We trained with 32 x 8 x A100 GPUs.", "accelerator", {"name": "NVIDIA A100", "count": 256}),
        ("Trained on GPUs: 96xA100-80G.", "accelerator", {"name": "NVIDIA A100", "count": 96, "memory_gb": 80}),
        ("Training ran on sixteen MI250X cards.", "accelerator", {"name": "AMD MI250", "count": 16}),
        ("Pre-training used a TPU v4-512.", "accelerator", {"name": "Google TPU"}),
        ("预训练使用了24张A100约7天。", "accelerator", {"name": "NVIDIA A100", "count": 24}),
        ("Training took 1.5M GPU hours.", "device_hours", {"amount": 1.5e6}),
        ("Training took 3.8e25 FLOPs.", "flop", {"flop": 3.8e25}),
        ("Training emitted 65.3 tCO2eq.", "co2", {"amount": 65.3}),
        ("Training used 135 MWh.", "energy", {"amount": 135.0, "unit": "MWh"}),
        ("Trained with ZeRO-3.", "parallelism", {"name": "sharded"}),
        ("The training cluster uses InfiniBand.", "interconnect", {"name": "InfiniBand"}),
    ],
)
def test_facts(text: str, kind: str, expected: dict[str, Any]) -> None:
    fact = next(f for f in read_hardware(text) if f.kind == kind)
    assert fact.use == "training"
    assert expected.items() <= fact.value.items()
    assert text[fact.start : fact.end]


@pytest.mark.parametrize(
    "text",
    ["The output is good.", "Meta keeps net zero emissions.", "A risk of 100 kinds.", "It needs 144GB GPU memory."],
)
def test_words_that_only_look_like_hardware(text: str) -> None:
    assert read_hardware(text) == []


def test_training_is_told_from_inference() -> None:
    found = records("# M\n\nFor inference you need one A100 with 80GB.\n")["hardware.training"]
    assert found.outcome == "absent"
    assert "only inference hardware" in found.statement
    quick = "# M\n\nWe added kv-caching and tuned some layers: it runs 12x faster than real-time on a consumer 4090.\n"
    assert records(quick)["hardware.training"].outcome == "absent"
    told = "# M\n\n## Training\n\nYou should set the data type by your device (bfloat16 on A100 GPUs) to train it.\n"
    assert records(told)["hardware.training"].outcome == "absent"
    assert records("# M\n\nWe trained on 8 H100 GPUs for 3 days.\n")["hardware.training"].points == "open"


def test_an_implementation_in_a_framework_is_no_training_set_up() -> None:
    assert read_hardware("A PyTorch implementation of Heron, trained on letters.") == []
    assert [f.kind for f in read_hardware("Heron was trained with PyTorch.")] == ["framework"]


def test_layers_are_not_hardware() -> None:
    found = records("## Architecture\n\n| layers | heads |\n|-|-|\n| 32 | 16 |\n")
    assert {r.outcome for r in found.values()} == {"absent"}


def test_emissions_in_the_front_matter() -> None:
    body = "---\nco2_eq_emissions:\n  emissions: 120\n  hardware_used: 1 x V100\n---\n\n# M\n"
    found = records(body)["hardware.energy"]
    assert found.outcome == "present"
    assert "120" in found.statement


WORDS = ["A100", "8x", "64", "GPU", "hours", "train", "kWh", "CO2", "\n", ".", "TP=8", "GB", "张"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_any_words_give_facts_that_stand_where_they_say(words: list[str]) -> None:
    text = " ".join(words)
    for fact in read_hardware(text):
        assert 0 <= fact.sentence[0] <= fact.start < fact.end <= len(text)
