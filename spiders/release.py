"""The spider: walks a release and what it leads to, level by level, and yields one dossier for each.

Levels make the result independent of the order of answers: everything one hop away is read before anything two hops
away is chosen. One spider for all services, since they share leads; each service has a pace of its own (download slot).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import scrapy

from spiders.answers import Asker, Remember
from spiders.document import ASKED_FOR, Document, Lead, Miss
from spiders.github import walk_github
from spiders.hub import organisation_models, resolve_name, resolved, walk_dataset, walk_model
from spiders.leads import rank_repositories
from spiders.papers import FEED_TARGET, LOOKUP_TARGET, Feeds, Wanted, walk_lookups, walk_pdf
from spiders.walk import Walk

DATASETS_PER_MODEL = 12
REPOSITORIES = {"root": 3, "base": 1, "repository": 2}
FOLLOW_SCORE = 3
TRAINING_POINTERS = 2  # repositories that a document names for its training code, whoever owns them; one hop
BASE_CHAIN = 3


@dataclass(frozen=True)
class Root:
    """What was asked for: targets that belong to one system, the first of them being the release itself.

    `papers` are further addresses that an index entry gives for the paper.
    """

    targets: tuple[str, ...]
    entry: str | None = None
    papers: tuple[str, ...] = ()


@dataclass
class Release:
    """Everything that belongs to one release, in the order in which it was reached."""

    root: Root
    walks: dict[str, Walk] = field(default_factory=dict)
    tasks: dict[str, asyncio.Task[Walk]] = field(default_factory=dict)
    leads: list[Lead] = field(default_factory=list)


@dataclass(frozen=True)
class Read:
    """The item of this spider: documents, misses and leads of one release, and what answers said that is not known."""

    root: str
    entry: str | None
    documents: tuple[Document, ...]
    misses: tuple[Miss, ...]
    leads: tuple[Lead, ...]
    issues: tuple[str, ...] = ()


PaperChoice = Callable[[Read], Iterable[tuple[str, str]]]
LookupChoice = Callable[[Read], Wanted]


class ReleaseSpider(scrapy.Spider):
    name = "release"

    def __init__(
        self,
        roots: Sequence[Root] = (),
        max_hops: int = 2,
        choose_papers: PaperChoice | None = None,
        choose_lookups: LookupChoice | None = None,
        session: Any = None,
        remember: Remember | None = None,
        **kwargs: Any,
    ) -> None:
        """`choose_papers` says which arXiv ids and versions are worth their PDF, `choose_lookups` which papers others
        are asked about; `session` is for the crawl's parts;
        `remember` answers from earlier runs."""
        super().__init__(**kwargs)
        self.roots = roots
        self.max_hops = max_hops
        self.choose_papers = choose_papers
        self.choose_lookups = choose_lookups
        self.session = session
        self.remember = remember

    async def start(self) -> AsyncIterator[Read]:
        self.open()
        releases = list(await asyncio.gather(*(self.follow(root) for root in self.roots)))
        await self.feeds.ask(ident for release in releases for ident in arxiv_ids(release))
        for release in releases:
            await self.read_papers(release)
            yield assemble(release)

    def open(self) -> None:
        self.asker = Asker(self.crawler, self.crawler.settings["OSAI_ADDRESSES"], self.remember)
        self.feeds = Feeds(self.asker.fetch, self.remember)

    async def follow(self, root: Root) -> Release:
        """Walk the roots, then what they name, then what that names, up to `max_hops`."""
        release = Release(root)
        level = [Lead(t, t, "root", ASKED_FOR, followed=True) for t in root.targets if not t.startswith("arxiv:")]
        for hop in range(self.max_hops + 1):
            await asyncio.gather(*(self.reach(release, lead) for lead in level))
            for lead in level:
                release.walks[lead.target] = await release.tasks[lead.target]
            if hop == self.max_hops:
                break
            level = self.choose(release, level) + await self.resolve(release)
            level = list({lead.target: lead for lead in level}.values())
            if not level:
                break
        for walk in release.walks.values():
            known = {(lead.origin, lead.target, lead.relation) for lead in release.leads}
            release.leads += [x for x in walk.leads if (x.origin, x.target, x.relation) not in known]
        asked_for = [t for t in root.targets if t.startswith("arxiv:")]
        release.leads += [Lead(root.targets[0], target, "paper", ASKED_FOR) for target in asked_for]
        return release

    async def reach(self, release: Release, lead: Lead) -> None:
        if lead.target not in release.tasks:
            release.tasks[lead.target] = asyncio.ensure_future(self.walk(lead))
        await release.tasks[lead.target]

    async def walk(self, lead: Lead) -> Walk:
        walk = Walk(lead.target, self.asker.fetch, lead.ref, lead.path)
        walkers = {"hf:model": walk_model, "hf:dataset": walk_dataset, "github": walk_github}
        walker = walkers.get(lead.target.rpartition(":")[0])
        if walker is not None:
            await walker(walk)
        return walk

    def choose(self, release: Release, level: list[Lead]) -> list[Lead]:
        """Leads of this level's walks that are followed, each with its reason; the rest stay on record as seen."""
        chosen: list[Lead] = []
        for reached in level:
            walk = release.walks[reached.target]
            followed = list(self.choose_from(release, reached, walk))
            chosen += followed
            release.leads += followed
        return [lead for lead in chosen if lead.target not in release.walks]

    def choose_from(self, release: Release, reached: Lead, walk: Walk) -> Iterable[Lead]:
        root = release.root.targets[0]
        if walk.target.startswith("hf:dataset:") or reached.relation == "training":
            return
        role = "root" if walk.target in release.root.targets else "base" if reached.relation == "base_model" else ""
        if role and walk.target.startswith("hf:model:"):
            for lead in walk.leads:
                if lead.relation == "base_model":
                    yield replace(lead, followed=True)
            for lead in [x for x in walk.leads if x.relation == "dataset"][:DATASETS_PER_MODEL]:
                yield replace(lead, followed=True)
        if walk.target.startswith("github:"):
            role = role or "repository"
        model = walk.name if walk.target.startswith("hf:model:") else root.rpartition(":")[2]
        limit = REPOSITORIES.get(role, 0)
        own: set[str] = set()
        for score, lead in rank_repositories(walk.leads, model):
            if walk.target.startswith("github:") and "train" not in lead.reason.lower():
                continue
            if score >= FOLLOW_SCORE and limit > 0:
                limit -= 1
                own.add(lead.target)
                yield replace(lead, followed=True)
        for lead in [x for x in walk.leads if x.relation == "training"][:TRAINING_POINTERS] if role else ():
            if lead.target not in own:
                yield replace(lead, followed=True)

    async def resolve(self, release: Release) -> list[Lead]:
        """Base models that only prose named: by a link of any document read, else by the organisation's listing."""
        found = []
        for walk in list(release.walks.values()):
            for name in walk.base_names:
                linked = [x.target.rpartition(":")[2] for w in release.walks.values() for x in w.leads
                          if x.target.startswith("hf:model:")]  # fmt: skip
                repo_id = resolve_name(name, linked)
                how = "found by a link in another document"
                if repo_id is None:
                    organisation = name.target.removeprefix("name:").rpartition("/")[0] or walk.name.partition("/")[0]
                    repo_id = resolve_name(name, await organisation_models(walk, organisation))
                    how = f"found in the listing of {organisation}"
                origin = release.root.targets[0]
                lead = name if repo_id is None else replace(resolved(name, repo_id, how), origin=origin, followed=True)
                if lead.target == origin or any(x.target == lead.target and x.followed for x in release.leads):
                    continue
                release.leads.append(lead)
                if lead.followed:
                    found.append(lead)
            walk.base_names.clear()
        return found

    async def read_papers(self, release: Release) -> None:
        """What arXiv says of all ids, then the PDFs that the crawl chose."""
        if ids := arxiv_ids(release):
            release.walks[FEED_TARGET] = await self.feeds.read(ids)
        await self.look_up(release)
        for ident, version in list(self.choose_papers(assemble(release)) if self.choose_papers else ()):
            paper = Walk(f"arxiv:{ident}", self.asker.fetch)
            await walk_pdf(paper, ident, version)
            release.walks[paper.target] = paper

    async def look_up(self, release: Release) -> None:
        """What databases and places of single papers say of the release's own papers."""
        wanted = self.choose_lookups(assemble(release)) if self.choose_lookups else Wanted()
        wanted = replace(wanted, addresses=(*release.root.papers, *wanted.addresses))
        walk = Walk(LOOKUP_TARGET, self.asker.fetch)
        await walk_lookups(walk, wanted, self.asker.addresses.tokens)
        if walk.documents or walk.misses:
            release.walks[walk.target] = walk


def arxiv_ids(release: Release) -> set[str]:
    """Ids of all papers that documents name or an index entry links."""
    return {x.target.removeprefix("arxiv:") for x in release.leads if x.relation == "paper"}


def assemble(release: Release) -> Read:
    walks = release.walks.values()
    return Read(
        release.root.targets[0],
        release.root.entry,
        tuple(d for w in walks for d in w.documents),
        tuple(m for w in walks for m in w.misses),
        tuple(release.leads),
        tuple(line for w in walks for line in w.issues),
    )
