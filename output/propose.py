"""Changes to entries that exist, as single-line patches with the evidence behind them. People accept or reject each."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import msgspec

from output.entries import Entry, entry_paths, read_entry
from output.line_patch import Change, PatchError, Value, diff, patch_all
from output.links import at_revision, cited_page, pinned, same_target, target_of
from output.lint import TRIPLE
from output.notes import DIRECTIONS, Note, note
from output.parameters import parameters
from output.record import INDEX_PARAMETERS, EvidenceRecord, Points
from output.run import Run, System

DECISIONS = "evidence-decisions.json"
SHOWN = 6  # records listed for and against a class
LICENCE_PARTS = {
    "weights": ("weights_endmodel",),
    "code": ("trainingcode",),
    "data": ("datasources_basemodel", "datasources_endmodel"),
}
ONE_THING = ("weights_basemodel", "weights_endmodel", "paper", "licenses")  # what it is can be seen whole
HAS = ("open", "partial")
NOT_THERE = ("not found", "not released", "not disclosed")
Decision = Literal["accepted", "rejected", "later"]
Kind = Literal["licence-notation", "note", "link", "class"]


class Proposal(msgspec.Struct, frozen=True):
    """One change of one value. `evidence` are the records it rests on, `unread` the parts that nobody could look at.

    `contrary` where the records weigh against the present class, or deny what the entry has elsewhere.
    `supports` and `contradicts` are all records of the parameter that point at the present class, and at another.
    `content` is a hash over what these records quote: it changes when the sources do, not when they are read again.
    """

    id: str
    kind: Kind
    entry: str
    parameter: str
    key: str
    old: Value
    new: Value
    reason: str
    present_class: str | None
    evidence: tuple[str, ...]
    supports: tuple[str, ...]
    contradicts: tuple[str, ...]
    content: str
    unread: tuple[str, ...] = ()
    contrary: bool = False

    @property
    def whole(self) -> bool:
        """Whether it may be written with others: a class is not, nor what goes against it or is yet to be read."""
        return self.kind != "class" and not self.unread and not self.contrary

    @property
    def change(self) -> Change:
        return Change(self.parameter, self.key, self.new)


class Decided(msgspec.Struct, frozen=True):
    """What people said of a proposal."""

    id: str
    decision: Decision
    entry: str
    parameter: str
    key: str
    new: Value
    content: str
    at: str


@dataclass(frozen=True)
class EntryProposals:
    """All proposals for one entry, with what the evidence is read from."""

    entry: Entry
    system: System
    proposals: tuple[Proposal, ...]

    @property
    def lines(self) -> tuple[Proposal, ...]:
        """Proposals that may be written together; people accept the others one by one."""
        return tuple(p for p in self.proposals if p.whole)


def patched(text: str, made: Iterable[Proposal]) -> str:
    """An entry's text with proposals applied. Raises PatchError."""
    return patch_all(text, [p.change for p in made])


def propose(runs: Sequence[Run], index: Path, *, pin_links: bool = False) -> list[EntryProposals]:
    """Proposals for every entry of a folder that a run speaks about, decided ones left out, in the order of files.

    `pin_links` proposes pinned links also where nothing else changes.
    """
    systems = [system for run in runs for system in run.systems]
    decided = read_decisions(index)
    found = []
    for path in entry_paths(index):
        try:
            entry = read_entry(path)
            system = next((s for s in systems if speaks_of(s, entry)), None)
            made = tuple(p for p in proposals(entry, system, pin_links) if undecided(p, decided)) if system else ()
        except PatchError:
            continue  # lint names such entries
        if system and made:
            found.append(EntryProposals(entry, system, made))
    return found


def speaks_of(system: System, entry: Entry) -> bool:
    """Whether a system is the one an entry describes: by the entry's id, else by the entry's end model."""
    if system.entry is not None:
        return system.entry == entry.id
    named = [*entry.links("weights_endmodel"), *entry.links("system")]
    return any(same_target(target, system.root) for link in named if (target := target_of(link)))


def proposals(entry: Entry, system: System, pin_links: bool) -> Iterable[Proposal]:
    for name in INDEX_PARAMETERS:
        records = [r for r in system.records if r.parameter == name]
        if found := note(name, records):
            present = entry.block(name).get("class")
            maker = Maker(entry, system, name, present if isinstance(present, str) else None, found, records)
            yield from of_parameter(maker, pin_links)


