"""A night from its start to its published run.

1. Refuse to start without tokens; take the lock; take up a night that was interrupted.
2. Ask what changed (`questions`), compare with the state (`plan`), write the plan.
3. Read what changed (`spider`), the rest from the archive (`memory`); each reading is acknowledged when it is durable.
4. Publish a folder with everything that stands (`crawler.publish`), unless its numbers look wrong.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from sqlalchemy.exc import SQLAlchemyError

from crawler.detecting import Evidence, listing
from crawler.nightly.budget import Purse, read_budgets
from crawler.nightly.links import EVERY, LinkCheck, Places, cost_of_links, due, health, web_links
from crawler.nightly.memory import Memory
from crawler.nightly.plan import Plan, fingerprints, make_plan, read_index, tracked
from crawler.nightly.questions import Fingerprint, Question, of_dossier, questions, read_answer, single_question
from crawler.progress import Progress
from crawler.publish import Published, finish_publications, publish
from crawler.run import BadReferenceError, choose_lookups, choose_papers, entry_papers, log_to
from crawler.session import Session
from crawler.settings import SOFTWARE, settings
from crawler.state import LEASE_SECONDS, KnownEntry, LeaseLostError, Night, Reading, State, Work, now
from output.archive import ArchiveWriter, mend, redact
from output.changes import changes
from output.entries import entry_paths
from output.record import EvidenceRecord
from output.run import Listing, System
from pipelines.dossier import Dossier
from pipelines.versions import detectors_version
from spiders.addresses import GITHUB, HUB, Addresses
from spiders.answers import Asker
from spiders.walk import Answer

NIGHTS_OF_TROUBLE = 3
NIGHTS_OF_REST = 7
PAGES = 3
COLD_COST = {"hf:model": 4, "hf:dataset": 3, "github": 4, "arxiv": 1}


class RefusedError(Exception):
    """The night does not start; the message says why and what to do."""


@dataclass
class Outcome:
    """How a night ended. `published` is None for a dry run and for a night that was stopped."""

    night: Night
    plan: Plan
    cost: dict[str, int]
    published: Published | None = None
    failures: list[str] = field(default_factory=list)
    fatal: str | None = None
    interrupted: bool = False
    requests: Counter[str] = field(default_factory=Counter)  # of services
    link_cost: dict[str, int] = field(default_factory=dict)  # what asking for links takes, by host
    pages: Counter[str] = field(default_factory=Counter)  # requests for links and robots.txt elsewhere


class NightRun:
    """What spider and pipelines of a night share."""

    def __init__(
        self, state: State, night: Night, archive: ArchiveWriter, folder: Path,
        entries: Mapping[str, tuple[str, ...]], unread: Mapping[str, str], *, owner: str, dry_run: bool = False,
        lease_seconds: float = LEASE_SECONDS, index: Path | None = None, links_every: int = EVERY,
    ) -> None:  # fmt: skip
        self.state = state
        self.night = night
        self.archive = archive
        self.entries = dict(entries)
        self.unread = unread
        self.owner = owner
        self.dry_run = dry_run
        self.lease_seconds = lease_seconds
        self.links: Places = web_links(index) if index else {}
        self.links_every = links_every
        self.caught_up: set[str] = set()
        self.memory = Memory(folder)
        self.index = index
        self.feeds: list[tuple[list[str], Answer]] = []  # what arXiv was asked tonight, and what it said
        self.plan = Plan()
        self.cost: Counter[str] = Counter()
        self.links_due: list[str] = []
        self.detectors = detectors_version()
        self.known: dict[str, KnownEntry] = {}
        self.reasons: dict[str, tuple[str, ...]] = {}
        self.waiting: dict[str, asyncio.Event] = {}
        self.failures: list[str] = []
        self.fatal: str | None = None
        self.refused = False
        self.asker: Asker | None = None
        self.requests: Counter[str] = Counter()  # by public host

    # ---- before anything is read

    async def prepare(self, asker: Asker) -> None:
        """Ask what changed and write the plan."""
        self.known = self.state.entries()
        self.links_due = due(self.links, self.state.links(), self.night.number, self.links_every)
        before = fingerprints(self.known)
        targets = tracked(self.entries, self.known)
        resting = {t for t in targets if self.rests(t, before.get(t, {}))}
        everything = questions(targets, before)
        asked = [q for q in everything if not resting.issuperset(q.targets)]
        self.cost.update(urlsplit(q.ask.url).netloc for q in asked)
        resting -= {target for question in asked for target in question.targets}
        tonight: dict[str, Fingerprint] = {}
        for found in await asyncio.gather(*(self.settle(asker, question) for question in asked)):
            tonight |= found
        damaged = self.remember()
        self.plan = make_plan(self.entries, self.known, tonight, self.detectors, resting, damaged)
        self.plan.tracked = len(targets)
        gone = sorted(set(self.known) - set(self.entries) - set(self.unread))
        self.memory.changed = frozenset(self.plan.changed)
        self.cost.update(self.reading_cost())
        self.failures += [f"{name}: {why}" for name, why in self.unread.items()]
        self.failures += [
            f"{name}: not checked tonight: {len(unsettled)} of its sources gave no answer"
            for name, unsettled in self.plan.blind.items()
        ]
        if not self.dry_run:
            self.state.plan(self.night, self.plan.reads, self.plan.carried, gone, changed=self.plan.changed)

    def remember(self) -> set[str]:
        """Load what was read before; entries whose answers are not all in the archive any more."""
        damaged = set()
        for line, number in self.state.lines():
            read = msgspec.json.decode(line, type=Listing)
            if self.memory.holds(read):
                self.memory.add(read, fresh=number == self.night.number)
            else:
                damaged.add(str(read.entry))
        return damaged

    def papers(self, entry: str) -> tuple[str, ...]:
        """Addresses of papers in an index entry; none where it cannot be read any more."""
        paths = [path for path in entry_paths(self.index) if path.stem == entry] if self.index else []
        try:
            return entry_papers(paths[0]) if paths else ()
        except BadReferenceError:
            return ()

    def rests(self, target: str, before: Fingerprint) -> bool:
        """What was never there is asked for again one night in seven; what vanished is, after a week of every night."""
        if not before.get("gone") or self.night.number - before.get("since", -NIGHTS_OF_REST) <= NIGHTS_OF_REST:
            return False
        return (zlib.crc32(target.encode()) + self.night.number) % NIGHTS_OF_REST != 0

    async def settle(self, asker: Asker, question: Question) -> dict[str, Fingerprint]:
        """All that one question settles, its further pages and repositories beyond them."""
        answer = await asker.fetch(question.ask)
        if question.ask.what == "arxiv_feed":
            self.feeds.append((list(question.names), answer))
        found = read_answer(question, answer)
        if found is None:
            why = answer.miss.reason if answer.miss else "an answer that cannot be read"
            self.failures.append(f"{question.ask.url}: {why}")
            return {}
        self.note_candidates(question, answer)
        pages = 1
        left = set(question.targets) - set(found)
        while left and answer.next_url and pages < PAGES:
            pages += 1
            answer = await asker.fetch(replace(question.ask, url=answer.next_url))
            found |= read_answer(question, answer) or {}
            left = set(question.targets) - set(found)
        if left and question.key.startswith("hub:") and question.ask.url.find("author=") > 0:
            kind = question.key.split(":")[1]
            singles = [
                single_question(kind, name, targets)
                for name, targets in question.names.items()
                if not left.isdisjoint(targets)
            ]
            for more in await asyncio.gather(*(self.settle(asker, single) for single in singles)):
                found |= more
        return found

    def note_candidates(self, question: Question, answer: Answer) -> None:
        """New models of an organisation that has an entry: somebody should look at them."""
        if self.dry_run or not question.key.startswith("hub:models:") or not isinstance(answer.data, list):
            return
        owned = {t for targets in self.entries.values() for t in targets if t.startswith("hf:model:")}
        if owned.isdisjoint(question.targets):
            return
        ids = {str(row["id"]): row for row in answer.data if isinstance(row, dict) and "id" in row}
        known = self.state.known_ids(question.key)
        new = sorted(set(ids) - known) if known is not None else []
        self.state.put_known_ids(
            self.night,
            question.key,
            set(ids) | (known or frozenset()),
            [
                {"kind": "candidate", "target": f"hf:model:{ident}", "created": ids[ident].get("createdAt"),
                 "view_url": f"https://huggingface.co/{ident}"}
                for ident in new if f"hf:model:{ident}" not in owned
            ],
        )  # fmt: skip

    def reading_cost(self) -> Counter[str]:
        """Requests that reading will take: what an entry took last time, or a usual number for one not yet read."""
        cost: Counter[str] = Counter()
        reads = {w.entry: w for w in self.plan.reads}
        for line, _ in self.state.lines() if reads else ():
            read = msgspec.json.decode(line, type=Listing)
            if read.entry in reads and reads.pop(read.entry):
                cost.update(
                    urlsplit(d.source.url).netloc
                    for d in read.documents
                    if d.target in self.plan.changed and d.source.archive and d.source.archive.member is None
                )
        hosts = {"hf:model": HUB, "hf:dataset": HUB, "github": GITHUB}
        for target in {t for work in reads.values() for t in work.targets}:
            scheme = target.rpartition(":")[0]
            service = hosts.get(scheme)
            cost[urlsplit(service.public).netloc if service else "export.arxiv.org"] += COLD_COST[scheme]
        return cost

    async def check_links(self, crawler: Crawler) -> None:
        """Ask how the other links of the entries fare; what goes wrong here is no reason to hold back evidence."""
        try:
            await LinkCheck(crawler, self.state, self.night, self.state.links()).run(self.links_due, self.links)
        except Exception as error:
            self.failures.append(redact(f"links were not checked: {type(error).__name__}: {error}"))

    # ---- while reading

    def lease(self) -> Work | None:
        """The next entry to read. Own leases are renewed first: a clock that jumped would let them be taken twice."""
        if self.fatal:
            return None
        self.renew()
        taken = self.state.lease(self.night, self.owner, seconds=self.lease_seconds)
        for work in taken:
            self.reasons[work.entry] = work.reasons
            self.entries[work.entry] = work.targets
        if taken:
            self.catch_up()
        return taken[0] if taken else None

    def catch_up(self) -> None:
        """What other processes have read tonight need not be asked for again."""
        new = set(self.state.read_by(self.night, self.owner, others=True)) - self.caught_up
        for line, _ in self.state.lines(*sorted(new)) if new else ():
            self.memory.add(msgspec.json.decode(line, type=Listing), fresh=True)
        self.caught_up |= new

    def others_work(self) -> bool:
        """Whether work may come back from a process that dies."""
        return self.fatal is None and self.state.others_work(self.night, self.owner)

    def renew(self) -> None:
        self.state.renew(self.night, self.owner, self.lease_seconds)

    def stop(self, why: str, *, refused: bool = False) -> None:
        """End the night: nothing more is leased, nothing is published. `refused`: a service does not know us."""
        self.fatal = self.fatal or why
        self.refused = self.refused or refused

    def give_back(self, work: Work, error: Exception) -> None:
        why = redact(f"{type(error).__name__}: {error}")
        self.failures.append(f"{work.entry}: {why}")
        self.state.retry(self.night, self.owner, work.entry, why)

    def detectors_failed(self, item: Any, failure: Any) -> None:
        """Signal item_error: a detector broke, or the reading could not be kept."""
        entry = getattr(item, "entry", None) or getattr(getattr(item, "dossier", None), "entry", None)
        if entry is not None:
            self.give_back(Work(entry, ()), failure.value)
            self.wake(entry)

    def wake(self, entry: str) -> None:
        if entry in self.waiting:
            self.waiting.pop(entry).set()

    def acknowledge(self, item: Evidence) -> None:
        """Make the archive durable, then commit the reading. A full disk ends the night."""
        dossier = item.dossier
        entry = dossier.entry or dossier.root
        try:
            if any(document.source.archive is None for document in dossier.documents):
                self.stop("the archive cannot be written")
            if not self.fatal:
                self.archive.sync()
                self.commit(entry, dossier, item.records)
        except LeaseLostError as error:
            self.failures.append(str(error))
        except (OSError, SQLAlchemyError) as error:
            self.stop(f"the reading of {entry} could not be kept: {error}")
        finally:
            self.wake(entry)

    def commit(self, entry: str, dossier: Dossier, records: list[EvidenceRecord]) -> None:
        trouble = [f"{m.source.url}: {m.reason}" for m in dossier.misses if m.outcome == "error"]
        known = self.known.get(entry)
        said = f"{trouble[0]} and {len(trouble) - 1} more" if len(trouble) > 1 else "".join(trouble)
        if known is not None and trouble and known.troubled + 1 < NIGHTS_OF_TROUBLE:
            self.state.keep(self.night, self.owner, entry, said)
            return
        line = msgspec.json.encode(listing(dossier) | {"records": len(records)})
        self.state.acknowledge(
            self.night,
            self.owner,
            Reading(
                entry,
                self.entries[entry],
                self.detectors,
                line,
                records,
                self.dated(entry, of_dossier(dossier)),
                self.changes(entry, records),
                said or None,
            ),
        )
        read = msgspec.json.decode(line, type=Listing)
        self.memory.add(read, fresh=True)
        if self.asker is not None:
            self.asker.forget([d.source.url for d in read.documents])

    def dated(self, entry: str, found: Mapping[str, Fingerprint]) -> dict[str, Fingerprint]:
        """Fingerprints with the night that saw them, and for what is gone the night that noticed."""
        before = self.known[entry].reads if entry in self.known else {}
        dated = {target: {**fingerprint, "seen": self.night.number} for target, fingerprint in found.items()}
        for target, fingerprint in dated.items():
            known = before.get(target)
            if fingerprint.get("gone") and known:
                since = known.get("since") if known.get("gone") else self.night.number
                fingerprint |= {"since": since} if since is not None else {}
        return dated

    def changes(self, entry: str, records: list[EvidenceRecord]) -> list[dict[str, Any]]:
        """What a person would call a change; the first reading of an entry is one."""
        because = list(self.reasons.get(entry, ()))
        if entry not in self.known:
            return [{"kind": "entry_read", "records": len(records), "because": because}]
        before, after = (System(Listing("", entry), tuple(r)) for r in (self.state.records(entry), records))
        return [{**msgspec.to_builtins(change), "because": because} for change in changes([before], [after])]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One night at a time in a folder; the lock goes with the process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise RefusedError(f"another night is under way in {folder} ({file.read().strip()})") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {now()}")
        file.flush()
        yield


def need_tokens(addresses: Addresses) -> None:
    """A night without tokens would see less and call it the state of the world."""
    missing = [s.token_variable for s in (HUB, GITHUB) if s.name not in addresses.tokens]
    if missing:
        raise RefusedError(f"a scheduled run needs {' and '.join(str(m) for m in missing)}: without, it would shrink")


class NightArchive(ArchiveWriter):
    """Its file is locked while it is written to: nobody else mends it."""

    def open(self) -> None:
        super().open()
        fcntl.flock(self.file, fcntl.LOCK_EX)


def mend_archives(folder: Path, night: Night) -> None:
    """Cut what killed processes left unfinished at the end of this night's files."""
    for path in (folder / "archive").glob(f"{night.id}-*"):
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            mend(path)


