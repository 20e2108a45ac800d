"""Papers: what arXiv says of all ids of a crawl in one request, and the PDF of a version."""

from __future__ import annotations

from spiders.addresses import ARXIV, ARXIV_API
from spiders.walk import PAPER_CAP, Ask, Walk

FEED_TARGET = "arxiv:*"
IDS_PER_REQUEST = 200


async def walk_feed(walk: Walk, ids: list[str]) -> None:
    """Facts of all ids; arXiv asks for one connection and three seconds between requests, so batches go in turn.

    Ids of the old scheme (`cs/0601001`) go apart: one that arXiv cannot read spoils a whole request (HTTP 400).
    """
    old = [ident for ident in ids if "/" in ident]
    new = [ident for ident in ids if "/" not in ident]
    batches = [group[n : n + IDS_PER_REQUEST] for group in (new, old) for n in range(0, len(group), IDS_PER_REQUEST)]
    for batch in batches:
        answer = await walk.ask(Ask(feed_url(batch), "arxiv_feed", walk.target, f"https://arxiv.org/abs/{batch[0]}"))
        if answer.document is not None and not answer.document.body.rstrip().endswith(b"</feed>"):
            walk.documents.remove(answer.document)
            walk.missed("arxiv_feed", answer.document.source, "error", "arXiv's answer is no whole feed")


def feed_url(ids: list[str]) -> str:
    return f"{ARXIV_API.public}/query?id_list={','.join(ids)}&max_results={len(ids)}"


async def walk_pdf(walk: Walk, ident: str, version: str) -> None:
    """`ident` as `2501.12948`, `version` as `v1`."""
    url = f"{ARXIV.public}/pdf/{ident}{version}"
    view = f"https://arxiv.org/abs/{ident}{version}"
    await walk.ask(Ask(url, "paper", walk.target, view, version, cap=PAPER_CAP))
