"""How the patterns of a lexicon are spelled: a space stands for any white space, ` ?` for white space or none."""

from __future__ import annotations

import re
from collections.abc import Iterable


def spelled(pattern: str) -> str:
    return pattern.replace(" ?", r"\s*").replace(" ", r"\s+")


def either(patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern for many, whatever the case of letters; one that never matches for none."""
    return re.compile("|".join(map(spelled, patterns)) or r"(?!)", re.I)
