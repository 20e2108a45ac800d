"""What the pages show, worked out before any markup: facts by parameter, what was read, what could not be."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from output.excerpt import Excerpt, excerpts
from output.index_entry import MIRRORED, base_of
from output.links import page_of, quoted_page
from output.notes import Note, note, order, rank
from output.parameters import Category, ParameterInfo, categories
from output.record import Component, EvidenceRecord, Outcome, Points
from output.run import Missed, Pointer, Run, System, short

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
OUTCOMES: tuple[Outcome, ...] = (*FOUND, "absent", *NOT_READ, "not_applicable")
GROUP_WORDS = dict.fromkeys(FOUND, "found") | {
    "absent": "searched and not found",
    "unavailable": "could not be looked at",
    "error": "could not be looked at",
    "not_applicable": "not applicable",
}
CODE = (
    ".py",
    ".sh",
    ".yaml",
    ".yml",
    ".toml",
    ".json",
    ".ipynb",
    ".cfg",
    ".slurm",
    ".sbatch",
    ".c",
    ".cpp",
    ".cu",
    ".rs",
)
KINDS = {
    "hub_model": "Hub answer on a model",
    "hub_dataset": "Hub answer on a dataset",
    "github_repository": "GitHub answer on a repository",
    "github_tree": "list of files",
    "arxiv_feed": "arXiv answer on papers",
}
LEADING = 4
LONG_QUOTE = 400  # characters; a line of a phone takes 40
SEVERAL = 24  # systems from which on starting processes pays
COMPONENTS: tuple[Component | None, ...] = ("end", "base", None)
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
        return short(self.record.subject.target)

    @property
    def href(self) -> str:
        """The page a person opens, at the quoted lines where the service shows them; empty where it is no web page."""
        return web_address(quoted_page(self.record), self.record)

    @property
    def is_code(self) -> bool:
        """Whether the quote is source code or data, to be shown in fixed width."""
        source, selector = self.record.source, self.record.selector
        return (selector is not None and selector.json_pointer is not None) or (
            source is not None and (source.path or "").lower().endswith(CODE)
        )

    @property
    def is_long(self) -> bool:
        """Whether the quote may be higher than the space it gets, so that the keyboard must reach its scrolling."""
        exact = self.record.quote.exact if self.record.quote else ""
        return len(exact) > LONG_QUOTE or exact.count("\n") > LONG_QUOTE // 40

    @property
    def is_printed(self) -> bool:
        """Whether the quote is of a printed page, whose line ends mean nothing."""
        return self.record.selector is not None and self.record.selector.page is not None

    @property
    def is_cut(self) -> bool:
        """Whether the quote ends within a word."""
        quote = self.record.quote
        return quote is not None and quote.exact[-1:].isalnum() and quote.suffix[:1].isalnum()

    @property
    def place(self) -> str:
        """Where the quote stands, in words."""
        source, selector = self.record.source, self.record.selector
        if source is None:
            return ""
        name = source.path or short_address(source.url)
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
    """All facts on one parameter. `mirrors`: there is no base model, so the index has what is said of the end model."""

    parameter: ParameterInfo
    facts: tuple[Fact, ...]
    mirrors: bool = False

    @property
    def nothing(self) -> str:
        """What to say where there is no fact."""
        return "No base model is named; the index mirrors the end model here." if self.mirrors else "No record."

    @cached_property
    def tally(self) -> dict[str, int]:
        """How many facts point where, in a fixed order, without zeros; `unread` counts what could not be looked at."""
        count = Counter(fact.mark for fact in self.facts if fact.record.outcome != "not_applicable")
        return {mark: count[mark] for mark in (*DIRECTIONS, "unread") if count[mark]}

    @cached_property
    def groups(self) -> list[Group]:
        """Facts by what they are about: the release first, then its base models, then the rest as they came."""
        by_target: dict[str, list[Fact]] = {}
        for fact in self.facts:
            by_target.setdefault(fact.record.subject.target, []).append(fact)
        made = [Group(target, tuple(sorted(facts, key=weight))) for target, facts in by_target.items()]
        return sorted(made, key=lambda g: COMPONENTS.index(g.component))

    @cached_property
    def note(self) -> Note | None:
        """The section in one or two sentences, as a note in an entry would say it."""
        return note(self.parameter.id, [f.record for f in self.facts])

    @property
    def gist(self) -> str:
        """The note, else what the first fact says; empty where there is none."""
        if self.note:
            return self.note.text
        return self.facts[0].record.statement if self.facts else ""

    @property
    def leading(self) -> list[Fact]:
        """The most telling facts, a few of them: those that point somewhere, else context."""
        ranked = rank(self.parameter.id, [f.record for f in self.facts])
        by_id = {f.record.id: f for f in self.facts}
        statements: dict[str, Fact] = {}
        for record in ranked:
            statements.setdefault(record.statement, by_id[record.id])
        facts = list(statements.values())
        return ([fact for fact in facts if fact.mark != "neutral"] or facts)[:LEADING]

    @property
    def words(self) -> str:
        """The tally as a sentence a screen reader says."""
        words = {"open": "to open", "partial": "to partial", "closed": "to closed"}
        said = [f"{n} pointing {words[mark]}" for mark, n in self.tally.items() if mark in words]
        if unread := self.tally.get("unread"):
            said.append(f"{unread} could not be looked at")
        return ", ".join(said) or ("facts without a direction" if self.facts else "no facts")


@dataclass(frozen=True)
class Group:
    """Facts of one parameter about one target."""

    target: str
    facts: tuple[Fact, ...]

    @property
    def component(self) -> Component | None:
        return self.facts[0].record.subject.component

    @property
    def name(self) -> str:
        return short(self.target)

    @property
    def about(self) -> str:
        """What kind of thing the target is, in words."""
        if self.component:
            return f"{self.component} model"
        kinds = {"hf:dataset": "dataset", "hf:model": "model", "github": "repository", "arxiv": "paper"}
        return next((word for prefix, word in kinds.items() if self.target.startswith(prefix)), "page")

    @property
    def summary(self) -> str:
        counts = Counter(GROUP_WORDS[f.record.outcome] for f in self.facts)
        return ", ".join(f"{n} {words}" for words, n in counts.items())


def weight(fact: Fact) -> tuple[int, int, bool]:
    """What was found first, the most telling indicators before the rest, a direction before context."""
    wanted = order().get(fact.record.parameter, [])
    name = fact.record.indicator
    place = wanted.index(name) if name in wanted else len(wanted)
    return OUTCOMES.index(fact.record.outcome), place, fact.mark == "neutral"


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

    @property
    def misses(self) -> tuple[Missed, ...]:
        return self.system.listing.misses

    @property
    def leads(self) -> list[Pointer]:
        """Pointers to other places, followed ones first, each place once."""
        seen: dict[str, Pointer] = {}
        for lead in sorted(self.system.listing.leads, key=lambda x: not x.followed):
            seen.setdefault(lead.target, lead)
        return list(seen.values())

    @property
    def dates(self) -> str:
        """First and last day on which something was read."""
        days = sorted({d.source.retrieved_at[:10] for d in self.system.listing.documents if d.source.retrieved_at})
        return "" if not days else days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"

    @property
    def revision(self) -> str:
        """Commit of the release that was read, where it was read."""
        found = (d.source.revision for d in self.system.listing.documents if d.target == self.system.root)
        return next((r for r in found if r), "")

    @property
    def home(self) -> str:
        """The release's own page, empty where it has none on the web."""
        return web_address(page_of(self.system.root))

    @cached_property
    def sources(self) -> list[ReadSource]:
        """Every document that a fact or a search rests on, once, with what it is and when it was read."""
        listed = {d.source.url: d for d in self.system.listing.documents}
        seen: dict[str, ReadSource] = {}
        for record in self.system.records:
            source = record.source
            if source and record.outcome not in NOT_READ:
                kind = KINDS.get(listed[source.url].kind) if source.url in listed else "file in a source tree"
                kind = kind or listed[source.url].kind.replace("_", " ")
                seen.setdefault(
                    source.url,
                    ReadSource(
                        source.url, web_address(source.view_url), kind, source.sha256, source.retrieved_at or ""
                    ),
                )
        for record in self.system.records:
            for item in record.searched:
                known = listed.get(item.url)
                when = known.source.retrieved_at or "" if known else ""
                seen.setdefault(item.url, ReadSource(item.url, web_address(item.url), item.what, item.sha256, when))
        return sorted(seen.values(), key=lambda s: s.url)