def nightly(
    index: Path,
    out: Path,
    *,
    state_url: str | None = None,
    dry_run: bool = False,
    assertions: Path | None = None,
    publish_anyway: bool = False,
    budgets: Path | None = None,
    lease_seconds: float = LEASE_SECONDS,
    links_every: int = EVERY,
    report: bool = True,
    owner: str | None = None,
    addresses: Addresses | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run a night. Raises RefusedError before anything is asked, StateError where the state cannot be used."""
    addresses = addresses or Addresses()
    need_tokens(addresses)
    entries, unread = read_index(index)
    if not entries:
        raise RefusedError(f"{index} holds no index entry with a link to the Hub, GitHub or arXiv")
    url = state_url or str(out / "state.sqlite")
    if dry_run:
        with tempfile.TemporaryDirectory() as scratch:
            fresh = "://" not in url and not Path(url).exists()
            state = State("sqlite://" if fresh else url)
            night = Night(state.next_number(), "dry-run", "planning", now(), {})
            run = NightRun(
                state, night, ArchiveWriter(Path(scratch), SOFTWARE), out, entries, unread, owner="", dry_run=True,
                index=index, links_every=links_every,
            )  # fmt: skip
            return crawl(run, addresses, Path(scratch) / "log.jsonl", progress, None)
    with locked(out):
        state = State(url)
        finish_publications(state, out)
        night = state.open_night()
        owner = owner or socket.gethostname()
        state.release(night, owner)
        mend_archives(out, night)
        archive = NightArchive(out / "archive", SOFTWARE, f"{night.id}-")
        run = NightRun(
            state, night, archive, out, entries, unread, owner=owner, lease_seconds=lease_seconds, index=index,
            links_every=links_every,
        )  # fmt: skip
        purse = Purse(state, owner, read_budgets(budgets), addresses)
        outcome = crawl(run, addresses, out / "log.jsonl", progress, purse)
        if outcome.fatal is None and not outcome.interrupted:
            assert run.asker is not None
            faults = run.asker.faults
            for worker in state.info(night).get("workers", {}).values():
                outcome.requests.update(worker["requests"])
                outcome.failures += worker["failures"]
                faults.update(worker["faults"])
            mend_archives(out, night)
            outcome.published = publish(
                state, night, out, outcome.plan, asked=str(index), requests=outcome.requests,
                faults=faults, failures=outcome.failures, assertions=assertions, anyway=publish_anyway,
                links=health(index, state), pages=outcome.pages, report=report,
            )  # fmt: skip
        state.close()
        return outcome


def crawl(
    run: NightRun, addresses: Addresses, log_path: Path, progress: Progress | None, purse: Purse | None
) -> Outcome:
    """The part of a night that needs the network."""
    from crawler.nightly.spider import NightSpider

    session = Session(addresses, run, run.requests, run.failures, purse=purse)
    process = AsyncCrawlerProcess(
        settings(
            OSAI_ADDRESSES=addresses,
            DOWNLOAD_HANDLERS={
                **settings()["DOWNLOAD_HANDLERS"],
                "http": "crawler.nightly.budget.BudgetHandler",
                "https": "crawler.nightly.budget.BudgetHandler",
            },
            ITEM_PIPELINES={
                "crawler.detecting.DetectPipeline": 100,
                "crawler.nightly.spider.AcknowledgePipeline": 200,
            },
        )
    )
    log = log_to(log_path, addresses)
    crawler = process.create_crawler(NightSpider)
    reasons: list[str] = []
    crawler.signals.connect(lambda reason: reasons.append(reason), signal=signals.spider_closed, weak=False)
    crawler.signals.connect(
        lambda failure: run.stop(redact(str(failure.value))), signal=signals.spider_error, weak=False
    )
    crawler.signals.connect(run.detectors_failed, signal=signals.item_error, weak=False)
    if progress is not None:
        progress.watch(crawler)
    try:
        process.crawl(crawler, night=run, choose_papers=choose_papers, choose_lookups=choose_lookups, session=session)
        process.start(stop_after_crawl=True)
    finally:
        log.close()
        logging.getLogger().removeHandler(log)
        run.archive.close()
        if purse is not None:
            purse.close()
            run.state.release(run.night, run.owner)
    if run.refused:
        raise RefusedError(str(run.fatal))
    interrupted = run.fatal is None and reasons != ["finished"]
    return Outcome(
        run.night, run.plan, dict(run.cost), None, run.failures, run.fatal, interrupted, session.requests,
        cost_of_links(run.links_due), session.pages,
    )  # fmt: skip
