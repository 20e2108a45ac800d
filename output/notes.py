"""From many records on one parameter to one note, one link and the ids behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import yaml

from output.record import EvidenceRecord, Outcome, Points

NOTE_LIMIT = 400
SENTENCES = 2
OUTCOME_ORDER: tuple[Outcome, ...] = (
    "present",
    "linked",
    "placeholder",
    "boilerplate",
    "absent",
    "unavailable",
    "error",
)
DIRECTIONS: tuple[Points, ...] = ("open", "partial", "closed")


@cache
def order() -> dict[str, list[str]]:
    raw = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return msgspec.convert(raw, dict[str, list[str]])


@dataclass(frozen=True)
class Note:
    """A note in the maintainers' idiom and its records. `link` is pinned, or None where nothing was found."""

    text: str
    link: str | None
    records: tuple[EvidenceRecord, ...]

    @property
    def ids(self) -> list[str]:
        return [r.id for r in self.records]

    @property
    def points(self) -> Points | None:
        """The one direction in which all of its records point that have any."""
        found = {r.points for r in self.records if r.points != "neutral"}
        return found.pop() if len(found) == 1 else None


def note(parameter: str, records: Iterable[EvidenceRecord]) -> Note | None:
    """The note on one parameter: what was found, else what was searched and not found, else why nobody could look.

    None where no record speaks to it. A failure never becomes an absence: the sentence of the record says which it was.
    """
    ranked = rank(parameter, records)
    if not ranked:
        return None
    best = OUTCOME_ORDER.index(ranked[0].outcome)
    alike = [r for r in ranked if (OUTCOME_ORDER.index(r.outcome) < 4) == (best < 4)]
    if best >= 4:
        alike = [r for r in ranked if r.outcome == ranked[0].outcome]
    chosen: list[EvidenceRecord] = []
    for record in alike:
        sentence = finished(record.statement)
        if sentence in [finished(r.statement) for r in chosen]:
            continue
        if chosen and len(join([*chosen, record])) > NOTE_LIMIT:
            break
        chosen.append(record)
        if len(chosen) == SENTENCES or record.indicator == "license.triple":
            break
    links = [r.source.view_url for r in chosen if r.source and r.outcome in OUTCOME_ORDER[:4]]
    link = next((url for url in links if url.startswith(("https://", "http://"))), None)
    return Note(join(chosen), link, tuple(chosen))


def rank(parameter: str, records: Iterable[EvidenceRecord]) -> list[EvidenceRecord]:
    """Records of one parameter: found ones first, then by how telling the indicator is, the release before the rest."""
    wanted = order().get(parameter, [])
    places = {name: n for n, name in enumerate(wanted)}
    components = ("base", "end", None) if parameter.endswith("_basemodel") else ("end", "base", None)
    mine = [r for r in records if r.parameter == parameter and r.outcome in OUTCOME_ORDER]
    return sorted(
        mine,
        key=lambda r: (
            max(3, OUTCOME_ORDER.index(r.outcome)),
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