def pages(runs: Iterable[Run]) -> list[Page]:
    """One page for each system of the runs, in their order, with slugs that do not repeat."""
    systems = [(run, system) for run in runs for system in run.systems]
    taken: set[str] = set()
    return [
        Page(unique(slugify(system.name), taken), run, system, sections(system, shown))
        for (run, system), shown in zip(systems, all_excerpts(systems), strict=True)
    ]


def all_excerpts(systems: Sequence[tuple[Run, System]]) -> list[dict[str, Excerpt]]:
    """Excerpts for each system; systems of one run share them, so that an answer they share is unpacked once.

    Many systems are worked on by several processes, as unpacking archives is most of the work.
    """
    by_run: dict[Path, dict[str, EvidenceRecord]] = {}
    for run, system in systems:
        by_run.setdefault(run.folder, {}).update((r.id, r) for r in system.records)
    parts = [(folder, part) for folder, records in by_run.items() for part in by_answer(records.values())]
    found: dict[Path, dict[str, Excerpt]] = {folder: {} for folder in by_run}
    with several_processes(len(systems)) as spread:
        folders, records = [folder for folder, _ in parts], [part for _, part in parts]
        for folder, shown in zip(folders, spread(excerpts, folders, records), strict=True):
            found[folder].update(shown)
    return [found[run.folder] for run, _ in systems]


