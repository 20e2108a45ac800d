"""Where a card or a readme names an arXiv paper, and in what words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from pipelines.papers.names import cue
from pipelines.readers.arxiv import find_ids
from spiders.document import Document

Place = Literal["own_words", "label", "citation", "foreign", "text", "tag"]

MAX_MENTIONS = 500
BIBTEX_LIMIT = 12_000


class Mention(msgspec.Struct, frozen=True):
    """One place that names an id. `words` is what it calls the paper: title of the BibTeX entry, words of the link."""

    id: str
    version: str
    place: Place
    words: str
    document: Document
    start: int
    end: int


def mentions(document: Document) -> Iterator[Mention]:
    """Mentions in order. At most MAX_MENTIONS: a list of a thousand papers is a reading list."""
    text = document.text
    entries = list(bibtex_entries(text))
    for count, found in enumerate(find_ids(text)):
        if count >= MAX_MENTIONS:
            return
        entry = next((e for e in entries if e[0] <= found.start < e[1]), None)
        if entry:
            place, words = "citation", bibtex_title(text[entry[0] : entry[1]])
        else:
            place, words = read_place(text, found.start, found.end)
        yield Mention(found.id, found.version, place, words, document, found.start, found.end)  # type: ignore[arg-type]


ENTRY = r"@(?!comment|string|preamble)[A-Za-z]{3,20}\s?\{"


def bibtex_entries(text: str) -> Iterator[tuple[int, int]]:
    """Spans of BibTeX entries, by counting braces; one that is not closed ends where the next begins."""
    for match in islice(re.finditer(ENTRY, text), MAX_MENTIONS):
        depth = 1
        for brace in re.finditer(rf"{ENTRY}|[{{}}]|```", text[match.end() : match.start() + BIBTEX_LIMIT]):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if depth == 0 or brace[0] not in "{}":
                yield match.start(), match.end() + (brace.end() if depth == 0 else brace.start())
                break


def bibtex_title(entry: str) -> str:
    match = re.search(r"(?i)(?<![a-z])title\s{0,20}=\s{0,20}[\"{]((?:[^{}\"\n]|\{[^{}]*\}|\n){0,400})", entry)
    return " ".join(match[1].split()) if match else ""


def read_place(text: str, start: int, end: int) -> tuple[Place, str]:
    """How running text points at an id."""
    line_start = text.rfind("\n", 0, start) + 1
    if text[line_start:start].lstrip().startswith("]("):  # the words of the link stand on the line before
        line_start = text.rfind("\n", 0, max(0, line_start - 1)) + 1
    words, before = link_words(text, start, end, line_start)
    in_table = text[line_start : line_start + 3].lstrip().startswith("|")
    before, words = plain(before), plain(words)
    if re.search(r"\bet al\b|^\[?\d{1,3}\]?$", words) or cue("foreign").search(before[-60:]):
        return "foreign", ""
    if re.search(r"(?i)\barxiv preprint\b\W{0,3}$", before) and re.search(r"\(\W?(?:19|20)\d\d\W?\)|\d{4}\.", before):
        return "citation", ""
    bare = re.sub(r"[^\w\s:.-]", " ", words).strip(" :.-_")
    called = bool(cue("label").fullmatch(bare)) or not bare
    if called and (name := NAMED_PAPER.search(before)):
        return "text", f"{name[1]} paper"
    if cue("label_before").search(before) or (called and bare and not in_table) or re.match(r"(?i)paper ?:", words):
        return "label", "" if called else words
    speaks = cue("own_words").search(before[-140:]) or cue("own_words").search(words)
    if speaks and not re.match(r"(?i)(?:this|original|the original)\b", bare) and (called or len(words.split()) > 3):
        return "own_words", "" if called else words
    return "text", words


# "Section 5 of the LLaMA [paper](…)": a name stands before a link that only says paper.
NAMED_PAPER = re.compile(
    r"(?<![.:!?] )(?<!^)\b(?!(?:Paper|ArXiv|The|Our|Read|See|Official|Research|Associated|Report|Technical|Tech|PDF|"
    r"Or|And|In|To|At|Code|Page|Demo|GitHub|Blog|Project|Website|Homepage|Model|Card|Original|HF|Link|News|Citation|BibTeX)\b)"
    r"((?:[A-Z][\w+]*|[a-z]+[A-Z0-9])[\w+-]*(?:\.\w+)*)\s*$"
)


def link_words(text: str, start: int, end: int, line_start: int) -> tuple[str, str]:
    """Words of the link that holds the id, and the text of the line before that link."""
    before = text[max(line_start, start - 500) : start]
    markdown = re.search(r"\[((?:[^\[\]]|\[[^\[\]]*\]){1,300})\]\(\s?<?(?:https?://)?[\w./-]{0,40}$", before)
    if markdown:
        return markdown[1], before[: markdown.start()]
    anchor = re.search(r"<a\s[^<>]{0,200}$", before)
    if anchor:
        whole = text[end : end + 1200]
        inner = re.match(r"[^<>]{0,200}>(.{0,1000}?)</a>", whole, re.DOTALL)
        label = inner[1] if inner else ""
        image = re.search(r"(?:alt=\"|label=)([^\"&]{1,60})", label)
        return image[1] if image and not plain(label) else label, before[: anchor.start()]
    return "", re.sub(r"<?(?:https?://)?(?:www\.)?$", "", before)


def plain(text: str) -> str:
    """Text without tags, images' addresses and marks of emphasis."""
    text = re.sub(r"<[^<>]{0,300}>|&nbsp;?|&[a-z]{2,6};", " ", text)
    text = re.sub(r"!\[([^\[\]]{0,100})\]\([^()]{0,200}\)", r"\1", text)
    text = re.sub(r"[*_`【】\[\]]{1,3}", " ", text)
    return " ".join(text.split())
