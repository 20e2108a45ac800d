"""What the parts of one crawl share: handed to Scrapy's components through the spider."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from scrapy.crawler import Crawler

from output.archive import ArchiveWriter
from output.run_folder import RunFolder
from pipelines.dossier import Dossier
from spiders.addresses import Addresses

if TYPE_CHECKING:
    from crawler.nightly.budget import Purse


class HasArchive(Protocol):
    archive: ArchiveWriter


@dataclass
class Session:
    addresses: Addresses
    run: RunFolder | HasArchive
    requests: Counter[str] = field(default_factory=Counter)  # of services, by public host
    failures: list[str] = field(default_factory=list)
    dossiers: list[Dossier] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)  # what answers said that is not known
    pages: Counter[str] = field(default_factory=Counter)  # requests of the rest of the web, by host
    purse: Purse | None = None  # where several processes share what may be asked


def session_of(crawler: Crawler) -> Session:
    session = getattr(crawler.spider, "session", None)
    assert isinstance(session, Session)
    return session
