"""PDF: text by page and line, with where it stands on the page, in bounded time.

`read_pdf(body)` reads in a process of its own that is killed when it takes too long, so a broken or hostile file ends
as a problem that has a name and never takes the crawl with it. `parse(body)` is what that process does; `char_boxes`
gives the boxes of single characters.

Offsets count characters of a page's text as PDFium gives it (`get_text_range()` of the page), which is the text that
quotes are checked against. A hyphen at a line end stands there as U+FFFE without a line break; `Flow` folds that away
and keeps the way back. Boxes are left, bottom, right, top in points, the origin at the page's lower left corner.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import msgspec

from output.record import CONTEXT_LIMIT, QUOTE_LIMIT, Quote, Selector

MAX_BYTES = 64 * 1024 * 1024
MAX_PAGES = 400
MAX_PAGE_CHARS = 60_000
MAX_CHARS = 4_000_000
SECONDS = 30  # of processor time, so that a busy machine reads no less
WALL_SECONDS = 300  # for a process that sleeps or is starved
MEMORY = 1024 * 1024 * 1024

LINE_END_HYPHEN = "\ufffe"

Box = tuple[float, float, float, float]
Role = Literal["body", "heading", "margin", "references", "caption"]
Problem = Literal["broken_source", "not_pdf", "encrypted", "broken", "no_text", "too_large", "timeout", "crashed"]

PROBLEM_TEXT: dict[Problem, str] = {
    "not_pdf": "the file is not a PDF",
    "encrypted": "the PDF asks for a password",
    "broken": "the PDF is damaged",
    "broken_source": "its LaTeX source is damaged, or none",
    "no_text": "the PDF holds no text (scanned pages)",
    "too_large": f"the PDF is larger than {MAX_BYTES // 1024 // 1024} MB",
    "timeout": f"the PDF could not be read within {SECONDS} seconds of processor time",
    "crashed": "the PDF ended the process that read it",
}


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One printed line: characters `start` to `end` of its page, without the line break."""

    start: int
    end: int
    box: Box
    size: float  # height of its first or last character in points: tells headings from text
    role: Role = "body"
    heading: str = ""  # section that it stands in


class Page(msgspec.Struct, frozen=True, array_like=True):
    number: int  # from 1
    width: float
    height: float
    text: str
    lines: tuple[Line, ...]


class Pdf(msgspec.Struct, frozen=True, array_like=True):
    """Pages that were read, of how many; or the problem that stood in the way."""

    page_count: int
    pages: tuple[Page, ...]
    problem: Problem | None = None

    @property
    def complete(self) -> bool:
        return self.problem is None and len(self.pages) == self.page_count


@lru_cache(maxsize=4)
def read_pdf(body: bytes, seconds: int = SECONDS, wall: float = WALL_SECONDS) -> Pdf:
    """Read a PDF in a process of its own. Never raises for what the file holds; see `Pdf.problem`."""
    if early := refuse(body):
        return Pdf(0, (), early)
    command = [sys.executable, "-m", "pipelines.readers.pdf", str(seconds)]
    try:
        done = subprocess.run(command, input=body, capture_output=True, timeout=wall, check=False)
    except subprocess.TimeoutExpired:
        return Pdf(0, (), "timeout")
    if done.returncode != 0:
        return Pdf(0, (), "timeout" if done.returncode == -signal.SIGXCPU else "crashed")
    return msgspec.msgpack.decode(done.stdout, type=Pdf)


def refuse(body: bytes) -> Problem | None:
    if len(body) > MAX_BYTES:
        return "too_large"
    return None if b"%PDF-" in body[:1024] else "not_pdf"


def parse(body: bytes) -> Pdf:
    """Read a PDF in this process: no more than MAX_PAGES pages and MAX_CHARS characters."""
    import pypdfium2

    if early := refuse(body):
        return Pdf(0, (), early)
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        return Pdf(0, (), "encrypted" if "password" in str(error).lower() else "broken")
    try:
        count = len(document)
        pages: list[Page] = []
        left = MAX_CHARS
        for number in range(1, min(count, MAX_PAGES) + 1):
            page = read_page(document, number, left)
            left -= len(page.text)
            pages.append(page)
            if left <= 0:
                break
    except pypdfium2.PdfiumError:
        return Pdf(count, tuple(pages), "broken")
    finally:
        document.close()
    if not any(page.text.strip() for page in pages):
        return Pdf(count, (), "no_text" if count else "broken")
    return Pdf(count, tuple(structured(pages)))


