"""Family names of a model, as its files would carry them."""

from __future__ import annotations

import re

import pytest

from pipelines.dossier import Dossier
from pipelines.training_code.names import family, model_names, name_patterns, other_version


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Llama-Poro-2-70B-Instruct", "poro"),
        ("t5-11b", "t5"),
        ("phi-2", "phi"),
        ("OLMo-7B", "olmo"),
        ("7B-Instruct", ""),
        ("gpt-j-6b", "gpt-j"),
        ("stable-heron-13b-delta", "stable-heron"),
    ],
)
def test_family(name: str, expected: str) -> None:
    assert family(name) == expected


@pytest.mark.parametrize(
    ("path", "found"), [("configs/sd_xl_base.yaml", True), ("train/sdxl.py", True), ("data/sdxls.py", False)]
)
def test_initials_of_a_long_name(path: str, found: bool) -> None:
    names = model_names(Dossier("hf:model:rain/stable-drizzle-xl-base-1.0", ()), "github:rain/tools")
    assert names == ("stable-drizzle", "SDXL")
    assert any(re.search(pattern, path, re.I) for pattern in name_patterns(names)) is found


@pytest.mark.parametrize(
    ("model", "path", "rank"),
    [
        ("heron2-opt-2.7b", "train.py", 0),
        ("heron2-opt-2.7b", "scripts/heron2/train.sh", 0),
        ("heron2-opt-2.7b", "scripts/heron/train.sh", 1),
        ("heron2-opt-2.7b", "scripts/heron2.5/train.sh", 2),
        ("Heron-135M", "recipes/heron3/sft.yaml", 2),
        ("Heron-7B", "configs/heron-1b.yaml", 0),
        ("Heron-7B", "configs/heron_1.3b.yaml", 0),
        ("Heron-1.5-34B", "heron/train.py", 0),
        ("heron2.1-large", "heron2/train.py", 0),
        ("7B-Instruct", "train2.py", 0),
    ],
)
def test_another_version_in_a_path(model: str, path: str, rank: int) -> None:
    assert other_version(model, path) == rank
