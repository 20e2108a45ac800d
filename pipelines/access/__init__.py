"""Access: libraries and engines that run a model, packages, hosted services, and what it takes to run it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from output.data_files import load
from output.record import EvidenceRecord, Subject
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, plain, searched
from pipelines.model_card.pages import Page, read_pages
from pipelines.readers.markdown import Card, Link
from pipelines.readers.phrases import Phrase, Phrasebook
from spiders.document import Document
from spiders.leads import place

FOLDER = Path(__file__).parent
LIMIT = 20
NEAR = 120  # characters
NOT_A_PACKAGE = frozenset(
    ["pip", "git", "git-lfs", ".", "https", "torch", "ffmpeg", "cmake", "ninja", "wheel", "setuptools"]
)
IMPORT = re.compile(r"^[ \t>.]*(?:from|import)[ \t]+([A-Za-z_]\w*)[^\n]{0,200}", re.MULTILINE)
FILE_TO_INSTALL = (".txt", ".toml", ".yml", ".yaml", ".whl", ".gz", ".deb")
PART_OF_REPOSITORY = re.compile(r"/(?:issues|pulls?|commits?|discussions|wiki)/")
SAFE = ".safetensors"
BYTES_PER = {
    "F64": 8.0,
    "F32": 4.0,
    "BF16": 2.0,
    "F16": 2.0,
    "I64": 8.0,
    "I32": 4.0,
    "I8": 1.0,
    "U8": 1.0,
    "F8_E4M3": 1.0,
}


class Hosted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: list[str]
    label: list[str]
    excluded: list[str] = msgspec.field(name="not")
    near: list[str]  # words before an address that stands in the text without words of its own
    limits: list[str]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    libraries: dict[str, list[str]]
    helpers: list[str]
    engines: dict[str, list[str]]
    install: str
    indexes: list[str]
    hosted: Hosted


class Rules(NamedTuple):
    libraries: Phrasebook[str]
    helpers: frozenset[str]  # by their letters alone
    engines: dict[str, str]  # by repository
    names: dict[str, str]  # as we write them, by their letters alone
    install: re.Pattern[str]
    indexes: Phrase
    address: Phrase
    label: Phrase
    excluded: Phrase
    near: Phrase
    limits: re.Pattern[str]


@cache
def rules() -> Rules:
    words = load(FOLDER / "lexicon.yaml", Words)
    return Rules(
        Phrasebook((name, Phrase(re.compile(p))) for name, patterns in words.libraries.items() for p in patterns),
        frozenset(map(plain, words.helpers)),
        {repository: name for name, repositories in words.engines.items() for repository in repositories},
        {plain(name): name for name in (*words.libraries, *words.engines)},
        re.compile(words.install),
        Phrase(re.compile("|".join(words.indexes), re.I)),
        Phrase(re.compile("|".join(words.hosted.address), re.I)),
        Phrase(re.compile("|".join(words.hosted.label), re.I)),
        Phrase(re.compile("|".join(words.hosted.excluded), re.I)),
        Phrase(re.compile("|".join(words.hosted.near), re.I)),
        re.compile("|".join(words.hosted.limits), re.I),
    )


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    yield from read_pages(dossier, read_page)
    for answer in dossier.of("hub_model"):
        if dossier.component(answer.target):
            yield from requirements(answer, dossier.subject(answer.target))


def read_page(page: Page) -> Iterator[EvidenceRecord]:
    yield libraries(page)
    yield from packages(page)
    yield hosted(page)


def libraries(page: Page) -> EvidenceRecord:
    """Libraries that the page's code uses, failing that those that it links or declares."""
    card = page.card
    found: dict[str, tuple[int, int]] = {}
    for part in card.parts:
        if part.kind == "code":
            for name, match in used(card.text, part.start, part.end):
                found.setdefault(name, line_of(card.text, match.start(), match.end()))
    declared = card.front.strings("library_name") if card.front else []
    linked = linked_engines(card)
    spelled: dict[str, str] = {}
    for name in (*sorted(found, key=lambda n: found[n]), *declared):
        spelled.setdefault(plain(name), name)
    names = ", ".join(list(spelled.values())[:6])
    if found:
        return library_record(page, f"shows how to run the model with {names}", "code", found, declared)
    if linked:
        said = f"links {', '.join(list(linked)[:6])}, and shows no line that runs the model"
        return library_record(page, said, "link", linked, declared)
    if declared and card.front:
        said = f"names {names} as its library, and shows no line that runs it"
        return library_record(page, said, "library-name", {declared[0]: card.front.span("library_name")}, declared)
    return detector.record(
        page.subject,
        "package",
        "package.library",
        "absent",
        f"{page.name} shows no library that runs the model.",
        rule="searched",
        source=page.document.source,
        searched=[searched(page.document, "code blocks, links to engines and `library_name` of the front matter")],
    )


