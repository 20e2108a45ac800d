"""What is said about the licence: Hub metadata, front matter, the words of a card, GitHub's own detection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from license_rules import (
    Notice,
    choices,
    express,
    find_notices,
    holds,
    ids_in,
    in_words,
    is_open,
    licence_name,
    normalise_name,
    openness,
)
from license_rules.registry import by_id
from output.record import EvidenceRecord, Points, Quote, Selector
from pipelines.detector import Detector, quote_pointer, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.readers.markdown import Card, card_of
from pipelines.readers.phrases import Anchored
from spiders.document import Document

HEADING = re.compile(r"licen[cs]|terms of use|copyright|ライセンス|许可|协议|라이선스|lizenz|licencia|лиценз", re.I)
STATES = re.compile(
    r"\b(?:released|licensed|distributed|published|available|provided|licen[cs]e is|governed|covered)\b", re.I
)
STATED_OF = re.compile(
    r"\b(?:this|these|our|the) (?:[\w\-]+ ){0,3}?(?P<what>models?|weights|checkpoints?|repo(?:sitory)?|project"
    r"|code|scripts?|software|data(?:set)?s?|corpus|work|files?)\b",
    re.I,
)
PARTS = (
    ("data", re.compile(r"\b(?:data(?:set)?s?|corpus|corpora)\b", re.I)),
    ("code", re.compile(r"\b(?:code|repo(?:sitory)?|scripts?|software|codebase)\b", re.I)),
    ("weights", re.compile(r"\b(?:models?|weights|checkpoints?|parameters)\b", re.I)),
)
CODE_AND_WEIGHTS = re.compile(
    r"\bcode (?:and|&) (?:the |our |model )?(?:models?|weights)"
    r"|\b(?:models?|weights) (?:and|&) (?:the |our )?code\b",
    re.I,
)
WORD = Anchored(re.compile(r"licen[cs]|spdx|apache|\bMIT\b", re.I))
SECTION_LIMIT = 3000
MOST_LINES = 60
MOST_STATEMENTS = 6
NO_ANSWER = frozenset({"", "unknown", "none", "other", "noassertion"})


def declared_records(detector: Detector, dossier: Dossier, target: str) -> Iterator[EvidenceRecord]:
    answers = list(dossier.of("hub_model", "hub_dataset", target=target))
    cards = list(dossier.of("model_card", "dataset_card", target=target))
    for answer in answers:
        yield from hub_records(detector, dossier, answer)
    for card in cards:
        if not answers:
            yield from front_records(detector, dossier, card)
        yield from readme_records(detector, dossier, card)
    for answer in dossier.of("github_repository", target=target):
        yield from github_records(detector, dossier, answer)


def hub_records(detector: Detector, dossier: Dossier, answer: Document) -> Iterator[EvidenceRecord]:
    info = read_json(answer)
    if info is None:
        return  # the detector of weights reports an answer that is no JSON
    subject = dossier.subject(answer.target)
    where = f"Metadata of {short(answer.target)} on HuggingFace"
    card: dict[str, Any] = found if isinstance(found := info.get("cardData"), dict) else {}
    tags: list[Any] = listed if isinstance(listed := info.get("tags"), list) else []
    tagged = [(n, str(tag)) for n, tag in enumerate(tags) if str(tag).startswith("license:")]
    places = [(f"/tags/{n}", tag.removeprefix("license:")) for n, tag in tagged]
    if card.get("license"):
        places = pointers("/cardData/license", card["license"])
    for pointer, given in places:
        name, link = text_of(card.get("license_name")), text_of(card.get("license_link"))
        quote, selector = quote_pointer(info, pointer)
        yield said(detector, answer, subject, where, given, name, link, quote, selector, "hub-metadata")
    if not places:
        yield detector.record(
            subject,
            "licenses",
            "license.declared",
            "absent",
            f"No licence named in the metadata of {short(answer.target)} on HuggingFace.",
            rule="hub-metadata",
            points="closed",
            source=answer.source,
            searched=[searched(answer, "`cardData.license` and tags")],
        )


def front_records(detector: Detector, dossier: Dossier, document: Document) -> Iterator[EvidenceRecord]:
    card = card_of(document)
    if card.front is None or "license" not in card.front:
        return
    name, link = text_of(card.front.get("license_name")), text_of(card.front.get("license_link"))
    start, end = card.front.span("license")
    several = card.front.strings("license")
    for given in several:
        at = document.text.find(given, start, end) if len(several) > 1 else -1
        span = (at, at + len(given)) if at >= 0 else (start, end)
        quote, selector = quote_span(document.text, *span)
        subject = dossier.subject(document.target)
        where = f"Front matter of {short(document.target)}"
        yield said(detector, document, subject, where, given, name, link, quote, selector, "front-matter")


def readme_records(detector: Detector, dossier: Dossier, document: Document) -> Iterator[EvidenceRecord]:
    """Statements of a card: under a heading on the licence, or in a sentence that says what is licensed how."""
    card = card_of(document)
    seen: set[tuple[str, str]] = set()
    for start, end, expression in statements(card):
        part = part_named(document.text[start:end], own_part(document))
        if (expression, part) in seen or len(seen) == MOST_STATEMENTS:
            continue
        seen.add((expression, part))
        quote, selector = quote_span(document.text, start, end, heading_path=card.heading_path(start) or None)
        names = in_words(expression, licence_name)
        yield detector.record(
            dossier.subject(document.target),
            "licenses",
            "license.declared",
            "present",
            f"Card of {short(document.target)} says that {part} {'are' if 'weights' in part else 'is'} under {names}.",
            rule="card-statement",
            points=points_of(expression),
            value=declared_value("card", names, expression, part=part),
            source=document.source,
            quote=quote,
            selector=selector,
        )


def statements(card: Card) -> Iterator[tuple[int, int, str]]:
    """Sentences that name a licence, with the SPDX expression of what they name."""
    text = card.text
    sections = [(p.body, p.extent) for p in card.headings if HEADING.search(p.label)]
    by_sentence: dict[tuple[int, int], list[Notice]] = {}
    for begin, stop in windows(card, sections):
        for notice in find_notices(text, begin, stop):
            start, end = sentence_around(text, notice.start, notice.end)
            in_section = any(a <= notice.start < b for a, b in sections)
            plain = notice.via != "url" and STATES.search(text, start, end) and STATED_OF.search(text, start, end)
            if in_section or plain or notice.via == "tag":
                by_sentence.setdefault((start, end), []).append(notice)
    for (start, end), notices in by_sentence.items():
        if expression := express([n.id for n in notices], choices(text, notices)):
            yield start, end, expression


def windows(card: Card, sections: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where a card speaks of licences: sections headed so, and lines with the word; in order, none twice."""
    found = [(a, min(b, a + SECTION_LIMIT)) for a, b in sections]
    for match in islice(WORD.finditer(card.text, card.body_start), MOST_LINES):
        begin = card.text.rfind("\n", 0, match.start()) + 1
        stop = card.text.find("\n", match.end())
        found.append((max(begin, match.start() - 500), min(stop if stop >= 0 else len(card.text), match.end() + 500)))
    kept: list[tuple[int, int]] = []
    for begin, stop in sorted(found):
        begin = max(begin, kept[-1][1] if kept else 0)
        if stop > begin:
            kept.append((begin, stop))
    return kept


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    stop_before = text.rfind(". ", max(0, start - 300), start)
    begin = max(text.rfind("\n", 0, start) + 1, stop_before + 2 if stop_before >= 0 else 0, start - 300)
    stops = [at for mark in (". ", ".\n", "\n") if (at := text.find(mark, end)) >= 0]
    stop = min([*(at + (text[at] == ".") for at in stops), end + 300, len(text)])
    while begin < start and text[begin] in " \t\r\n-*>":
        begin += 1
    return begin, max(end, stop)


