"""The registry of AI and data licences that the SPDX list does not hold: one YAML file per family of makers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from license_rules.data_files import load

FOLDER = Path(__file__).parent

Family = Literal["open", "use-restricted", "source-available", "non-commercial", "research", "proprietary", "unknown"]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One licence, or the use policy that belongs to one.

    `anchors` are phrases that a text must hold, all of them, to bear this name; `texts` are the files whose fingerprint
    the index holds, by their name in the folder given to `build_index`. Without any the licence is known by name only.
    `family` is `unknown` where nothing public could be found that says what a name stands for.
    A licence that is another one with changes (`variant_of`) is told by its anchors; what it changes is residual.
    """

    id: str
    name: str
    family: Family
    tags: list[str] = []
    aliases: list[str] = []
    urls: list[str] = []
    anchors: list[str] = []
    texts: list[str] = []
    scancode: str = ""
    kind: Literal["license", "policy", "terms"] = "license"
    variant_of: str = ""
    osi: bool = False
    note: str = ""

    @property
    def by_name_only(self) -> bool:
        return not self.texts and not self.variant_of


@cache
def registry() -> tuple[Entry, ...]:
    """All entries, in the order of the files. Raises msgspec.ValidationError for a broken one."""
    entries: list[Entry] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        entries += load(path, list[Entry])
    return tuple(entries)


@cache
def by_id() -> dict[str, Entry]:
    return {entry.id: entry for entry in registry()}
