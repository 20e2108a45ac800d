"""HTML islands of a Markdown text: which of their tags say something, where each begins, and the words inside.

As BeautifulSoup's `html.parser` sees them, without a tree: plain markup, which is nearly all of it, is read by one
pattern; whatever is odd (scripts, rare entities, a stray `<`) is left to BeautifulSoup.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup
from bs4.filter import SoupStrainer

NAMES = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "tr", "summary", "b", "strong", "li"])
TOKEN = re.compile(
    r"<(?:!--(?!-?>)(?:(?!--).)*-->|/(?P<end>[a-zA-Z][a-zA-Z0-9]*)\s*>"
    r"|(?P<start>[a-zA-Z][a-zA-Z0-9]*)"
    r"(?:\s+[a-zA-Z_:@][\w:.-]*(?:=(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=`/]+))?)*\s*(?P<closed>/?)>)",
    re.S,
)
ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot);")
VOID = frozenset(
    ["area", "base", "basefont", "bgsound", "br", "col", "command", "embed", "frame", "hr", "image", "img", "input",
     "isindex", "keygen", "link", "menuitem", "meta", "nextid", "param", "source", "spacer", "track", "wbr"]
)  # fmt: skip
ODD = frozenset(
    ["iframe", "math", "noembed", "noframes", "noscript", "plaintext", "rp", "rt", "script", "style", "svg",
     "template", "textarea", "title", "xmp"]
)  # fmt: skip


@dataclass
class Island:
    """A tag that says something: its name, where it begins, its words with a space between its pieces, its cells."""

    name: str
    start: int
    words: str
    cells: list[str] = field(default_factory=list)


def read_islands(raw: str) -> Iterator[Island]:
    """The tags of NAMES in an HTML text, in their order."""
    plain = read_plain(raw)
    yield from read_soup(raw) if plain is None else plain


def read_soup(raw: str) -> Iterator[Island]:
    lines = [0] + [m.end() for m in re.finditer("\n", raw)]
    soup = BeautifulSoup(raw, "html.parser", parse_only=SoupStrainer(sorted(NAMES)))
    for tag in soup.find_all(True):
        if tag.name in NAMES and tag.sourceline is not None and tag.sourcepos is not None:
            start = lines[tag.sourceline - 1] + tag.sourcepos
            cells = [cell.get_text(" ") for cell in tag.find_all(["td", "th"])] if tag.name == "tr" else []
            yield Island(tag.name, start, tag.get_text(" "), cells)


@dataclass
class Open:
    """A tag while it is read; positions count the pieces of text and the tags seen so far."""

    name: str
    start: int
    first: int
    last: int = 0
    below: int = 0


def read_plain(raw: str) -> list[Island] | None:
    """The same of plain markup; None for anything else."""
    pieces: list[str] = []
    tags: list[Open] = []
    stack: list[Open] = []
    names: Counter[str] = Counter()
    position = 0

    def close(tag: Open) -> None:
        tag.last, tag.below = len(pieces), len(tags)
        names[tag.name] -= 1

    for match in TOKEN.finditer(raw):
        text = text_of(raw[position : match.start()])
        if text is None:
            return None
        position = match.end()
        if stack and text:
            pieces.append(text)
        name = (match["start"] or match["end"] or "").lower()
        if not name:
            continue
        if name in ODD or (match["end"] and name in VOID):
            return None
        if match["end"]:
            while names[name] > 0:
                tag = stack.pop()
                close(tag)
                if tag.name == name:
                    break
        elif stack or name in NAMES:
            tag = Open(name, match.start(), len(pieces))
            tags.append(tag)
            names[name] += 1
            if name in VOID or match["closed"]:
                close(tag)
            else:
                stack.append(tag)
    text = text_of(raw[position:])
    if text is None:
        return None
    if stack and text:
        pieces.append(text)
    while stack:
        close(stack.pop())
    return [island(tag, number, tags, pieces) for number, tag in enumerate(tags) if tag.name in NAMES]


def text_of(raw: str) -> str | None:
    """Text between two tags; None where markup or entities in it are odd."""
    if "<" in raw or ("&" in raw and "&" in ENTITY.sub("", raw)):
        return None
    return html.unescape(raw) if "&" in raw else raw


def island(tag: Open, number: int, tags: list[Open], pieces: list[str]) -> Island:
    below = tags[number + 1 : tag.below] if tag.name == "tr" else []
    cells = [words(cell, pieces) for cell in below if cell.name in ("td", "th")]
    return Island(tag.name, tag.start, words(tag, pieces), cells)


def words(tag: Open, pieces: list[str]) -> str:
    return " ".join(pieces[tag.first : tag.last])
