"""Progress on standard error: a line that moves on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.status import Status
from scrapy import signals
from scrapy.crawler import Crawler

PLAIN_EVERY = 10.0


class Progress:
    """Counts answers and says what is being read. Use as a context manager."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.answers = 0
        self.last_line = time.monotonic()
        self.console = Console(stderr=True)
        self.status: Status | None = self.console.status(what) if sys.stderr.isatty() else None

    def __enter__(self) -> Progress:
        if self.status:
            self.status.start()
        else:
            self.line(f"{self.what} …")
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def watch(self, crawler: Crawler) -> None:
        crawler.signals.connect(self.received, signal=signals.response_received, weak=False)

    def received(self, response: Any) -> None:
        self.answers += 1
        text = f"{self.what}: {self.answers} answers"
        if self.status:
            self.status.update(text)
        elif time.monotonic() - self.last_line > PLAIN_EVERY:
            self.line(text)

    def line(self, text: str) -> None:
        self.last_line = time.monotonic()
        print(text, file=sys.stderr, flush=True)
