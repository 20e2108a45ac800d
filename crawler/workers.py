"""Worker processes, and what they load before their first piece of work."""

from __future__ import annotations

import atexit
import gc
import os
import threading
from multiprocessing import get_context, parent_process
from multiprocessing.context import BaseContext

from output.record import Source
from pipelines import read
from pipelines.dossier import Dossier
from spiders.document import Document

CARD = b"---\nlicense: mit\n---\n# Card\n\nTrained on data.\n"


def start_worker() -> None:
    """What a worker process does before its first piece of work."""
    end_with_parent()
    load_detectors()


def load_detectors() -> None:
    """Read a made-up card, so that the lexicons of cards are loaded, and put them where the collector never looks.

    Python's collector goes through all that is alive again and again; lexicons stay for good. When
    the process ends it looks there again: DuckDB's bindings call what it may not take down a leak.
    """
    source = Source("data:,", "data:,", path="README.md")
    read(Dossier("hf:model:a/b", (Document("model_card", "hf:model:a/b", source, CARD),)))
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)


def forked_context() -> BaseContext:
    """Processes that are forked from one that has loaded the detectors: loaded once, and in memory once."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["crawler.loaded"])
    return context


def end_with_parent() -> None:
    """Let a worker process end when the crawl that started it was killed: it would wait for work forever."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
