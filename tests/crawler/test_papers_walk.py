"""An answer of arXiv that is no feed is a miss, never a list without the paper."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.nightly.memory import Memory
from crawler.nightly.questions import of_dossier
from output.record import ArchivePosition, Source
from output.run import Listing, Missed, ReadDocument
from pipelines.dossier import Dossier
from spiders.addresses import SEMANTIC_SCHOLAR
from spiders.document import Document, Lead, Miss
from spiders.papers import FEED_TARGET, Feeds, database_asks, feed_ask, walk_feed, walk_pdf
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


def test_an_id_is_asked_for_once_in_a_run() -> None:
    asked: list[str] = []

    async def fetch(ask: Ask) -> Answer:
        asked.append(ask.url.partition("id_list=")[2].partition("&")[0])
        return Answer(ask, 200, Document(ask.what, ask.target, Source(ask.url, ask.view_url), b"<feed></feed>"))

    async def run() -> list[list[str]]:
        feeds = Feeds(fetch)
        await feeds.ask(["2603.00001", "2603.00002"])
        releases = (["2603.00002"], ["2603.00003", "2603.00001"], ["2603.00003"])
        return [[d.source.url for d in (await feeds.read(ids)).documents] for ids in releases]

    first, second, third = asyncio.run(run())
    assert asked == ["2603.00001,2603.00002", "2603.00003"]
    assert (len(first), len(second), len(third)) == (1, 2, 1)
    assert second == [*first, *third]


def test_what_others_said_of_papers_is_asked_again_after_a_week(tmp_path: Path) -> None:
    """Nothing tells when a database learns of a venue; one POST is told from another by what stands behind the `#`."""
    (ask,) = database_asks(("2603.00001",), "papers:*", {SEMANTIC_SCHOLAR.name})
    (other,) = database_asks(("2603.00002",), "papers:*", {SEMANTIC_SCHOLAR.name})

    def memory(days: int) -> Memory:
        read_at = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        where = ArchivePosition("a.warc.gz", "<urn:uuid:1>", 0)
        source = Source(ask.url, ask.view_url, retrieved_at=read_at, archive=where)
        kept = Memory(tmp_path)
        kept.add(Listing("hf:model:a/b", misses=(Missed("papers:*", ask.what, source, "unavailable", "not there"),)))
        return kept

    assert memory(days=6).answer(ask) is not None
    assert memory(days=8).answer(ask) is None
    assert memory(days=6).answer(other) is None


@pytest.mark.parametrize(
    ("there", "asked"), [("pdf", ["pdf"]), ("html", ["pdf", "html"]), ("e-print", ["pdf", "html", "e-print"])]
)
def test_other_forms_of_a_paper_are_asked_for_only_where_the_pdf_is_not_to_be_had(there: str, asked: list[str]) -> None:
    seen: list[str] = []

    async def fetch(ask: Ask) -> Answer:
        form = ask.url.split("/")[3]
        seen.append(form)
        source = Source(ask.url, ask.view_url)
        if form == there:
            return Answer(ask, 200, Document(ask.what, ask.target, source, b""))
        return Answer(ask, 404, miss=Miss(ask.target, ask.what, source, "unavailable", "not there"))

    walk = Walk("arxiv:2603.00001", fetch)
    asyncio.run(walk_pdf(walk, "2603.00001", "v2"))
    assert seen == asked
    assert [d.source.url for d in walk.documents] == [f"https://export.arxiv.org/{there}/2603.00001v2"]


def test_an_answer_on_many_papers_answers_for_each_until_one_asked_for_changes(tmp_path: Path) -> None:
    source = Source(feed_ask(["2603.00001", "2603.00002"]).url, "", archive=ArchivePosition("a.warc.gz", "<urn:1>", 0))
    read = ReadDocument("arxiv_feed", "arxiv:*", source)
    kept = Memory(tmp_path, changed=frozenset({"arxiv:2603.00002"}))
    kept.add(Listing("hf:model:a/b", documents=(read,)))
    assert kept.feed_on(["2603.00001"]) == read
    assert kept.feed_on(["2603.00001", "2603.00003"]) is None
    assert not kept.stale(feed_ask(["2603.00001"]), read)
    assert kept.stale(feed_ask(["2603.00002"]), read)


def test_papers_of_other_releases_in_a_shared_answer_are_not_this_one_s() -> None:
    entry = "<entry><id>http://arxiv.org/abs/2603.0000{0}v1</id><title>T{0}</title><summary>S</summary></entry>"
    body = '<feed xmlns="http://www.w3.org/2005/Atom">' + entry.format(1) + entry.format(2) + "</feed>"
    ask = feed_ask(["2603.00001", "2603.00002"])
    feed = Document("arxiv_feed", "arxiv:*", Source(ask.url, ask.view_url), body.encode())
    lead = Lead("hf:model:a/b", "arxiv:2603.00001", "paper", "arXiv id in the text")
    assert list(of_dossier(Dossier("hf:model:a/b", (feed,), leads=(lead,)))) == ["arxiv:2603.00001"]
