"""Weights: sizes decide, not names; a gate is told from its absence, and both from not knowing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.weights import detector, size_text
from spiders.document import Document, Miss

TARGET = "hf:model:a/b"
SOURCE = Source("https://huggingface.co/api/models/a/b", "https://huggingface.co/a/b", sha256="0" * 64)


def records(info: dict[str, Any] | bytes, misses: tuple[Miss, ...] = ()) -> dict[str, EvidenceRecord]:
    body = info if isinstance(info, bytes) else json.dumps(info).encode()
    documents = (Document("hub_model", TARGET, SOURCE, body),) if body else ()
    return {r.indicator: r for r in detector.detect(Dossier(TARGET, documents, misses), ())}


def file(path: str, size: int | None, sha256: str | None = None) -> dict[str, Any]:
    return {"rfilename": path, "size": size} | ({"lfs": {"sha256": sha256, "size": size}} if sha256 else {})


def test_weights_are_counted_with_sizes_and_hashes() -> None:
    found = records({"gated": False, "siblings": [file("model.safetensors", 5_000_000_000, "f" * 64)]})
    assert found["weights.files"].outcome == "present"
    assert found["weights.files"].points == "open"
    assert found["weights.files"].value["files"] == [
        {"path": "model.safetensors", "size": 5_000_000_000, "sha256": "f" * 64}
    ]
    assert found["weights.gated"].outcome == "absent"


@pytest.mark.parametrize(
    "name",
    ["training_args.bin", "optimizer.pt", "tokenizer.bin", "config.json", "README.md", "model.safetensors.index.json"],
)
def test_what_is_named_like_weights_is_not_taken_for_them(name: str) -> None:
    found = records({"gated": False, "siblings": [file(name, 9_000_000)]})["weights.files"]
    assert found.outcome == "absent"
    assert found.searched


def test_a_stub_is_no_weights() -> None:
    assert records({"gated": False, "siblings": [file("model.bin", 134)]})["weights.files"].outcome == "absent"


@pytest.mark.parametrize(("gate", "word"), [("auto", "automatic"), ("manual", "approval by the maker")])
def test_a_gate_points_to_partial(gate: str, word: str) -> None:
    found = records({"gated": gate, "siblings": [file("model.safetensors", 5_000_000)]})
    assert found["weights.gated"].outcome == "present"
    assert word in found["weights.gated"].statement
    assert {r.points for r in found.values()} == {"partial"}


def test_an_answer_that_says_nothing_of_a_gate_is_no_open_door() -> None:
    assert records({"siblings": []})["weights.gated"].outcome == "unavailable"


def test_an_adapter_and_a_disabled_repository_are_told() -> None:
    found = records({"gated": False, "disabled": True, "siblings": [file("adapter_model.safetensors", 50_000_000)]})
    assert found["weights.delta"].points == "partial"
    assert found["weights.taken_down"].points == "closed"


def test_a_broken_answer_is_an_error_and_a_miss_keeps_its_reason() -> None:
    assert records(b"<html>")["weights.files"].outcome == "error"
    miss = Miss(TARGET, "hub_model", SOURCE, "unavailable", "not there: no such repository, or it is private")
    found = records(b"", (miss,))["weights.files"]
    assert found.outcome == "unavailable"
    assert "no such repository" in found.statement


@pytest.mark.parametrize(
    ("size", "text"), [(12, "12 bytes"), (1_500, "1.5 kB"), (2_000_000, "2.0 MB"), (701_300_000_000, "701.3 GB")]
)
def test_sizes_read_as_the_hub_shows_them(size: int, text: str) -> None:
    assert size_text(size) == text
