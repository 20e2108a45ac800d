"""The pages that speak of a release: its cards, and the READMEs of its own repositories."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from output.data_files import load
from output.record import EvidenceRecord, Subject
from pipelines.dossier import Dossier, plain
from pipelines.model_card.embedded import card_name, component_of, embedded_heading
from pipelines.papers.names import another_size, match_title
from pipelines.readers.markdown import Card, card_of
from pipelines.readers.sentences import sentences
from spiders.document import Document
from spiders.hub import README_NAME

OWN_NAMES = frozenset(["full", "family", "version"])
BLANK = re.compile(r"[^\n]")


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    trained: list[str]
    not_of_the_model: list[str]
    another: str


class Rules(NamedTuple):
    trained: re.Pattern[str]
    not_of_the_model: re.Pattern[str]
    another: re.Pattern[str]


@cache
def rules() -> Rules:
    words = load(Path(__file__).parent / "readme.yaml", Words)
    texts = ("|".join(words.trained), "|".join(words.not_of_the_model), words.another)
    return Rules(*(re.compile(text, re.I) for text in texts))


@dataclass(frozen=True)
class Page:
    """A document that speaks of a model (`own`, without its maker), with the name that statements call it by."""

    document: Document
    card: Card
    subject: Subject
    name: str
    own: str

    @cached_property
    def on_training(self) -> Card:
        """A card as it is; of a README the parts that say how the model was trained."""
        return told(self) if self.document.kind == "source_file" else self.card

    def stretches(self) -> list[Stretch]:
        """The page itself, and the card of another model that it embeds, which speaks of the base model."""
        card, subject, own = self.card, self.subject, self.own
        split = card.once(embedded_heading)
        first = Stretch(card.body_start, split.start if split else len(card.text), subject, None, self.name, own)
        if split is None:
            return [first]
        base = Subject(subject.entry, subject.target, "base")
        called = f"Embedded card “{split.label[:80]}”"
        return [first, Stretch(split.end, len(card.text), base, split.label, called, own)]


class Stretch(NamedTuple):
    """Part of a page and the subject it is about; `title` is the heading of an embedded card."""

    start: int
    end: int
    subject: Subject
    title: str | None
    name: str
    own: str


def cards(dossier: Dossier) -> list[Page]:
    """The model cards of the release and its base models, taken apart once however many detectors read them."""
    return dossier.once(find_cards)


def readmes(dossier: Dossier) -> list[Page]:
    """READMEs of repositories that a card names, where their name or first heading is the model's; found once."""
    return dossier.once(find_readmes)


def find_cards(dossier: Dossier) -> list[Page]:
    found = []
    for document in dossier.of("model_card"):
        component = component_of(dossier, document.target)
        if component:
            subject = dossier.subject(document.target, component)
            own = document.target.rpartition("/")[2]
            found.append(Page(document, card_of(document), subject, card_name(subject), own))
    return found


def find_readmes(dossier: Dossier) -> list[Page]:
    found = []
    for document in dossier.of("source_file"):
        component = component_of(dossier, document.target)
        own = model_of(dossier, document) if README_NAME.fullmatch(document.source.path or "") else None
        if component and own:
            repository = document.target.partition(":")[2]
            subject = dossier.subject(document.target, component)
            found.append(Page(document, card_of(document), subject, f"README of {repository}", own))
    return found


def told(page: Page) -> Card:
    """Headings, and the sentences that say how the model was trained: a README shows its users how to train as well."""
    card = page.card
    kept = [(part.start, part.end) for part in card.headings]
    for part in card.parts:
        if part.kind not in ("code", "image") and rules().trained.search(card.visible, part.start, part.end):
            spans = sentences(card.visible, part.start, part.end)
            kept += [span for span in spans if tells_of_training(card.visible[slice(*span)], page.own)]
    kept.sort()
    links = tuple(x for x in card.links if any(start <= x.start < end for start, end in kept))
    return replace(card, visible=only(card.visible, kept), links=links)


def only(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with all but these stretches blank, so that positions stay."""
    pieces, at = [], 0
    for start, end in spans:
        pieces += [BLANK.sub(" ", text[at:start]), text[max(at, start) : end]]
        at = max(at, end)
    return "".join((*pieces, BLANK.sub(" ", text[at:])))


def tells_of_training(sentence: str, own: str) -> bool:
    if not rules().trained.search(sentence) or rules().not_of_the_model.search(sentence):
        return False
    named = rules().another.search(sentence)
    if not named or not re.search(r"\d", named["name"]):
        return True
    return match_title(named["name"], own) in OWN_NAMES and not another_size(named["name"], own)


def model_of(dossier: Dossier, readme: Document) -> str | None:
    """The model that led to a repository which is called after it and whose README names it.

    A framework's README speaks of other models, that of a family's home often of its newest version only.
    """
    card = card_of(readme)
    titles = [readme.target.rpartition("/")[2], *(h.label for h in card.headings[:1])]
    origins = (x.origin for x in dossier.leads if x.target == readme.target)
    models = [x.rpartition("/")[2] for x in origins if x == dossier.root or x.startswith("hf:model:")]
    named = plain(" ".join((*titles, card.visible, *(link.href for link in card.links))))
    return next((m for m in models if plain(m) in named and any(match_title(t, m) in OWN_NAMES for t in titles)), None)


def read_pages(dossier: Dossier, read: Callable[[Page], Iterator[EvidenceRecord]]) -> Iterator[EvidenceRecord]:
    """Read the cards, then the READMEs; what a README says again in a card's own words is said once."""
    said = set()
    for page in cards(dossier):
        for record in read(page):
            said.add((record.indicator, record.quote and record.quote.exact))
            yield record
    for page in readmes(dossier):
        yield from (r for r in read(page) if not r.quote or (r.indicator, r.quote.exact) not in said)
