"""Markdown as a person reads it: sections, bold labels, table rows, code, HTML islands, each with its position.

CommonMark by pyromark (pulldown-cmark), which gives byte ranges; all positions here are character offsets into the
text that was passed in. `Card.visible` is as long as the text and holds only what a reader sees: markup, addresses,
comments and code are blanked, so a match in it stands at the same place in the document.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import pyromark

from pipelines.readers.front_matter import FrontMatter, find_front
from pipelines.readers.islands import NAMES, Island, read_islands
from pipelines.readers.phrases import Findable, H, Scan, lowered
from pipelines.readers.printed import Printed
from pipelines.readers.words import WordCount
from spiders.document import Document, Readable

READ_LIMIT = 1_000_000  # characters of one document that are read; real cards stay below a third of it
ISLAND_LIMIT = 30_000  # characters of one HTML island that are parsed for structure
ISLANDS_LIMIT = 150_000  # the same over a whole document
HEADING_LIMIT = 160  # a longer "heading" is a paragraph over a stray `---`
LABEL_LIMIT = 80
QUESTION_LIMIT = 500  # datasheets have whole questions as headings and labels
LINKS_LIMIT = 5_000
RESTARTS = 8  # code fences that are closed for the author

NEAR = 60  # parts that are looked at around a position

BOLD_LINE = 7  # level of a line that is only bold: below all headings

PartKind = Literal["heading", "label", "text", "item", "head", "row", "code", "image"]


class Part(NamedTuple):
    """A stretch of a document that says one thing.

    `label` is what names it (heading, bold start, first table cell), "" where nothing does. What it says about its
    label stands between `body` and `extent`: for a heading that is the section with its subsections, for a row its
    other cells.
    """

    kind: PartKind
    start: int
    end: int
    label: str = ""
    body: int = 0
    extent: int = 0
    level: int = 0  # 1 to 6 for headings, 7 for a bold line, 0 otherwise
    columns: int = 0  # of the table of a row
    html: bool = False


class Link(NamedTuple):
    """An address in a document, and the text a reader clicks on."""

    start: int
    end: int
    href: str
    label: str


@dataclass(frozen=True)
class Card(Readable):
    """A document taken apart. Parts are in the order of their start."""

    text: str
    visible: str
    front: FrontMatter | None
    parts: tuple[Part, ...]
    links: tuple[Link, ...]
    truncated: bool

    @property
    def body_start(self) -> int:
        return self.front.end if self.front else 0

    @cached_property
    def starts(self) -> list[int]:
        return [part.start for part in self.parts]

    @cached_property
    def headings(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.level)

    def inside(self, start: int, end: int) -> tuple[Part, ...]:
        """Parts that begin between two positions."""
        return self.parts[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def links_inside(self, start: int, end: int) -> tuple[Link, ...]:
        first = bisect_left(self.links, start, key=lambda link: link.start)
        return self.links[first : bisect_left(self.links, end, key=lambda link: link.start)]

    @cached_property
    def lower(self) -> str:
        """The visible text in lower case, position by position."""
        return lowered(self.visible)

    @cached_property
    def word_count(self) -> WordCount:
        return WordCount(self.visible)

    def words(self, start: int, end: int) -> int:
        """Words that a reader sees between two positions."""
        return self.word_count.between(start, end)

    def where(self, words: Findable[H]) -> H:
        """Where words stand in the visible text; looked for once a card."""
        if words not in self._found:
            self._found[words] = words.within(self._scan)
        return self._found[words]  # type: ignore[no-any-return]

    @cached_property
    def _scan(self) -> Scan:
        return Scan(self.lower)

    @cached_property
    def _found(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def _above(self) -> list[tuple[str, ...]]:
        """Labels of the headings above each part, the part itself included where it is a heading."""
        paths: list[tuple[str, ...]] = []
        stack: list[tuple[int, tuple[str, ...]]] = []
        for part in self.parts:
            while stack and part.start >= stack[-1][0]:
                stack.pop()
            path = stack[-1][1] if stack else ()
            if part.level:
                path = (*path, part.label)
                stack.append((part.extent, path))
            paths.append(path)
        return paths

    def heading_path(self, position: int) -> tuple[str, ...]:
        """Headings above a position, outermost first."""
        index = bisect_right(self.starts, position) - 1
        return self._above[index] if index >= 0 else ()

    def part_at(self, position: int) -> Part | None:
        """The paragraph, item, row or code around a position, the innermost where they nest."""
        index = bisect_right(self.starts, position) - 1
        for part in self.parts[index : max(index - NEAR, -1) : -1] if index >= NEAR else self.parts[index::-1]:
            if part.kind not in ("heading", "image") and part.start <= position < part.end:
                return part
        return None

    def quote_range(self, start: int, end: int) -> tuple[int, int]:
        """The range without white space at its ends, with the marks of emphasis and links that belong to its words."""
        raw = self.text[start:end]
        start, end = start + len(raw) - len(raw.lstrip()), start + max(len(raw.rstrip()), 1 if raw else 0)
        while start > 0 and self.text[start - 1] in "*_`[":
            start -= 1
        while end < len(self.text) and self.text[end] in "*_`]":
            end += 1
        return start, end


@lru_cache(maxsize=8)
def read_markdown(text: str) -> Card:
    """Take a document apart. Never raises on text; reads the first READ_LIMIT characters.

    A fence that its author closed at the end of a line of code is closed there, as a reader does.
    """
    return Reader(text[:READ_LIMIT], truncated=len(text) > READ_LIMIT).card()


def card_of(document: Document) -> Card:
    """The parsed text of a document; detectors that follow each other parse it once."""
    card = read_markdown(document.text)
    return replace(card, text=document.text) if isinstance(document.text, Printed) else card


TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)|</?[A-Za-z!?][^<>]{0,4000}>", re.S | re.I
)
CELL_END = re.compile(r"<t[dh]\b[^<>]*>.*?(?:</t[dh]\s*>|(?=<t[dh]\b))", re.I | re.S)
HREF = re.compile(r"<a\s[^<>]{0,1000}?href\s*=\s*[\"']?([^\"'<>\s]{1,1500})[^<>]{0,1000}>([^<]{0,200})", re.I)
BARE_URL = re.compile(r"https?://[^\s<>\"'`|\\)\]}，。）]{4,1500}")
IMAGE_TAG = re.compile(r"<img\b", re.I)
STRUCTURE = re.compile(r"<(?:h[1-6]|tr|summary|b|strong|li)\b", re.I)
PLAIN_LABEL = re.compile(r"[ \t]*([^\W\d_][^:：.!?\n|]{1,48}?)[ \t]*[:：](?=\s|$|[^\x00-\x7f])")
FENCE_END = re.compile(r"(?:```|~~~)(?<=[^\s`~]...)[ \t]*$", re.M)
LOST_HEADING = re.compile(r"^#{2,6}[ \t]+\S", re.M)
CELL_MARKUP = re.compile(r"[*_`]|<[^<>]{0,500}>|\]\([^)]*\)|\[")
SPACE = re.compile(r"\s+")
CLOSING = {name: re.compile(rf"</{name}\s*>", re.I) for name in NAMES}
BLOCKS = frozenset(["Paragraph", "List", "Item", "CodeBlock", "HtmlBlock", "Table", "Heading", "BlockQuote"])

OPTIONS = pyromark.Options.ENABLE_TABLES


def blank(text: str) -> str:
    """White space of the same length, line ends kept."""
    if "\n" not in text:
        return " " * len(text)
    return "\n".join([" " * len(line) for line in text.split("\n")])


class Reader:
    """One pass over the parser's events."""

    def __init__(self, text: str, truncated: bool) -> None:
        self.text = text
        self.truncated = truncated
        self.front = find_front(text)
        self.parts: list[Part] = []
        self.links: list[Link] = []
        self.shown: list[tuple[int, int, str]] = []  # replacement text for a range of the document
        self.islands = 0

    def card(self) -> Card:
        position = self.front.end if self.front else 0
        for _ in range(RESTARTS):
            restart = self.read_from(position)
            if restart is None:
                break
            position = restart
        visible = self.visible()
        self.parts.sort(key=lambda part: (part.start, -part.end))
        self.add_bare_links(visible)
        return Card(
            self.text,
            visible,
            self.front,
            tuple(self.outline(visible)),
            tuple(sorted(self.links)[:LINKS_LIMIT]),
            self.truncated,
        )

    def visible(self) -> str:
        out, position = [], 0
        blanked = blank(self.text)
        for start, end, shown in self.shown:
            if start < position:
                continue
            out.append(blanked[position:start])
            out.append(shown)
            position = end
        out.append(blanked[position:])
        return "".join(out)

    def read_from(self, base: int) -> int | None:
        """Read to the end, or to a fence that must be closed for its author: then return where to go on."""
        events = read_events(self.text, base)
        index, total = 0, len(events)
        while index < total:
            name, value, first, last = events[index]
            if name != "Start":
                index += 1
                continue
            block = value if isinstance(value, str) else next(iter(value))
            if block == "CodeBlock":
                restart = self.code(first, last)
                if restart is not None and restart < len(self.text):
                    return restart
                index += 1
            elif block == "HtmlBlock":
                self.island(first, last)
                index += 1
            elif block == "Heading":
                index = self.inline(events, index, first, last, level=int(value["Heading"]["level"][1]))
            elif block == "Paragraph":
                index = self.inline(events, index, first, last)
            elif block == "Item":
                index = self.item(events, index, last)
            elif block == "Table":
                index = self.table(events, index, last)
            else:
                index += 1
        return None

    def code(self, start: int, end: int) -> int | None:
        raw = self.text[start:end]
        if raw[:3] in ("```", "~~~"):
            glued = FENCE_END.search(raw, raw.find("\n") + 1 or len(raw))
            if glued:
                self.plain("code", start, start + glued.end())
                return start + glued.end()
            if end >= len(self.text.rstrip()) and not raw.rstrip().endswith(raw[:3]):
                lost = LOST_HEADING.search(raw)
                if lost:
                    self.plain("code", start, start + lost.start())
                    return start + lost.start()
        self.plain("code", start, end)
        return None

    def plain(self, kind: PartKind, start: int, end: int) -> None:
        self.parts.append(Part(kind, start, end, "", start, end))

    def inline(self, events: list[Event], index: int, start: int, end: int, level: int = 0, extent: int = 0) -> int:
        """A heading or a paragraph: its text, links and bold labels. Returns the index after it."""
        closing = ("End", {"Heading": f"H{level}"} if level else "Paragraph")
        stop = index + 1
        while stop < len(events) and events[stop][:2] != closing:
            stop += 1
        self.run(events[index + 1 : stop], start, end, level, "text", extent)
        return stop + 1

    def item(self, events: list[Event], index: int, end: int) -> int:
        """A list item: its own text or first paragraph, whose label heads the item; the rest follows by itself."""
        stop = index + 1
        if stop < len(events) and events[stop][:2] == ("Start", "Paragraph"):
            return self.inline(events, stop, *events[stop][2:], extent=end)
        while stop < len(events):
            name, value, _, _ = events[stop]
            if name == "Start" and (value if isinstance(value, str) else next(iter(value))) in BLOCKS:
                break
            if name == "End" and value == "Item":
                break
            stop += 1
        own_end = events[stop][2] if events[stop][:2] != ("End", "Item") else end
        if stop > index + 1:
            self.run(events[index + 1 : stop], events[index][2], own_end, 0, "item", extent=end)
        return stop

    def run(self, events: list[Event], start: int, end: int, level: int, kind: PartKind, extent: int = 0) -> None:
        """Inline events: collect what is visible, the links, the pictures, and cut at labels in bold."""
        labels: list[tuple[int, int, str]] = []  # start of the stretch, end of its label, label
        words: list[str] = []
        fresh, strong, strong_text = True, -1, ""
        link: tuple[int, str, int] | None = None
        for name, value, first, last in events:
            if name in ("Text", "Code"):
                shown = self.text[first:last]
                self.shown.append((first, last, shown if name == "Text" else shown.replace("`", " ")))
                words.append(shown.strip("`") if name == "Code" else shown)
                if strong >= 0:
                    strong_text += shown
                elif shown.strip():
                    fresh = False
            elif name == "Start" and value in ("Strong", "Emphasis") and fresh and strong < 0 and not level:
                strong, strong_text = first, ""
            elif name == "End" and value in ("Strong", "Emphasis") and strong >= 0 and first == strong:
                ends = strong_text.rstrip().endswith((":", "：")) or self.text[last : last + 1] in (":", "：")
                limit = QUESTION_LIMIT if "?" in strong_text else LABEL_LIMIT
                if strong_text.strip() and len(strong_text) <= limit and (value == "Strong" or ends):
                    labels.append((strong, last, strong_text))
                strong, fresh = -1, False
            elif name == "Start" and isinstance(value, dict):
                target = value.get("Link") or value.get("Image")
                if target is not None and "Link" in value:
                    link = (first, str(target["dest_url"]), len(words))
                elif target is not None:
                    self.plain("image", first, last)
            elif name == "End" and value == "Link" and link:
                self.links.append(Link(link[0], last, link[1][:1500], "".join(words[link[2] :])[:200]))
                link = None
            elif name == "InlineHtml":
                raw = self.text[first:last]
                if raw[:4].lower() == "<br>" or raw[:5].lower() == "<br/>":
                    fresh = True
                elif raw[:4].lower() == "<img":
                    self.plain("image", first, last)
                elif raw[:4].lower() == "</a>" and link:
                    self.links.append(Link(link[0], last, link[1], "".join(words[link[2] :])[:200]))
                    link = None
                elif anchor := HREF.match(raw):
                    link = (first, anchor[1], len(words))
            elif name in ("SoftBreak", "HardBreak"):
                fresh = True
        if level:
            label = SPACE.sub(" ", "".join(words)).strip()
            if len(label) > (QUESTION_LIMIT if "?" in label else HEADING_LIMIT):
                level, label = 0, ""
            self.parts.append(Part("heading" if level else "text", start, end, label, end, 0, level))
            return
        for number, (first, after, label) in enumerate(labels):
            last = labels[number + 1][0] if number + 1 < len(labels) else end
            if first > start and number == 0:
                self.parts.append(Part(kind, start, first, "", start, first))
            opening = start if number == 0 and first - start < 6 else first
            self.parts.append(Part("label", opening, last, label, after, max(last, extent)))
        if not labels:
            self.parts.append(Part(kind, start, end, "", start, max(end, extent)))

    def table(self, events: list[Event], index: int, table_end: int) -> int:
        cells: list[tuple[int, int]] = []
        link: tuple[int, str] | None = None
        columns = 0
        for at in range(index + 1, len(events)):
            name, value, first, last = events[at]
            if name in ("Text", "Code"):
                shown = self.text[first:last]
                self.shown.append((first, last, shown.replace("`", " ") if name == "Code" else shown))
            elif name == "Start":
                if value == "TableCell":
                    cells.append((first, last))
                elif value in ("TableHead", "TableRow"):
                    cells = []
                elif isinstance(value, dict) and "Link" in value:
                    link = (first, str(value["Link"]["dest_url"]))
                elif isinstance(value, dict) and "Image" in value:
                    self.plain("image", first, last)
            elif name == "End":
                if value in ("TableHead", "TableRow") and cells:
                    is_head = value == "TableHead"
                    columns = len(cells) if is_head else columns
                    self.row(first, last, cells, table_end if is_head and columns <= 2 else last, columns, is_head)
                elif value == "Link" and link:
                    raw = self.text[link[0] : last]
                    self.links.append(Link(link[0], last, link[1][:1500], raw[1 : raw.find("]")][:200]))
                    link = None
                elif value == "Table":
                    return at + 1
        return len(events)

    def row(self, start: int, end: int, cells: list[tuple[int, int]], extent: int, columns: int, is_head: bool) -> None:
        label = SPACE.sub(" ", CELL_MARKUP.sub(" ", self.text[slice(*cells[0])])).strip(" |")
        body = end if is_head else cells[0][1]
        self.parts.append(Part("head" if is_head else "row", start, end, label[:LABEL_LIMIT], body, extent, 0, columns))

    def island(self, start: int, end: int) -> None:
        """Raw HTML: its text is visible, its headings, rows, summaries and bold starts are parts."""
        raw = self.text[start:end]
        masked = TAG.sub(lambda m: blank(m[0]), raw)
        if masked.strip():
            self.shown.append((start, end, masked))
        for match in HREF.finditer(raw):
            label = SPACE.sub(" ", match[2]).strip()
            self.links.append(Link(start + match.start(), start + match.end(), match[1], label))
        if "<img" in raw.lower():
            for match in IMAGE_TAG.finditer(raw):
                self.plain("image", start + match.start(), start + match.end())
        found: list[Part] = []
        if STRUCTURE.search(raw) and len(raw) <= ISLAND_LIMIT and self.islands + len(raw) <= ISLANDS_LIMIT:
            self.islands += len(raw)
            found = list(self.island_parts(raw, masked, start))
        covered = start
        for part in found:
            if masked[covered - start : part.start - start].strip():
                self.parts.append(Part("text", covered, part.start, "", covered, part.start, html=True))
            self.parts.append(part)
            covered = max(covered, part.end)
        if masked[covered - start :].strip():
            self.parts.append(Part("text", covered, end, "", covered, end, html=True))

    def island_parts(self, raw: str, masked: str, base: int) -> Iterator[Part]:
        """Structure of an HTML island."""
        done = -1
        for island in read_islands(raw):
            start = island.start
            if start < done:
                continue
            close = CLOSING[island.name].search(raw, start)
            end = close.end() if close else len(raw)
            part = self.island_part(island, raw, masked, start, end)
            if part is not None:
                done = end
                yield part._replace(
                    start=part.start + base, end=part.end + base, body=part.body + base, extent=part.extent + base
                )

    def island_part(self, tag: Island, raw: str, masked: str, start: int, end: int) -> Part | None:
        label = SPACE.sub(" ", tag.words).strip()
        if tag.name == "tr":
            if len(tag.cells) < 2:
                return None
            label = SPACE.sub(" ", tag.cells[0]).strip()[:LABEL_LIMIT]
            first = CELL_END.search(raw, start, end)
            body = first.end() if first else end
            return Part("row", start, end, label, body, end, 0, len(tag.cells), html=True)
        if not label or len(label) > HEADING_LIMIT:
            return None
        if tag.name[0] == "h":
            return Part("heading", start, end, label, end, 0, int(tag.name[1]), html=True)
        if tag.name == "summary":
            return Part("heading", start, end, label, end, 0, BOLD_LINE, html=True)
        if tag.name == "li":
            return Part("item", start, end, "", start, end, html=True)
        line_end = raw.find("\n", end)
        rest = masked[end : line_end if line_end >= 0 else len(raw)]
        line_start = raw.rfind("\n", 0, start) + 1
        if masked[line_start:start].strip() or len(label) > LABEL_LIMIT:
            return None
        if rest.strip():
            return Part("label", start, end + len(rest), label, end, end + len(rest), html=True)
        return Part("heading", start, end, label, end, 0, BOLD_LINE, html=True)

    def add_bare_links(self, visible: str) -> None:
        taken = sorted((link.start, link.end) for link in self.links)
        starts = [start for start, _ in taken]
        for match in BARE_URL.finditer(visible):
            place = bisect_right(starts, match.start()) - 1
            if place < 0 or taken[place][1] <= match.start():
                href = match[0].rstrip(".,;:!?*_")
                self.links.append(Link(match.start(), match.start() + len(href), href, ""))

    def outline(self, visible: str) -> Iterator[Part]:
        """Turn lines that are only bold into headings, find plain `Label:` starts, give each heading its extent."""
        parts = [
            self.promoted(part, visible)
            for part in self.parts
            if part.kind not in ("text", "item") or visible[part.start : part.end].strip()
        ]
        levels = [(part.start, part.level) for part in parts if part.level]
        ends: dict[tuple[int, int], int] = {}
        stack: list[tuple[int, int]] = []
        for start, level in levels:
            while stack and stack[-1][1] >= level:
                ends[stack.pop()] = start
            stack.append((start, level))
        for open_heading in stack:
            ends[open_heading] = len(self.text)
        for part in parts:
            yield part._replace(extent=ends[part.start, part.level]) if part.level else part

    def promoted(self, part: Part, visible: str) -> Part:
        if part.kind == "label":
            said = visible[part.body : part.end].strip(" \t\r\n:：-–—")
            alone = not said and part.extent <= part.end and visible[part.start : part.body].strip()
            if alone:
                return part._replace(kind="heading", level=BOLD_LINE, label=SPACE.sub(" ", part.label).strip())
            return part._replace(label=SPACE.sub(" ", part.label).strip())
        if part.kind in ("text", "item"):
            if visible.find(":", part.start, part.end) < 0 and visible.find("：", part.start, part.end) < 0:
                return part
            match = PLAIN_LABEL.match(visible, skip_space(visible, part.start, part.end), part.end)
            if match and "//" not in match[0]:
                return part._replace(kind="label", label=match[1], body=match.end())
        return part


def skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


Event = tuple[str, Any, int, int]  # `Start` or `End` of something, text, code, a break; from where to where


def read_events(text: str, base: int) -> list[Event]:
    """Events of a text from a position on."""
    text = text[base:] if base else text
    found: Any = [
        (*next(iter(event.items())), *span.values()) if type(event) is dict else (event, None, *span.values())
        for event, span in pyromark.events_with_range(text, options=OPTIONS)
    ]
    if text.isascii() and not base:
        return found  # type: ignore[no-any-return]
    at = characters(text, base)
    return [(name, value, at[start], at[end]) for name, value, start, end in found]


def characters(text: str, base: int) -> Sequence[int]:
    """The character of the whole document that stands at each byte of a text."""
    if text.isascii():
        return range(base, base + len(text) + 1)
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    starts = ((data & 0xC0) != 0x80).cumsum() + base
    return [base, *starts.tolist()]
