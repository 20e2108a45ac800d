"""Strict reading of answers: what a service says that this program does not know is an issue, not silence."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from github.Repository import Repository

from output.data_files import load
from spiders.document import Kind


class KnownAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keys: frozenset[str]
    values: dict[str, list[Any]]


@cache
def known_answers() -> dict[str, KnownAnswer]:
    return load(Path(__file__).parent / "known_answers.yaml", dict[str, KnownAnswer])


def issues(kind: Kind, target: str, facts: dict[str, Any]) -> list[str]:
    """One line for each key and value of an answer that is not known."""
    if kind == "github_repository":
        unknown = [key for key in facts if not hasattr(Repository, key)]
        return [f"{target}: GitHub's answer has an unknown key `{key}`" for key in sorted(unknown)]
    known = known_answers().get(kind)
    if known is None:
        return []
    lines = [f"{target}: the Hub's answer has an unknown key `{key}`" for key in sorted(set(facts) - known.keys)]
    for key, allowed in known.values.items():
        value = facts.get(key, allowed[0])
        if not any(value is one or value == one for one in allowed) and value is not None:
            lines.append(f"{target}: the Hub's answer has an unknown value of `{key}`: {str(value)[:60]}")
    return lines