def github_records(detector: Detector, dossier: Dossier, answer: Document) -> Iterator[EvidenceRecord]:
    info = read_json(answer)
    if info is None or "license" not in info:
        return
    subject = dossier.subject(answer.target)
    found = info["license"] if isinstance(info["license"], dict) else {}
    given = text_of(found.get("spdx_id"))
    if not given:
        yield detector.record(
            subject,
            "licenses",
            "license.declared",
            "absent",
            f"GitHub detects no licence in {short(answer.target)}.",
            rule="github-detection",
            points="closed",
            source=answer.source,
            searched=[searched(answer, "field `license`")],
        )
        return
    quote, selector = quote_pointer(info, "/license/spdx_id")
    where = f"GitHub's own detection for {short(answer.target)}"
    yield said(detector, answer, subject, where, given, "", "", quote, selector, "github-detection")


def said(
    detector: Detector,
    document: Document,
    subject: Any,
    where: str,
    given: str,
    name: str,
    link: str,
    quote: Quote,
    selector: Selector,
    rule: str,
) -> EvidenceRecord:
    """One declared licence; `other` is what its name and link say it is."""
    ids: tuple[str, ...] = ()
    family = ""
    for text in [given, name, link] if given.lower() in NO_ANSWER else [given]:
        meant = normalise_name(text) if text else None
        if meant and (meant.ids or meant.family):
            ids, family = meant.ids, meant.family
            break
    expression = express(ids)
    shown = licence_name(ids[0]) if ids else name or given
    more = f" ({licence_name(ids[0])})" if ids and licence_name(ids[0]).lower() != given.lower() else ""
    if family:
        more = f" (a family of licences, {family}, not one)"
    if ids and (entry := by_id().get(ids[0])) and entry.family == "unknown":
        more += ", a licence known by name only"
    named = f', named "{name}"' if name and name.lower() != given.lower() else ""
    linked = f", link {link[:120]}" if link and not ids else ""
    unknown = given.lower() in ("unknown", "none", "noassertion") and not name
    return detector.record(
        subject,
        "licenses",
        "license.declared",
        "placeholder" if unknown else "present",
        f"{where} says {given}{named}{more}{linked}.",
        rule=rule,
        points=points_of(expression),
        value=declared_value(rule, shown, expression, given=given, license_name=name, license_link=link, family=family),
        source=document.source,
        quote=quote,
        selector=selector,
    )


