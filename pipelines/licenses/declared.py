"""What is said about the licence: Hub metadata, front matter, the words of a card, GitHub's own detection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from license_rules import (
    express,
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
from pipelines.licenses.mentions import file_named
from pipelines.licenses.statements import statements
from pipelines.readers.markdown import card_of
from spiders.document import Document

README = re.compile(r"readme(?:[._\-][\w.\-]+)?", re.I)
NO_ANSWER = frozenset({"", "unknown", "none", "other", "noassertion"})


def declared_records(detector: Detector, dossier: Dossier, target: str) -> Iterator[EvidenceRecord]:
    answers = list(dossier.of("hub_model", "hub_dataset", target=target))
    cards = list(dossier.of("model_card", "dataset_card", target=target))
    for answer in answers:
        yield from hub_records(detector, dossier, answer)
    for card in cards:
        if not answers:
            yield from front_records(detector, dossier, card)
    yield from statement_records(detector, dossier, [*cards, *readmes(dossier, target)])
    for answer in dossier.of("github_repository", target=target):
        yield from github_records(detector, dossier, answer)


def readmes(dossier: Dossier, target: str) -> list[Document]:
    """The READMEs at the top of a repository, the one without a language in its name first."""
    found = [d for d in dossier.of("source_file", target=target) if README.fullmatch(d.source.path or "")]
    return sorted(found, key=lambda d: (len(d.source.path or ""), d.source.path))


def hub_records(detector: Detector, dossier: Dossier, answer: Document) -> Iterator[EvidenceRecord]:
    info = answer.facts
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


def statement_records(detector: Detector, dossier: Dossier, documents: list[Document]) -> Iterator[EvidenceRecord]:
    """Statements of a card or of the READMEs of a repository, what is said in several languages once."""
    seen: set[tuple[str, str]] = set()
    for document in documents:
        card = card_of(document)
        kind = "Card" if document.kind.endswith("_card") else "README"
        product = document.target.rpartition("/")[2]
        for one in statements(card, own_part(document), product):
            parts = [p for p in one.parts if (one.licence, p) not in seen]
            if not parts:
                continue
            seen |= {(one.licence, p) for p in parts}
            part = " and ".join(parts)
            pointer = one.how == "pointer"
            file = file_named(one.link) if "://" not in one.link else ""
            names = in_words(one.expression, licence_name) if one.expression else one.name
            more = f" ({file})" if file not in ("", names) and not one.expression else ""
            quote, selector = quote_span(
                document.text, one.start, one.end, heading_path=card.heading_path(one.start) or None
            )
            yield detector.record(
                dossier.subject(document.target),
                "licenses",
                "license.declared",
                "linked" if pointer else "present",
                f"{kind} of {short(document.target)} points to {names} for the licence of {part}."
                if pointer
                else f"{kind} of {short(document.target)} says that {part} {verb(part)} under {names}{more}.",
                rule=f"{kind.lower()}-{one.how}",
                points=points_of(one.expression, one.family),
                value=declared_value(
                    kind.lower(), names, one.expression, part=part, license_link=one.link, family=one.family
                ),
                source=document.source,
                quote=quote,
                selector=selector,
            )  # fmt: skip


def verb(part: str) -> str:
    return "is" if part in ("code", "data") else "are"


def github_records(detector: Detector, dossier: Dossier, answer: Document) -> Iterator[EvidenceRecord]:
    info = answer.facts
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
        points=points_of(expression, family),
        value=declared_value(rule, shown, expression, given=given, license_name=name, license_link=link, family=family),
        source=document.source,
        quote=quote,
        selector=selector,
    )


def declared_value(where: str, name: str, expression: str | None, **more: Any) -> dict[str, Any]:
    said = {key: value for key, value in more.items() if value}
    return {"where": where, "name": name, "ids": ids_in(expression), "expression": expression, **said}


def points_of(expression: str | None, family: str) -> Points:
    expression = expression or normalise_name(family).like or None
    if not expression:
        return "neutral"
    if holds(expression, is_open):
        return "open"
    return "neutral" if all(openness(i) == "unknown" for i in ids_in(expression)) else "closed"


def own_part(document: Document) -> str:
    """What a document speaks of where it does not say."""
    if document.target.startswith("github:") or document.kind == "source_file":
        return "code"
    return "data" if document.kind == "dataset_card" else "weights"


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
    return target.removeprefix("url:").rsplit("/", 1)[-1] if target.startswith("url:") else target.split(":", 2)[-1]