def library_record(
    page: Page, said: str, rule: str, found: dict[str, tuple[int, int]], declared: list[str]
) -> EvidenceRecord:
    """What a page says of libraries, quoted where it first does; `found` has a stretch of the page by name."""
    text = page.card.text
    first = min(found.values())
    quote, selector = quote_span(text, *first, heading_path=page.card.heading_path(first[0]))
    lines = [{"name": name, "line": text.count("\n", 0, at[0]) + 1} for name, at in list(found.items())[:LIMIT]]
    return detector.record(
        page.subject,
        "package",
        "package.library",
        "present",
        f"{page.name} {said}.",
        rule=rule,
        points="partial" if rule == "link" else "open",
        value={"libraries": [] if rule == "library-name" else lines, "library_name": declared},
        source=page.document.source,
        quote=quote,
        selector=selector,
    )


def linked_engines(card: Card) -> dict[str, tuple[int, int]]:
    """Libraries and engines whose repository a page links, each where it first does."""
    found: dict[str, tuple[int, int]] = {}
    for link in card.links:
        at = place(link.href)
        if at is None or at.path or PART_OF_REPOSITORY.search(link.href):
            continue
        if name := rules().engines.get(at.target.removeprefix("github:").lower()):
            found.setdefault(name, (link.start, link.end))
    return found


def used(text: str, start: int, end: int) -> Iterator[tuple[str, re.Match[str]]]:
    """Libraries and packages that a code block imports, starts or installs."""
    lower = text[start:end].lower()
    for name, rule in rules().libraries.over(lower).inside(0, len(lower)):
        match = rule.pattern.search(text, start, end)
        if match:
            yield name, match
    for match in rules().install.finditer(text, start, end) if "install" in lower or " add " in lower else ():
        if is_package(match[1]):
            yield rules().names.get(plain(match[1]), match[1]), match
    for match in IMPORT.finditer(text, start, end):
        if is_other_library(match):
            yield match[1], match


def is_other_library(imported: re.Match[str]) -> bool:
    """Whether what is imported is no library of the lexicon, which has its own name there, and does not only help."""
    if plain(imported[1]) in rules().helpers or imported[1] in sys.stdlib_module_names:
        return False
    statement = imported[0].lower()
    candidates = rules().libraries.over(statement).inside(0, len(statement))
    return not any(rule.pattern.search(imported[0]) for _, rule in candidates)


def is_package(name: str) -> bool:
    """Whether what is installed has a name on an index, and is no file or folder."""
    path = "/" in name and not name.startswith("@")
    aside = name in NOT_A_PACKAGE or plain(name) in rules().helpers
    return not (path or aside or name.endswith(FILE_TO_INSTALL))


def line_of(text: str, start: int, end: int) -> tuple[int, int]:
    """The line around a match, at most 300 characters of it."""
    first = max(text.rfind("\n", 0, start) + 1, start - 150)
    last = text.find("\n", end)
    return first, min(last if last >= 0 else len(text), end + 150)


def packages(page: Page) -> Iterator[EvidenceRecord]:
    """The first package on an index that the page links."""
    document, card, subject, called = page.document, page.card, page.subject, page.name
    for link in card.links:
        match = rules().indexes.search(link.href)
        if match:
            name = next(group for group in match.groups() if group)
            quote, selector = quote_span(card.text, link.start, link.end, heading_path=card.heading_path(link.start))
            yield detector.record(
                subject,
                "package",
                "package.published",
                "present",
                f"{called} links package {name}.",
                rule="index-link",
                points="open",
                value={"package": name, "address": link.href},
                source=document.source,
                quote=quote,
                selector=selector,
            )
            return


