"""Sentences of a report, each with its section and the way back to the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from output.record import QUOTE_LIMIT, Quote, Selector
from pipelines.readers.paper_html import HtmlFlow, HtmlPaper
from pipelines.readers.pdf import Flow, Pdf, flows

SENTENCE_LIMIT = 900

BREAK = re.compile(
    r"(?<=[.!?])(?<!\bal\.)(?<!\bFig\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!v\.s\.)(?<!\bcf\.)(?<!\bSec\.)(?<!\bEq\.)"
    r"(?<!\bNo\.)(?<!\bno\.)(?<!\bapprox\.)(?<!\b[A-Z]\.)\s+(?=[\"“(•‡†*–\d]{0,3}\s?[A-Z\d]|[^\x00-\x7f])"
    r"|\s+(?=[•▪◦]\s)|(?<=[a-z)])\s+(?=(?:Table|Figure) \d+ ?[:|.])"
)
NUMBER = re.compile(r"^((?:\d{1,2}|[A-Z])(?:\.\d{1,2})*)\.?\s")


class Sentence:
    """A sentence: its running text, the headings above it (`path`) and the two sentences that lead to it (`before`)."""

    __slots__ = ("before", "end", "flow", "path", "start", "text")

    def __init__(self, flow: Flow | HtmlFlow, start: int, end: int, path: tuple[str, ...], before: str) -> None:
        self.flow, self.start, self.end, self.path, self.before = flow, start, end, path, before
        self.text = flow.text[start:end]

    @property
    def page(self) -> int | None:
        """Of a PDF, from 1; HTML has none."""
        return self.flow.page.number if self.flow.page else None

    @property
    def section(self) -> str:
        return " / ".join(self.path)

    @property
    def caption(self) -> bool:
        """Words below a figure or above a table."""
        return self.flow.caption

    @property
    def tabular(self) -> bool:
        """Rows of a table or ticks of a plot that run into each other, no sentence."""
        words = self.text.split()
        return len(words) > 8 and sum(map(is_number, words)) / len(words) > 0.3

    def quote(self, start: int | None = None, end: int | None = None) -> tuple[Quote, Selector]:
        """Quote the sentence, or as much of it as fits around the characters `start` to `end` of its text."""
        places = self.flow.places
        left, right = self.start, self.end
        if start is not None and end is not None and places[right - 1] - places[left] >= QUOTE_LIMIT:
            left += max(0, start - 200)
            right = min(self.end, self.start + max(end, start + 200))
        if isinstance(self.flow, HtmlFlow):
            focus = (self.start + start, self.start + end) if start is not None and end else None
            quote, selector = self.flow.quote(left, right, focus)
        else:
            quote, selector = self.flow.quote(left, right)
        path = self.path or None
        return quote, msgspec.structs.replace(selector, heading_path=path)


def is_number(word: str) -> bool:
    return not any(c.isalpha() for c in word) or bool(re.fullmatch(r"[\d.,]+[KMBT%k]?", word))


def sentences(paper: Pdf | HtmlPaper) -> Iterator[Sentence]:
    """Sentences of the body in reading order; a sentence that runs over a page end is two."""
    titles: dict[str, str] = {}
    for heading, flow in body(paper):
        path = heading_path(heading, titles)
        before: list[str] = []
        start = 0
        for cut in sorted({*(m.end() for m in BREAK.finditer(flow.text)), *flow.paragraphs, len(flow.text)}):
            end = min(cut, start + SENTENCE_LIMIT)
            if flow.text[start:end].strip():
                stop = start + len(flow.text[start:end].rstrip())
                sentence = Sentence(flow, start, stop, path, " ".join(before[-2:]))
                before.append(sentence.text)
                yield sentence
            start = cut


def body(paper: Pdf | HtmlPaper) -> Iterator[tuple[str, Flow | HtmlFlow]]:
    """Runs of text, each with the heading above it."""
    if isinstance(paper, HtmlPaper):
        yield from paper.flows
    else:
        for page in paper.pages:
            yield from flows(page)


def heading_path(heading: str, titles: dict[str, str]) -> tuple[str, ...]:
    """A numbered heading with those above it: `4.1 Data` stands below `4 Training`."""
    match = NUMBER.match(heading)
    if not match:
        return (heading,) if heading else ()
    number = match[1]
    titles[number] = heading
    parts = number.split(".")
    return tuple(titles[p] for n in range(1, len(parts) + 1) if (p := ".".join(parts[:n])) in titles)
