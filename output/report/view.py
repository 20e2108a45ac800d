"""What the pages show, worked out before any markup: facts by parameter, what was read, what could not be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from output.excerpt import Excerpt, excerpts
from output.parameters import Category, ParameterInfo, categories
from output.record import EvidenceRecord, Outcome, Points
from output.run import Run, System

FOUND: tuple[Outcome, ...] = ("present", "boilerplate", "placeholder", "linked")
NOT_READ: tuple[Outcome, ...] = ("unavailable", "error")
OUTCOME_WORDS: dict[Outcome, str] = {
    "present": "found",
    "boilerplate": "boilerplate",
    "placeholder": "placeholder",
    "linked": "only linked",
    "absent": "searched, not found",
    "unavailable": "could not look",
    "error": "could not look: error",
    "not_applicable": "does not apply",
}
DIRECTIONS: tuple[Points, ...] = ("open", "partial", "closed")


@dataclass(frozen=True)
class Fact:
    record: EvidenceRecord
    excerpt: Excerpt | None = None

    @property
    def mark(self) -> str:
        """The shape that stands before the fact: `unread` where nobody could look, else where it points."""
        return "unread" if self.record.outcome in NOT_READ else self.record.points

    @property
    def outcome(self) -> str:
        return OUTCOME_WORDS[self.record.outcome]

    @property
    def target(self) -> str:
        return self.record.subject.target.partition(":")[2].removeprefix("model:").removeprefix("dataset:")

    @property
    def href(self) -> str:
        """The page a person opens, at the quoted lines where the service shows them; empty where it is no web page."""
        source = self.record.source
        return web_address(source.view_url, self.record) if source else ""

    @property
    def place(self) -> str:
        """Where the quote stands, in words."""
        source, selector = self.record.source, self.record.selector
        if source is None:
            return ""
        name = source.path or source.url
        if selector is None:
            return name
        if selector.page is not None:
            return f"{name}, page {selector.page}"
        if selector.json_pointer is not None:
            return f"{name}, field {selector.json_pointer}"
        if selector.start_line is None:
            return name
        if selector.end_line in (None, selector.start_line):
            return f"{name}, line {selector.start_line}"
        return f"{name}, lines {selector.start_line}–{selector.end_line}"


@dataclass(frozen=True)
class Section:
    """All facts on one parameter."""

    parameter: ParameterInfo
    facts: tuple[Fact, ...]

    @cached_property
    def tally(self) -> dict[str, int]:
        """How many facts point where, in a fixed order, without zeros; `unread` counts what could not be looked at."""
        count = Counter(fact.mark for fact in self.facts if fact.record.outcome != "not_applicable")
        return {mark: count[mark] for mark in (*DIRECTIONS, "unread") if count[mark]}

    @property
    def groups(self) -> list[tuple[str, list[Fact]]]:
        """Facts under the headings of the page, empty ones left out."""
        kinds = (
            ("Found", FOUND),
            ("Searched and not found", ("absent",)),
            ("Could not look", NOT_READ),
            ("Does not apply", ("not_applicable",)),
        )
        grouped = ((title, [f for f in self.facts if f.record.outcome in outcomes]) for title, outcomes in kinds)
        return [(title, sorted(facts, key=weight)) for title, facts in grouped if facts]

    @property
    def words(self) -> str:
        """The tally as a sentence a screen reader says."""
        words = {"open": "to open", "partial": "to partial", "closed": "to closed"}
        said = [f"{n} pointing {words[mark]}" for mark, n in self.tally.items() if mark in words]
        if unread := self.tally.get("unread"):
            said.append(f"{unread} could not be looked at")
        return ", ".join(said) or ("facts without a direction" if self.facts else "no facts")


def weight(fact: Fact) -> int:
    """Facts with a direction first; the order of the detectors within."""
    return fact.mark == "neutral"


@dataclass(frozen=True)
class ReadSource:
    url: str
    href: str
    what: str
    sha256: str
    retrieved_at: str


@dataclass(frozen=True)
class Page:
    """One system's page."""

    slug: str
    run: Run
    system: System
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        return self.system.name

    def of(self, category: Category) -> list[Section]:
        names = {p.id for p in category.parameters}
        return [s for s in self.sections if s.parameter.id in names]

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of the head line."""
        outcomes = Counter(r.outcome for r in self.system.records)
        return {
            "found": sum(outcomes[o] for o in FOUND),
            "searched and not found": outcomes["absent"],
            "could not be looked at": sum(outcomes[o] for o in NOT_READ),
        }

    @cached_property
    def sources(self) -> list[ReadSource]:
        """Every document that a fact or a search rests on, once."""
        seen: dict[str, ReadSource] = {}
        for record in self.system.records:
            source = record.source
            if source and record.outcome not in NOT_READ:
                seen.setdefault(
                    source.url,
                    ReadSource(
                        source.url,
                        web_address(source.view_url),
                        source.media_type or "",
                        source.sha256,
                        source.retrieved_at or "",
                    ),
                )
        for record in self.system.records:
            for item in record.searched:
                seen.setdefault(item.url, ReadSource(item.url, web_address(item.url), item.what, item.sha256, ""))
        return sorted(seen.values(), key=lambda s: s.url)


def pages(runs: Iterable[Run]) -> list[Page]:
    """One page for each system of the runs, in their order, with slugs that do not repeat."""
    made: list[Page] = []
    taken: set[str] = set()
    for run in runs:
        for system in run.systems:
            slug = unique(slugify(system.name), taken)
            made.append(Page(slug, run, system, sections(run, system)))
    return made


def sections(run: Run, system: System) -> tuple[Section, ...]:
    """All parameters of the index in its order, with or without facts, and ours where there are any."""
    shown = excerpts(run.folder, system.records)
    facts: dict[str, list[Fact]] = {}
    for record in system.records:
        facts.setdefault(record.parameter, []).append(Fact(record, shown.get(record.id)))
    found = (
        Section(parameter, tuple(facts.get(parameter.id, ())))
        for category in categories()
        for parameter in category.parameters
    )
    return tuple(s for s in found if s.facts or s.parameter.open)


def slugify(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "system"


def unique(slug: str, taken: set[str]) -> str:
    name, n = slug, 1
    while name in taken or name in ("index", "compare"):
        n += 1
        name = f"{slug}-{n}"
    taken.add(name)
    return name


def web_address(url: str, record: EvidenceRecord | None = None) -> str:
    """The address if a browser may follow it, with the quoted lines on GitHub and the Hub; else empty."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    selector = record.selector if record else None
    if selector is None or selector.start_line is None or parts.fragment or "/blob/" not in parts.path:
        return url
    plain = "" if parts.query or parts.hostname != "github.com" else "?plain=1"
    lines = f"#L{selector.start_line}"
    if selector.end_line not in (None, selector.start_line):
        lines += f"-L{selector.end_line}"
    return url + plain + lines


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """Crawled text with characters that would hide or turn it written out: a card cannot reorder the page."""
    return CONTROL.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", text)
