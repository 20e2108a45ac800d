"""What must hold before a night is published: bounds in YAML, checked against the nights before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from output.data_files import load

DEFAULT = Path(__file__).with_name("assertions.yaml")


class Records(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    of_last: int
    at_least: float
    at_most: float
    ignore_below: int


class Failures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at_most: float
    ignore_below: int


class SilentDetectors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    from_entries: int


class Assertions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    records: Records
    failures: Failures
    silent_detectors: SilentDetectors


class AssertionsError(ValueError):
    """The file of assertions cannot be used."""


def read_assertions(path: Path | None = None) -> Assertions:
    try:
        return load(path or DEFAULT, Assertions)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise AssertionsError(f"{path}: {error}") from error


def problems(
    bounds: Assertions, night: Mapping[str, Any], before: Sequence[Mapping[str, Any]], detectors: Sequence[str]
) -> list[str]:
    """What does not hold, in sentences. Nights as in `history.json`."""
    return [
        *record_problems(bounds.records, night, before[-bounds.records.of_last :]),
        *failure_problems(bounds.failures, night),
        *silent_problems(bounds.silent_detectors, night, before, detectors),
    ]


def record_problems(bounds: Records, night: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> list[str]:
    found = []
    usual = [b for b in before if b["entries"]]
    names = {name for b in usual for name in b["indicators"]} | set(night["indicators"])
    for name in sorted(names) if usual and night["entries"] else ():
        rate = sum(b["indicators"].get(name, 0) / b["entries"] for b in usual) / len(usual)
        expected = rate * night["entries"]
        count = night["indicators"].get(name, 0)
        if max(expected, count) < bounds.ignore_below:
            continue
        if not bounds.at_least * expected <= count <= bounds.at_most * expected:
            found.append(f"{name}: {count} records, {expected:.0f} would be usual")
    return found


def failure_problems(bounds: Failures, night: Mapping[str, Any]) -> list[str]:
    return [
        f"{host}: {faults} of {night['requests'].get(host, 0)} requests got no answer"
        for host, faults in sorted(night["faults"].items())
        if faults >= bounds.ignore_below and faults > bounds.at_most * night["requests"].get(host, 0)
    ]


def silent_problems(
    bounds: SilentDetectors, night: Mapping[str, Any], before: Sequence[Mapping[str, Any]], detectors: Sequence[str]
) -> list[str]:
    return [
        f"the detector {name} wrote no record"
        for name in detectors
        if not night["detectors"].get(name)
        and (night["entries"] >= bounds.from_entries or any(b["detectors"].get(name) for b in before))
    ]
