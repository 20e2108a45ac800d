"""Scrapy item pipelines: thin adapters around the detectors and the run folder."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
from scrapy.crawler import Crawler

from crawler.session import Session, session_of
from crawler.workers import start_worker
from output.record import EvidenceRecord
from output.run_folder import RunFolder
from pipelines import read
from pipelines.dossier import Dossier
from spiders.release import Read

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evidence:
    """What the detectors said of one release."""

    dossier: Dossier
    records: list[EvidenceRecord]


def dossier_of(item: Read) -> Dossier:
    return Dossier(item.root, item.documents, item.misses, item.leads, item.entry)


def listing(dossier: Dossier) -> dict[str, Any]:
    """What was read for a release, without the bytes: enough to read it again from the archive."""
    return {
        "root": dossier.root,
        "entry": dossier.entry,
        "documents": [{"kind": d.kind, "target": d.target, "source": d.source} for d in dossier.documents],
        "misses": dossier.misses,
        "leads": dossier.leads,
    }


def read_archived(folder: str, line: bytes) -> list[EvidenceRecord] | None:
    """What the detectors say of a line of `documents.jsonl`; None where the archive does not hold all of it."""
    from crawler.reanalyse import rebuild

    dossier, missing = rebuild(Path(folder), line)
    return None if missing else read(dossier)


class DetectPipeline:
    """Runs the detectors in a process of their own, so that a large tree or PDF never blocks the crawl's loop.

    It takes the bytes out of the archive itself: to hand them over would hold them four times.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start_worker)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DetectPipeline:
        return cls(session_of(crawler))

    def open_spider(self) -> None:
        """Let the process load the detectors while the first answers are on their way."""
        self.pool.submit(int)

    def close_spider(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    async def process_item(self, item: Read) -> Evidence:
        dossier = dossier_of(item)
        self.session.issues += item.issues
        folder = str(self.session.run.archive.folder.parent)
        line = msgspec.json.encode(listing(dossier))
        loop = asyncio.get_running_loop()
        records = await loop.run_in_executor(self.pool, read_archived, folder, line)
        if records is None:
            records = await loop.run_in_executor(self.pool, read, dossier)
        return Evidence(dossier, records)


class WritePipeline:
    """Writes records and what they were read from; durable before the item counts as done."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> WritePipeline:
        return cls(session_of(crawler))

    def process_item(self, item: Evidence) -> Evidence:
        assert isinstance(self.session.run, RunFolder)
        self.session.run.add(item.records, listing(item.dossier))
        self.session.dossiers.append(item.dossier)
        return item
