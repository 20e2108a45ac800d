"""Family names of a model, as its files would carry them."""

from __future__ import annotations

import pytest

from pipelines.training_code.names import family


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
