"""Repositories that a repository holds pointers to: its `.gitmodules` (https://git-scm.com/docs/gitmodules)."""

from __future__ import annotations

import configparser
from dataclasses import dataclass


@dataclass(frozen=True)
class Submodule:
    """A pointer to another repository: `url` as written in `.gitmodules`, empty where only the tree names it."""

    path: str
    url: str
    revision: str | None = None


def submodules(text: str) -> list[Submodule]:
    """Read a `.gitmodules` file; a broken one gives what could be read."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, interpolation=None)
    try:
        parser.read_string("\n".join(line.strip() for line in text[:65536].splitlines()))
    except configparser.Error:
        return []
    sections = [parser[name] for name in parser.sections() if name.startswith("submodule")]
    return [Submodule(section["path"], section.get("url") or "") for section in sections if section.get("path")]
