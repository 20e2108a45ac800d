"""Entries of the index as they lie in a folder: the text, its data, and the line of each value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from output.line_patch import PatchError, data

TEMPLATE = "a_submission_template.yaml"
ENTRY_CAP = 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """One `<id>.yaml`. `text` keeps the line ends of the file."""

    path: Path
    text: str

    @property
    def id(self) -> str:
        return self.path.stem

    @cached_property
    def data(self) -> dict[str, Any]:
        """The values. Raises PatchError where the file is no YAML mapping."""
        return data(self.text)

    def block(self, name: str) -> dict[str, Any]:
        value = self.data.get(name)
        return value if isinstance(value, dict) else {}

    def links(self, name: str) -> list[str]:
        """The links of a block, however many there are."""
        link = self.block(name).get("link")
        found = link if isinstance(link, list) else [link]
        return [item for item in found if isinstance(item, str) and item]

    @cached_property
    def lines(self) -> dict[tuple[str, ...], int]:
        """Line of each key, from 1, by path; keys that stand twice are under `duplicate_keys`."""
        return dict(self._keys)

    @cached_property
    def duplicate_keys(self) -> list[tuple[tuple[str, ...], int]]:
        return [(path, line) for n, (path, line) in enumerate(self._keys) if path in [p for p, _ in self._keys[:n]]]

    @cached_property
    def _keys(self) -> list[tuple[tuple[str, ...], int]]:
        root = yaml.compose(self.text, Loader=yaml.CSafeLoader)
        found: list[tuple[tuple[str, ...], int]] = []
        stack: list[tuple[yaml.Node | None, tuple[str, ...]]] = [(root, ())]
        while stack:
            node, path = stack.pop()
            if isinstance(node, yaml.MappingNode) and len(path) < 2:
                for key, value in node.value:
                    here = (*path, str(key.value))
                    found.append((here, key.start_mark.line + 1))
                    stack.append((value, here))
        return sorted(found, key=lambda item: item[1])


def read_entry(path: Path) -> Entry:
    """Raises PatchError where the file is no UTF-8 or too large."""
    body = path.read_bytes()
    if len(body) > ENTRY_CAP:
        raise PatchError(f"{path.name} is larger than {ENTRY_CAP} bytes")
    try:
        return Entry(path, body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise PatchError(f"{path.name} is not UTF-8: {error}") from error


def entry_paths(folder: Path) -> list[Path]:
    """What the website reads as entries: every `.yaml` in the folder but the template and what starts with `_`."""
    return [p for p in sorted(folder.glob("*.yaml")) if p.name != TEMPLATE and not p.name.startswith("_")]
