"""What differs between two runs: appeared, vanished, changed, by system and parameter.

A question is a subject, an indicator and a rule. What could not be read in one of the runs is no change of the world:
it is told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from output.code_changes import INDICATORS, moved
from output.record import EvidenceRecord
from output.run import System

Kind = Literal["appeared", "vanished", "changed", "lost_sight", "seen_again", "taken_down", "added"]
NOT_READ = ("unavailable", "error")
Key = tuple[str, str, str, str, str]


class Change(msgspec.Struct, frozen=True):
    """One difference. `entry` is the system's name, `old` and `new` are statements, None where there is none.

    `lost_sight`: unreadable now. `taken_down`, `added`: files of training code, `old` and `new` saying what each
    revision holds.
    """

    kind: Kind
    entry: str
    parameter: str
    indicator: str
    target: str
    old: str | None
    new: str | None
    old_id: str | None
    new_id: str | None
    old_points: str | None
    new_points: str | None


def changes(old: Iterable[System], new: Iterable[System]) -> list[Change]:
    """Differences from the systems of one run to those of another, in the order of the new, then of what is gone."""
    before, after = by_key(old), by_key(new)
    found: list[Change] = []
    for key in dict.fromkeys([*after, *before]):
        found += compared(key[0], before.get(key, []), after.get(key, []))
    return found


def by_key(systems: Iterable[System]) -> dict[Key, list[EvidenceRecord]]:
    groups: dict[Key, list[EvidenceRecord]] = defaultdict(list)
    for system in systems:
        for record in system.records:
            rule = "" if record.indicator in INDICATORS else record.detector.rule  # a stage is one question
            key = (system.name, record.subject.target, record.parameter, record.indicator, rule)
            groups[key].append(record)
    return groups


def compared(system: str, before: list[EvidenceRecord], after: list[EvidenceRecord]) -> Iterable[Change]:
    """Records on one question: those that say the same cancel out, the rest are paired in order."""
    if len(before) == len(after) == 1 and before[0].indicator in INDICATORS:
        one, other = before[0], after[0]
        found = [replace(change(system, kind, one, other), old=a, new=b) for kind, a, b in moved(one, other)]
        if found:
            yield from found
            return
    same = {meaning(r) for r in before} & {meaning(r) for r in after}
    old = [r for r in before if meaning(r) not in same]
    new = [r for r in after if meaning(r) not in same]
    for n in range(max(len(old), len(new))):
        was, now = old[n] if n < len(old) else None, new[n] if n < len(new) else None
        yield change(system, kind_of(was, now), was, now)


def meaning(record: EvidenceRecord) -> bytes:
    """What a record says, without where and when: outcome, direction, statement and quoted words."""
    said: list[Any] = [record.outcome, record.points, record.statement, record.quote and record.quote.exact]
    return msgspec.json.encode(said)


def kind_of(one: EvidenceRecord | None, other: EvidenceRecord | None) -> Kind:
    unread_before, unread_now = (r is not None and r.outcome in NOT_READ for r in (one, other))
    if unread_now and not unread_before:
        return "lost_sight"
    if unread_before and not unread_now:
        return "seen_again"
    if one is None:
        return "appeared"
    return "vanished" if other is None else "changed"


def change(system: str, kind: Kind, one: EvidenceRecord | None, other: EvidenceRecord | None) -> Change:
    record = other or one
    assert record is not None
    return Change(
        kind=kind,
        entry=system,
        parameter=record.parameter,
        indicator=record.indicator,
        target=record.subject.target,
        old=one.statement if one else None,
        new=other.statement if other else None,
        old_id=one.id if one else None,
        new_id=other.id if other else None,
        old_points=one.points if one else None,
        new_points=other.points if other else None,
    )
