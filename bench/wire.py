"""What fetching and archiving an answer costs in CPU over Scrapy's own work, without detectors.

    OSAI_EVIDENCE_CORPUS=… python -m bench.wire [ANSWERS]

The same real cards from loopback, once through Scrapy as it comes, once through this crawler's settings, guard, pace,
hashes and archive. CPU of the crawling process alone; the server is another one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from typing import Any, ClassVar

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

from crawler.archiving import ArchiveExtension
from crawler.session import Session
from crawler.settings import settings
from output.run_folder import RunFolder
from spiders import answers
from spiders.addresses import Addresses
from spiders.answers import Asker
from spiders.walk import Ask

AT_ONCE = 4


def serve(corpus: Path, answers: int, port: Any) -> None:
    """Cards by number, until the process is ended."""
    paths = sorted((corpus / "corpus" / "hub" / "models").glob("*/*/README.md"))[:answers]
    bodies = list(islice(cycle(path.read_bytes() for path in paths), answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            body = bodies[int(self.path.rpartition("/")[2])]
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()


class WireSpider(scrapy.Spider):
    name = "wire"

    def __init__(self, how: str, answers: int, session: Session, said: list[float], **more: Any) -> None:
        super().__init__(**more)
        self.how, self.answers, self.session, self.said = how, answers, session, said

    async def start(self) -> AsyncIterator[Any]:
        asker = Asker(self.crawler, self.session.addresses)
        left = iter(range(self.answers))
        begun = time.process_time()
        await asyncio.gather(*(self.some(asker, left) for _ in range(AT_ONCE)))
        self.said.append(1000 * (time.process_time() - begun) / self.answers)
        return
        yield

    async def some(self, asker: Asker, left: Any) -> None:
        engine = self.crawler.engine
        assert engine is not None
        for number in left:
            if self.how == "bare":
                await engine.download_async(scrapy.Request(f"{self.session.addresses.configured['hub']}/{number}"))
                continue
            url = f"https://huggingface.co/{number}"
            answer = await asker.fetch(Ask(url, "model_card", "hf:model:a/b", url, "0" * 40, "README.md"))
            assert answer.document is not None, answer.miss
            asker.forget([url])


class TimedArchive(ArchiveExtension):
    """Notes what each answer costs."""

    spent: ClassVar[list[float]] = []

    def downloaded(self, response: Response, request: scrapy.Request) -> None:
        begun = time.process_time()
        super().downloaded(response, request)
        self.spent.append(1000 * (time.process_time() - begun))


def timed(into: list[float], call: Any) -> Any:
    def wrapper(*args: Any) -> Any:
        begun = time.process_time()
        found = call(*args)
        into.append(1000 * (time.process_time() - begun))
        return found

    return wrapper


def crawl(how: str, count: int, base: str) -> None:
    """One run in a process of its own: a reactor starts only once."""
    archived: list[float] = import_module("bench.wire").TimedArchive.spent  # as Scrapy loads it, not as `__main__`
    stamped: list[float] = []
    answers.read_answer = timed(stamped, answers.read_answer)
    addresses = Addresses({"HF_ENDPOINT": base, "HF_TOKEN": "hf_" + "a" * 30})
    slot = {"concurrency": AT_ONCE, "delay": 0, "jitter": 0}
    ours = settings(OSAI_ADDRESSES=addresses, ITEM_PIPELINES={}, DOWNLOAD_SLOTS={"huggingface": slot})
    ours["EXTENSIONS"] = {"crawler.archiving.ArchiveExtension": None, "bench.wire.TimedArchive": 10}
    bare = {
        "REMOTE_CONTROL_ENABLED": False, "TELNETCONSOLE_ENABLED": False, "ROBOTSTXT_OBEY": False, "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE, "LOG_LEVEL": "ERROR", "DOWNLOAD_SLOTS": {"127.0.0.1": slot},
    }  # fmt: skip
    said: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        session = Session(addresses, RunFolder(Path(folder) / "run", ["wire"], "bench"))
        process = AsyncCrawlerProcess(bare if how == "bare" else {**ours, "LOG_LEVEL": "ERROR"})
        process.crawl(WireSpider, how=how, answers=count, session=session, said=said)
        process.start()
    parts = sorted(a + b for a, b in zip(archived, stamped, strict=True)) if how != "bare" else []
    p99 = parts[int(len(parts) * 0.99)] if parts else 0.0
    print(said[0], sum(parts) / len(parts) if parts else 0.0, p99, parts[-1] if parts else 0.0)


def main(answers: str = "2000") -> None:
    corpus = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not corpus:
        return print("OSAI_EVIDENCE_CORPUS is not set: nothing to measure")
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(Path(corpus), int(answers), there), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{here.recv()}"
    best: dict[str, list[float]] = {}
    for how in ("bare", "ours") * 3:
        command = [sys.executable, "-m", "bench.wire", "run", how, answers, base]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        numbers = [float(word) for word in done.stdout.split()]
        best[how] = min(best.get(how, numbers), numbers)
    server.terminate()
    bare, (ours, mean, p99, most) = best["bare"][0], best["ours"]
    print(f"Scrapy alone {bare:.2f} ms CPU an answer, this crawler {ours:.2f}: {ours - bare:.2f} more (best of three)")
    print(f"of it archive and hashes {mean:.2f} mean, {p99:.2f} at the 99th percentile, {most:.1f} at most")
    return None


if __name__ == "__main__":
    crawl(sys.argv[2], int(sys.argv[3]), sys.argv[4]) if sys.argv[1:2] == ["run"] else main(*sys.argv[1:])
