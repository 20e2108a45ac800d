"""robots.txt as RFC 9309 means it, for pages that documents name; documented interfaces have terms of their own."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from spiders.answers import failure_text

DISALLOW_ALL = b"User-agent: *\nDisallow: /\n"
LONGEST_DELAY = 60.0


class StrictRobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy 2.19 lets the third and later request through while robots.txt is on its way, takes a 5xx for permission
    and ignores Crawl-delay. One lock per host, "unreachable means disallow" (RFC 9309 section 2.3.1.4) and the slot's
    delay mend that.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.unread: dict[str, str] = {}  # why a host's robots.txt could not be read
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            if why := self.unread.get(urlparse_cached(request).netloc):
                raise IgnoreRequest(f"its robots.txt gave no answer: {why}") from error
            raise

    async def robot_parser(self, request: Request) -> RobotParser | None:
        async with self.locks[urlparse_cached(request).netloc]:
            return await super().robot_parser(request)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            self.unread[netloc] = f"HTTP {response.status}"
            response = response.replace(body=DISALLOW_ALL)
        elif response.status >= 400:
            response = response.replace(body=b"")
        self.apply_delay(response, request)
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self.unread[netloc] = failure_text(exc)
        waiting = self._parsers[netloc]
        super()._robots_error(exc, netloc)
        del waiting
        self._parsers[netloc] = self._parserimpl.from_crawler(self.crawler, DISALLOW_ALL)

    def apply_delay(self, response: Response, request: Request) -> None:
        delay = Protego.parse(response.body[:500_000].decode("utf-8", "replace")).crawl_delay(self._default_useragent)
        engine = self.crawler.engine
        slot = engine.downloader.slots.get(urlparse_cached(request).hostname or "") if engine else None
        if delay and slot is not None:
            slot.delay = max(slot.delay, min(float(delay), LONGEST_DELAY))
