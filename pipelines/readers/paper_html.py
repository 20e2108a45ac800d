"""HTML of a paper as LaTeXML writes it (arXiv's `/html/IDvN`, ar5iv): title, sections, sentences and where they stand.

Offsets count characters of the decoded body, tags and all, so a quote is a run of text between two tags. Formulas are
read from their `alttext`. One pass over the tags, no tree, no scripts; what stands in bibliographies is left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cached_property

from output.record import CONTEXT_LIMIT, QUOTE_LIMIT, Quote, Selector

MAX_CHARS = 16_000_000
MAX_FLOWS = 20_000

LATEXML = re.compile(rb"class=[\"'][^\"']{0,200}\bltx_(?:page_main|document)\b")
TAG = re.compile(r"<!--|<([/!?]?)([a-zA-Z][a-zA-Z0-9]{0,15})([^<>]{0,20000})>")
ALTTEXT = re.compile(r"\balttext=\"([^\"]{0,4000})\"")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
SILENT = frozenset({"head", "script", "style", "math", "svg", "nav", "header", "footer", "button", "annotation"})
BLOCKS = frozenset({"p", "div", "section", "li", "td", "th", "tr", "table", "figure", "blockquote", "dd", "dt", "br"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BACK_MATTER = re.compile(r"(?i)^\W*(?:references|bibliography)\W*$")


class HtmlFlow:
    """A paragraph as plain text; `places[n]` is the offset of character n in the decoded body."""

    RUN = re.compile(r"[^<>]+")  # what a quote may hold

    def __init__(self, source: str, caption: bool) -> None:
        self.source = source
        self.caption = caption
        self.paragraphs: list[int] = []
        self.page = None
        self.chars: list[str] = []
        self.places: list[int] = []

    @cached_property
    def text(self) -> str:
        """The text, once all of it was added."""
        return "".join(self.chars)

    def add(self, text: str, start: int, step: int = 1) -> None:
        """Characters from `start` on; white space is one space, and none at the beginning."""
        for n, char in enumerate(text):
            if char.isspace() and (not self.chars or self.chars[-1] == " "):
                continue
            self.chars.append(" " if char.isspace() else char)
            self.places.append(start + n * step)

    def quote(self, start: int, end: int, focus: tuple[int, int] | None = None) -> tuple[Quote, Selector]:
        """Of the runs without a tag from `start` to `end` of the text the one with most of `focus`, or the longest."""
        left, right = self.places[start], self.places[end - 1] + 1
        near = (self.places[focus[0]] - left, self.places[focus[1] - 1] + 1 - left) if focus else (0, right - left)
        runs = [m.span() for m in self.RUN.finditer(self.source[left:right])]
        shared = {run: min(run[1], near[1]) - max(run[0], near[0]) for run in runs}
        first, last = max(runs, key=lambda run: (shared[run], run[1] - run[0]), default=(0, right - left))
        first, last = left + first, min(left + last, left + first + QUOTE_LIMIT)
        exact = self.source[first:last]
        last -= len(exact) - len(exact.rstrip())
        first += len(exact) - len(exact.lstrip())
        quote = Quote(
            exact=self.source[first:last],
            prefix=self.source[max(0, first - CONTEXT_LIMIT) : first],
            suffix=self.source[last : last + CONTEXT_LIMIT],
        )
        start_line = self.source.count("\n", 0, first) + 1
        return quote, Selector(first, last, start_line, start_line + self.source.count("\n", first, last))


class HtmlPaper:
    """Paragraphs under their headings, in order."""

    def __init__(self, flows: list[tuple[str, HtmlFlow]], title: HtmlFlow | None) -> None:
        self.flows = flows
        self.title_flow = title

    @property
    def title(self) -> str:
        return self.title_flow.text.strip() if self.title_flow else ""


def is_html_paper(body: bytes) -> bool:
    """Whether this is a paper that LaTeXML wrote: any other page (an error, a landing page) is none."""
    return b"<" in body[:200] and LATEXML.search(body[:200_000]) is not None


def read_html(body: bytes) -> HtmlPaper:
    """Read a LaTeXML page. Never raises for what it holds."""
    source = body.decode("utf-8", "replace")[:MAX_CHARS]
    flows: list[tuple[str, HtmlFlow]] = []
    title: HtmlFlow | None = None
    flow = HtmlFlow(source, caption=False)
    heading, silent, in_heading, caption, over = "", "", "", False, False

    def end_flow() -> None:
        nonlocal flow
        if flow.text.strip() and not over and len(flows) < MAX_FLOWS:
            flows.append((heading, flow))
        flow = HtmlFlow(source, caption)

    at = 0
    for closing, name, attributes, start, end in tags(source):
        if not silent:
            add_text(flow, source, at, start)
        at = end
        if silent:
            silent = "" if closing and name == silent else silent
        elif name in HEADINGS:
            if closing and in_heading:
                said = " ".join(flow.text.split())
                if "ltx_title_document" in in_heading and title is None:
                    title, heading = flow, "Abstract"
                elif said:
                    heading, over = said, over or bool(BACK_MATTER.match(said))
                flow, in_heading = HtmlFlow(source, caption), ""
            elif not closing:
                end_flow()
                in_heading = attributes or " "
        elif not closing and name in SILENT:
            if name == "math" and (formula := ALTTEXT.search(source, start, end)):
                flow.add(formula[1], formula.start(1))
            silent = "" if attributes.endswith("/") else name
        elif name == "figcaption":
            end_flow()
            caption = not closing
            flow.caption = caption
        elif name in BLOCKS and not in_heading:
            over = over or (name == "section" and not closing and "ltx_bibliography" in attributes)
            end_flow()
    end_flow()
    return HtmlPaper(flows, title)


def tags(source: str) -> Iterator[tuple[bool, str, str, int, int]]:
    """Tags in order: closing, name, attributes, start, end. Comments are passed over, an open one ends the page."""
    at = 0
    while match := TAG.search(source, at):
        if match[0] == "<!--":
            close = source.find("-->", match.end())
            if close < 0:
                return
            at = close + 3
            yield False, "", "", match.start(), at
            continue
        at = match.end()
        yield match[1] == "/", match[2].lower(), match[3] or "", match.start(), at


def add_text(flow: HtmlFlow, source: str, start: int, end: int) -> None:
    """The text between two tags, entities read."""
    at = start
    for entity in ENTITY.finditer(source, start, end):
        flow.add(source[at : entity.start()], at)
        flow.add(html.unescape(entity[0]), entity.start(), 0)
        at = entity.end()
    flow.add(source[at:end], at)
