"""Cards that are printed: a PDF as text that the readers of Markdown take, each character with its place on a page.

Headings, paragraphs and list items are set as Markdown would set them; what stands in the text otherwise is the PDF's
own. `quote_span` sees a `Printed` and quotes the page instead of the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cached_property

from output.record import Quote, Selector
from pipelines.dossier import Dossier
from pipelines.readers.pdf import LINE_END_HYPHEN, PROBLEM_TEXT, Line, Page, Pdf, quote_page, read_pdf, section_number
from spiders.document import Document, Kind, Miss

CARDS: tuple[Kind, ...] = ("model_card", "dataset_card")
PARAGRAPH_GAP = 0.7  # of a line's height between two lines
BULLET = re.compile(r"[•●▪◦‣○∙·]\s*|[-–]\s+(?=\S)")
LABEL = re.compile(r"[^\W\d_][^:：.!?]{1,40}[:：](?:\s|$)")
MARKUP = str.maketrans(dict.fromkeys("*_`<>#|\\", " "))


class Printed(str):
    """Text set from a PDF; `places` has page and offset on the page of each character."""

    __slots__ = ("pages", "places")
    pages: tuple[Page, ...]
    places: list[tuple[int, int]]

    def quote(self, start: int, end: int) -> tuple[Quote, Selector]:
        """Quote what stands between two characters, as far as the first page of them goes."""
        number, first = self.places[start]
        last = next((at for page, at in reversed(self.places[start:end]) if page == number), first)
        return quote_page(self.pages[number - 1], first, last + 1)


class Setter:
    """Sets the pages of a PDF line by line."""

    def __init__(self, pdf: Pdf) -> None:
        self.pages = pdf.pages
        self.text: list[str] = []
        self.places: list[tuple[int, int]] = []
        largest = max((line.size for page in pdf.pages[:1] for line in page.lines), default=0.0)
        for page in pdf.pages:
            before: Line | None = None
            for line in page.lines:
                if line.role == "margin":
                    continue
                if line.role == "heading":
                    title = page.number == 1 and line.size >= largest * 0.98
                    self.heading(page, line, title, joined=goes_on(page, before, line))
                else:
                    self.line(page, line, before)
                before = line

    def printed(self) -> Printed:
        text = Printed("".join(self.text))
        text.pages, text.places = self.pages, self.places
        return text

    def add(self, text: str, page: Page, at: int) -> None:
        self.text.append(text)
        self.places += [(page.number, at)] * len(text)

    def own(self, page: Page, start: int, end: int) -> None:
        """Characters of the page, ligatures folded, signs that mean something in Markdown blanked."""
        for at in range(start, end):
            char = page.text[at]
            folded = unicodedata.normalize("NFKC", char) if ord(char) > 0x2FF else char
            self.add(folded.translate(MARKUP) if folded.isprintable() else " ", page, at)

    def heading(self, page: Page, line: Line, title: bool, joined: bool) -> None:
        if joined:
            self.add(" ", page, line.start)
        else:
            level = 1 if title else min(6, 1 + max(1, len(section_number(page.text[line.start : line.end]))))
            self.add(f"\n\n{'#' * level} ", page, line.start)
        self.own(page, line.start, line.end)

    def line(self, page: Page, line: Line, before: Line | None) -> None:
        raw = page.text[line.start : line.end]
        bullet = BULLET.match(raw)
        if before is not None and page.text[before.end : line.start].strip() == LINE_END_HYPHEN:
            pass
        elif bullet:
            self.add("\n\n- ", page, line.start)
        elif before is None or before.role == "heading" or apart(before, line) or LABEL.match(raw):
            self.add("\n\n", page, line.start)
        else:
            self.add("\n", page, line.start)
        self.own(page, line.start + (bullet.end() if bullet else 0), line.end)


def apart(before: Line, line: Line) -> bool:
    return before.box[1] - line.box[3] > PARAGRAPH_GAP * line.size


def goes_on(page: Page, before: Line | None, line: Line) -> bool:
    """Whether a line is the next one of the same heading."""
    if before is None or before.role != "heading" or section_number(page.text[line.start : line.end]):
        return False
    return abs(before.size - line.size) < 0.2 and not apart(before, line)


@dataclass(frozen=True)
class PrintedDocument(Document):
    """A PDF whose text is the one that was set from its pages."""

    set_text: Printed = field(repr=False, default_factory=Printed)

    @cached_property
    def text(self) -> str:
        return self.set_text


def is_pdf(body: bytes) -> bool:
    return b"%PDF-" in body[:1024]


def printed(document: Document) -> Document | Miss:
    """A PDF as a document with text, or why it could not be read."""
    pdf = read_pdf(document.body)
    if pdf.problem:
        failed = pdf.problem in ("broken", "timeout", "crashed")
        outcome = "error" if failed else "unavailable"
        return Miss(document.target, document.kind, document.source, outcome, PROBLEM_TEXT[pdf.problem])  # type: ignore[arg-type]
    return PrintedDocument(document.kind, document.target, document.source, document.body, Setter(pdf).printed())


def with_printed(dossier: Dossier) -> Dossier:
    """The dossier with its printed cards as text; one that cannot be read is a miss, never an empty card."""
    if not any(d.kind in CARDS and is_pdf(d.body) for d in dossier.documents):
        return dossier
    documents: list[Document] = []
    misses = list(dossier.misses)
    for document in dossier.documents:
        made = printed(document) if document.kind in CARDS and is_pdf(document.body) else document
        if isinstance(made, Miss):
            misses.append(made)
        else:
            documents.append(made)
    return replace(dossier, documents=tuple(documents), misses=tuple(misses))
