"""Where a card or a readme names an arXiv paper, and in what words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from pipelines.papers.names import cue
from pipelines.readers.arxiv import find_ids
from pipelines.readers.phrases import Anchored
from spiders.document import Document

Place = Literal["own_words", "label", "citation", "foreign", "text", "tag", "entry"]

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


def mentions(document: Document) -> list[Mention]:
    """Mentions of a document, read once."""
    return document.once(listed)


def listed(document: Document) -> list[Mention]:
    return list(read_mentions(document))


def read_mentions(document: Document) -> Iterator[Mention]:
    """Mentions in order. At most MAX_MENTIONS: a list of a thousand papers is a reading list."""
    text = document.text
    entries = document.once(entries_of)
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
ENTRIES = Anchored(re.compile(ENTRY))
BRACES = re.compile(rf"{ENTRY}|[{{}}]|```")


def entries_of(document: Document) -> list[tuple[int, int]]:
    """Spans of the BibTeX entries of a document."""
    return list(bibtex_entries(document.text))


def bibtex_entries(text: str) -> Iterator[tuple[int, int]]:
    """Spans of BibTeX entries, by counting braces; one that is not closed ends where the next begins."""
    for match in islice(ENTRIES.finditer(text), MAX_MENTIONS):
        depth = 1
        for brace in BRACES.finditer(text[match.end() : match.start() + BIBTEX_LIMIT]):
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
    raw, before, words = before, plain(before or broken_line(text, line_start)), plain(words)
    if re.search(r"\bet al\b", words) and (cited := NAME_OF_AUTHORS.search(before)):
        return "text", f"{cited[1]} paper"
    if re.search(r"\bet al\b|^\[?\d{1,3}\]?$", words) or cue("foreign").search(before[-60:]):
        return "foreign", ""
    if cue("originally").search(before[-240:]):
        return "foreign", ""
    if re.search(r"(?i)\barxiv preprint\b\W{0,3}$", before) and re.search(r"\(\W?(?:19|20)\d\d\W?\)|\d{4}\.", before):
        return "citation", ""
    bare = re.sub(r"[^\w\s:.-]", " ", words).strip(" :.-_")
    called = bool(cue("label").fullmatch(bare)) or not bare
    this = bool(re.match(r"(?i)(?:this|original|the original)\b", bare))
    if called and bare and re.search(r"(?i)\bour(?: [\w’'-]+){0,4}$", before):
        return "own_words", ""
    if (called or this) and (name := named_before(text, line_start, raw, before)):
        return "text", f"{name} paper"
    if called and cue("of_data").search(before) and not re.search(r"(?i)\bour\b", f"{before[-20:]} {words}"):
        return "foreign", ""
    if not words and (title := QUOTED_TITLE.search(before)):
        return "text", title[1]
    if len(words.split()) > 3 and NEWS_LINE.match(text[line_start : line_start + 60]):
        return "text", words
    if called and (official := OFFICIAL.search(before)):
        return "own_words", official[1]
    if called and REFERENCE.search(before):
        return "text", words
    if cue("label_before").search(before) or (called and bare and not in_table) or re.match(r"(?i)paper ?:", words):
        return "label", "" if called else words
    speaks = cue("own_words").search(before[-140:]) or cue("own_words").search(words)
    if speaks and not this and (called or len(words.split()) > 3 or re.search(r"(?i)\b(?:paper|report)\W*$", before)):
        return "own_words", "" if called else words
    if this and cue("model_introduced").search(before):
        return "own_words", ""
    if listed_as_paper(text, line_start, start) or (len(words.split()) > 3 and alone_on_its_line(text, raw, end)):
        return "label", words or before.strip(" -*+:：")
    return "text", words


def broken_line(text: str, line_start: int) -> str:
    """The line of prose that goes on at `line_start`."""
    above = text[max(0, line_start - 400) : max(0, line_start - 1)].rpartition("\n")[2].rstrip()
    ended = above.endswith((".", "!", "?"))
    return "" if not above or ended or re.match(r"\s*(?:[#|>*+-]|```)", above) else above + " "


# "SapBERT by [Liu et al.](…)", "CulturaX ([Nguyen et al.](…))"
NAME_OF_AUTHORS = re.compile(r"(?<![\w-])((?:[A-Z][a-z]*[A-Z]|[A-Z]{2,}|[a-z]+[A-Z0-9])[\w.+-]*) (?:by\b|\()\W*$")
# "… and gives out a single value ([arXiv](…))": what a clause refers to
REFERENCE = re.compile(r"(?:^|[.!?:] )[^.!?:|(]{40,}\($")
# "Official implementation of Heron: Birds that Read ([article link](…))"
OFFICIAL = re.compile(r"(?i)\bofficial (?:[\w-]+ ){0,4}(?:of|for) (?:the paper |our paper )?([^.!?|(]{12,200}?)\W*\($")
QUOTED_TITLE = re.compile(r"[“\"]([^“”\"]{12,200})[”\"][^“”\"]{0,160}$")
NEWS_LINE = re.compile(
    r"^\W{0,8}(?:\d{1,2}/\d{1,2}/\d{2,4}|20\d\d\W\d{1,2}"
    r"|(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d)"
)
NEWS_NAME = re.compile(r"\[([A-Z][^\]\n]{1,60})\]\(|\*\*([A-Z][^*\n]{1,60})\*\*")


def named_before(text: str, line_start: int, raw: str, before: str) -> str:
    """Whose paper a link is that only says "paper": `LLaMA [paper](…)`, `11/3: Release **LLaRA**. [Report](…)`."""
    if name := NAMED_PAPER.search(before) or INTRODUCED.search(before) or SUBJECT.search(before):
        words = re.search(r"(?:[A-Z][\w+-]* ){0,3}$", before[: name.start(1)])
        return (words[0] if words else "") + name[1]
    news = NEWS_LINE.match(text[line_start : line_start + 60]) and NEWS_NAME.findall(raw)
    return next(filter(None, news[-1])) if news else ""


def listed_as_paper(text: str, line_start: int, start: int) -> bool:
    """An item of a list that stands below "Papers:" or "please cite the following report"."""
    if not re.match(r"\s*[-*+]\s", text[line_start:start]):
        return False
    above = text[max(0, line_start - 600) : line_start].rstrip().splitlines()[-4:]
    parent = next((line for line in reversed(above) if not re.match(r"\s{2,}[-*+]\s", line)), "")
    return bool(cue("papers_below").search(plain(parent)))


def alone_on_its_line(text: str, raw: str, end: int) -> bool:
    """A link that is a whole line, no item of a list."""
    return not raw.strip(" *_") and bool(re.match(r"[\w./-]{0,20}[)>*_ ]{0,6}(?:\n|$)", text[end : end + 40]))


# "Section 5 of the LLaMA [paper](…)": a name stands before a link that only says paper.
NAMED_PAPER = re.compile(
    r"(?<![.:!?] )(?<!^)\b(?!(?:Paper|ArXiv|The|Our|Read|See|Official|Research|Associated|Report|Technical|Tech|PDF|"
    r"Or|And|In|To|At|Code|Page|Demo|GitHub|Blog|Project|Website|Homepage|Model|Card|Original|HF|Link|News|Citation|BibTeX)\b)"
    r"((?:[A-Z][\w+]*|[a-z]+[A-Z0-9])[\w+-]*(?:\.\w+)*)\s*$"
)

# "SqueezeBERT was introduced in [this paper](…)"
INTRODUCED = re.compile(
    r"(?:^|[.!?] )(?!(?:It|This|That|They|The|We|Which|Model)\b)((?:[A-Z][\w+]*|[a-z]+[A-Z0-9])[\w+.-]*) "
    r"(?:was|were|is) (?:first )?(?:introduced|proposed|presented) (?:in|by)\W*$"
)

# "DeBERTa-v3 combines several innovations, see the [paper](…)": what the sentence is about
SUBJECT = re.compile(
    r"(?:^|[.!?:] )(?!(?:It|This|That|They|The|We|Which|Model|For)\b)"
    r"((?:[A-Z]+[a-z]*[A-Z]|[A-Z][\w+]*-?\d|[a-z]+[A-Z0-9])[\w+.-]*) "
    r"(?:is|was|are|were|has|[a-z]{3,12}s)\b(?:[^.!?]|\.(?=\S)){0,200}\b(?:see|in|check)\b[^.!?]{0,20}$"
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
        image = re.search(r"(?:alt=[\"']|label=|/badge/)([^\"'&/-]{1,60})", label)
        return image[1] if image and not plain(label) else label, before[: anchor.start()]
    return "", re.sub(r"<?(?:https?://)?(?:www\.)?$", "", before)


def plain(text: str) -> str:
    """Text without tags, images' addresses and marks of emphasis."""
    text = re.sub(r"<[^<>]{0,300}>|&nbsp;?|&[a-z]{2,6};", " ", text)
    text = re.sub(r"!\[([^\[\]]{0,100})\]\([^()]{0,200}\)", r"\1", text)
    text = re.sub(r"[*_`【】\[\]]{1,3}", " ", text)
    return " ".join(text.split())
