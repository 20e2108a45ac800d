"""The pace of each service: what its answers ask for is kept, and passing faults are tried again.

Scrapy 2.19 ignores `Retry-After` and the Hub's `RateLimit`; a gate in `process_request` lets queued requests out. What
holds a whole service is its slot's `lastseen` pushed into the future when the answer arrives (contract test:
tests/crawler/test_wire.py).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.session import session_of

logger = logging.getLogger(__name__)

PASSING = frozenset({408, 429, 500, 502, 503, 504, 522, 524})
TRIES = 10
WEB_TRIES = 2  # for pages that documents name, and their robots.txt
DNS_TRIES = 2
LONGEST_BACKOFF = 60.0
NO_HINT = 5.0
GIVE_UP_SECONDS = 600.0
PROBE_EVERY = 60.0


def wanted_pause(status: int, headers: dict[str, str], now: float) -> float:
    """Seconds that an answer asks to wait before the next request; 0 where it asks for nothing.

    `headers` with lower-case names, `now` as Unix time. Sources: RFC 9110 section 10.2.3, the IETF RateLimit draft as
    the Hub sends it, GitHub's documentation of rate limits.
    """
    if status in (403, 429, 503) and (after := headers.get("retry-after")):
        return retry_after(after, now)
    info = parse_ratelimit_headers(headers)
    if info is not None and info.remaining == 0:
        return float(info.reset_in_seconds)
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        return max(0.0, int(headers["x-ratelimit-reset"]) - now) + 1.0
    return 0.0


def retry_after(value: str, now: float) -> float:
    """Seconds of a Retry-After header, which is a number or a date."""
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError):
        return NO_HINT


def is_limit(status: int, headers: dict[str, str]) -> bool:
    """GitHub answers 403 for a limit; any other 403 is a refusal."""
    return status == 403 and (headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers)


class PaceMiddleware:
    """Pauses a slot as long as its service asks, and retries what may pass."""

    def __init__(self, crawler: Crawler, clock: Callable[[], float] = time.time) -> None:
        self.crawler = crawler
        self.clock = clock
        self.longest = crawler.settings.getfloat("OSAI_LONGEST_PAUSE")
        self.down: dict[str, float] = {}  # slot of a service → when its first fault came after the last good answer
        self.probed: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PaceMiddleware:
        pace = cls(crawler)
        crawler.signals.connect(pace.downloaded, signal=signals.response_downloaded)
        return pace

    def process_request(self, request: Request) -> None:
        """A service that has been down for long is asked once in a while only."""
        slot = str(request.meta.get("download_slot"))
        if request.meta.get("osai_service") and self.given_up(slot):
            if time.monotonic() - self.probed.get(slot, 0.0) < PROBE_EVERY:
                raise IgnoreRequest("the service has given no good answer for a long time")
            self.probed[slot] = time.monotonic()

    def given_up(self, slot: str) -> bool:
        return slot in self.down and time.monotonic() - self.down[slot] > GIVE_UP_SECONDS

    def downloaded(self, response: Response, request: Request) -> None:
        slot = str(request.meta.get("download_slot"))
        if response.status >= 500:
            self.down.setdefault(slot, time.monotonic())
        else:
            self.down.pop(slot, None)
        pause = wanted_pause(response.status, lower(response), self.clock())
        if pause > 0 and (purse := session_of(self.crawler).purse) is not None:
            purse.hold(request.url, min(pause, self.longest_for(request)))
        if pause == 0 and response.status in PASSING and not self.given_up(slot):
            pause = backoff(request)
        if pause > 0:
            self.hold(request, min(pause, self.longest_for(request)))

    def longest_for(self, request: Request) -> float:
        """A night does not wait long for a page."""
        return self.longest if request.meta.get("osai_service") else min(self.longest, LONGEST_BACKOFF)

    def hold(self, request: Request, seconds: float) -> None:
        """Let nothing out of the request's slot for that long."""
        engine = self.crawler.engine
        slot = engine.downloader.slots.get(str(request.meta.get("download_slot"))) if engine else None
        if slot is None:
            return
        if seconds > 5:
            logger.warning("%s asks to wait %.0f seconds", request.meta.get("download_slot"), seconds)
        slot.lastseen = max(slot.lastseen, time.monotonic() + seconds - slot.delay)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        headers = lower(response)
        if response.status not in PASSING and not is_limit(response.status, headers):
            return response
        if wanted_pause(response.status, headers, self.clock()) > self.longest_for(request):
            return response
        return self.again(request, f"HTTP {response.status}", tries_for(request)) or response

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        name = type(exception).__name__
        if isinstance(exception, IgnoreRequest) or name in ("DownloadCancelledError", "CancelledError", "NotSupported"):
            return None
        tries = tries_for(request)
        self.down.setdefault(str(request.meta.get("download_slot")), time.monotonic())
        if "Lookup" in name or "Resolve" in name or "Refused" in name:
            tries = min(tries, DNS_TRIES)
        if tries and request.meta.get("retry_times", 0) < tries:
            self.hold(request, backoff(request))
        return self.again(request, name, tries)

    def again(self, request: Request, reason: str, tries: int) -> Request | None:
        spider = self.crawler.spider
        assert spider is not None
        if self.given_up(str(request.meta.get("download_slot"))):
            return None
        return get_retry_request(request, spider=spider, reason=reason, max_retry_times=tries)


def tries_for(request: Request) -> int:
    if request.meta.get("osai_link"):
        return 0  # it is asked for again next night
    return TRIES if request.meta.get("osai_service") else WEB_TRIES


def backoff(request: Request) -> float:
    """Exponential with jitter: about 0.5, 1, 2 … 60 seconds."""
    step: float = min(LONGEST_BACKOFF, 0.5 * 2 ** request.meta.get("retry_times", 0))
    return step * random.uniform(0.75, 1.25)  # noqa: S311


def lower(response: Response) -> dict[str, str]:
    return {k.decode("latin-1").lower(): v[-1].decode("latin-1") for k, v in response.headers.items() if v}