def hosted(page: Page) -> EvidenceRecord:
    """Hosted services and demos that the page links, with what it says about limits."""
    document, card, subject, called = page.document, page.card, page.subject, page.name
    services = [x for x in card.links if is_service(card, x)]
    if not services:
        return detector.record(
            subject,
            "api",
            "api.hosted",
            "absent",
            f"{called} links no hosted service or demo.",
            rule="searched",
            source=document.source,
            searched=[searched(document, "addresses and texts of all links")],
        )
    addresses = list(dict.fromkeys(x.href for x in services))
    part = card.part_at(services[0].start)
    limits = rules().limits.search(card.visible, part.start, part.end) if part else None
    quote, selector = quote_span(
        card.text, services[0].start, services[0].end, heading_path=card.heading_path(services[0].start)
    )
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    said = f"; stated limits: “{limits[0]}”" if limits else ""
    return detector.record(
        subject,
        "api",
        "api.hosted",
        "present",
        f"{called} links a hosted service or demo: {addresses[0][:200]}{more}{said}.",
        rule="service-link",
        points="open",
        value={"addresses": addresses[:LIMIT], "limits": limits[0] if limits else None},
        source=document.source,
        quote=quote,
        selector=selector,
    )


def is_service(card: Card, link: Link) -> bool:
    if not link.href.startswith("http") or rules().excluded.found_in(link.href):
        return False
    if rules().address.found_in(link.href):
        return True
    if link.label.strip(" <>/") in link.href:
        return rules().near.found_in(before(card, link))
    return rules().label.found_in(link.label)


def before(card: Card, link: Link) -> str:
    """The words that lead to an address: the heading above and the line up to it."""
    line = max(card.visible.rfind("\n", 0, link.start), link.start - NEAR)
    return " ".join((*card.heading_path(link.start)[-1:], card.visible[line + 1 : link.start]))


def agrees(size: float, siblings: Any) -> bool:
    """Whether the listed weight files are about as large as the counted parameters need, as far as sizes are listed."""
    files = [s for s in siblings if isinstance(s, dict)] if isinstance(siblings, list) else []
    stored = sum(s["size"] for s in files if str(s.get("rfilename")).endswith(SAFE) and isinstance(s.get("size"), int))
    return not stored or abs(size - stored) <= 0.1 * size


def requirements(answer: Document, subject: Subject) -> Iterator[EvidenceRecord]:
    """Parameters, precision and bytes from the Hub's own reading of the weight files."""
    info = answer.facts or {}
    stored = info.get("safetensors")
    if not isinstance(stored, dict) or not isinstance(stored.get("total"), int):
        return
    by_type = {k: v for k, v in (stored.get("parameters") or {}).items() if isinstance(v, int)}
    size = sum(n * BYTES_PER.get(kind, 1.0) for kind, n in by_type.items()) or None
    precision = max(by_type, key=lambda kind: by_type[kind]) if by_type else None
    quote, selector = quote_pointer(info, "/safetensors")
    fits = size is not None and agrees(size, info.get("siblings"))
    memory = f", about {size / 1e9:.1f} GB in memory before any context" if size and fits else ""
    yield detector.record(
        subject,
        "package",
        "package.requirements",
        "present",
        f"{answer.target.removeprefix('hf:model:')} has {count_text(stored['total'])} parameters"
        f"{f' in {precision}' if precision else ''}{memory}.",
        rule="safetensors",
        value={
            "parameters": stored["total"],
            "by_type": by_type,
            "precision": precision,
            "bytes": size if fits else None,
        },
        source=answer.source,
        quote=quote,
        selector=selector,
    )


def count_text(number: int) -> str:
    for scale, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if number >= scale:
            return f"{number / scale:.1f} {name}"
    return str(number)


detector = Detector(FOLDER, detect)
