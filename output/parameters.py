"""The parameters of the index: their order, names, questions and criteria."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from output.data_files import load
from output.record import Parameter


class ParameterInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One parameter; `open`, `partial` and `closed` are the index's criteria, abridged, empty for those of our own."""

    id: Parameter
    name: str
    asks: str
    open: str = ""
    partial: str = ""
    closed: str = ""


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    parameters: tuple[ParameterInfo, ...]


@cache
def categories() -> tuple[Category, ...]:
    return load(Path(__file__).with_suffix(".yaml"), tuple[Category, ...])


@cache
def parameters() -> dict[Parameter, ParameterInfo]:
    """All parameters by id, in the index's order."""
    return {p.id: p for category in categories() for p in category.parameters}
