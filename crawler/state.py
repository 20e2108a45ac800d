"""What is known from earlier nights, and tonight's work: one database behind one layer.

SQLite (write-ahead log) by default, PostgreSQL for several machines, both through SQLAlchemy Core. The database is the
truth: a reading counts when its transaction is committed, and files of a published run are written from here. A
transaction holds all of a reading or nothing of it, so a killed process loses only what it had not acknowledged.

Backup: copy one file (`sqlite3 state.sqlite ".backup copy.sqlite"` while a night runs).
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    create_engine,
    event,
    func,
    inspect,
    or_,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from output.record import EvidenceRecord, dump, load
from output.run import Listing

SCHEMA_VERSION = 2
MIGRATION_LOCK = 0x6F736169
ATTEMPTS = 3
LEASE_SECONDS = 300.0
LONGEST_LEASE = 86400.0  # what ends later was written by a clock that was wrong
LONGEST_HOLD = 900.0

metadata = MetaData()
META = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))
RUN = Table(
    "run",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(60), nullable=False, unique=True),
    Column("state", String(20), nullable=False),  # planning, reading, held, published, stopped
    Column("started_at", String(20), nullable=False),
    Column("finished_at", String(20)),
    Column("info", JSON, nullable=False),
)
ENTRY = Table(
    "entry",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("asked", JSON, nullable=False),  # targets of its links
    Column("reads", JSON, nullable=False),  # target → fingerprint of what was read for it, null where it failed
    Column("detectors", String(64), nullable=False),
    Column("listing", LargeBinary, nullable=False),  # its line of documents.jsonl, zlib
    Column("read_run", Integer, nullable=False),
    Column("seen_run", Integer, nullable=False),
    Column("troubled", Integer, nullable=False),  # nights in a row in which something could not be read
)
WORK = Table(
    "work",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("entry", String(200), primary_key=True),
    Column("targets", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("state", String(10), nullable=False),  # todo, leased, done, failed
    Column("attempts", Integer, nullable=False),
    Column("owner", String(100)),
    Column("lease_until", Float, nullable=False),
    Column("trouble", Text),
)
RECORD = Table(
    "record",
    metadata,
    Column("entry", String(200), primary_key=True),
    Column("id", String(40), primary_key=True),
    Column("first_run", Integer, primary_key=True),
    Column("last_run", Integer),  # empty while the record stands: then it was last seen when its target was
    Column("superseded_run", Integer, index=True),
    Column("target", String(300), nullable=False),
    Column("place", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
CHANGE = Table(
    "change",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", Integer, nullable=False, index=True),
    Column("entry", String(200), nullable=False, index=True),
    Column("what", JSON, nullable=False),
)
QUESTION = Table(
    "question",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("known", LargeBinary, nullable=False),  # ids that a listing has ever shown, zlib
)
BUDGET = Table(
    "budget",
    metadata,
    Column("key", String(80), primary_key=True),  # service and hash of the token
    Column("held_until", Float, nullable=False),
)
DRAW = Table(
    "draw",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String(80), nullable=False, index=True),
    Column("owner", String(100), nullable=False),
    Column("requests", Integer, nullable=False),  # drawn; after it was given back: spent
    Column("at", Float, nullable=False),
    Column("open_until", Float, nullable=False),
)
LINK = Table(
    "link",
    metadata,
    Column("url", String(1000), primary_key=True),
    Column("asked_run", Integer, nullable=False),
    Column("known", JSON, nullable=False),
)

UNFINISHED = select(RUN).where(RUN.c.state.in_(["planning", "reading"])).order_by(RUN.c.number.desc()).limit(1)


def add_budgets_and_links(db: Connection) -> None:
    metadata.create_all(db, tables=[BUDGET, DRAW, LINK])


# Steps to a schema version from the one before it. A step never changes once it was released.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {2: add_budgets_and_links}


class StateError(Exception):
    """The database cannot be used; the message says what to do."""


class LeaseLostError(StateError):
    """The work was given to somebody else in the meantime; nothing was written."""


@dataclass(frozen=True)
class Night:
    """A run as the database knows it."""

    number: int
    id: str
    state: str
    started_at: str
    info: dict[str, Any]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many requests in any span of so many seconds."""

    requests: int
    seconds: float

    @property
    def arrival(self) -> float:
        """Seconds by which requests may arrive later than others that left with them."""
        return min(2.0, self.seconds / 10)


