"""The plan of a night: which entries are read and why, which are carried forward. Pure: no network, no database."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from crawler.nightly.questions import Fingerprint, difference
from crawler.run import BadReferenceError, entry_targets
from crawler.state import KnownEntry, Work
from output.entries import entry_paths


@dataclass
class Plan:
    """`reads`: entries to read, and why. `blind`: entries with sources that no service settled tonight.

    `tracked`: how many objects (repositories, papers) the entries link to and were read for them.
    """

    reads: list[Work] = field(default_factory=list)
    carried: dict[str, list[str]] = field(default_factory=dict)  # with the targets that were seen tonight
    blind: dict[str, list[str]] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)  # target → what differs
    tracked: int = 0


def read_index(folder: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Targets of every entry by its name, and why others have none: an entry that cannot be read has not left."""
    found: dict[str, tuple[str, ...]] = {}
    unread: dict[str, str] = {}
    for path in entry_paths(folder):
        try:
            found[path.stem] = entry_targets(path)
        except BadReferenceError as error:
            unread[path.stem] = str(error)
    return found, unread


def tracked(entries: Mapping[str, tuple[str, ...]], known: Mapping[str, KnownEntry]) -> set[str]:
    """Everything that is worth a question: what the entries link to, and what was read for them."""
    found = {target for targets in entries.values() for target in targets}
    found |= {t for name in entries if name in known for t in known[name].reads}
    return {t for t in found if t.startswith(("hf:", "github:", "arxiv:"))}


def fingerprints(known: Mapping[str, KnownEntry]) -> dict[str, Fingerprint]:
    """What is known of each target, whichever entry it was read for; the latest night's word counts."""
    entries = sorted(known.values(), key=lambda e: e.seen_run)
    return {target: f for entry in entries for target, f in entry.reads.items() if f is not None}


def make_plan(
    entries: Mapping[str, tuple[str, ...]],
    known: Mapping[str, KnownEntry],
    tonight: Mapping[str, Fingerprint],
    detectors: str,
    resting: Set[str] = frozenset(),
    damaged: Set[str] = frozenset(),
) -> Plan:
    """Compare what was read for each entry with what the services say `tonight`; a target not in it was not settled.

    `resting` targets were not asked for: they are taken to be as they were, but were not seen. `damaged` are entries
    whose archive is not whole.
    """
    plan = Plan()
    for name, targets in sorted(entries.items()):
        entry = known.get(name)
        if entry is None:
            plan.reads.append(Work(name, targets, ("new in the index",)))
            continue
        reasons = ["its links were edited"] if entry.asked != targets else []
        unsettled = []
        for target, before in entry.reads.items():
            if before is None or target in resting:
                continue
            if target not in tonight:
                unsettled.append(target)
            elif what := difference(before, tonight[target]):
                plan.changed[target] = what
                reasons.append(f"{target} {what}")
        if entry.troubled:
            reasons.append("could not be read whole last time")
        if name in damaged:
            reasons.append("the archive has lost what was read for it")
        if entry.detectors != detectors:
            reasons.append("the detectors changed")
        if reasons:
            plan.reads.append(Work(name, targets, tuple(reasons)))
        elif unsettled:
            plan.blind[name] = unsettled
        else:
            plan.carried[name] = [t for t in entry.reads if t in tonight and t not in resting]
    return plan
