"""From many records on one parameter to one note, one link and the ids behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from output.data_files import load
from output.links import linked_page
from output.record import EvidenceRecord, Outcome, Points

NOTE_LIMIT = 400
FOUND: tuple[Outcome, ...] = ("present", "linked", "placeholder", "boilerplate")
OUTCOME_ORDER: tuple[Outcome, ...] = (*FOUND, "absent", "not_applicable", "unavailable", "error")
DIRECTIONS: tuple[Points, ...] = ("open", "partial", "closed")


@cache
def order() -> dict[str, list[str]]:
    return load(Path(__file__).with_suffix(".yaml"), dict[str, list[str]])


@dataclass(frozen=True)
class Note:
    """A note in the maintainers' idiom and its records. `link` is pinned, or None where nothing was found.

    A repository without training code is linked all the same: the note speaks of it.
    """

    text: str
    link: str | None
    records: tuple[EvidenceRecord, ...]

    @property
    def ids(self) -> list[str]:
        return [r.id for r in self.records]

    @property
    def unread(self) -> bool:
        """Whether it says that something could not be looked at: no finding for an entry."""
        first = self.records[0]
        return first.outcome in ("unavailable", "error") or bool(
            first.indicator == "license.triple" and first.value.get("unread")
        )

    @property
    def points(self) -> Points | None:
        """The one direction in which all of its records point that have any."""
        found = {r.points for r in self.records if r.points != "neutral"}
        return found.pop() if len(found) == 1 else None


def note(parameter: str, records: Iterable[EvidenceRecord]) -> Note | None:
    """The note on one parameter: what was found, else what was searched and not found, else why nobody could look.

    A second sentence is added where one goes with the first. None where no record speaks to it. A failure never becomes
    an absence: the sentence of the record says which it was.
    """
    ranked = rank(parameter, records)
    if not ranked:
        return None
    first = ranked[0]
    alike = [r for r in ranked[1:] if sort_of(r) == sort_of(first)]
    second = next((r for r in alike if goes_with(r, first)), None)
    chosen = [first, second] if second else [first]
    links = [linked_page(r) for r in chosen if r.outcome in FOUND or r.parameter == "trainingcode"]
    link = next((url for url in links if url.startswith(("https://", "http://"))), None)
    return Note(join(chosen), link, tuple(chosen))


def sort_of(record: EvidenceRecord) -> str:
    return "found" if record.outcome in FOUND else record.outcome


def goes_with(record: EvidenceRecord, first: EvidenceRecord) -> bool:
    """Whether a second sentence adds to the first: another telling fact, or the same of another model or repository.

    It points no other way. That nothing was found is said once, and what is only named stands alone.
    """
    return (
        first.indicator != "license.triple"
        and (record.indicator, record.subject.target) != (first.indicator, first.subject.target)
        and first.outcome in FOUND
        and record.outcome in ("present", "linked")
        and record.indicator in order().get(record.parameter, [])
        and record.points in (first.points, "neutral")
        and finished(record.statement) != finished(first.statement)
        and len(join([first, record])) <= NOTE_LIMIT
    )


def rank(parameter: str, records: Iterable[EvidenceRecord]) -> list[EvidenceRecord]:
    """Records of one parameter: found ones first, then by how telling the indicator is, the release before the rest.

    That nothing stands in the way, no gate for one, is told after what is missing.
    """
    wanted = order().get(parameter, [])
    places = {name: n for n, name in enumerate(wanted)}
    components = ("base", "end", None) if parameter.endswith("_basemodel") else ("end", "base", None)
    mine = [r for r in records if r.parameter == parameter and r.outcome in OUTCOME_ORDER]
    return sorted(
        mine,
        key=lambda r: (
            max(3, OUTCOME_ORDER.index(r.outcome)),
            r.outcome not in FOUND and r.points == "open",
            places.get(r.indicator, len(wanted)),
            components.index(r.subject.component),
            r.points == "neutral",
        ),
    )


def join(records: Sequence[EvidenceRecord]) -> str:
    text = " ".join(finished(r.statement) for r in records)
    return text if len(text) <= 600 else text[:599].rstrip() + "…"


def finished(statement: str) -> str:
    """A statement as a sentence that another may follow, safe where notes are shown as markup."""
    text = " ".join(statement.split()).replace("<", "‹").replace(">", "›")
    return text if text.endswith((".", "!", "?", "…")) else text + "."
