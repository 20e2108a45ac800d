"""From a request to an answer: one place where revision, hash, time, status and archive position are stamped."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urldefrag, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from output.record import Outcome, Source, git_blob_id
from spiders.addresses import Addresses, Service
from spiders.document import Document, Miss, stored_tree
from spiders.walk import Answer, Ask


class TokenRefusedError(Exception):
    """A service refused the token: going on would take every gate and limit for the state of the world."""


Remember = Callable[[Ask], Answer | None]


class Asker:
    """Asks through Scrapy's downloader, each address once in a run; what `remember` knows is not asked at all."""

    def __init__(self, crawler: Crawler, addresses: Addresses, remember: Remember | None = None) -> None:
        self.crawler = crawler
        self.addresses = addresses
        self.remember = remember
        self.asked: dict[tuple[str, bytes | None], asyncio.Future[Answer]] = {}
        self.faults: Counter[str] = Counter()  # by public host

    async def fetch(self, ask: Ask) -> Answer:
        key = (ask.url, ask.body)
        if key not in self.asked:
            known = self.remember(ask) if self.remember else None
            if known is not None:
                return known
            self.asked[key] = asyncio.ensure_future(self.download(ask))
        answer = await self.asked[key]
        if answer.miss is not None and answer.miss.outcome == "error":
            self.faults[urlsplit(ask.url).netloc] += 1
        return answer

    def forget(self, urls: Iterable[str]) -> None:
        """Let go of answers that are durable elsewhere: a night must not hold all bodies."""
        for url in urls:
            self.asked.pop((url, None), None)

    async def download(self, ask: Ask) -> Answer:
        service = self.addresses.service(ask.url)
        request = Request(
            self.addresses.actual(urldefrag(ask.url).url),
            method="GET" if ask.body is None else "POST",
            body=ask.body,
            headers={**(dict(service.headers) if service else {}), **ask.headers},
            callback=NO_CALLBACK,
            meta={
                "download_maxsize": ask.cap,
                "osai_service": service.name if service else None,
                "osai_to_disk": ask.what == "source_archive",
                **({"download_slot": service.slot, "dont_obey_robotstxt": True} if service else {}),
            },
        )
        engine = self.crawler.engine
        assert engine is not None
        try:
            response = await engine.download_async(request)
        except Exception as error:
            return self.no_answer(ask, request, error)
        return replace(read_answer(ask, service, response, request), next_url=self.next_page(response))

    def next_page(self, response: Response) -> str | None:
        match = re.search(r'<([^>]+)>\s*;[^,]*\brel="?next\b', header(response, "Link"))
        return self.addresses.public(response.urljoin(match[1])) if match else None

    def no_answer(self, ask: Ask, request: Request, error: Exception) -> Answer:
        if isinstance(error, TokenRefusedError):
            raise error
        over = "maxsize" in str(error).lower() or type(error).__name__ == "DownloadCancelledError"
        outcome: Outcome = "unavailable" if over or "Forbidden by robots" in str(error) else "error"
        reason = over_cap(ask, error) if over else failure_text(error)
        source = Source(ask.url, ask.view_url, ask.revision, ask.path)
        return Answer(ask, None, miss=Miss(ask.target, ask.what, source, outcome, reason))


def over_cap(ask: Ask, error: Exception) -> str:
    """Scrapy's words name the size that the answer announced before it was ended."""
    announced = re.search(r"[Ee]xpected to receive (\d+) bytes", str(error))
    return f"over the size cap of {ask.cap // (1024 * 1024)} MiB" + (f" ({announced[1]} bytes)" if announced else "")


