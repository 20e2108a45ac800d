"""A dossier: everything that was read about one release, as the detectors get it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from output.record import Component, Searched, Source, Subject
from pipelines.readers.front_matter import find_front
from spiders.document import Document, Kind, Lead, Miss, Readable


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def version_folder(path: str, names: Iterable[str]) -> str | None:
    """The first folder of a path that is a version of the family: same letters at its head, then a digit."""
    for step in path.split("/")[:-1]:
        match = re.match(r"([a-z]{3,})\d", plain(step))
        if match and any(name.startswith(match[1]) for name in names):
            return plain(step)
    return None


def card_text(card: Document) -> str:
    """What a card says below its front matter."""
    front = find_front(card.text)
    return card.text[front.end if front else 0 :].strip()


def searched(document: Document, what: str | None = None) -> Searched:
    """Name a document as one that was read for an absence."""
    return Searched(document.source.url, document.source.sha256, what or document.kind.replace("_", " "))


@dataclass(frozen=True)
class Dossier(Readable):
    """Documents, misses and leads of one release, in an order that does not depend on when answers came.

    `root` is the target that was asked for. A local file or folder (`inspect`) is a dossier of one document.
    """

    root: str
    documents: tuple[Document, ...]
    misses: tuple[Miss, ...] = ()
    leads: tuple[Lead, ...] = ()
    entry: str | None = None

    def of(self, *kinds: Kind, target: str | None = None) -> Iterator[Document]:
        """Documents of these kinds, in order, of one target where one is named; not those of other versions."""
        aside = self.set_aside
        return (
            d for d in self.documents if d.kind in kinds and target in (None, d.target) and not (aside and d in aside)
        )

    @cached_property
    def set_aside(self) -> frozenset[Document]:
        """Documents that would say of the release what is not so, or what another says already."""
        return self.other_versions() | self.copied_cards()

    def copied_cards(self) -> frozenset[Document]:
        """Cards in repositories that are, but for the front matter, a card of the Hub over again."""
        cards = [d for d in self.documents if d.kind == "model_card"]
        hub = {card_text(d) for d in cards if d.target.startswith("hf:")}
        return frozenset(d for d in cards if d.target.startswith("github:") and card_text(d) in hub)

    def other_versions(self) -> frozenset[Document]:
        """Cards and licences in a repository of many models that belong to another version than the release's.

        `models/llama3/LICENSE` beside `models/llama3_1/LICENSE` says nothing of Llama-3.1-8B: of folders whose name is
        one of the family with a version, only the one that fits the release best counts, and it alone.
        """
        names = [plain(t.rpartition("/")[2]) for t in (self.root, *sorted(self.base_models))]
        aside: set[Document] = set()
        for target in self.targets:
            if not target.startswith("github:"):
                continue
            versioned = {
                d: folder
                for d in self.documents
                if d.target == target and d.kind in ("license", "model_card", "dataset_card")
                and (folder := version_folder(d.source.path or "", names))
            }  # fmt: skip
            best = max((f for f in versioned.values() if any(n.startswith(f) for n in names)), key=len, default=None)
            aside |= {d for d, folder in versioned.items() if best is not None and folder != best}
        return frozenset(aside)

    @cached_property
    def memory(self) -> dict[str, object]:
        """What a reader made of the documents of a target, for the detectors that come after."""
        return {}

    def missed(self, target: str) -> Iterator[Miss]:
        return (m for m in self.misses if m.target == target)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Targets of the dossier, the root first, then in order of the documents and misses."""
        seen = dict.fromkeys([self.root, *(d.target for d in self.documents), *(m.target for m in self.misses)])
        return tuple(seen)

    @cached_property
    def base_models(self) -> frozenset[str]:
        """The chain of base models that was followed from the root."""
        chain: set[str] = set()
        frontier = {self.root}
        while frontier:
            frontier = {
                lead.target
                for lead in self.leads
                if lead.relation == "base_model" and lead.followed and lead.origin in frontier
            } - chain
            chain |= frontier
        return frozenset(chain - {self.root})

    def component(self, target: str) -> Component | None:
        """`end` for the release itself, `base` for what it was trained from, None for everything else."""
        if target == self.root:
            return "end"
        return "base" if target in self.base_models else None

    def subject(self, target: str, component: Component | None = None) -> Subject:
        return Subject(self.entry, target, component or self.component(target))

    def sources(self, *kinds: Kind) -> tuple[Source, ...]:
        return tuple(d.source for d in self.of(*kinds))
