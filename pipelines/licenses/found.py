"""What a licence text is and asks: `license.text` and one `license.clause` per clause."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from license_rules import (
    READ_LIMIT,
    RESTRICTS_USE,
    Clause,
    Identification,
    Residual,
    clauses,
    holds,
    identify,
    in_words,
    is_open,
    licence_name,
    reads_clauses,
    scope,
)
from output.data_files import load
from output.record import EvidenceRecord, Points, Subject
from pipelines.detector import Detector
from pipelines.dossier import Dossier, searched
from pipelines.licenses.reading import Reading, UnreadableError, read_document
from spiders.document import Document

CLAUSE_WORDS = Path(__file__).parent / "clause_words.yaml"
PHRASE = 90
LEAD = 30
RESIDUALS = 20
BESIDE = 1_000  # characters before and behind a licence where a text says what it is for
WITH_ARTICLE = re.compile(r"European|United|Netherlands|Czech")


class ClauseWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a clause is said in a statement, and which way it points."""

    says: str
    points: Points


@cache
def clause_words() -> dict[str, ClauseWords]:
    return load(CLAUSE_WORDS, dict[str, ClauseWords])


def text_records(detector: Detector, dossier: Dossier, document: Document) -> Iterator[EvidenceRecord]:
    subject = dossier.subject(document.target)
    name = file_text(document)
    try:
        reading = read_document(document)
    except UnreadableError as problem:
        yield detector.record(
            subject,
            "licenses",
            "license.text",
            "error",
            f"{name} could not be read as a licence: {problem}.",
            rule="unreadable",
            value={"reason": str(problem)},
            source=document.source,
        )
        return
    asks = clauses(reading.text)
    found = with_clauses(identify(reading.text), asks, reading.text)
    if found.verdict == "none":
        yield detector.record(
            subject,
            "licenses",
            "license.text",
            "absent",
            f"No licence text or notice found in {f'the first {READ_LIMIT:,} characters of ' * found.truncated}{name}.",
            rule="no-license-text",
            value=text_value(found, reading, ()),
            source=document.source,
            searched=[searched(document, name)],
        )
        return
    start, end = shown(found, reading.text)
    quote, selector = reading.quote(start, end)
    foreign = not asks and not reads_clauses(reading.text)
    unread = " Its clauses were not read: the rules know English and Chinese." if foreign else ""
    yield detector.record(
        subject,
        "licenses",
        "license.text",
        "present",
        text_statement(name, found, reading) + unread,
        rule=f"text-{found.verdict}",
        points=text_points(found, asks),
        value=text_value(found, reading, asks) | ({"clauses_read": False} if foreign else {}),
        source=document.source,
        quote=quote,
        selector=selector,
    )
    for clause in asks:
        yield clause_record(detector, subject, document, reading, name, clause)


def with_clauses(found: Identification, asks: Sequence[Clause], text: str) -> Identification:
    """What the clauses say against a verdict: a limit of use beside a licence makes a variant of it."""
    limits = [c for c in asks if c.clause in RESTRICTS_USE]
    if found.verdict == "none" and limits:
        return replace(found, verdict="custom")
    beside = [c for c in limits if not any(m.start <= c.start and c.end <= m.end for m in found.matches)]
    if found.verdict != "exact" or not beside:
        return found
    added = tuple(Residual(c.start, c.end, len(text[c.start : c.end].split()), True) for c in beside)
    return replace(found, verdict="variant", expression=None, residual=(*found.residual, *added))


def file_text(document: Document) -> str:
    """How a statement names a file: by its path, and whose it is where that is not a local file."""
    name = document.source.path or document.source.url
    return name if document.target.startswith("url:") else f"{name} of {document.target.split(':', 2)[-1]}"


def clause_record(
    detector: Detector, subject: Subject, document: Document, reading: Reading, name: str, clause: Clause
) -> EvidenceRecord:
    words = clause_words()[clause.clause]
    quote, selector = reading.quote(clause.start, clause.end)
    says = words.says.format(value=value_text(clause))
    return detector.record(
        subject,
        "licenses",
        "license.clause",
        "present",
        f'{name} {says}: "{telling(reading.text, clause)}"',
        rule=clause.clause.replace("_", "-"),
        points=words.points,
        value=clause_value(clause),
        source=document.source,
        quote=quote,
        selector=selector,
    )


def clause_value(clause: Clause) -> dict[str, Any]:
    money = {"currency": clause.currency} if clause.currency else {}
    return {"clause": clause.clause, "value": clause.value, **money}


def value_text(clause: Clause) -> str:
    if isinstance(clause.value, int):
        number = f"{clause.value:,}"
        return f"{number} {clause.currency}" if clause.currency.isalpha() else f"{clause.currency}{number}"
    if not clause.value:
        return "a place that the sentence names"
    *others, last = (f"the {place}" if WITH_ARTICLE.match(place) else place for place in clause.value)
    return f"{', '.join(others)} and {last}" if others else last


