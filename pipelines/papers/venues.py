"""Venue, status and track out of what journal references, comments and readmes say."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from output.data_files import load
from pipelines.readers.phrases import Anchored

Status = Literal["preprint", "submitted", "accepted", "published", "withdrawn"]


class Venue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    kind: Literal["journal", "conference"]
    said: list[str]


class PaperPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    said: str
    reviewed: bool = True


class StatusRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    status: Status
    said: str


class TrackRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    track: str
    said: str


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    archives: list[str]
    places: list[PaperPlace]
    venues: list[Venue]
    status: list[StatusRule]
    tracks: list[TrackRule]


@cache
def lexicon() -> Lexicon:
    return load(Path(__file__).parent / "venues.yaml", Lexicon)


@cache
def venue_patterns() -> tuple[tuple[Venue, re.Pattern[str]], ...]:
    return tuple((venue, re.compile("|".join(venue.said))) for venue in lexicon().venues)


NAMED_VENUE = re.compile(
    r"(?i)(?:accepted|published|appear(?:s|ed)?|submitted)\s+(?:for publication\s+)?(?:as .{0,30}?)?"
    r"(?:at|in|to|by|for)\s+(?:the\s+)?([^.;]{4,90})"
)


@cache
def place_pattern() -> Anchored:
    """Addresses of reviewed papers; the group that matches is `p` and the number of the place."""
    said = "|".join(f"(?P<p{n}>{place.said})" for n, place in enumerate(lexicon().places))
    return Anchored(re.compile(said, re.IGNORECASE))


class Review(msgspec.Struct, frozen=True):
    """What one source says about peer review. `venue` and `track` are empty where it does not say."""

    status: Status
    venue: str = ""
    track: str = ""
    year: int | None = None
    start: int = 0  # of the words it rests on, in the text that was read
    end: int = 0


def is_archive(venue: str) -> bool:
    """CoRR, arXiv, Zenodo and the like keep papers; they do not review them."""
    return bool(re.fullmatch("|".join(lexicon().archives), " ".join(venue.lower().split()).strip(" .")))


def find_venue(text: str) -> tuple[Venue, int, int] | None:
    """The venue that is named first, and where."""
    hits = [(m.start(), m.end(), venue) for venue, p in venue_patterns() if (m := p.search(text))]
    if not hits:
        return None
    start, end, venue = min(hits, key=lambda hit: (hit[0], -hit[1]))
    return venue, start, end


def track_of(text: str, kind: str | None) -> str:
    """Track as said; `journal` for journals, `main` for a conference without more words, empty where unknown."""
    for rule in lexicon().tracks:
        if re.search(rule.said, text, re.IGNORECASE):
            return rule.track
    return {"journal": "journal", "conference": "main"}.get(kind or "", "")


def year_of(text: str) -> int | None:
    years = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)
    short = re.search(r"(?<=[A-Za-z])\s?['’]?(\d\d)\b", text)
    return int(years[-1]) if years else 2000 + int(short[1]) if short else None


def read_journal_ref(text: str) -> Review | None:
    """arXiv's journal reference: the author says where it was published. None for an archive."""
    head = re.split(r"[,;:(\d]", text, maxsplit=1)[0].strip()
    if not text.strip() or is_archive(head) or is_archive(text) or is_archive(text.split()[0]):
        return None
    hit = find_venue(text)
    venue = hit[0] if hit else None
    name = venue.name if venue else head or text
    kind = (
        venue.kind
        if venue
        else ("conference" if re.search(r"(?i)proceedings|conference|workshop", text) else "journal")
    )
    return Review("published", name[:120], track_of(text, kind), year_of(text), 0, len(text))


def read_comment(text: str) -> Review | None:
    """arXiv's comment, or a sentence of a readme. None where it says nothing of peer review."""
    hit = find_venue(text)
    rule = None
    for candidate in lexicon().status:
        if match := re.search(candidate.said, text, re.IGNORECASE):
            rule = (candidate.status, match.start(), match.end())
            break
    if rule is None and hit is None:
        return None
    if hit is None:
        status, start, end = rule  # type: ignore[misc]
        if status == "published" or not re.search(r"(?i)journal|conference|proceedings|workshop|transactions", text):
            return None if status in ("published", "accepted") else Review(status, start=start, end=end)
        named = NAMED_VENUE.search(text)
        name = named[1].strip() if named else ""
        return Review(
            status, name, track_of(text, None), year_of(name), start, max(end, named.end(1) if named else end)
        )
    venue, start, end = hit
    status = rule[0] if rule else "accepted"
    words = text[max(0, min(start, rule[1] if rule else start) - 20) : end + 60]
    return Review(
        status,
        venue.name,
        track_of(words, venue.kind),
        year_of(text[start : end + 12]),
        min(start, rule[1] if rule else start),
        max(end, rule[2] if rule else end),
    )
