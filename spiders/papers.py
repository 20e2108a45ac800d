"""Papers: what arXiv says of all ids of a release in one request, the PDF of a version, and what others say of review.

Databases are asked for all ids of a release at once and only where a key is configured; places that keep single papers
(ACL Anthology, OpenReview, HAL, Zenodo) only for papers that a document names, without a key.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from spiders.addresses import (
    ACL_ANTHOLOGY,
    ARXIV,
    ARXIV_API,
    HAL,
    OPENALEX,
    OPENREVIEW,
    SEMANTIC_SCHOLAR,
    ZENODO,
    github_page,
    github_raw,
    hub_file,
    hub_page,
)
from spiders.datasets import DATASETS_ASKED, dataset_ask
from spiders.walk import PAPER_CAP, TEXT_CAP, Answer, Ask, Fetch, Walk

FEED_TARGET = "arxiv:*"
IDS_PER_REQUEST = 200


async def walk_feed(walk: Walk, ids: list[str]) -> None:
    """Facts of all ids; arXiv asks for one connection and three seconds between requests, so batches go in turn."""
    for batch in feed_batches(ids):
        answer = await walk.ask(feed_ask(batch))
        if answer.document is not None and not answer.document.body.rstrip().endswith(b"</feed>"):
            walk.documents.remove(answer.document)
            walk.missed("arxiv_feed", answer.document.source, "error", "arXiv's answer is no whole feed")


class Feeds:
    """arXiv's answers of a run, shared by its releases: an id is asked for once, 200 of them in a request."""

    def __init__(self, fetch: Fetch, remember: Callable[[Ask], Answer | None] | None = None) -> None:
        """`remember` answers from earlier runs; its answers are taken before those of this run."""
        self.fetch = fetch
        self.remember = remember
        self.asked: dict[str, Walk] = {}  # by id
        self.one_at_a_time = asyncio.Lock()

    def add(self, ids: Iterable[str], answer: Answer) -> None:
        """Keep an answer that was got otherwise."""
        walk = Walk(FEED_TARGET, self.fetch)
        walk.documents += [answer.document] if answer.document else []
        self.asked |= dict.fromkeys(ids, walk) if answer.document else {}

    async def ask(self, ids: Iterable[str]) -> None:
        async with self.one_at_a_time:
            for batch in feed_batches(set(ids) - self.asked.keys()):
                walk = Walk(FEED_TARGET, self.fetch)
                await walk_feed(walk, batch)
                self.asked |= dict.fromkeys(batch, walk)

    async def read(self, ids: Collection[str]) -> Walk:
        """What arXiv says of these ids, perhaps beside others."""
        found = Walk(FEED_TARGET, self.fetch)
        known = self.remember(feed_ask(sorted(ids))) if self.remember else None
        if known is not None and known.document is not None:
            found.documents.append(known.document)
            return found
        await self.ask(ids)
        for walk in {id(self.asked[ident]): self.asked[ident] for ident in sorted(ids)}.values():
            found.documents += walk.documents
            found.misses += walk.misses
        return found


def feed_batches(ids: Collection[str]) -> list[list[str]]:
    """Ids of the old scheme (`cs/0601001`) go apart: one that arXiv cannot read spoils a whole request (HTTP 400)."""
    old = sorted(ident for ident in ids if "/" in ident)
    new = sorted(ident for ident in ids if "/" not in ident)
    return [group[n : n + IDS_PER_REQUEST] for group in (new, old) for n in range(0, len(group), IDS_PER_REQUEST)]


def feed_ask(ids: list[str]) -> Ask:
    page = f"https://arxiv.org/abs/{ids[0]}" if len(ids) == 1 else feed_url(ids)
    return Ask(feed_url(ids), "arxiv_feed", FEED_TARGET, page)


def feed_url(ids: list[str]) -> str:
    return f"{ARXIV_API.public}/query?id_list={','.join(ids)}&max_results={len(ids)}"


async def walk_pdf(walk: Walk, ident: str, version: str) -> None:
    """`ident` as `2501.12948`, `version` as `v1`.

    The PDF is what authors made and has pages to quote from, and every paper has one: one request. Only where it is not
    to be had (over the size cap, withheld) the HTML is asked for, which not every paper has, and then the LaTeX.
    """
    view = f"https://arxiv.org/abs/{ident}{version}"
    url = f"{ARXIV.public}/pdf/{ident}{version}"
    answer = await walk.ask(Ask(url, "paper", walk.target, view, version, cap=PAPER_CAP))
    for form, cap in (("html", TEXT_CAP), ("e-print", PAPER_CAP)):
        if answer.miss is None or answer.miss.outcome != "unavailable":
            return
        answer = await walk.ask(
            Ask(f"{ARXIV.public}/{form}/{ident}{version}", "paper", walk.target, view, version, cap=cap)
        )


# --- peer review and other archives

LOOKUP_TARGET = "papers:*"
ADDRESSES_ASKED = 4
SEMANTIC_SCHOLAR_IDS = 500  # api.semanticscholar.org/api-docs/graph: paper/batch takes at most so many
OPENALEX_IDS = 100  # developers.openalex.org: values of one filter that are joined by `|`
TITLES_LISTED = 5
S2_FIELDS = "title,externalIds,venue,publicationVenue,publicationTypes,journal,year,publicationDate,authors.name"
OPENALEX_FIELDS = "id,doi,title,publication_year,type,primary_location,locations,authorships"
HAL_FIELDS = (
    "halId_s,uri_s,title_s,docType_s,journalTitle_s,conferenceTitle_s,peerReviewing_s,doiId_s,arxivId_s,"
    "producedDateY_i,authFullName_s"
)


