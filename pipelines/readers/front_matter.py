"""The YAML block at the top of a card, one key at a time, bounded in size and depth."""

from __future__ import annotations

import re
from typing import Any

import yaml

FRONT_LIMIT = 400_000  # characters of front matter
VALUE_LIMIT = 20_000  # characters of one key's YAML that are parsed
DEPTH_LIMIT = 40  # nesting of one key's YAML


class FrontMatter:
    """The YAML block at the top, one key at a time: a broken or oversized value costs only itself.

    No value is built from an alias or deeper than DEPTH_LIMIT, so a few hundred bytes cannot grow into gigabytes.
    """

    KEY = re.compile(r"^([A-Za-z_][\w.\- ]{0,60}?)[ \t]*:(?=\s|$)", re.M)

    def __init__(self, text: str, start: int, stop: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        matches = list(self.KEY.finditer(text, start, stop))
        stops = [m.start() for m in matches[1:]] + [stop]
        self.spans: dict[str, tuple[int, int]] = {}
        for match, stop in zip(matches, stops, strict=True):
            self.spans.setdefault(match[1], (match.start(), stop))
        self._values: dict[str, Any] = {}

    def __contains__(self, key: str) -> bool:
        return key in self.spans

    def get(self, key: str) -> Any:
        """The value of a key; None where it is missing, empty or cannot be read."""
        if key not in self._values:
            self._values[key] = self._load(key)
        return self._values[key]

    def strings(self, key: str) -> list[str]:
        """The value as a list of strings, whether one or many were given."""
        value = self.get(key)
        many = value if isinstance(value, list) else [value]
        return [str(v).strip() for v in many if isinstance(v, str | int | float) and str(v).strip()]

    def span(self, key: str) -> tuple[int, int]:
        """Characters from the key to the end of its value, without the line end."""
        start, end = self.spans[key]
        return start, start + len(self.text[start:end].rstrip())

    def _load(self, key: str) -> Any:
        if key not in self.spans:
            return None
        start, end = self.spans[key]
        raw = self.text[start:end]
        if len(raw) > VALUE_LIMIT or not shallow(raw):
            return None
        try:
            data = yaml.load(raw, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
        return next(iter(data.values()), None) if isinstance(data, dict) else None


def shallow(raw: str) -> bool:
    """Whether YAML has no aliases and no deep nesting, told from its events before anything is built."""
    if not re.search(r"[&*\[{]|- +-|\n {8}", raw):
        return True
    depth = 0
    try:
        for event in yaml.parse(raw, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                return False
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                return False
    except (yaml.YAMLError, ValueError):
        return False
    return True


FRONT = re.compile(r"\ufeff?\s{0,20}---[ \t]*\r?\n")
FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.M)
FRONT_FIRST = re.compile(r"(?:[ \t]*(?:#.*)?\r?\n)*[A-Za-z_\"'][\w.\-\"' ]*[ \t]*:(?:\s|$)")


def find_front(text: str) -> FrontMatter | None:
    """Front matter only where the first line is `---`, a `key:` follows and it is closed; a stray rule is not one."""
    opening = FRONT.match(text)
    if not opening or not FRONT_FIRST.match(text, opening.end()):
        return None
    closing = FRONT_END.search(text, opening.end(), FRONT_LIMIT)
    if not closing or re.search(r"^#{1,6} \S.*\n\s*\n(?![ \t#])", text[opening.end() : closing.start()], re.M):
        return None
    return FrontMatter(text, opening.end(), closing.start(), closing.end())