@dataclass(frozen=True)
class KnownEntry:
    """What an earlier night knows of an entry."""

    name: str
    asked: tuple[str, ...]
    reads: dict[str, dict[str, Any] | None]
    detectors: str
    seen_run: int
    troubled: int


@dataclass(frozen=True)
class Work:
    """One entry to read tonight, and why."""

    entry: str
    targets: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    attempts: int = 0


@dataclass(frozen=True)
class Reading:
    """What a night found out about one entry. `fingerprints` by target; `trouble`: what could not be read."""

    entry: str
    asked: tuple[str, ...]
    detectors: str
    line: bytes  # of `documents.jsonl`
    records: Sequence[EvidenceRecord]
    fingerprints: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    changes: Sequence[dict[str, Any]] = ()
    trouble: str | None = None


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pack(value: Any) -> bytes:
    return zlib.compress(msgspec.json.encode(value), 6)


class State:
    """The database of one series of nights."""

    def __init__(self, url: str) -> None:
        """`url` as SQLAlchemy takes it, or a path of a SQLite file. Raises StateError."""
        self.engine = connect(url)
        self.reader = self.engine.execution_options(reads_only=True)
        try:
            self.migrate()
        except StateError:
            self.close()
            raise
        except SQLAlchemyError as error:
            self.close()
            raise StateError(
                f"the state {self.engine.url!r} cannot be opened, restore a copy of it: {error}"
            ) from error

    def close(self) -> None:
        self.engine.dispose()

    def migrate(self) -> None:
        """Make the tables, or bring older ones up to date; refuse those of a later version."""
        with self.engine.begin() as db:
            if db.dialect.name == "postgresql":  # several processes may open a new one at once
                db.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            if not inspect(db).has_table("meta"):
                metadata.create_all(db)
                db.execute(META.insert().values(key="schema", value=str(SCHEMA_VERSION)))
                return
            if db.dialect.name == "sqlite":
                whole = str(db.exec_driver_sql("PRAGMA quick_check(1)").scalar())
                if whole != "ok":
                    raise StateError(f"the state {self.engine.url!r} is damaged, restore a copy of it: {whole}")
            version = int(db.execute(select(META.c.value).where(META.c.key == "schema")).scalar() or 0)
            if version > SCHEMA_VERSION:
                raise StateError(
                    f"the state is of schema {version}, this program knows {SCHEMA_VERSION}: use a newer osai-evidence"
                )
            for step in range(version + 1, SCHEMA_VERSION + 1):
                MIGRATIONS[step](db)
            db.execute(META.update().where(META.c.key == "schema").values(value=str(SCHEMA_VERSION)))

    # ---- nights

    def open_night(self) -> Night:
        """The night that was interrupted, or a new one."""
        with self.engine.begin() as db:
            row = db.execute(UNFINISHED).first()
            if row is None:
                started = datetime.now(UTC)
                ident = started.strftime("%Y%m%dT%H%M%SZ") + "-" + os.urandom(3).hex()
                number = last_number(db) + 1
                db.execute(RUN.insert().values(number=number, id=ident, state="planning", started_at=now(), info={}))
                row = db.execute(select(RUN).where(RUN.c.number == number)).one()
            return night_of(row)

    def next_number(self) -> int:
        """The number of the night that `open_night` would give."""
        with self.reader.connect() as db:
            row = db.execute(UNFINISHED).first()
            return row.number if row else last_number(db) + 1

    def set_state(self, night: Night, state: str, **info: Any) -> None:
        with self.engine.begin() as db:
            known = db.execute(select(RUN.c.info).where(RUN.c.number == night.number).with_for_update()).scalar() or {}
            over = {"finished_at": now()} if state in ("held", "published", "stopped") else {}
            db.execute(RUN.update().where(RUN.c.number == night.number).values(state=state, info=known | info, **over))

    def note_worker(self, night: Night, owner: str, about: Mapping[str, Any]) -> None:
        """Keep what a process that joined a night has to say of its part."""
        with self.engine.begin() as db:
            info = db.execute(select(RUN.c.info).where(RUN.c.number == night.number).with_for_update()).scalar() or {}
            workers = {**info.get("workers", {}), owner: dict(about)}
            db.execute(RUN.update().where(RUN.c.number == night.number).values(info={**info, "workers": workers}))

    def info(self, night: Night) -> dict[str, Any]:
        with self.reader.connect() as db:
            return dict(db.execute(select(RUN.c.info).where(RUN.c.number == night.number)).scalar() or {})

    def state_of(self, night: Night) -> str:
        with self.reader.connect() as db:
            return str(db.execute(select(RUN.c.state).where(RUN.c.number == night.number)).scalar())

    def nights(self, *states: str) -> list[Night]:
        """Nights in these states, the earliest first."""
        with self.reader.connect() as db:
            rows = db.execute(select(RUN).where(RUN.c.state.in_(states)).order_by(RUN.c.number))
            return [night_of(row) for row in rows]

    # ---- what is known

    def entries(self) -> dict[str, KnownEntry]:
        columns = (ENTRY.c.name, ENTRY.c.asked, ENTRY.c.reads, ENTRY.c.detectors, ENTRY.c.seen_run, ENTRY.c.troubled)
        with self.reader.connect() as db:
            return {
                r.name: KnownEntry(r.name, tuple(r.asked), dict(r.reads), r.detectors, r.seen_run, r.troubled)
                for r in db.execute(select(*columns))
            }

    def lines(self, *entries: str) -> Iterator[tuple[bytes, int]]:
        """Lines of `documents.jsonl`, of all or some entries by their names, and the night that read it."""
        query = select(ENTRY.c.listing, ENTRY.c.read_run).order_by(ENTRY.c.name)
        if entries:
            query = query.where(ENTRY.c.name.in_(entries))
        with self.reader.connect() as db:
            for row in db.execute(query.execution_options(yield_per=20)):
                yield zlib.decompress(row.listing), row.read_run

    def records(self, entry: str | None = None) -> Iterator[EvidenceRecord]:
        """Records that stand, in the order of `evidence.jsonl`: by entry, then as the detectors wrote them."""
        query = select(RECORD.c.body).where(RECORD.c.superseded_run.is_(None)).order_by(RECORD.c.entry, RECORD.c.place)
        if entry is not None:
            query = query.where(RECORD.c.entry == entry)
        with self.reader.connect() as db:
            for body in db.execute(query.execution_options(yield_per=200)).scalars():
                yield load(zlib.decompress(body))

    def lifetimes(self, entry: str | None = None) -> Iterator[dict[str, Any]]:
        """First seen, last seen and superseded (times) of every record there ever was."""
        dates = {n.number: n.started_at for n in self.nights("planning", "reading", "held", "published", "stopped")}
        seen = {
            e.name: (e.seen_run, {t: f.get("seen") for t, f in e.reads.items() if f}) for e in self.entries().values()
        }
        columns = (RECORD.c.entry, RECORD.c.id, RECORD.c.target, RECORD.c.first_run, RECORD.c.last_run,
                   RECORD.c.superseded_run)  # fmt: skip
        query = select(*columns).order_by(RECORD.c.entry, RECORD.c.place, RECORD.c.first_run)
        if entry is not None:
            query = query.where(RECORD.c.entry == entry)
        with self.reader.connect() as db:
            for r in db.execute(query.execution_options(yield_per=500)):
                whole, targets = seen.get(r.entry, (r.first_run, {}))
                standing = targets.get(r.target) or whole
                yield {
                    "id": r.id,
                    "entry": r.entry,
                    "first_seen": dates.get(r.first_run),
                    "last_seen": dates.get(standing if r.superseded_run is None else r.last_run),
                    "superseded": dates.get(r.superseded_run),
                }

    def history(self, entry: str) -> Iterator[dict[str, Any]]:
        """Every record there ever was of an entry, with its times."""
        query = (
            select(RECORD.c.id, RECORD.c.body)
            .where(RECORD.c.entry == entry)
            .order_by(RECORD.c.entry, RECORD.c.place, RECORD.c.first_run)
        )
        with self.reader.connect() as db:
            bodies = db.execute(query).all()
        for life, row in zip(self.lifetimes(entry), bodies, strict=True):
            record = load(zlib.decompress(row.body))
            yield {
                **life,
                "target": record.subject.target,
                "parameter": record.parameter,
                "indicator": record.indicator,
                "outcome": record.outcome,
                "statement": record.statement,
                "view_url": record.source.view_url if record.source else None,
            }

    def entries_ever(self) -> set[str]:
        """Entries with evidence, also those that have left the index."""
        with self.reader.connect() as db:
            return set(db.execute(select(RECORD.c.entry).distinct()).scalars())

    def entries_with(self, targets: Iterable[str]) -> list[str]:
        """Entries with evidence on one of these targets, given in lower case."""
        query = select(RECORD.c.entry).distinct().where(func.lower(RECORD.c.target).in_(sorted(targets)))
        with self.reader.connect() as db:
            return sorted(db.execute(query).scalars())

    def changes(self, after: int = 0, entry: str | None = None) -> list[dict[str, Any]]:
        """What changed in nights after that number, in the order in which it was noticed."""
        query = select(CHANGE).where(CHANGE.c.run > after).order_by(CHANGE.c.number)
        if entry is not None:
            query = query.where(CHANGE.c.entry == entry)
        with self.reader.connect() as db:
            return [{"run": r.run, "entry": r.entry, **r.what} for r in db.execute(query)]

    # ---- tonight

    def plan(
        self, night: Night, work: Iterable[Work], carried: Mapping[str, Sequence[str]], gone: Iterable[str], **info: Any
    ) -> None:
        """Write the plan in one transaction: what is to be read, what was seen unchanged, what left the index.

        `carried`: entries with the targets that were seen tonight.

        A night that was interrupted plans again; what it had acknowledged stands.
        """
        with self.engine.begin() as db:
            db.execute(WORK.delete().where(WORK.c.run == night.number, WORK.c.state != "done"))
            for w in work:
                values = {"targets": list(w.targets), "reasons": list(w.reasons), "state": "todo", "attempts": 0,
                          "owner": None, "lease_until": 0.0, "trouble": None}  # fmt: skip
                put(db, WORK, {"run": night.number, "entry": w.entry}, values)
            for name, targets in carried.items():
                seen = db.execute(select(ENTRY.c.reads).where(ENTRY.c.name == name)).scalar() or {}
                seen |= {t: {**seen[t], "seen": night.number} for t in targets if seen.get(t)}
                db.execute(ENTRY.update().where(ENTRY.c.name == name).values(seen_run=night.number, reads=seen))
            for name in gone:
                self.supersede(db, night, name, keep=frozenset())
                db.execute(ENTRY.delete().where(ENTRY.c.name == name))
            db.execute(RUN.update().where(RUN.c.number == night.number).values(state="reading", info=night.info | info))

    def lease(self, night: Night, owner: str, count: int = 1, seconds: float = LEASE_SECONDS) -> list[Work]:
        """Take work for a while. What nobody acknowledges in time is given out again, up to ATTEMPTS times."""
        with self.engine.begin() as db:
            clock = self.clock(db)
            lapsed = or_(WORK.c.lease_until < clock, WORK.c.lease_until > clock + LONGEST_LEASE)
            free = or_(WORK.c.state == "todo", and_(WORK.c.state == "leased", lapsed))
            db.execute(
                WORK.update()
                .where(WORK.c.run == night.number, free, WORK.c.attempts >= ATTEMPTS)
                .values(state="failed", trouble=func.coalesce(WORK.c.trouble, f"given up after {ATTEMPTS} attempts"))
            )
            rows = db.execute(
                select(WORK)
                .where(WORK.c.run == night.number, free)
                .order_by(WORK.c.attempts, WORK.c.entry)
                .limit(count)
                .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
            ).all()
            for row in rows:
                db.execute(
                    WORK.update()
                    .where(WORK.c.run == night.number, WORK.c.entry == row.entry)
                    .values(state="leased", owner=owner, lease_until=clock + seconds, attempts=row.attempts + 1)
                )
            return [Work(r.entry, tuple(r.targets), tuple(r.reasons), r.attempts + 1) for r in rows]

    def release(self, night: Night, owner: str) -> None:
        """Give back what this owner holds, work and connections: it was killed, and is here again."""
        with self.engine.begin() as db:
            db.execute(
                WORK.update()
                .where(WORK.c.run == night.number, WORK.c.owner == owner, WORK.c.state == "leased")
                .values(state="todo")
            )
            db.execute(DRAW.update().where(DRAW.c.owner == owner).values(open_until=0.0))

    def renew(self, night: Night, owner: str, seconds: float = LEASE_SECONDS) -> None:
        with self.engine.begin() as db:
            db.execute(
                WORK.update()
                .where(WORK.c.run == night.number, WORK.c.owner == owner, WORK.c.state == "leased")
                .values(lease_until=self.clock(db) + seconds)
            )

    def others_work(self, night: Night, owner: str) -> bool:
        """Whether somebody else holds work that may come back."""
        query = select(WORK.c.entry).where(WORK.c.run == night.number, WORK.c.owner != owner, WORK.c.state == "leased")
        with self.reader.connect() as db:
            return db.execute(query.limit(1)).first() is not None

    def read_by(self, night: Night, owner: str, *, others: bool = False) -> list[str]:
        """Entries that a process has read tonight, or that the others have."""
        whose = WORK.c.owner != owner if others else WORK.c.owner == owner
        query = select(WORK.c.entry).where(WORK.c.run == night.number, whose, WORK.c.state == "done")
        with self.reader.connect() as db:
            return list(db.execute(query).scalars())

    def acknowledge(self, night: Night, owner: str, reading: Reading) -> None:
        """Make a reading the present state of its entry, all at once. Raises LeaseLostError.

        The archive must be durable before. Records that stand on are not touched; those that are not found any more
        are superseded; a reading with trouble only says that the entry is to be read again.
        """
        with self.engine.begin() as db:
            self.finish(db, night, owner, reading.entry, "done", reading.trouble)
            standing = self.supersede(db, night, reading.entry, frozenset(r.id for r in reading.records))
            rows = []
            for place, record in enumerate(reading.records):
                body = zlib.compress(dump(msgspec.structs.replace(record, run=night.id)), 6)
                if record.id in standing:
                    db.execute(
                        RECORD.update()
                        .where(RECORD.c.entry == reading.entry, RECORD.c.id == record.id)
                        .where(RECORD.c.superseded_run.is_(None))
                        .values(place=place, body=body)
                    )
                else:
                    rows.append({"entry": reading.entry, "id": record.id, "first_run": night.number, "place": place,
                                 "target": record.subject.target, "body": body})  # fmt: skip
            if rows:
                db.execute(RECORD.insert(), rows)
            troubled = db.execute(select(ENTRY.c.troubled).where(ENTRY.c.name == reading.entry)).scalar() or 0
            values = {
                "asked": list(reading.asked),
                "reads": reads(reading),
                "detectors": reading.detectors,
                "listing": zlib.compress(reading.line, 6),
                "read_run": night.number,
                "seen_run": night.number,
                "troubled": troubled + 1 if reading.trouble else 0,
            }
            put(db, ENTRY, {"name": reading.entry}, values)
            if reading.changes:
                db.execute(
                    CHANGE.insert(),
                    [{"run": night.number, "entry": reading.entry, "what": what} for what in reading.changes],
                )

    def keep(self, night: Night, owner: str, entry: str, trouble: str) -> None:
        """Leave an entry as it was: tonight's reading had too much trouble to be believed. Raises LeaseLostError."""
        with self.engine.begin() as db:
            self.finish(db, night, owner, entry, "failed", trouble)
            db.execute(ENTRY.update().where(ENTRY.c.name == entry).values(troubled=ENTRY.c.troubled + 1))

    def retry(self, night: Night, owner: str, entry: str, trouble: str) -> None:
        """Give work back with the reason why it could not be done."""
        with self.engine.begin() as db:
            db.execute(
                WORK.update()
                .where(WORK.c.run == night.number, WORK.c.entry == entry, WORK.c.owner == owner)
                .values(state="todo", trouble=trouble)
            )

    def work(self, night: Night, *states: str) -> list[tuple[str, str, str | None]]:
        """Entry, state and trouble of tonight's work, all of it or that in some states."""
        query = select(WORK.c.entry, WORK.c.state, WORK.c.trouble).where(WORK.c.run == night.number)
        if states:
            query = query.where(WORK.c.state.in_(states))
        with self.reader.connect() as db:
            return [(r.entry, r.state, r.trouble) for r in db.execute(query.order_by(WORK.c.entry))]

    def owners(self, night: Night) -> dict[str, tuple[str | None, str]]:
        """Who has or had tonight's work, and its state, by entry."""
        query = select(WORK.c.entry, WORK.c.owner, WORK.c.state).where(WORK.c.run == night.number)
        with self.reader.connect() as db:
            return {r.entry: (r.owner, r.state) for r in db.execute(query)}

    # ---- what may be asked

    def clock(self, db: Connection) -> float:
        """Unix time by one clock for all: the machines of a night need not agree on theirs."""
        if db.dialect.name == "sqlite":
            return time.time()
        return float(db.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())

    def draw(
        self,
        key: str,
        owner: str,
        limits: Sequence[Limit],
        want: int,
        fresh: float,
        connections: int | None = None,
        open_for: float = 0.0,
    ) -> tuple[int, int, float]:
        """Draw up to `want` requests, to be sent within `fresh` seconds: number of the draw, requests, seconds to wait.

        In any span of a limit's seconds no more are sent than it allows, since all that was drawn counts until the
        last moment at which it could still be under way.
        """
        with self.engine.begin() as db:
            clock, held_until = self.turn(db, key)
            # where the clock was set back, what was drawn in its future counts as drawn now
            mine = DRAW.c.key == key
            late = clock + open_for
            db.execute(DRAW.update().where(mine, DRAW.c.open_until > late).values(open_until=late))
            db.execute(DRAW.update().where(mine, DRAW.c.at > clock).values(at=clock))
            spans = [limit.seconds + fresh + limit.arrival for limit in limits]
            db.execute(
                DRAW.delete().where(DRAW.c.key == key, DRAW.c.at < clock - max(spans), DRAW.c.open_until < clock)
            )
            rows = db.execute(select(DRAW.c.at, DRAW.c.requests, DRAW.c.open_until).where(DRAW.c.key == key)).all()
            wait = held_until - clock
            for limit, span in zip(limits, spans, strict=True):
                counted = sorted((r.at, r.requests) for r in rows if r.at > clock - span and r.requests)
                free = limit.requests - sum(count for _, count in counted)
                want = min(want, free)
                if free < 1:
                    wait = max(wait, counted[0][0] + span - clock)
            if connections is not None:
                ends = sorted(r.open_until for r in rows if r.open_until > clock)
                if len(ends) >= connections:
                    wait = max(wait, min(0.5, ends[0] - clock))
            if wait > 0:
                return 0, 0, wait
            number = db.execute(
                DRAW.insert().values(key=key, owner=owner, requests=want, at=clock, open_until=clock + open_for)
            ).inserted_primary_key
            assert number is not None
            return int(number[0]), want, 0.0

    def give_back(self, number: int, spent: int) -> None:
        with self.engine.begin() as db:
            db.execute(DRAW.update().where(DRAW.c.number == number).values(requests=spent, open_until=0.0))

    def hold(self, key: str, seconds: float) -> None:
        """Nothing is drawn with this key for so long."""
        with self.engine.begin() as db:
            clock, held_until = self.turn(db, key)
            until = max(held_until, clock + min(seconds, LONGEST_HOLD))
            db.execute(BUDGET.update().where(BUDGET.c.key == key).values(held_until=until))

    def turn(self, db: Connection, key: str) -> tuple[float, float]:
        """Wait until a budget is this transaction's alone: what the clock says then, and until when it is held.

        A clock read before the wait would be behind what others drew meanwhile, as if it had been set back.
        """
        query = select(BUDGET.c.held_until).where(BUDGET.c.key == key).with_for_update()
        until = db.execute(query).scalar()
        if until is None:
            with suppress(IntegrityError), db.begin_nested():
                db.execute(BUDGET.insert().values(key=key, held_until=0.0))
            until = db.execute(query).scalar()
        clock = self.clock(db)
        return clock, float(until or 0.0) if (until or 0.0) <= clock + LONGEST_HOLD else 0.0

    # ---- what listings and links are known to be

    def links(self) -> dict[str, dict[str, Any]]:
        """What is known of web addresses that entries link to."""
        with self.reader.connect() as db:
            return {r.url: dict(r.known) for r in db.execute(select(LINK.c.url, LINK.c.known))}

    def put_link(self, night: Night, url: str, known: dict[str, Any], changes: Iterable[tuple[str, Any]]) -> None:
        """Keep what a night learned of an address, with what changed for which entry."""
        rows = [{"run": night.number, "entry": entry, "what": what} for entry, what in changes]
        with self.engine.begin() as db:
            put(db, LINK, {"url": url}, {"known": known, "asked_run": night.number})
            if rows:
                db.execute(CHANGE.insert(), rows)

    def known_ids(self, key: str) -> frozenset[str] | None:
        """Ids that a listing has ever shown; None before its first answer."""
        with self.reader.connect() as db:
            body = db.execute(select(QUESTION.c.known).where(QUESTION.c.key == key)).scalar()
        return None if body is None else frozenset(msgspec.json.decode(zlib.decompress(body)))

    def put_known_ids(self, night: Night, key: str, ids: Iterable[str], new: Iterable[dict[str, Any]]) -> None:
        """Keep what a listing showed, and say at once what in it is new."""
        rows = [{"run": night.number, "entry": "", "what": what} for what in new]
        with self.engine.begin() as db:
            put(db, QUESTION, {"key": key}, {"known": pack(sorted(ids))})
            if rows:
                db.execute(CHANGE.insert(), rows)

    # ---- inside a transaction

    @staticmethod
    def finish(db: Connection, night: Night, owner: str, entry: str, state: str, trouble: str | None) -> None:
        done = db.execute(
            WORK.update()
            .where(WORK.c.run == night.number, WORK.c.entry == entry, WORK.c.owner == owner, WORK.c.state == "leased")
            .values(state=state, trouble=trouble)
        )
        if done.rowcount != 1:
            raise LeaseLostError(f"{entry} is not held by {owner} any more")

    @staticmethod
    def supersede(db: Connection, night: Night, entry: str, keep: frozenset[str]) -> set[str]:
        """Close records of an entry that are not among `keep`; ids that stand on."""
        seen = db.execute(select(ENTRY.c.seen_run).where(ENTRY.c.name == entry)).scalar()
        standing = set(
            db.execute(select(RECORD.c.id).where(RECORD.c.entry == entry, RECORD.c.superseded_run.is_(None))).scalars()
        )
        for ident in standing - keep:
            db.execute(
                RECORD.update()
                .where(RECORD.c.entry == entry, RECORD.c.id == ident, RECORD.c.superseded_run.is_(None))
                .values(superseded_run=night.number, last_run=seen)
            )
        return standing & keep