def read_page(document: Any, number: int, limit: int) -> Page:
    page = document[number - 1]
    text_page = page.get_textpage()
    try:
        count = text_page.count_chars()
        text = text_page.get_text_range() if count <= min(MAX_PAGE_CHARS, limit) else ""
        width, height = page.get_size()
        return Page(number, width, height, text, tuple(lines_of(text_page, text, count)))
    finally:
        text_page.close()
        page.close()


LINE = re.compile(r"[^\r\n\ufffe]+")


def lines_of(text_page: Any, text: str, count: int) -> Iterator[Line]:
    """Lines of a page, each with the box around its first and last visible character."""
    place = index_map(text_page, text, count)
    for match in LINE.finditer(text):
        bare = match[0].strip()
        if not bare:
            continue
        start = match.start() + match[0].index(bare[0])
        end = start + len(bare)
        first = text_page.get_charbox(place(start), loose=True)
        last = text_page.get_charbox(place(end - 1), loose=True)
        box = (
            round(min(first[0], last[0]), 1),
            round(min(first[1], last[1]), 1),
            round(max(first[2], last[2]), 1),
            round(max(first[3], last[3]), 1),
        )
        high, low = first[3] - first[1], last[3] - last[1]
        by_first = bare.isupper() or NUMBERED.match(bare)  # small capitals; a figure's words beside a heading
        yield Line(start, end, box, round(high if by_first else min(high, low), 1))


def index_map(text_page: Any, text: str, count: int) -> Callable[[int], int]:
    """From an offset in the text to PDFium's own index: it counts UTF-16 units, and characters that give no text."""
    if len(text) == count:
        return lambda offset: offset
    import pypdfium2

    wide = [n for n, char in enumerate(text) if ord(char) > 0xFFFF]

    def place(offset: int) -> int:
        found = pypdfium2.raw.FPDFText_GetCharIndexFromTextIndex(text_page.raw, offset + bisect_right(wide, offset - 1))
        return int(min(max(found, 0), count - 1))

    return place


def char_boxes(body: bytes, page: int, start: int, end: int) -> list[Box]:
    """Boxes of the characters `start` to `end` of a page (from 1), to mark a quote on the printed page."""
    import pypdfium2

    document = pypdfium2.PdfDocument(body)
    try:
        text_page = document[page - 1].get_textpage()
        count = text_page.count_chars()
        place = index_map(text_page, text_page.get_text_range(), count)
        return [text_page.get_charbox(place(offset)) for offset in range(start, end)]
    finally:
        document.close()


# --- structure: what is text, what is a heading, a running line or the list of references

NUMBERED = re.compile(r"(?:(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.)\s+(?=[^\W\d_])")
NAMED = re.compile(
    r"(?i)(?:abstract|introduction|conclusions?|related work|limitations?|references|bibliography|bibliografia|"
    r"appendix|appendices|acknowledge?ments?|ethics statement|broader impacts?|data availability|code availability|"
    r"参考文献|摘要|引言|结论|附录)\b[^.]{0,40}"
)
REFERENCES = re.compile(
    r"(?i)(?:\d{1,2}\.?\s+|[IVX]+\.\s+)?(?:references|bibliography|bibliografia|literatura|参考文献)"
)
HEADING_CHARS = 100
SCRIPT_SAMPLE = 20_000  # characters of a report that tell its script


