"""An answer of arXiv that is no feed is a miss, never a list without the paper."""

from __future__ import annotations

import asyncio

import pytest

from output.record import Source
from spiders.document import Document
from spiders.papers import FEED_TARGET, walk_feed
from spiders.walk import Answer, Ask, Walk


@pytest.mark.parametrize(
    ("body", "read"),
    [(b"<feed></feed>\n", True), (b"<feed><entry>", False), (b"<html>Rate exceeded.</html>", False), (b"", False)],
)
def test_only_a_whole_feed_counts_as_read(body: bytes, read: bool) -> None:
    async def fetch(ask: Ask) -> Answer:
        return Answer(ask, 200, Document(ask.what, ask.target, Source(ask.url, ask.view_url), body))

    walk = Walk(FEED_TARGET, fetch)
    asyncio.run(walk_feed(walk, ["2603.99999"]))
    assert bool(walk.documents) is read
    assert [miss.outcome for miss in walk.misses] == ([] if read else ["error"])


def test_many_ids_go_in_few_requests() -> None:
    asked: list[str] = []

    async def fetch(ask: Ask) -> Answer:
        asked.append(ask.url)
        return Answer(ask, 200, Document(ask.what, ask.target, Source(ask.url, ask.view_url), b"<feed></feed>"))

    asyncio.run(walk_feed(Walk(FEED_TARGET, fetch), [f"2603.{n:05d}" for n in range(450)] + ["cs/0601001"]))
    assert len(asked) == 4
    assert asked[-1].endswith("id_list=cs/0601001&max_results=1")
