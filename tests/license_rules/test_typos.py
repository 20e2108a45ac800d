"""Slips of the pen in a licence are put right; other words are left as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from license_rules import identify

LICENSE = " ".join((Path(__file__).parents[2] / "LICENSE").read_text("utf-8").split())


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("reproduce, prepare", "reproduct, prepare"),
        ("perpetual, worldwide", "perpetaul, worldwide"),
        ("sublicense, and distribute", "sublicense, and distri bute"),
        ("Subject to the terms", "Subject tothe terms"),
        ("irrevocable copyright", "irrevocabl copyright"),
        ("any medium, with or without", "the medium, with or without"),
    ],
)
def test_a_slip_makes_no_variant(words: str, others: str) -> None:
    assert words in LICENSE
    found = identify(LICENSE.replace(words, others, 1))
    assert (found.verdict, found.expression) == ("exact", "Apache-2.0")


@pytest.mark.parametrize(
    ("words", "others"),
    [("irrevocable copyright", "revocable copyright"), ("may reproduce", "may not reproduce"), ("sublicense, ", "")],
)
def test_another_word_is_no_slip(words: str, others: str) -> None:
    assert words in LICENSE
    assert identify(LICENSE.replace(words, others, 1)).verdict == "variant"
