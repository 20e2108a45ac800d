"""Family names of a model, as its files would carry them."""

from __future__ import annotations

import re

import pytest

from pipelines.dossier import Dossier
from pipelines.training_code.names import family, model_names, name_patterns


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Llama-Poro-2-70B-Instruct", "poro"),
        ("t5-11b", "t5"),
        ("phi-2", "phi"),
        ("OLMo-7B", "olmo"),
        ("7B-Instruct", ""),
    ],
)
def test_family(name: str, expected: str) -> None:
    assert family(name) == expected


@pytest.mark.parametrize(
    ("path", "found"), [("configs/sd_xl_base.yaml", True), ("train/sdxl.py", True), ("data/sdxls.py", False)]
)
def test_initials_of_a_long_name(path: str, found: bool) -> None:
    names = model_names(Dossier("hf:model:rain/stable-drizzle-xl-base-1.0", ()), "github:rain/tools")
    assert names == ("stable", "SDXL")
    assert any(re.search(pattern, path, re.I) for pattern in name_patterns(names)) is found