def structured(pages: list[Page]) -> list[Page]:
    """Give every line its role and the heading above it."""
    margins = running_lines(pages)
    usual = body_size(pages)
    latin = in_latin_script("".join(page.text for page in pages))
    heading, in_references = "", False
    number: tuple[int, ...] = ()
    found: list[Page] = []
    for page in pages:
        lines: list[Line] = []
        for line in page.lines:
            text = page.text[line.start : line.end]
            role: Role = "body"
            if CAPTION.match(text) or (lines and lines[-1].role == "caption" and goes_on(lines[-1], line)):
                role = "references" if in_references else "caption"
            elif (page.number, line.start) in margins:
                role = "margin"
            elif is_heading(text, line, usual, latin) and (
                line.size > usual * 1.04 or follows(number, section_number(text))
            ):
                role, heading = "heading", text
                number = section_number(text) or number
                in_references = bool(REFERENCES.fullmatch(text.strip(" :")))
            elif in_references:
                role = "references"
            lines.append(Line(line.start, line.end, line.box, line.size, role, heading))
        found.append(Page(page.number, page.width, page.height, page.text, tuple(lines)))
    return found


CAPTION = re.compile(r"(?:Figure|Fig\.|Table) ?(?:\d{1,3}|[A-Z]\.?\d{1,2})(?: ?[:|]|\. [A-Z])")


def goes_on(before: Line, line: Line) -> bool:
    """Whether a line stands right below another of the same size: text below a caption keeps a distance."""
    gap = before.box[1] - line.box[3]
    aligned = abs(before.size - line.size) <= before.size * 0.03
    return aligned and -before.size * 0.5 < gap < before.size * 0.5


def section_number(heading: str) -> tuple[int, ...]:
    """`3.1 Data` is (3, 1), `B.2 Prompts` is (-2, 2) for appendix B, a heading without a number is ()."""
    match = re.match(r"((?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,3})\.?\s", heading)
    if not match:
        return ()
    return tuple(int(p) if p.isdigit() else -(ord(p) - ord("A") + 1) for p in match[1].split("."))


def follows(before: tuple[int, ...], number: tuple[int, ...]) -> bool:
    """Whether a section number can come after another: rows of tables and lists with numbers cannot."""
    if not number or not before:
        return not number or abs(number[-1]) <= 2
    depth = len(number)
    if depth > 1 and number[-1] == 1 and number[:-1] != before[: depth - 1]:  # the heading above it was not seen
        parent = number[:-1]
        return len(before) >= len(parent) and parent[:-1] == before[: depth - 2] and parent[-1] == before[depth - 2] + 1
    if depth > len(before):
        return depth == len(before) + 1 and number[:-1] == before and 0 < number[-1] <= 2
    if number[:-1] != before[: depth - 1]:
        return False
    step = abs(number[-1]) - abs(before[depth - 1])
    return 0 < step <= 2 if (number[-1] < 0) == (before[depth - 1] < 0) else number == (-1,)


def body_size(pages: list[Page]) -> float:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[line.size] += line.end - line.start
    return sizes.most_common(1)[0][0] if sizes else 0.0


def in_latin_script(text: str) -> bool:
    """Whether most of a text is in the Latin script."""
    sample = [c for c in text[:SCRIPT_SAMPLE] if c.isalpha()]
    return sum(c < "\u0250" for c in sample) > len(sample) / 2


def is_heading(text: str, line: Line, usual: float, latin: bool) -> bool:
    """`latin` for a report in the Latin script: characters of another in it are drawn taller, and are no headings."""
    if len(text) > HEADING_CHARS or text.endswith((",", ";", "-")):
        return False
    if NAMED.fullmatch(text) and not text[0].islower() and line.size >= usual * 0.95:
        return True
    if REFERENCES.fullmatch(text.strip(" :")) and not text[0].islower():
        return True
    if latin and not in_latin_script(text):
        return False
    if NUMBERED.match(text):
        letters = [c for c in NUMBERED.sub("", text, count=1) if c.isalpha()]
        large = line.size > usual * 1.04
        titled = bool(letters) and (letters[0].isupper() or not letters[0].isascii()) and not text.endswith(".")
        return titled and (large or (line.size >= usual * 0.95 and len(text) <= 70 and "." in text.split()[0]))
    return line.size > usual * 1.15 and len(text) > 3 and sum(c.isalpha() for c in text) > len(text) / 2


