"""Re-check records against the services: are the pinned bytes still the same, is the quote still true today?

Each distinct source costs two requests: its pinned address, and the same file at today's head. An interface's answer
(the facts of a repository) has no pinned address: it is only asked for today's.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from crawler.session import Session
from crawler.settings import SOFTWARE, settings
from crawler.verify import quote_problem
from output.archive import ArchiveWriter
from output.record import EvidenceRecord, Source
from output.run import read_records
from spiders.addresses import Addresses
from spiders.answers import Asker
from spiders.walk import PAPER_CAP, Answer, Ask

Pinned = Literal["same bytes", "bytes differ", "not there any more", "could not ask", "not pinned"]
Today = Literal["still true", "moved", "changed", "gone", "could not ask"]

PIN = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class OnlineCheck:
    record: EvidenceRecord
    pinned: Pinned
    today: Today


class Scratch:
    """An archive nobody keeps: what is asked here is no evidence of a run."""

    def __init__(self, folder: Path) -> None:
        self.archive = ArchiveWriter(folder, SOFTWARE)


def todays(source: Source) -> str | None:
    """The same file at today's head; None for addresses without one."""
    if not source.revision or source.revision not in source.url:
        return source.url if "/api/" in source.url or "//api." in source.url or "query?" in source.url else None
    if "/resolve/" in source.url:
        return source.url.replace(f"/resolve/{source.revision}/", "/resolve/main/")
    if source.url.startswith("https://raw.githubusercontent.com/"):
        return source.url.replace(f"/{source.revision}/", "/HEAD/")
    return source.url.removesuffix(source.revision) if "arxiv.org/pdf/" in source.url else None


def is_pinned(source: Source) -> bool:
    return bool(source.revision) and str(source.revision) in source.url


class VerifySpider(scrapy.Spider):
    name = "verify"

    def __init__(self, records: Iterable[EvidenceRecord], found: list[OnlineCheck], session: Any, **more: Any) -> None:
        super().__init__(**more)
        self.records = records
        self.found = found
        self.session = session

    async def start(self) -> AsyncIterator[Any]:
        asker = Asker(self.crawler, self.crawler.settings["OSAI_ADDRESSES"])
        groups: dict[str, list[EvidenceRecord]] = {}
        for record in self.records:
            if record.quote is not None and record.source is not None:
                groups.setdefault(record.source.url, []).append(record)
        for records in groups.values():
            source = records[0].source
            assert source is not None
            pinned = await asker.fetch(ask(source, source.url)) if is_pinned(source) else None
            url = todays(source)
            now = await asker.fetch(ask(source, url)) if url else pinned
            self.found += [OnlineCheck(r, pinned_verdict(r, pinned), today_verdict(r, now)) for r in records]
            asker.asked.clear()
        return
        yield


def ask(source: Source, url: str) -> Ask:
    return Ask(url, "source_file", source.url, source.view_url, path=source.path, cap=PAPER_CAP)


def pinned_verdict(record: EvidenceRecord, answer: Answer | None) -> Pinned:
    assert record.source is not None
    if answer is None:
        return "not pinned"
    if answer.document is None:
        return "not there any more" if answer.miss and answer.miss.outcome == "unavailable" else "could not ask"
    same = hashlib.sha256(answer.document.body).hexdigest() == record.source.sha256
    return "same bytes" if same else "bytes differ"


def today_verdict(record: EvidenceRecord, answer: Answer | None) -> Today:
    assert record.source is not None
    assert record.quote is not None
    if answer is None:
        return "could not ask"
    if answer.document is None:
        return "gone" if answer.miss and answer.miss.outcome == "unavailable" else "could not ask"
    body = answer.document.body
    if hashlib.sha256(body).hexdigest() == record.source.sha256 or quote_problem(record, body) is None:
        return "still true"
    elsewhere = record.selector is not None and record.selector.start is not None
    return "moved" if elsewhere and record.quote.exact in answer.document.text else "changed"


def verify_online(folder: Path, addresses: Addresses | None = None) -> list[OnlineCheck]:
    """Check every record with a quote. Raises RunError where the folder is no run."""
    addresses = addresses or Addresses()
    found: list[OnlineCheck] = []
    with TemporaryDirectory() as scratch:
        session = Session(addresses, Scratch(Path(scratch)))
        process = AsyncCrawlerProcess(settings(OSAI_ADDRESSES=addresses, ITEM_PIPELINES={}))
        process.crawl(VerifySpider, records=list(read_records(folder)), found=found, session=session)
        process.start(stop_after_crawl=True)
    return found


def counts(checks: Iterable[OnlineCheck]) -> dict[str, dict[str, int]]:
    checks = list(checks)
    return {
        "pinned": dict(Counter(c.pinned for c in checks).most_common()),
        "today": dict(Counter(c.today for c in checks).most_common()),
    }