def by_answer(records: Iterable[EvidenceRecord]) -> list[list[EvidenceRecord]]:
    """Records that quote the same archived answer together; those that quote none are left out."""
    parts: dict[tuple[str, int], list[EvidenceRecord]] = {}
    for record in records:
        if record.quote and record.source:
            place = record.source.archive
            parts.setdefault((place.file, place.offset) if place else ("", 0), []).append(record)
    return list(parts.values())


@contextmanager
def several_processes(systems: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """A `map` over processes where there are many systems, else the plain one."""
    if systems < SEVERAL:
        yield map
        return
    with ProcessPoolExecutor(min(8, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        yield partial(pool.map, chunksize=4)


def sections(system: System, shown: dict[str, Excerpt]) -> tuple[Section, ...]:
    """All parameters of the index in its order, with or without facts, and ours where there are any."""
    facts: dict[str, list[Fact]] = {}
    for record in system.records:
        facts.setdefault(record.parameter, []).append(Fact(record, shown.get(record.id)))
    mirrored = () if base_of(system) else MIRRORED.values()
    found = (
        Section(parameter, tuple(facts.get(parameter.id, ())), parameter.id in mirrored)
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


def short_address(url: str) -> str:
    """An address as text: without its scheme, commits cut to seven digits."""
    return re.sub(r"\b([0-9a-f]{7})[0-9a-f]{33}\b", r"\1", re.sub(r"^https?://", "", url))


HYPHEN = "\ufffe"  # what PDF readers give for a hyphen at the end of a line
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """Crawled text with characters that would hide or turn it written out: a card cannot reorder the page."""
    return CONTROL.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", text.replace("\r\n", "\n").replace(HYPHEN, "-"))