def running_lines(pages: list[Page]) -> set[tuple[int, int]]:
    """Page numbers, running heads and feet: at the edge of the page, alike on three pages or only a number."""
    edge: dict[str, list[tuple[int, int]]] = {}
    for page in pages:
        for line in page.lines:
            low, high = line.box[1], line.box[3]
            if high < page.height * 0.075 or low > page.height * 0.925:
                text = re.sub(r"\d+", "#", page.text[line.start : line.end])
                edge.setdefault(text, []).append((page.number, line.start))
    found = set()
    for text, places in edge.items():
        if len(places) >= 3 or not any(c.isalpha() for c in text) or text.startswith("arXiv:"):
            found.update(places)
    return found


# --- reading on: a page as running text, and the way back to what a quote must say


class Flow:
    """A run of a page's lines as plain text: white space single, hyphenation and ligatures folded.

    `places[n]` is the offset in the page's text of character n; `paragraphs` are offsets in the flow where a line keeps
    more than the usual distance from the one above.
    """

    def __init__(self, page: Page, lines: Sequence[Line]) -> None:
        self.page = page
        self.caption = bool(lines) and lines[0].role == "caption"
        self.paragraphs: list[int] = []
        gaps = sorted(gap for a, b in pairwise(lines) if (gap := a.box[1] - b.box[3]) > -a.size)
        usual = gaps[(len(gaps) - 1) // 2] if gaps else 0.0
        text: list[str] = []
        places: list[int] = []
        for before, line in pairwise([None, *lines]):
            assert line is not None
            raw = page.text[line.start : line.end]
            joined = before is not None and page.text[before.end : line.start].strip() == LINE_END_HYPHEN
            if joined and raw[:1].isupper():  # a compound that broke at its own hyphen
                text.append("-")
                places.append(line.start - 1)
            elif before is not None and not joined:
                text.append(" ")
                places.append(before.end)
                next_to = not page.text[before.end : line.start].strip()
                if next_to and before.box[1] - line.box[3] > usual + 0.6 * before.size:
                    self.paragraphs.append(len(places))
            for offset, char in enumerate(raw, line.start):
                folded = unicodedata.normalize("NFKC", char) if ord(char) > 0x2FF else char
                folded = folded if folded.isprintable() else " "
                text.append(folded)
                places.extend([offset] * len(folded))
        self.text = "".join(text)
        self.places = places

    def quote(self, start: int, end: int) -> tuple[Quote, Selector]:
        """Quote characters `start` to `end` of the flow as the page's own text has them, and say the page."""
        return quote_page(self.page, self.places[start], self.places[end - 1] + 1)


def flows(page: Page) -> Iterator[tuple[str, Flow]]:
    """The page's body under each heading, in reading order: pairs of heading and text. Captions go apart."""
    run: list[Line] = []
    captions: list[list[Line]] = []
    for line in page.lines:
        if line.role == "caption":
            if not captions or CAPTION.match(page.text, line.start) or captions[-1][0].heading != line.heading:
                captions.append([])
            captions[-1].append(line)
        if line.role != "body":
            if line.role == "heading" and run:
                yield run[0].heading, Flow(page, run)
                run = []
            continue
        if run and run[0].heading != line.heading:
            yield run[0].heading, Flow(page, run)
            run = []
        run.append(line)
    if run:
        yield run[0].heading, Flow(page, run)
    yield from ((lines[0].heading, Flow(page, lines)) for lines in captions)


def quote_page(page: Page, start: int, end: int) -> tuple[Quote, Selector]:
    """Quote characters of a page's text, cut to 600, verbatim as PDFium gives them."""
    end = min(end, start + QUOTE_LIMIT, len(page.text))
    quote = Quote(
        exact=page.text[start:end],
        prefix=page.text[max(0, start - CONTEXT_LIMIT) : start],
        suffix=page.text[end : end + CONTEXT_LIMIT],
    )
    return quote, Selector(start=start, end=end, page=page.number)


def limit_this_process(seconds: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # SIGXCPU at the first, SIGKILL at the second
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    """Read one PDF from standard input within so many seconds, write a `Pdf` as msgpack to standard output."""
    limit_this_process(int(sys.argv[1]))
    body = sys.stdin.buffer.read(MAX_BYTES + 1)
    sys.stdout.buffer.write(msgspec.msgpack.encode(parse(body)))


if __name__ == "__main__":
    main()