@dataclass(frozen=True)
class Wanted:
    """What is worth looking up: arXiv ids in databases, addresses that documents give for the model's paper,
    reports in repositories as target, revision and path, and addresses of training data outside the Hub."""

    arxiv: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    reports: tuple[tuple[str, str, str], ...] = ()
    datasets: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()  # of papers that no id is known of


async def walk_lookups(walk: Walk, wanted: Wanted, keys: Collection[str]) -> None:
    """Ask what is wanted; `keys` are the names of services that a key is configured for."""
    databases = (
        *database_asks(wanted.arxiv, walk.target, keys),
        *title_asks(wanted.titles, walk.target, keys),
    )
    for ask in (*databases, *address_asks(wanted.addresses, walk.target), *map(report_ask, wanted.reports)):
        await walk.ask(ask)
    asks = {ask.url: ask for ask in map(dataset_ask, wanted.datasets)}
    await walk.ask_all(list(asks.values())[:DATASETS_ASKED])


def report_ask(report: tuple[str, str, str]) -> Ask:
    """A PDF in a repository on the Hub or GitHub, at a commit."""
    target, revision, path = report
    name = target.rpartition(":")[2]
    if target.startswith("github:"):
        url, view = github_raw(name, revision, path), github_page(name, revision, path)
    else:
        url, view = hub_file("models", name, revision, path), hub_page("models", name, revision, path)
    return Ask(url, "paper", target, view, revision, path, PAPER_CAP)


def database_asks(ids: tuple[str, ...], target: str, keys: Collection[str]) -> Iterator[Ask]:
    if SEMANTIC_SCHOLAR.name in keys:
        for batch in batches(ids, SEMANTIC_SCHOLAR_IDS):
            url = f"{SEMANTIC_SCHOLAR.public}/graph/v1/paper/batch?fields={S2_FIELDS}#{','.join(batch)}"
            body = json.dumps({"ids": [f"ARXIV:{ident}" for ident in batch]}).encode()
            view = f"https://www.semanticscholar.org/arxiv/{batch[0]}"
            yield Ask(url, "paper_metadata", target, view, headers={"Content-Type": "application/json"}, body=body)
    if OPENALEX.name in keys:
        for batch in batches([ident for ident in ids if "/" not in ident], OPENALEX_IDS):
            dois = "%7C".join(f"10.48550/arxiv.{ident}" for ident in batch)
            url = f"{OPENALEX.public}/works?filter=doi:{dois}&per-page={OPENALEX_IDS}&select={OPENALEX_FIELDS}"
            yield Ask(url, "paper_metadata", target, f"https://openalex.org/works?filter=doi:{dois}")


def title_asks(titles: tuple[str, ...], target: str, keys: Collection[str]) -> Iterator[Ask]:
    """One work by its title (Semantic Scholar's `paper/search/match`), and works with its words (OpenAlex)."""
    for title in titles:
        if SEMANTIC_SCHOLAR.name in keys:
            url = f"{SEMANTIC_SCHOLAR.public}/graph/v1/paper/search/match?query={quote(title)}&fields={S2_FIELDS}"
            page = f"https://www.semanticscholar.org/search?q={quote(title)}"
            yield Ask(url, "paper_metadata", target, page)
        if OPENALEX.name in keys:
            words = quote(" ".join(re.sub(r"[,|:!\"]", " ", title).split()))  # these part the filters of a request
            query = f"filter=title.search:{words}"
            url = f"{OPENALEX.public}/works?{query}&per-page={TITLES_LISTED}&select={OPENALEX_FIELDS}"
            yield Ask(url, "paper_metadata", target, f"https://openalex.org/works?{query}")


def batches(ids: Collection[str], size: int) -> Iterator[list[str]]:
    listed = sorted(ids)
    return (listed[n : n + size] for n in range(0, len(listed), size))


def address_asks(addresses: tuple[str, ...], target: str) -> Iterator[Ask]:
    urls = dict.fromkeys(found for address in addresses if (found := lookup_url(address)))
    for url, view in list(urls)[:ADDRESSES_ASKED]:
        yield Ask(url, "paper_metadata", target, view)


def lookup_url(address: str) -> tuple[str, str] | None:
    """What to ask for an address that people open, and that address: None where nothing is known to answer it."""
    for pattern, ask in LOOKUPS:
        if match := re.search(pattern, address):
            return ask(match[1]), f"https://{match[0]}"
    return None


# What a landing page is called, and what gives its data: BibTeX of the Anthology, API v2 of OpenReview
# (docs.openreview.net), search of HAL (api.archives-ouvertes.fr/docs), records of Zenodo (developers.zenodo.org).
LOOKUPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"aclanthology\.org/([A-Z]\d\d-\d{4}|\d{4}\.[\w-]{1,40}\.\d+)", lambda i: f"{ACL_ANTHOLOGY.public}/{i}.bib"),
    (r"openreview\.net/(?:forum|pdf)\?id=([\w-]{5,20})", lambda i: f"{OPENREVIEW.public}/notes?id={i}"),
    (
        r"hal\.(?:science|archives-ouvertes\.fr|inria\.fr)/((?:hal|inria|tel)-\d{5,9})(?:v\d+)?",
        lambda i: f"{HAL.public}/search/?q=halId_s:{i}&wt=json&fl={HAL_FIELDS}",
    ),
    (r"zenodo\.org/records?/(\d{3,10})", lambda i: f"{ZENODO.public}/records/{i}"),
    (r"doi\.org/10\.5281/zenodo\.(\d{3,10})", lambda i: f"{ZENODO.public}/records/{i}"),
)
