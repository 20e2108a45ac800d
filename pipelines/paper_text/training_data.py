"""How likely a sentence says what a report's own model was trained on: signs with weights, added up.

A sentence is judged by what it speaks of (amounts, names, kinds of data), what it does with it (gathers, consists of,
is trained on), where it stands, and by what speaks against it (findings, evaluation, other people's models). No sign
decides alone. The signs and their weights are data: `training_data.yaml`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from output.data_files import load
from pipelines.paper_text.sentences import Sentence

BEFORE_SHOWN = 200


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    where: Literal["text", "section", "before"]
    weight: float
    said: str


class Signs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: float
    bias: float
    signs: list[Sign]
    measured: dict[str, float]


@cache
def rules() -> Signs:
    return load(Path(__file__).parent / "training_data.yaml", Signs)


@cache
def expressions() -> list[tuple[Sign, re.Pattern[str]]]:
    return [(sign, re.compile(sign.said, 0 if sign.where == "text" else re.IGNORECASE)) for sign in rules().signs]


def signs_of(sentence: Sentence) -> dict[str, bool]:
    """Which signs of the file a sentence shows."""
    places = {"text": sentence.text, "section": sentence.section, "before": sentence.before[-BEFORE_SHOWN:]}
    return {sign.name: expression.search(places[sign.where]) is not None for sign, expression in expressions()}


def probability(seen: Mapping[str, bool]) -> float:
    """By all signs that are seen, those of the file and those that were measured."""
    weights = {sign.name: sign.weight for sign in rules().signs} | rules().measured
    return 1 / (1 + math.exp(-rules().bias - sum(weights[name] for name, here in seen.items() if here)))
