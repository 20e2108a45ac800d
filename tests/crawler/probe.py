"""Fetches addresses through the project's own settings in a process of its own; prints what came of each as JSON.

python -m tests.crawler.probe RUN_FOLDER '[{"url": …, "meta": {…}}, …]'
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from crawler.session import Session
from crawler.settings import SOFTWARE, settings
from output.run_folder import RunFolder
from spiders.addresses import Addresses


class ProbeSpider(scrapy.Spider):
    name = "probe"

    def __init__(self, asks: list[dict[str, Any]], session: Session, results: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.asks, self.session, self.results = asks, session, results

    async def start(self) -> AsyncIterator[Any]:
        self.results.extend(await asyncio.gather(*(self.one(ask) for ask in self.asks)))
        self.results.append({"listening": listening_ports()})
        for nothing in ():
            yield nothing

    async def one(self, ask: dict[str, Any]) -> dict[str, Any]:
        request = scrapy.Request(ask["url"], meta=ask.get("meta", {}), headers=ask.get("headers", {}))
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(request)
        except Exception as error:
            return {"url": ask["url"], "error": type(error).__name__, "message": str(error)}
        return {"url": response.url, "status": response.status, "size": len(response.body)}


def listening_ports() -> list[int]:
    """TCP ports on which this very process listens (Linux)."""
    inodes = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
        except OSError:
            continue
        if match:
            inodes.add(match[1])
    ports = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/self/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                ports.append(int(fields[1].rpartition(":")[2], 16))
    return ports


def main() -> None:
    addresses = Addresses()
    session = Session(addresses, RunFolder(Path(sys.argv[1]), ["probe"], SOFTWARE))
    results: list[Any] = []
    process = AsyncCrawlerProcess(settings(OSAI_ADDRESSES=addresses, ITEM_PIPELINES={}))
    process.crawl(ProbeSpider, asks=json.loads(sys.argv[2]), session=session, results=results)
    process.start()
    session.run.close("complete")
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
