"""The text of a licence document, with the way back to the place that a quote is taken from."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import pypdfium2

from output.record import CONTEXT_LIMIT, QUOTE_LIMIT, Quote, Selector
from pipelines.detector import quote_span
from spiders.document import Document

MOST_PAGES = 200
MOST_BYTES = 64 * 1024 * 1024
BINARY_SHARE = 0.1
LOOKED_AT = 20_000


class UnreadableError(ValueError):
    """The document holds no text that could be read; the message says why."""


@dataclass(frozen=True)
class Reading:
    """Text of a document. `pages` are the offsets at which the pages of a PDF begin, None for plain text."""

    text: str
    pages: tuple[int, ...] | None = None

    def quote(self, start: int, end: int) -> tuple[Quote, Selector]:
        """Quote characters `start` to `end`; on a PDF the part that stands on the page where the quote begins."""
        if self.pages is None:
            return quote_span(self.text, start, end)
        number = bisect_right(self.pages, start)
        first = self.pages[number - 1]
        last = self.pages[number] if number < len(self.pages) else len(self.text)
        end = min(end, start + QUOTE_LIMIT, last)
        quote = Quote(
            self.text[start:end],
            self.text[max(first, start - CONTEXT_LIMIT) : start],
            self.text[end : min(last, end + CONTEXT_LIMIT)],
        )
        return quote, Selector(page=number)


def read_document(document: Document) -> Reading:
    """Text of a licence document: plain text, HTML as it stands, or the pages of a PDF.

    Raises UnreadableError for what is binary, empty, or a PDF that cannot be opened.
    """
    body = document.body
    if not body.strip():
        raise UnreadableError("the file is empty")
    if body[:1024].lstrip().startswith(b"%PDF-"):
        return read_pdf(body)
    text = document.text
    sample = text[:LOOKED_AT]
    strange = sum(1 for char in sample if char == "\ufffd" or (char < " " and char not in "\t\n\r\f"))
    if strange > BINARY_SHARE * len(sample):
        raise UnreadableError("the file is binary, or in an encoding other than UTF-8")
    return Reading(text)


def read_pdf(body: bytes) -> Reading:
    texts: list[str] = []
    try:
        with pypdfium2.PdfDocument(body) as pdf:
            for number in range(min(len(pdf), MOST_PAGES)):
                page = pdf[number]
                texts.append(page.get_textpage().get_text_range() + "\n")
                page.close()
    except pypdfium2.PdfiumError as problem:
        raise UnreadableError(f"the PDF cannot be opened ({problem})") from problem
    if not "".join(texts).strip():
        raise UnreadableError("the PDF holds no text, only images")
    starts, at = [], 0
    for text in texts:
        starts.append(at)
        at += len(text)
    return Reading("".join(texts), tuple(starts))
