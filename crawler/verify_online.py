"""Re-check records against the services: are the pinned bytes still the same, is the quote still true today?

A file is fetched only where `holdings` does not settle it. An interface's answer (the facts of a repository) and a web
page have no pin: they are only asked for today's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from crawler.holdings import Holdings, ask_holdings
from crawler.nightly.questions import ref_of
from crawler.progress import Progress
from crawler.session import Session
from crawler.settings import SOFTWARE, settings
from crawler.verify import pages_with, quote_problem
from output.archive import ArchiveWriter
from output.record import EvidenceRecord, Source
from output.run import read_listings, read_records
from spiders.addresses import Addresses
from spiders.answers import Asker, TokenRefusedError
from spiders.leads import place
from spiders.walk import PAPER_CAP, Answer, Ask

Pinned = Literal["same bytes", "bytes differ", "not there any more", "could not ask", "not pinned"]
Today = Literal["still true", "moved", "changed", "gone", "could not ask"]

AT_ONCE = 8


class RefusedError(Exception):
    """A service does not know us: nothing was checked."""


@dataclass(frozen=True)
class OnlineCheck:
    record: EvidenceRecord
    pinned: Pinned
    today: Today


@dataclass
class Checked:
    """One check for each record with a quote, and what asking took, by host."""

    checks: list[OnlineCheck] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    refused: str | None = None

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        return {
            "pinned": dict(Counter(c.pinned for c in self.checks).most_common()),
            "today": dict(Counter(c.today for c in self.checks).most_common()),
        }


class Scratch:
    """An archive nobody keeps: what is asked here is no evidence of a run."""

    def __init__(self, folder: Path) -> None:
        self.archive = ArchiveWriter(folder, SOFTWARE)


def is_pinned(source: Source) -> bool:
    return bool(source.revision) and str(source.revision) in source.url


def target_of(source: Source) -> str:
    where = place(source.url)
    return where.target if where else ""


def address_at(source: Source, head: str | None) -> str:
    """The same file at another revision; without one, the address that always leads to the latest."""
    before, _, after = source.url.rpartition(str(source.revision))
    if head is not None:
        return before + head + after
    return before + ("main" if "/resolve/" in before else "HEAD" if after else "") + after


class VerifySpider(scrapy.Spider):
    name = "verify"

    def __init__(self, folder: Path, found: Checked, session: Session, **more: Any) -> None:
        super().__init__(**more)
        self.folder = folder
        self.found = found
        self.session = session
        self.gate = asyncio.Semaphore(AT_ONCE)

    async def start(self) -> AsyncIterator[Any]:
        self.asker = Asker(self.crawler, self.session.addresses)
        groups: dict[str, list[EvidenceRecord]] = {}
        pinned: dict[str, list[Source]] = {}
        for record in read_records(self.folder):
            if record.quote is not None and record.source is not None:
                if record.source.url not in groups and is_pinned(record.source):
                    pinned.setdefault(target_of(record.source), []).append(record.source)
                groups.setdefault(record.source.url, []).append(record)
        refs = {
            (d.target, str(d.source.revision)): ref_of(d.source)
            for listing in read_listings(self.folder)
            for d in listing.documents
            if d.kind == "github_commit"
        }
        try:
            held = await ask_holdings(self.asker, pinned, refs)
            for checks in await asyncio.gather(*(self.check(held, records) for records in groups.values())):
                self.found.checks += checks
        except TokenRefusedError as error:
            self.found.refused = str(error)
        return
        yield

    async def check(self, held: Holdings, records: list[EvidenceRecord]) -> list[OnlineCheck]:
        """Records of one source."""
        source = records[0].source
        assert source is not None
        async with self.gate:
            if not is_pinned(source):
                now = await self.fetch(source, source.url)
                return [OnlineCheck(r, "not pinned", today_verdict(r, now)) for r in records]
            blob = held.blobs.get((target_of(source), str(source.revision), str(source.path)))
            pinned = None if blob and blob == source.git_blob else await self.fetch(source, source.url)
            today = await self.today(held, source, pinned)
            return [OnlineCheck(r, pinned_verdict(r, pinned), today_verdict(r, today)) for r in records]

    async def today(self, held: Holdings, source: Source, pinned: Answer | None) -> Answer | Today:
        """The same file at today's head, or the verdict where it is known without it."""
        target = target_of(source)
        head = held.heads.get(target)
        if target in held.heads and head is None:
            return "gone"
        if head == source.revision:
            return pinned or "still true"
        key = (target, str(head), str(source.path))
        if key in held.blobs and held.blobs[key] in (None, source.git_blob):
            return "still true" if held.blobs[key] else "gone"
        return await self.fetch(source, address_at(source, head))

    async def fetch(self, source: Source, url: str) -> Answer:
        answer = await self.asker.fetch(
            Ask(url, "source_file", source.url, source.view_url, path=source.path, cap=PAPER_CAP)
        )
        self.asker.forget([url])
        return answer


def pinned_verdict(record: EvidenceRecord, answer: Answer | None) -> Pinned:
    """`answer` is None where the service named the same blob."""
    assert record.source is not None
    if answer is None:
        return "same bytes"
    if answer.document is None:
        return "not there any more" if answer.miss and answer.miss.outcome == "unavailable" else "could not ask"
    same = hashlib.sha256(answer.document.body).hexdigest() == record.source.sha256
    return "same bytes" if same else "bytes differ"


def today_verdict(record: EvidenceRecord, answer: Answer | Today) -> Today:
    assert record.source is not None
    if not isinstance(answer, Answer):
        return answer
    if answer.document is None:
        return "gone" if answer.miss and answer.miss.outcome == "unavailable" else "could not ask"
    body = answer.document.body
    if hashlib.sha256(body).hexdigest() == record.source.sha256 or quote_problem(record, body) is None:
        return "still true"
    return "moved" if stands_elsewhere(record, answer.document.text, body) else "changed"


def stands_elsewhere(record: EvidenceRecord, text: str, body: bytes) -> bool:
    quote, selector = record.quote, record.selector
    if quote is None or selector is None:
        return False
    if selector.page is not None:
        return any(pages_with(quote.exact, body))
    return selector.start is not None and quote.exact in text


def verify_online(folder: Path, addresses: Addresses | None = None, progress: Progress | None = None) -> Checked:
    """Check every record with a quote. Raises RunError where the folder is no run, RefusedError for a wrong token."""
    addresses = addresses or Addresses()
    found = Checked()
    for _ in read_records(folder):  # a folder that is no run is refused before anything is asked
        pass
    with TemporaryDirectory() as scratch:
        session = Session(addresses, Scratch(Path(scratch)), found.requests)
        process = AsyncCrawlerProcess(settings(OSAI_ADDRESSES=addresses, ITEM_PIPELINES={}))
        crawler = process.create_crawler(VerifySpider)
        if progress is not None:
            progress.watch(crawler)
        process.crawl(crawler, folder=folder, found=found, session=session)
        process.start(stop_after_crawl=True)
    if found.refused:
        raise RefusedError(found.refused)
    return found
