"""Writes every answer into the run's archive as it arrives, and stamps the request with where it lies."""

from __future__ import annotations

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.session import session_of
from crawler.streaming import OnDisk
from output.positions import payload


class ArchiveExtension:
    """Listens for answers before anything else touches them: the body is the one that went over the wire."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.session = session_of(crawler)
        self.failed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ArchiveExtension:
        extension = cls(crawler)
        crawler.signals.connect(extension.asked, signal=signals.request_reached_downloader)
        crawler.signals.connect(extension.downloaded, signal=signals.response_downloaded)
        return extension

    def asked(self, request: Request) -> None:
        counter = self.session.requests if request.meta.get("osai_service") else self.session.pages
        counter[urlsplit(self.session.addresses.public(request.url)).netloc] += 1

    def downloaded(self, response: Response, request: Request) -> None:
        body = request.meta.pop("osai_body", None)
        try:
            if not self.failed:
                self.keep(response, request, body if body and not response.body else None)
        except OSError as error:
            self.stop(error)
        finally:
            if body is not None:
                body.close()

    def keep(self, response: Response, request: Request, body: OnDisk | None) -> None:
        """Archive an answer whose body came in over memory, or to disk; say in the request's meta where it lies.

        Raises OSError.
        """
        request.meta["osai_stored"] = body.finished() if body else None
        position, when = self.session.run.archive.exchange(
            self.session.addresses.public(request.url),
            request.method,
            pairs(request),
            f"{response.status} {reason(response)}".strip(),
            pairs(response),
            body.file if body else response.body,
        )
        request.meta["osai_archive"] = position
        request.meta["osai_opened"] = partial(payload, self.session.run.archive.folder.parent, position)
        request.meta["osai_retrieved_at"] = when

    def stop(self, error: OSError) -> None:
        """Nothing may be claimed that is not archived: a full disk ends the crawl."""
        self.failed = True
        self.session.failures.append(f"archive cannot be written: {error.strerror or error}")
        self.stopping = asyncio.ensure_future(self.crawler.stop_async())


def reason(response: Response) -> str:
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return ""


def pairs(message: Any) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in message.headers.items()
        if name.lower() != b"transfer-encoding"
        for value in values
    ]
