"""Changing one value of an index entry and leaving every other byte alone.

A load-and-dump of YAML loses comments, CRLF and trailing blanks that the entries keep facts in. A patch therefore finds
the line of `block: key:` and replaces what stands after the colon.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import yaml

from output.data_files import LOADER

Value = str | list[str] | None

KEYS = ("class", "link", "notes")
SYSTEM_KEYS = (
    "name", "link", "type", "performanceclass", "basemodelname", "endmodelname", "endmodellicense", "releasedate",
    "notes",
)  # fmt: skip

COMMENT = re.compile(r"""\s#[^\r\n]*$""")
BARE_UNSAFE = re.compile(r"""^[\[\]{}&*!|>'"%@`#,?:-]|: | #|:$|^[-+]?0[ox]|^\s|\s$|^~$|^$""")
LINE_BREAKS = re.compile("[\r\n\x85\u2028\u2029]")


class PatchError(ValueError):
    """The text has no such place, or the value cannot stand on one line."""


@dataclass(frozen=True)
class Change:
    """One value to be set: `licenses.notes`, `system.releasedate`."""

    block: str
    key: str
    value: Value


def scalar(value: str) -> str:
    """Write a string as the entries do: plain, in double quotes where plain would mean something else."""
    if LINE_BREAKS.search(value):
        raise PatchError(f"a value must stand on one line: {value[:60]!r}")
    if not BARE_UNSAFE.search(value) and not numeric(value):
        try:
            if yaml.safe_load(f"k: {value}") == {"k": value}:
                return value
        except yaml.YAMLError:
            pass
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def numeric(value: str) -> bool:
    """Whether YAML 1.2 or 1.1 could read a number, as the website's reader and this one differ there."""
    try:
        float(value)
    except ValueError:
        return False
    return True


def written(value: Value) -> str:
    """Write a value: nothing for none, one URL plain, several in flow style and double quotes."""
    if value is None:
        return ""
    if isinstance(value, str):
        return scalar(value)
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
    return f"[{', '.join(quoted)}]"


def patch(text: str, change: Change) -> str:
    """Return the text with one line changed, or inserted where the key is missing.

    Line ends, comments and trailing blanks of all other lines stay; the changed line keeps its indent, line end and
    trailing comment. Raises PatchError where the result would not parse to exactly the intended change.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    place = find(lines, change.block, change.key)
    if place is None:
        lines = inserted(lines, change)
    else:
        lines[place] = replaced(lines[place], change)
    result = "".join(lines)
    expect(text, result, change)
    return result


def patch_all(text: str, changes: list[Change]) -> str:
    for change in changes:
        text = patch(text, change)
    return text


def find(lines: list[str], block: str, key: str) -> int | None:
    """Index of the line `key:` inside `block:`, None without such a key. Raises PatchError without the block."""
    first, last = block_lines(lines, block)
    pattern = re.compile(rf"^[ \t]+{re.escape(key)}[ \t]*:(?=\s|$)")
    return next((n for n in range(first, last) if pattern.match(lines[n])), None)


def block_lines(lines: list[str], block: str) -> tuple[int, int]:
    """First line of the block's body and the line after its last."""
    pattern = re.compile(rf"^{re.escape(block)}[ \t]*:[ \t]*(#.*)?\r?\n?$")
    start = next((n + 1 for n, line in enumerate(lines) if pattern.match(line)), None)
    if start is None:
        raise PatchError(f"no block {block!r}")
    end = next((n for n in range(start, len(lines)) if re.match(r"[^\s#]", lines[n])), len(lines))
    return start, end


def replaced(line: str, change: Change) -> str:
    body = line.rstrip("\r\n")
    ending = line[len(body) :]
    head, colon, old = body.partition(":")
    comment = trailing_comment(old)
    new = written(change.value)
    return head + colon + (f" {new}" if new else "") + comment + ending


def trailing_comment(value: str) -> str:
    """The comment after a value, with the blanks before it, or nothing."""
    token = value.strip()
    quoted = re.match(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\[[^\]]*\])""", value)
    rest = value[quoted.end() :] if quoted and token[:1] in "\"'[" else value
    found = re.search(r"(?:^|\s)\s*#.*$", rest)
    return rest[found.start() :] if found else ""


def inserted(lines: list[str], change: Change) -> list[str]:
    """Put a missing key in its place: after the last of its predecessors that is there."""
    order = SYSTEM_KEYS if change.block in ("system", "org") else KEYS
    if change.key not in order:
        raise PatchError(f"no key {change.block}.{change.key}")
    for before in reversed(order[: order.index(change.key)]):
        place = find(lines, change.block, before)
        if place is not None:
            line = lines[place]
            body = line.rstrip("\r\n")
            indent = body[: len(body) - len(body.lstrip())]
            new = written(change.value)
            ending = line[len(body) :] or "\n"
            head = [] if line.endswith(("\r", "\n")) else [ending]
            made = f"{indent}{change.key}:{f' {new}' if new else ''}{ending}"
            return [*lines[: place + 1], *head, made, *lines[place + 1 :]]
    raise PatchError(f"no place for {change.block}.{change.key}")


def expect(before: str, after: str, change: Change) -> None:
    """Check that the text parses to the old data with this one value changed."""
    try:
        wanted, got = parsed(before), parsed(after)
    except yaml.YAMLError as error:
        raise PatchError(f"{change.block}.{change.key}: {error}") from error
    if not isinstance(wanted, dict) or not isinstance(wanted.get(change.block), dict):
        raise PatchError(f"no block {change.block!r}")
    wanted[change.block][change.key] = change.value
    if got != wanted:
        raise PatchError(f"{change.block}.{change.key}: the line cannot be changed alone")


def diff(name: str, before: str, after: str) -> str:
    """A unified diff with one line of context, carriage returns left out of the display."""
    old, new = ([line.rstrip("\r\n") for line in text.splitlines()] for text in (before, after))
    return "\n".join(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="", n=1))


def parsed(text: str) -> Any:
    return yaml.load(text, Loader=LOADER)  # noqa: S506


def data(text: str) -> dict[str, Any]:
    """The entry as the website reads it. Raises PatchError where it is no mapping."""
    try:
        loaded = parsed(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PatchError(f"not YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise PatchError("not a mapping")
    return loaded
