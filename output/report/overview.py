"""What the pages over many systems show: coverage, licence triples, systems side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from output.changes import Change, changes
from output.parameters import ParameterInfo, parameters
from output.report.view import DIRECTIONS, Fact, Page, Section
from output.run import Missed, Run, System

TRIPLE = "license.triple"
PARTS = ("weights", "code", "data")
KINDS = ("open", "partial", "closed", "mixed", "neutral", "unread", "none")
WORDS = {"neutral": "context only", "unread": "could not look", "none": "no record"}


@dataclass(frozen=True)
class Coverage:
    """One bar: how many systems have facts that point where. `bars` are kind, start and width in percent."""

    name: str
    counts: dict[str, int]

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        total, start, made = sum(self.counts.values()) or 1, 0.0, []
        for kind, n in self.counts.items():
            width = 100 * n / total
            if kind != "none":
                made.append((kind, round(start, 2), round(width, 2)))
            start += width
        return made

    @property
    def words(self) -> list[tuple[str, str]]:
        """Each kind with its number in words."""
        return [(kind, f"{n} {WORDS.get(kind, kind)}") for kind, n in self.counts.items()]


def index_parameters() -> list[ParameterInfo]:
    """The index's own parameters, in its order."""
    return [p for p in parameters().values() if p.open]


def coverage(pages: Sequence[Page]) -> list[Coverage]:
    made = []
    for parameter in index_parameters():
        kinds = (kind(s) for page in pages for s in page.sections if s.parameter.id == parameter.id)
        made.append(Coverage(parameter.name, counted(kinds)))
    return made


def kind(section: Section) -> str:
    """The direction all facts of a section share, `mixed`, or why there is none."""
    pointing = [d for d in DIRECTIONS if d in section.tally]
    if len(pointing) == 1:
        return pointing[0]
    if pointing:
        return "mixed"
    if "unread" in section.tally:
        return "unread"
    return "neutral" if section.facts else "none"


@dataclass(frozen=True)
class Triple:
    """The licence note of one system, its three parts apart."""

    page: Page
    fact: Fact

    @property
    def parts(self) -> list[str]:
        """Words on weights, code and data; the whole statement where the record does not hold them apart."""
        values = [self.fact.record.value.get(name) for name in PARTS]
        words = [str(value["words"]) for value in values if isinstance(value, dict) and "words" in value]
        return words if len(words) == len(PARTS) else [self.fact.record.statement, "", ""]


def triples(pages: Sequence[Page]) -> list[Triple]:
    """Each system's licences of weights, code and data, where a record names them."""
    return [
        Triple(page, fact)
        for page in pages
        for section in page.sections
        if section.parameter.id == "licenses"
        for fact in section.facts
        if fact.record.indicator == TRIPLE
    ]


def licences_over_time(earlier: Sequence[Run], now: Sequence[Run]) -> list[Coverage]:
    """How many systems' licences pointed where in each earlier run, the oldest first, and now."""
    nights = [(started(run), run.systems) for run in earlier]
    nights.append((started(now[-1]), tuple(system for run in now for system in run.systems)))
    return [Coverage(day, counted(licence_kind(system) for system in systems)) for day, systems in nights]


def started(run: Run) -> str:
    """When a run began, to the minute; its id where it does not say."""
    return str(run.info.get("started_at") or run.id)[:16].replace("T", " ")


def counted(kinds: Iterable[str]) -> dict[str, int]:
    count = Counter(kinds)
    return {kind: count[kind] for kind in KINDS if count[kind]}


def licence_kind(system: System) -> str:
    record = next((r for r in system.records if r.indicator == TRIPLE), None)
    if record is None:
        return "none"
    return "unread" if record.points == "neutral" else record.points


@dataclass(frozen=True)
class Changed:
    """What differs for one system; `slug` is the page that says more, empty where there is none.

    `first` where the earlier run did not look at the system.
    """

    name: str
    slug: str
    first: bool
    changes: tuple[Change, ...]


def changed_systems(earlier: Run, now: Sequence[Run], pages: Sequence[Page]) -> list[Changed]:
    """Differences from an earlier run to these, by system: changes first, then what was read for the first time."""
    slugs = {page.name: page.slug for page in pages}
    groups: dict[str, list[Change]] = {}
    for change in changes(earlier.systems, [system for run in now for system in run.systems]):
        groups.setdefault(change.entry, []).append(change)
    known = {system.name for system in earlier.systems}
    found = [Changed(name, slugs.get(name, ""), name not in known, tuple(rows)) for name, rows in groups.items()]
    return sorted(found, key=lambda c: (c.first, -len(c.changes)))


@dataclass(frozen=True)
class Unanswered:
    """Addresses that gave no document for one reason."""

    reason: str
    status: int | None
    misses: tuple[tuple[Page, Missed], ...]


def answers(pages: Sequence[Page]) -> tuple[int, list[Unanswered]]:
    """How many addresses gave a document, and the others by reason, most of them first."""
    read = len({d.source.url for page in pages for d in page.system.listing.documents})
    groups: dict[tuple[str, int | None], list[tuple[Page, Missed]]] = {}
    for page in pages:
        for miss in page.misses:
            groups.setdefault((miss.reason, miss.source.status), []).append((page, miss))
    found = [Unanswered(reason, status, tuple(rows)) for (reason, status), rows in groups.items()]
    return read, sorted(found, key=lambda u: -len(u.misses))


def side_by_side(pages: Sequence[Page]) -> list[tuple[ParameterInfo, list[tuple[Page, Section | None]]]]:
    """Parameters as rows, systems as columns; rows without any fact are kept, as that is told, too."""
    rows = []
    for parameter in parameters().values():
        row = [(page, next((s for s in page.sections if s.parameter.id == parameter.id), None)) for page in pages]
        if any(section for _, section in row):
            rows.append((parameter, row))
    return rows
