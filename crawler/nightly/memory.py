"""What was read before, answered from the archive instead of from the service."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from crawler.nightly.questions import asked_ids
from output.positions import ArchiveError, payload, read_payload
from output.run import Listing, Missed, ReadDocument
from spiders.document import Document, Miss, stored_tree
from spiders.walk import Answer, Ask

LOOKUP_DAYS = 7


class Memory:
    """Answers of earlier nights, and of this one, by their address.

    A pinned address (a file at a commit) never changes. Any other is answered only while its target has not changed
    since; what databases and archives of papers said, for LOOKUP_DAYS, since nothing tells when they change. An answer
    of arXiv on many papers answers for each of them. A failure is not remembered: it is asked again.
    """

    def __init__(self, folder: Path, changed: Set[str] = frozenset()) -> None:
        """`folder` holds `archive/`; `changed` are targets that must be asked anew."""
        self.folder = folder
        self.changed = changed
        self.known: dict[str, ReadDocument | Missed] = {}
        self.fresh: set[str] = set()
        self.lengths: dict[str, int] = {}

    def add(self, listing: Listing, *, fresh: bool = False) -> None:
        """`fresh`: read in this very night, so also right for a target that changed."""
        found: Iterable[ReadDocument | Missed] = [
            *(d for d in listing.documents if d.source.archive and d.source.archive.member is None),
            *(m for m in listing.misses if m.outcome == "unavailable" and m.source.archive),
        ]
        for one in found:
            url = one.source.url
            before = self.known.get(url)
            if before is None or (before.source.retrieved_at or "") <= (one.source.retrieved_at or ""):
                self.known[url] = one
            if fresh:
                self.fresh.add(url)

    def holds(self, listing: Listing) -> bool:
        """Whether the archive is long enough for all that the listing names; only lengths are looked at."""
        sources = [*(d.source for d in listing.documents), *(m.source for m in listing.misses)]
        positions = [source.archive for source in sources if source.archive]
        return all(self.length(position.file) > position.offset for position in positions)

    def length(self, file: str) -> int:
        if file not in self.lengths:
            path = self.folder / file
            self.lengths[file] = path.stat().st_size if path.is_file() else 0
        return self.lengths[file]

    def answer(self, ask: Ask) -> Answer | None:
        known = self.known.get(ask.url) or (self.feed_on(asked_ids(ask.url)) if ask.what == "arxiv_feed" else None)
        if known is None or self.stale(ask, known) or (ask.body is not None and "#" not in ask.url):
            return None
        if isinstance(known, Missed):
            miss = Miss(ask.target, ask.what, known.source, "unavailable", known.reason)
            return Answer(ask, known.source.status, miss=miss)
        assert known.source.archive is not None
        try:
            if ask.what == "source_archive":
                opened = partial(payload, self.folder, known.source.archive)
                return Answer(ask, 200, stored_tree(ask.target, known.source, opened))
            body = read_payload(self.folder, known.source.archive)
        except ArchiveError:
            return None
        return Answer(ask, 200, Document(ask.what, ask.target, known.source, body))

    def stale(self, ask: Ask, known: ReadDocument | Missed) -> bool:
        """Whether a remembered answer may be out of date."""
        if ask.revision is not None or known.source.url in self.fresh:
            return False
        if ask.what == "paper_metadata":
            read_at = known.source.retrieved_at
            return read_at is None or datetime.now(UTC) - datetime.fromisoformat(read_at) > timedelta(days=LOOKUP_DAYS)
        return not self.changed.isdisjoint(about(ask))

    def feed_on(self, ids: list[str]) -> ReadDocument | None:
        """The latest answer of arXiv on all of these papers."""
        feeds = [
            known
            for url, known in self.known.items()
            if isinstance(known, ReadDocument) and ids and set(ids) <= set(asked_ids(url))
        ]
        return max(feeds, key=lambda known: known.source.retrieved_at or "", default=None)


def about(ask: Ask) -> list[str]:
    """Targets that an answer speaks of."""
    return [f"arxiv:{ident}" for ident in asked_ids(ask.url)] or [ask.target]