def of_parameter(maker: Maker, pin_links: bool) -> Iterable[Proposal]:
    """A note where there is none or an old licence notation, a link where one is missing, a contradicted class.

    Where nobody could look, nothing is proposed. An absence alone contradicts no class, and no note says that nothing
    was found of an open parameter, or where the release itself could not be read: people may have looked elsewhere.
    People's own note on what is closed gets no link of ours.
    """
    block, links, found = maker.entry.block(maker.name), maker.entry.links(maker.name), maker.found
    if found.records[0].outcome in ("unavailable", "error"):
        return
    old, link = block.get("notes"), block.get("link")
    in_parts = found.records[0].indicator == "license.triple"
    absence = maker.found_nothing and (maker.present in HAS or maker.release_unread)
    if in_parts and old and not TRIPLE.match(str(old).strip()):
        yield maker.make("licence-notation", "notes", old, found.text, f"licence note in three parts{maker.doubts}")
    elif not old and not maker.unread and not absence:
        yield maker.make("note", "notes", old, found.text, f"the note is empty{maker.doubts}")
    if found.link and not links and pinned(found.link) and not maker.unread and (not old or maker.bears_out):
        yield maker.make("link", "link", link, found.link, "there is no link")
    elif (new := maker.pinned_link(links)) and (pin_links or in_parts or not old):
        yield maker.make("link", "link", link, new, "the same page at the revision that was read")
    points = maker.agreed
    if points and maker.speaks_against(points):
        criterion = getattr(parameters()[found.records[0].parameter], points)
        reason = f"proposed: {points} (criterion: {criterion}); now {maker.present}"
        yield maker.make("class", "class", maker.present, points, reason)


@dataclass(frozen=True)
class Maker:
    """What all proposals on one parameter of one entry share."""

    entry: Entry
    system: System
    name: str
    present: str | None
    found: Note
    records: Sequence[EvidenceRecord]

    @property
    def parts(self) -> dict[str, dict[str, Any]]:
        """The parts of a licence note in three parts, else none."""
        first = self.found.records[0]
        parts = {name: first.value.get(name) for name in LICENCE_PARTS} if first.indicator == "license.triple" else {}
        return {name: part for name, part in parts.items() if isinstance(part, dict)}

    @property
    def unread(self) -> tuple[str, ...]:
        """Parts of a licence note that could not be looked at."""
        first = self.found.records[0]
        return tuple(map(str, first.value.get("unread", ()))) if first.indicator == "license.triple" else ()

    @property
    def behind_parts(self) -> list[str]:
        """Ids of the records on which the parts of a licence note rest."""
        return [str(ident) for part in self.parts.values() for ident in part.get("evidence", ())]

    @property
    def denied(self) -> dict[str, str]:
        """Parts of a licence note that were not found, with the class the entry gives them although."""
        given = {
            name: next((c for p in LICENCE_PARTS[name] if (c := self.entry.block(p).get("class")) in HAS), None)
            for name, part in self.parts.items()
            if part.get("words") in NOT_THERE
        }
        return {name: value for name, value in given.items() if value}

    @property
    def doubts(self) -> str:
        """What people should know before they accept a note."""
        said = f"; {' and '.join(self.unread)} could not be looked at yet" if self.unread else ""
        return said + "".join(f"; the entry calls {name} {given}" for name, given in self.denied.items())

    @property
    def release_unread(self) -> bool:
        listing = self.system.listing
        return any(m.target == listing.root for m in listing.misses) and not any(
            d.target == listing.root for d in listing.documents
        )

    @property
    def found_nothing(self) -> bool:
        return self.found.records[0].outcome not in ("present", "linked")

    def pinned_link(self, links: Sequence[str]) -> str | None:
        """The one link there is, at the revision of what was read in the same place; None where that cannot be said."""
        if len(links) != 1 or self.unread:
            return None
        return next((new for r in self.found.records if (new := at_revision(links[0], r))), None)

    @property
    def agreed(self) -> Points | None:
        """The one direction of all facts on the parameter; of licences, of the three parts together.

        None where something could not be read, or where the note says what is missing rather than what is there.
        """
        unread = self.unread or self.denied or any(r.outcome in ("unavailable", "error") for r in self.records)
        if unread or self.found.records[0].outcome != "present":
            return None
        if self.name == "licenses":
            return self.found.points if self.parts else None
        directions = {r.points for r in self.records if r.points != "neutral"}
        return directions.pop() if len(directions) == 1 else None

    def speaks_against(self, points: Points) -> bool:
        """Whether facts that agree on a direction contradict the class.

        Facts on a part do not show that the whole is less open than people say, except where there is one thing to
        look at. And people who gave their reasons about the very source know it: it makes no class more open.
        """
        if self.present not in DIRECTIONS or points == self.present:
            return False
        upwards = DIRECTIONS.index(points) < DIRECTIONS.index(self.present)
        if not upwards:
            return points == "closed" or self.name in ONE_THING
        linked = {target.lower() for link in self.entry.links(self.name) if (target := target_of(link))}
        read = {(target_of(cited_page(r)) or "").lower() for r in self.found.records}
        return not (self.entry.block(self.name).get("notes") and linked & read)

    @property
    def bears_out(self) -> bool:
        """Whether a page behind these facts is one for the note that people wrote."""
        return self.present in HAS and not self.contrary

    @property
    def contrary(self) -> bool:
        """Whether the note, or else most facts, point another way than the class; of partial, all of them one way."""
        if self.denied:
            return True
        if self.present not in DIRECTIONS or self.found.points:
            return self.present in DIRECTIONS and self.found.points != self.present
        count = Counter(r.points for r in self.records)
        weight = {"open": count["open"] - count["closed"], "closed": count["closed"] - count["open"]}
        if self.present in weight:
            return weight[self.present] < 0
        return not count["partial"] and bool(count["open"]) != bool(count["closed"])

    def make(self, kind: Kind, key: str, old: Value, new: Value, reason: str) -> Proposal:
        content = content_of(self.found.records)
        ident = json.dumps([self.entry.id, self.name, key, new, content], ensure_ascii=False)
        directed = [r for r in self.records if r.points in DIRECTIONS]
        return Proposal(
            id="p1-" + hashlib.sha256(ident.encode()).hexdigest()[:12],
            kind=kind,
            entry=self.entry.id,
            parameter=self.name,
            key=key,
            old=old,
            new=new,
            reason=reason,
            present_class=self.present,
            evidence=tuple(dict.fromkeys([*self.found.ids, *self.behind_parts])),
            supports=tuple(r.id for r in directed if r.points == self.present),
            contradicts=tuple(r.id for r in directed if r.points != self.present),
            content=content,
            unread=self.unread,
            contrary=self.contrary,
        )


