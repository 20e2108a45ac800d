"""One target on its way: what is asked, what came back, what it pointed to. Knows nothing of Scrapy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from output.record import Outcome, Source
from spiders.document import Document, Kind, Lead, Miss

TEXT_CAP = 16 * 1024 * 1024
PAPER_CAP = 48 * 1024 * 1024
ARCHIVE_CAP = 160 * 1024 * 1024


@dataclass(frozen=True)
class Ask:
    """One request by its public address, with what the answer is and where a person can see it.

    What stands behind a `#` of the address is not sent: it tells one POST from another.
    """

    url: str
    what: Kind
    target: str
    view_url: str
    revision: str | None = None
    path: str | None = None
    cap: int = TEXT_CAP
    headers: Mapping[str, str] = field(default_factory=dict)
    revision_key: str | None = None  # key of a JSON answer that names the revision
    body: bytes | None = None  # of a POST


@dataclass(frozen=True)
class Answer:
    """Either a document or a miss; `status` is None where there was no answer at all."""

    ask: Ask
    status: int | None
    document: Document | None = None
    miss: Miss | None = None
    next_url: str | None = None  # where a listing goes on (RFC 8288), public

    @cached_property
    def data(self) -> Any:
        """The JSON of the document, or None where it is none."""
        if self.document is None:
            return None
        try:
            return json.loads(self.document.body)
        except ValueError:
            return None

    @property
    def facts(self) -> dict[str, Any]:
        return self.data if isinstance(self.data, dict) else {}


Fetch = Callable[[Ask], Awaitable[Answer]]


@dataclass
class Walk:
    """The documents, misses and leads of one target, in the order they were asked for."""

    target: str
    fetch: Fetch
    ref: str | None = None  # branch, tag or commit that the link to the target names, and the folder after it
    path: str | None = None
    documents: list[Document] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)  # what an answer says that is not known
    base_names: list[Lead] = field(default_factory=list)  # base models named in prose, to be resolved

    @property
    def name(self) -> str:
        """The target without its scheme: `ORG/NAME`."""
        return self.target.rpartition(":")[2]

    async def ask(self, ask: Ask) -> Answer:
        (answer,) = await self.ask_all([ask])
        return answer

    async def ask_all(self, asks: Iterable[Ask]) -> list[Answer]:
        """Ask at once; answers come in the order of the asks, documents and misses are kept."""
        answers = await asyncio.gather(*(self.fetch(ask) for ask in asks))
        for answer in answers:
            if answer.document is not None:
                self.documents.append(answer.document)
            if answer.miss is not None:
                self.misses.append(answer.miss)
        return list(answers)

    def drop(self, miss: Miss | None) -> None:
        """Forget a miss that another way of asking made good."""
        if miss in self.misses:
            self.misses.remove(miss)

    def missed(self, what: Kind, source: Source, outcome: Outcome, reason: str) -> None:
        self.misses.append(Miss(self.target, what, source, outcome, reason))
