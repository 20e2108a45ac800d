"""The spider of a night: asks what changed, plans, then reads what the frontier gives it, a few releases at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from scrapy.crawler import Crawler

from crawler.detecting import Evidence
from crawler.session import session_of
from spiders.answers import TokenRefusedError
from spiders.release import Read, ReleaseSpider, Root, assemble

if TYPE_CHECKING:
    from crawler.nightly.night import NightRun

RELEASES_AT_ONCE = 2
RENEWALS_PER_LEASE = 5
LOOK_AGAIN = 1.0


class NightSpider(ReleaseSpider):
    """A `ReleaseSpider` whose roots come from the frontier. The next release is begun when one is durable."""

    name = "nightly"

    def __init__(self, night: NightRun, **kwargs: Any) -> None:
        super().__init__(remember=night.memory.answer, **kwargs)
        self.night = night

    async def start(self) -> AsyncIterator[Read]:
        self.open()
        self.night.asker = self.asker
        renewing = asyncio.ensure_future(self.renew())
        try:
            await self.night.prepare(self.asker)
            for ids, answer in self.night.feeds:
                self.feeds.add(ids, answer)
            if not self.night.dry_run:
                links = asyncio.ensure_future(self.night.check_links(self.crawler))
                async for item in self.readings():
                    yield item
                await links
        except TokenRefusedError as error:
            self.night.stop(str(error), refused=True)
        finally:
            renewing.cancel()

    async def renew(self) -> None:
        while True:
            await asyncio.sleep(self.night.lease_seconds / RENEWALS_PER_LEASE)
            self.night.renew()

    async def readings(self) -> AsyncIterator[Read]:
        queue: asyncio.Queue[Read | None] = asyncio.Queue()
        readers = [asyncio.ensure_future(self.read(queue)) for _ in range(RELEASES_AT_ONCE)]
        left = len(readers)
        while left:
            item = await queue.get()
            if item is None:
                left -= 1
            else:
                yield item
        await asyncio.gather(*readers)

    async def read(self, queue: asyncio.Queue[Read | None]) -> None:
        try:
            while self.crawler.crawling:
                work = self.night.lease()
                if work is None and self.night.others_work():
                    await asyncio.sleep(LOOK_AGAIN)
                    continue
                if work is None:
                    return
                try:
                    release = await self.follow(Root(work.targets, work.entry, self.night.papers(work.entry)))
                    await self.read_papers(release)
                    item = assemble(release)
                except TokenRefusedError as error:
                    self.night.stop(str(error), refused=True)
                    return
                except Exception as error:
                    self.night.give_back(work, error)
                    continue
                durable = self.night.waiting[work.entry] = asyncio.Event()
                queue.put_nowait(item)
                del release, item
                await durable.wait()
        finally:
            queue.put_nowait(None)


class AcknowledgePipeline:
    """The last pipeline: the archive is made durable, then the reading is committed, then the next one may begin."""

    def __init__(self, crawler: Crawler) -> None:
        night = session_of(crawler).run
        self.night: NightRun = night  # type: ignore[assignment]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AcknowledgePipeline:
        return cls(crawler)

    def process_item(self, item: Evidence) -> Evidence:
        self.night.acknowledge(item)
        return item