def reads(reading: Reading) -> dict[str, dict[str, Any] | None]:
    """Every target of a reading with its fingerprint, None where it could not be read."""
    targets = msgspec.json.decode(reading.line, type=Listing).targets | set(reading.fingerprints)
    return {t: reading.fingerprints.get(t) for t in sorted(targets) if "*" not in t}


def last_number(db: Connection) -> int:
    return db.execute(select(func.max(RUN.c.number))).scalar() or 0


def night_of(row: Any) -> Night:
    return Night(row.number, row.id, row.state, row.started_at, dict(row.info or {}))


def put(db: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Update the row with this key, or insert it."""
    where = [table.c[name] == value for name, value in key.items()]
    if db.execute(table.update().where(*where).values(**values)).rowcount == 0:
        db.execute(table.insert().values(**key, **values))


def connect(url: str) -> Engine:
    if "://" not in url:
        path = Path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{path}"
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, connect_args={"timeout": 60} if parsed.drivername == "sqlite" else {})
    except ModuleNotFoundError as error:
        raise StateError("PostgreSQL needs the extra: pip install 'osai-evidence[postgresql]'") from error
    except SQLAlchemyError as error:
        raise StateError(f"{url} is not the address of a database: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    return engine


def prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def begin_sqlite(db: Connection) -> None:
    """A writer takes its lock at once, or it could fail half way; a reader sees the state as it was when it began."""
    db.exec_driver_sql("BEGIN" if db.get_execution_options().get("reads_only") else "BEGIN IMMEDIATE")