def declared_value(where: str, name: str, expression: str | None, **more: Any) -> dict[str, Any]:
    said = {key: value for key, value in more.items() if value}
    return {"where": where, "name": name, "ids": ids_in(expression), "expression": expression, **said}


def points_of(expression: str | None) -> Points:
    if not expression:
        return "neutral"
    if holds(expression, is_open):
        return "open"
    return "neutral" if all(openness(i) == "unknown" for i in ids_in(expression)) else "closed"


def own_part(document: Document) -> str:
    """What a document speaks of where it does not say."""
    if document.target.startswith("github:"):
        return "code"
    return "data" if document.kind == "dataset_card" else "weights"


def part_named(sentence: str, own: str) -> str:
    """Which of weights, code and data a sentence speaks of; `own` where it does not say."""
    if CODE_AND_WEIGHTS.search(sentence):
        return "code and weights"
    named = STATED_OF.search(sentence)
    for part, pattern in PARTS:
        if pattern.search(named.group("what") if named else sentence):
            return part
    return own


def read_json(document: Document) -> dict[str, Any] | None:
    try:
        info = json.loads(document.body)
    except (ValueError, RecursionError):
        return None
    return info if isinstance(info, dict) else None


def pointers(pointer: str, value: Any) -> list[tuple[str, str]]:
    """The first values of a field that holds one or several, each with its JSON pointer."""
    many = [(f"{pointer}/{n}", v) for n, v in enumerate(value)] if isinstance(value, list) else [(pointer, value)]
    return [(at, str(v)) for at, v in many[:5] if isinstance(v, str | int | float)]


def text_of(value: Any) -> str:
    """A string of an answer on one line, whatever was put there."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return " ".join(str(value).split())[:300] if isinstance(value, str | int | float) else ""


def short(target: str) -> str:
    """`ORG/NAME` of a target, `url:` addresses by their last part."""
    return target.rsplit("/", 1)[-1] if target.startswith("url:") else target.split(":", 2)[-1]
