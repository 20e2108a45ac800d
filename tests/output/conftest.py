"""A run that all exports are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from output.run import Run, load_run
from tests.output.builder import COMMIT, RunBuilder, full_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A full run with a recognised licence text and a described dataset."""
    folder = full_run(tmp_path / "run")
    builder = RunBuilder(tmp_path / "more")
    hub = "https://huggingface.co"
    licence = builder.document(f"{hub}/maker/small-1/resolve/{COMMIT}/LICENSE", b"Made-up terms.", "LICENSE")
    card = builder.document(f"{hub}/datasets/maker/corpus/resolve/{COMMIT}/README.md", b"Text from books.", "README.md")
    paper = builder.document("https://arxiv.org/pdf/2501.00001v2", b"%PDF-1.4", "2501.00001v2")
    tree = builder.document("https://codeload.github.com/maker/train/tar.gz/x", b"\x1f\x8b not a tree")
    member = builder.tree("https://codeload.github.com/maker/other/tar.gz/x", {"LICENSE": b"Other terms."})["LICENSE"]
    builder.keep("license", member, "github:maker/other")
    for kind, source, target in (
        ("license", licence, None),
        ("dataset_card", card, "hf:dataset:maker/corpus"),
        ("paper", paper, "arxiv:2501.00001"),
        ("source_archive", tree, "github:maker/train"),
    ):
        builder.keep(kind, source, target)
    builder.add(
        "licenses",
        "license.text",
        "present",
        "Licence text is MIT.",
        source=licence,
        exact="Made-up terms.",
        value={"verdict": "exact", "expression": "MIT"},
        points="open",
    )
    builder.add(
        "licenses",
        "license.declared",
        "present",
        "Metadata says a licence that is no SPDX expression.",
        source=licence,
        exact="Made-up",
        value={"expression": "no such licence"},
    )
    builder.add(
        "datasources_endmodel",
        "data.published",
        "present",
        "Dataset maker/corpus is on the Hub.",
        source=card,
        exact="Text from books.",
        target="hf:dataset:maker/corpus",
    )
    builder.add(
        "modelcard",
        "model_card.limitations",
        "present",
        "Card names limitations.",
        source=licence,
        exact="Made-up terms.",
    )
    assert folder.is_dir()
    return load_run(builder.finish(finished_at="2026-11-20T11:00:00Z"))  # fmt: skip
