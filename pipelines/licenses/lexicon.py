"""The words by which documents speak of licences, of several languages."""

from __future__ import annotations

import re
from functools import cache, cached_property
from pathlib import Path

import msgspec

from output.data_files import load

LEXICON = Path(__file__).parent / "statements.yaml"


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Words of `statements.yaml`; white space in a pattern that spans lines does not count."""

    heading: str
    states: str
    parts: dict[str, str]
    place: str
    placed: str
    both: str
    first: str
    theirs: str
    mine: str
    upstream: str
    hypothetical: str
    back: str
    relative: str
    elsewhere: str
    by_part: str
    generic: str

    def pattern(self, name: str) -> re.Pattern[str]:
        return self._patterns[name]

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        listed = {name: words for name, words in msgspec.structs.asdict(self).items() if isinstance(words, str)}
        return {name: re.compile(words.replace(" |", "|"), re.I) for name, words in listed.items()}

    @cached_property
    def part(self) -> re.Pattern[str]:
        """Any word for a part, in a group of the part's name."""
        groups = (f"(?P<{name}>{words.replace(' |', '|')})" for name, words in self.parts.items())
        return re.compile("|".join(groups), re.I)


@cache
def lexicon() -> Lexicon:
    return load(LEXICON, Lexicon)