def shown(found: Identification, text: str) -> tuple[int, int]:
    """The passage to quote: what was added if something was, else where the licence begins."""
    rules = [r for r in found.residual if r.rules]
    if found.verdict == "variant" and rules:
        longest = max(rules, key=lambda r: r.words)
        return longest.start, longest.end
    if found.matches:
        first = max(found.matches, key=lambda m: (m.end - m.start) * m.score)
        return first.start, min(first.end, first.start + 300)
    start = len(text) - len(text.lstrip())
    return start, min(len(text), start + 300)


def text_points(found: Identification, asks: Sequence[Clause]) -> Points:
    if found.verdict == "custom" and found.expression:
        return "open" if is_open(found.expression) else "closed"
    if found.verdict != "exact":
        return "closed" if any(c.clause in RESTRICTS_USE for c in asks) else "neutral"
    return "open" if found.expression and holds(found.expression, is_open) else "closed"


def text_value(found: Identification, reading: Reading, asks: Sequence[Clause]) -> dict[str, Any]:
    rules = [r for r in found.residual if r.rules] or list(found.residual)
    first, last = (min(m.start for m in found.matches), max(m.end for m in found.matches)) if found.matches else (0, 0)
    part = scope(reading.text[max(0, first - BESIDE) : first]) or scope(reading.text[last : last + BESIDE])
    return {
        "verdict": found.verdict,
        "expression": found.expression,
        "name": name_text(found),
        "base": found.base,
        "score": found.score,
        "matches": [
            {"id": m.id, "via": m.via, "start": m.start, "end": m.end, "score": m.score, "exact": m.exact}
            | ({"same_text": list(m.ties)} if m.ties else {})
            for m in found.matches[:50]
        ],
        "residual": [residual_value(r, reading.text) for r in rules[:RESIDUALS]],
        "clauses": [clause_value(c) | {"start": c.start, "end": c.end} for c in asks],
        "missing_words": found.missing,
        "truncated": found.truncated,
    } | ({"scope": part} if part else {})


def name_text(found: Identification) -> str | None:
    """What a person calls the licence of a text; None for one that has no name we know."""
    if found.expression:
        return in_words(found.expression, licence_name)
    return f"modified {licence_name(found.base)}" if found.base else None


def residual_value(residual: Residual, text: str) -> dict[str, Any]:
    return {
        "start": residual.start,
        "end": residual.end,
        "words": residual.words,
        "text": text[residual.start : min(residual.end, residual.start + 600)],
        "rules": residual.rules,
    }


def telling(text: str, clause: Clause) -> str:
    """The words of a clause that made it one; from the start of its sentence where they stand near it."""
    start = clause.said[0] - LEAD
    if start <= clause.start:
        return phrase(text, clause.start, clause.end)
    while start > clause.start and not text[start - 1].isspace():
        start -= 1
    return f"… {phrase(text, start, clause.end)}"


def phrase(text: str, start: int, end: int) -> str:
    words = " ".join(text[start : min(end, start + PHRASE * 3)].split())
    return words if len(words) <= PHRASE else words[: PHRASE - 1].rsplit(" ", 1)[0] + " …"


def text_statement(name: str, found: Identification, reading: Reading) -> str:
    if found.verdict == "custom" and found.expression:
        osi = "open licence" if is_open(found.expression) else "not an open licence"
        return f"{name} bears the title {licence_name(found.expression)}, {osi}; its words were not compared."
    if found.verdict == "custom":
        start, end = shown(found, reading.text)
        return f'{name} is a bespoke licence, none that is known: "{phrase(reading.text, start, end)}"'
    assert found.base is not None
    base = licence_name(found.base)
    if found.truncated:
        return f"{name} begins with the text of {base}; only its first {READ_LIMIT:,} characters were read."
    if found.expression and found.verdict == "exact":
        names = in_words(found.expression, licence_name)
        osi = "open licence" if holds(found.expression, is_open) else "not an open licence"
        how = "holds the text of" if any(m.via in ("text", "ai") for m in found.matches) else "names"
        return f"{name} {how} {names}, {osi}."
    rules = [r for r in found.residual if r.rules]
    if rules:
        longest = max(rules, key=lambda r: r.words)
        words = sum(r.words for r in rules)
        places = "passage" if len(rules) == 1 else "passages"
        return (
            f"{name} differs from {base}: {words} words in {len(rules)} {places} are added or changed, "
            f'such as "{phrase(reading.text, longest.start, longest.end)}"'
        )
    if found.missing:
        return f"{name} differs from {base}: up to {found.missing + 2} words in a row of it are missing or changed."
    return f"{name} resembles {base} without being its text (similarity {found.score:.2f})."