def content_of(records: Iterable[EvidenceRecord]) -> str:
    """Hash of what the records rest on: a file's bytes; of an answer, which counts downloads too, the quoted value."""
    seen = []
    for record in records:
        if record.selector and record.selector.json_pointer is not None and record.quote:
            seen.append(record.quote.exact)
        elif record.source:
            seen.append(record.source.sha256 or record.source.url)
        seen += [item.sha256 or item.url for item in record.searched]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


def undecided(proposal: Proposal, decided: Iterable[Decided]) -> bool:
    """Accepted and "later" hold until the sources change; rejected holds for that value for good."""
    key = (proposal.entry, proposal.parameter, proposal.key)
    about = [said for said in decided if (said.entry, said.parameter, said.key) == key]
    return not any(
        said.content == proposal.content or (said.decision == "rejected" and said.new == proposal.new) for said in about
    )


def read_decisions(index: Path) -> list[Decided]:
    """Decisions kept with the index. Raises PatchError for a file that cannot be read: silence would ask all again."""
    path = index / DECISIONS
    if not path.is_file():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Decided])
    except msgspec.MsgspecError as error:
        raise PatchError(f"{path} cannot be read: {error}") from error


def decide(index: Path, made: Iterable[Proposal], decision: Decision, at: str) -> None:
    """Remember a decision on each proposal. `at` is the time, RFC 3339."""
    said = [Decided(p.id, decision, p.entry, p.parameter, p.key, p.new, p.content, at) for p in made]
    kept = [d for d in read_decisions(index) if d.id not in {s.id for s in said}]
    text = msgspec.json.format(msgspec.json.encode([*kept, *said]), indent=1)
    (index / DECISIONS).write_bytes(text + b"\n")


def write(entry: Entry, made: Iterable[Proposal]) -> None:
    """Patch an entry in place, every other byte left alone. Raises PatchError."""
    entry.path.write_bytes(patched(entry.text, made).encode("utf-8"))


def described(made: EntryProposals) -> str:
    """Proposals for one entry as Markdown: by parameter with the evidence for and against, then the patch."""
    by_id = {r.id: r for r in made.system.records}
    lines = [f"## {made.entry.path.name}"]
    for name, group in groupby(made.proposals, key=lambda p: p.parameter):
        mine = list(group)
        first = mine[0]
        lines += ["", f"### {name} (now {first.present_class or 'without a class'})", ""]
        for p in mine:
            lines += [f"- `{p.key}` ({p.id}): {p.reason}"]
            if p.kind != "class":
                lines += [f"  - now: {inline(p.old)}", f"  - proposed: {inline(p.new)}"]
        said: set[str] = set()
        for what, ids in (
            ("Rests on", first.evidence),
            (f"For {first.present_class}", first.supports),
            (f"Against {first.present_class}", first.contradicts),
        ):
            lines += listed(what, [by_id[i] for i in ids if i in by_id], said)
    changes = diff(made.entry.path.name, made.entry.text, patched(made.entry.text, made.lines))
    if changes:
        lines += ["", "```diff", changes.replace("```", "'''"), "```"]
    return "\n".join(lines) + "\n"


def listed(what: str, records: Sequence[EvidenceRecord], said: set[str]) -> list[str]:
    """Records under a heading, a few of them, without what is said already."""
    new = list({r.statement: r for r in reversed(records) if r.statement not in said}.values())[::-1]
    said |= {r.statement for r in new}
    rest = [f"  - and {len(new) - SHOWN} more in the report"] if len(new) > SHOWN else []
    return [f"- {what}:", *(f"  - {cited(r)}" for r in new[:SHOWN]), *rest] if new else []


def inline(value: Value) -> str:
    return "empty" if not value else code(value if isinstance(value, str) else ", ".join(value))


def code(text: str) -> str:
    """Crawled text as a Markdown code span that it cannot leave."""
    return "`" + " ".join(text.split()).replace("`", "'") + "`"


def cited(record: EvidenceRecord) -> str:
    n = len(record.searched)
    where = cited_page(record) or f"{n} document{'' if n == 1 else 's'} searched"
    return f"{code(record.statement)} {code(where)} ({record.id}, points to {record.points})"
