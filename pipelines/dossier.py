"""A dossier: everything that was read about one release, as the detectors get it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from output.record import Component, Searched, Source, Subject
from spiders.document import Document, Kind, Lead, Miss


def searched(document: Document, what: str | None = None) -> Searched:
    """Name a document as one that was read for an absence."""
    return Searched(document.source.url, document.source.sha256, what or document.kind.replace("_", " "))


@dataclass(frozen=True)
class Dossier:
    """Documents, misses and leads of one release, in an order that does not depend on when answers came.

    `root` is the target that was asked for. A local file or folder (`inspect`) is a dossier of one document.
    """

    root: str
    documents: tuple[Document, ...]
    misses: tuple[Miss, ...] = ()
    leads: tuple[Lead, ...] = ()
    entry: str | None = None

    def of(self, *kinds: Kind, target: str | None = None) -> Iterator[Document]:
        """Documents of these kinds, in order, of one target where one is named."""
        return (d for d in self.documents if d.kind in kinds and target in (None, d.target))

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
