"""Which model a card or a sentence speaks of: a repackaged model often carries the card of the model it repacks."""

from __future__ import annotations

import re
from functools import lru_cache

from output.record import Component, Subject
from pipelines.dossier import Dossier
from pipelines.readers.markdown import Card, Part
from pipelines.readers.phrases import Phrase, lowered

EMBEDDED = re.compile(
    r"\boriginal\b.{0,80}\bmodel card\b|\bmodel card\b.{0,40}\boriginal\b|\boriginal (?:model )?(?:readme|card)\b|"
    r"^\W*(?:the )?base model(?:.s)? card\b",
    re.I,
)

MADE_OF_IT = r"fine-?tun\w+(?: of| off)?|distilled from|(?:generated|curated) (?:by|with|from)"
OTHERS = Phrase(
    re.compile(
        r"\bmodels (?:\w+ )?distilled from\b|"
        r"\bfine-?tun\w+ (?:several|other|many|smaller|various) (?:[\w-]+ ){0,2}models\b",
        re.I,
    )
)


HUB_ID = re.compile(r"\A\W*([\w.-]+/[\w.-]*\d[\w.-]*)\W{1,3}\s")  # a figure tells it from "train/test"
FAMILY = re.compile(r"[A-Za-z]{2,}")


def card_name(subject: Subject) -> str:
    """How a statement names a card: the release's own is the model card, any other says whose it is."""
    if subject.target.startswith("github:"):
        return f"Model card in {subject.target.rpartition(':')[2]}"
    if subject.component == "end" or subject.target.startswith("url:"):
        return "Model card"
    return f"Model card of {subject.target.rpartition(':')[2]}"


def embedded_heading(card: Card) -> Part | None:
    return next((h for h in card.headings[1:] if h.level < 4 and EMBEDDED.search(h.label)), None)


def component_of(dossier: Dossier, target: str) -> Component | None:
    """Which part of the release a card speaks of: a repository's card speaks of the model that led to it."""
    known = dossier.component(target)
    if known or not target.startswith("github:"):
        return known
    origins = [dossier.component(x.origin) for x in dossier.leads if x.target == target and x.relation == "repository"]
    return next((origin for origin in origins if origin), None)


def of_another_model(sentence: str, own: str) -> bool:
    """Whether a sentence tells what other models were made of this one: "built by finetuning MPT-7B on …".

    A sentence that begins with the name and more of it ("MPT-7B-Chat was …") is about another one as well, and so is
    one that begins with a Hub id of another family ("org/Other-7B: trained on …").
    """
    if OTHERS.found_in(sentence) or begins_with_another(sentence, own):
        return True
    named = len(own) > 2 and lowered(own) in lowered(sentence)
    return named and any(pattern.search(sentence) for pattern in others_named_after(own))


def begins_with_another(sentence: str, own: str) -> bool:
    hub_id, family = HUB_ID.match(sentence), FAMILY.search(own)
    return hub_id is not None and family is not None and lowered(family[0]) not in lowered(hub_id[1])


@lru_cache(maxsize=64)
def others_named_after(own: str) -> tuple[re.Pattern[str], ...]:
    name = re.escape(own)
    return (
        re.compile(rf"\A\W*{name}-\w", re.I),
        re.compile(rf"\b(?:{MADE_OF_IT}) (?:the )?{name}(?![\w-])", re.I),
    )