def failure_text(error: Exception) -> str:
    """Why there was no answer, in words a person can act on, without addresses of this machine."""
    name = type(error).__name__
    known = {
        "DNSLookupError": "the host name could not be found",
        "CannotResolveHostError": "the host name could not be found",
        "ConnectionRefusedError": "the connection was refused",
        "DownloadConnectionRefusedError": "the connection was refused",
        "TimeoutError": "no answer in time",
        "DownloadTimeoutError": "no answer in time",
        "ResponseFailed": "the connection broke before the body was complete",
        "ResponseDataLossError": "the connection broke before the body was complete",
        "DownloadFailedError": "the connection broke",
    }
    if isinstance(error, IgnoreRequest):
        return str(error) or "refused by this crawler's own rules"
    return known.get(name, f"no answer ({name})")


def stamp(ask: Ask, response: Response, request: Request) -> Source:
    final = response.request or request
    body = response.body
    revision = ask.revision
    if ask.revision_key and response.status == 200:
        try:
            value = json.loads(body).get(ask.revision_key)
        except (ValueError, AttributeError):
            value = None
        revision = value if isinstance(value, str) else None
    media_type = (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip() or None
    is_file = ask.path is not None
    sha256, size = final.meta.get("osai_stored") or (hashlib.sha256(body).hexdigest(), len(body))
    return Source(
        url=ask.url,
        view_url=ask.view_url,
        revision=revision,
        path=ask.path,
        media_type=media_type,
        sha256=sha256,
        git_blob=git_blob_id(body) if is_file else None,
        size=size,
        retrieved_at=final.meta.get("osai_retrieved_at"),
        status=response.status,
        archive=final.meta.get("osai_archive"),
    )


def read_answer(ask: Ask, service: Service | None, response: Response, request: Request) -> Answer:
    source = stamp(ask, response, request)
    if response.status == 200 and ask.what == "source_archive" and source.archive is None:
        return Answer(ask, 200, miss=Miss(ask.target, ask.what, source, "error", "it could not be kept"))
    if response.status == 200:
        return Answer(ask, 200, document(ask, source, response, request))
    outcome, reason = why_not(service, response)
    return Answer(ask, response.status, miss=Miss(ask.target, ask.what, source, outcome, reason))


def document(ask: Ask, source: Source, response: Response, request: Request) -> Document:
    if ask.what == "source_archive":
        return stored_tree(ask.target, source, (response.request or request).meta["osai_opened"])
    return Document(ask.what, ask.target, source, response.body)


def why_not(service: Service | None, response: Response) -> tuple[Outcome, str]:
    """What a status other than 200 says, by the service's own error codes. Raises TokenRefusedError."""
    status = response.status
    text = response.body[:2000].decode("utf-8", "replace")
    code = header(response, "X-Error-Code")
    message = header(response, "X-Error-Message") or json_message(text)
    if service is not None and service.token_variable and status == 401 and re.search(
        r"(?i)bad credentials|invalid (?:credentials|username or password|user token)", message
    ):  # fmt: skip
        raise TokenRefusedError(
            f"{service.public.removeprefix('https://')} refused the token in {service.token_variable}: {message}. "
            f"Set a valid one or unset {service.token_variable}."
        )
    if code == "GatedRepo" or (status in (401, 403) and "restricted" in message.lower()):
        return "unavailable", "gated: access must be asked for"
    if code == "RepoNotFound" or (service and service.name == "hub" and status in (401, 404) and not code):
        return "unavailable", "not there: no such repository, or it is private"
    if "disabled" in message.lower() and status in (401, 403, 404):
        return "unavailable", "disabled by the service"
    if status in (404, 410):
        return "unavailable", f"not there (HTTP {status})"
    if status == 409 and "empty" in message.lower():
        return "unavailable", "the repository is empty"
    if status == 451:
        return "unavailable", "taken down for legal reasons (HTTP 451)"
    if status in (401, 403):
        return "unavailable", f"access refused (HTTP {status})"
    return "error", f"HTTP {status}" + (f": {message[:120]}" if message else "")


def header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1")


def json_message(text: str) -> str:
    try:
        data: Any = json.loads(text)
    except ValueError:
        return text[:200]
    if isinstance(data, dict):
        return str(data.get("message") or data.get("error") or "")
    return ""
