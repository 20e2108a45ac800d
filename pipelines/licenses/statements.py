"""What a card or README says in words: which licence covers the code, which the weights, which the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

from license_rules import Notice, choices, express, find_notices, ids_in, licence_name, normalise_name
from pipelines.dossier import plain
from pipelines.licenses.covered import Word, assigned, covered_by, kinds, words_of
from pipelines.licenses.lexicon import lexicon
from pipelines.licenses.mentions import SAYS_LICENCE, Mention, Unit, mentions
from pipelines.readers.markdown import Card, Link
from pipelines.readers.phrases import Anchored, Literals, lowered, required

WORD = Anchored(re.compile(r"licen[cs]|spdx|许可|許可|协议|協議|ライセンス|라이선스|lizenz|лиценз", re.I))
SECTION_LIMIT = 3000
MOST_STATEMENTS = 12
LONGEST_UNIT = 2000
LONGEST_HEADING = 60
LISTED = frozenset(("item", "label", "row"))
BLOCKS = LISTED | {"text"}
SENTENCE_END = re.compile(r"[。；;！!？?](?!\S*=)|\.(?=\s+[^\sa-z\d(])|\n\s*\n")
LICENSED = re.compile(r"licen[cs]ed under|permission is hereby|spdx-license|redistribut", re.I)
LINE_END = re.compile(r"\n")
TITLED = re.compile(r"[\s*\-#>|\U0001f300-\U0001faff]*(?:[\w ]{0,24} )?licen[cs]e\s*[:：]", re.I)
SAYS_LICENCE_WORDS = Literals(required(SAYS_LICENCE.pattern, SAYS_LICENCE.flags))
THEIRS = re.compile(r"https?://(?:www\.)?(?:github\.com|huggingface\.co)/[^/]+/[^/]+", re.I)
PARTICIPLE = re.compile(
    r"[^,.]{0,30},\s*(?:(?:which|that)\s+(?:is|are)\s+|originally\s+|both\s+)?(?:licen[cs]ed|released)\b", re.I
)
BEGINS = re.compile(r"\W*(?:(?:however|but|and|while|whereas|also|the|both|all)\W+)*", re.I)
SUBJECT = re.compile(r"\W*((?:[A-Z][\w.\-]*\s+(?:\d[\w.]*\s+)?){1,3})(?:is|are) (?:licen[cs]ed|released|provided)\b")
OF_A_FILE = re.compile(r"(?<![:/\w])\.{0,2}/?(?:[\w\-]+/)+[\w\-]+\.\w{1,5}\W{0,3}\s(?:is|are)\b[^.]{0,30}$")
ADJECTIVE = re.compile(r"-licen[cs]ed\b", re.I)
IS = re.compile(r"\b(?:is|are|be)\W*$")
WRITTEN_FOR = {
    "weights": re.compile(r"LicenseRef-AI-(?!modified)"),
    "data": re.compile(r"ODC-By|ODbL|PDDL|CDLA|[CO]-UDA"),
}
BULLET = re.compile(r"(?:[\s>|+,;，；]|[-*](?=\s))*")
BADGE = re.compile(r"img\.shields\.io/(?:static/v1\?label=|badge/)([^\s\"'<>)\]?#&]{3,200})")


@dataclass(frozen=True)
class Statement:
    """`parts` are under a licence, says the text between `start` and `end`; or their licence is only pointed to."""

    start: int
    end: int
    parts: tuple[str, ...]
    expression: str | None
    name: str
    link: str = ""
    family: str = ""
    how: Literal["statement", "badge", "pointer"] = "statement"
    spoken: bool = True  # the sentence itself says what it speaks of

    @property
    def licence(self) -> str:
        return self.expression or self.name


def statements(card: Card, own: str, product: str = "") -> list[Statement]:
    """What a document says of the licences of its own work, each thing once, in the order of the text.

    `own` is the part that "this project" stands for, `product` the name under which the work goes. A badge counts where
    no sentence speaks of the same part, a pointer to a text only where nothing names its licence.
    """
    if WORD.search(card.text) is None:
        return []
    found = list(in_words(card, own, product)) or list(fenced(card, own))
    named = {part for one in found if one.how == "statement" for part in one.parts}
    found = [one for one in found if one.how == "statement" or not named & set(one.parts)]
    found += [one for one in badges(card, own) if not named & set(one.parts)]
    kept: list[Statement] = []
    for one in found:
        parts = tuple(p for p in one.parts if not any(k.licence == one.licence and p in k.parts for k in kept))
        if parts:
            kept.append(replace(one, parts=parts))
    return kept[:MOST_STATEMENTS]


def in_words(card: Card, own: str, product: str) -> Iterator[Statement]:
    """Statements of sentences. What a sentence does not say it covers may stand in the sentences before it."""
    told, said = -1, set[str]()
    for unit in units(card):
        for one in of_unit(card, unit, max(unit.topic, told), own, product):
            told = unit.end
            if one.spoken or not set(ids_in(one.expression)) <= said or not one.expression:
                said |= set(ids_in(one.expression))
                yield one


def units(card: Card) -> Iterator[Unit]:
    """Sentences of sections on licences, and those elsewhere that hold the word."""
    rules = lexicon()
    heading = rules.pattern("heading")
    sections = [(p.body, min(p.extent, p.body + SECTION_LIMIT)) for p in card.headings if speaks(p.label)]
    said = SAYS_LICENCE_WORDS.over(lowered(card.text))
    parts = [p for p in card.parts if p.kind in BLOCKS and not p.level]
    for index, part in enumerate(parts):
        following = parts[index + 1].start if index + 1 < len(parts) else part.end
        end = min(part.end, max(part.start, following), part.start + LONGEST_UNIT)
        within = [a for a, b in sections if a <= part.start < b]
        if not within and not said.stand_in(part.start, end):
            continue
        if within and part.kind in LISTED and rules.pattern("by_part").search(card.visible, within[-1], part.start):
            continue
        above = [label for label in card.heading_path(part.start) if label]
        nearest = above[-1] if above else ""
        if rules.pattern("elsewhere").search(nearest) and (not heading.search(nearest) or "party" in nearest.lower()):
            continue
        section = bool(within and (heading.search(nearest) or rules.part.search(nearest)))
        section = section or bool(part.label and heading.search(part.label))
        named = kinds(words_of(nearest)) if section else ()
        topic = within[-1] if within else part.start
        for start, stop in sentences(card, part.start, end, lines=part.html):
            titled = section or TITLED.match(card.visible, start, stop) is not None
            if titled or part.kind != "row":
                yield Unit(start, stop, topic, titled, named[0] if len(named) == 1 else "")


def speaks(label: str) -> bool:
    return len(label) <= LONGEST_HEADING and lexicon().pattern("heading").search(label) is not None


def sentences(card: Card, start: int, end: int, *, lines: bool) -> Iterator[tuple[int, int]]:
    """The sentences between two positions; in HTML a line is one."""
    at = start
    for match in (LINE_END if lines else SENTENCE_END).finditer(card.visible, start, end):
        if match.end() > at:
            yield at, match.end()
        at = match.end()
    if at < end:
        yield at, end


def of_unit(card: Card, unit: Unit, since: int, own: str, product: str) -> Iterator[Statement]:
    """Statements of one sentence; where it does not say what it speaks of, the sentences from `since` on may."""
    text = card.visible[unit.start : unit.end]
    rules = lexicon()
    stated = rules.pattern("states").search(text) is not None
    if not (unit.section or stated):
        return
    named = [m for m in mentions(card, unit) if m.ids or stated or (unit.section and not m.family)]
    words = words_of(card.visible, unit.start, unit.end)
    if not named or not (unit.section or speaks_of_own(card.visible, unit, words, named[0].start, product)):
        return
    for group, parts, begin, stop in assigned(card, unit, named, words):
        before = card.visible[begin : group[0].start]
        if namesakes(before, group[0].name, product) or OF_A_FILE.search(before):
            continue
        if ADJECTIVE.search(card.visible, group[0].start, group[0].end + 10) and not IS.search(before):
            continue  # "an MIT-licensed fork" is somebody else's
        if rules.pattern("hypothetical").search(before) or upstream(card, begin, group[0].start, product):
            continue
        spoken = bool(parts)
        if not parts and unit.section:
            parts = covered_by(card.visible, words_of(card.visible, since, unit.start), unit.topic)
        if not (spoken or unit.default) and (meant := meant_for(group)) and meant not in parts:
            parts = (meant,)
        parts = parts or (unit.default or own,)
        covered = tuple(dict.fromkeys(own if p == "own" else p for p in parts))
        start, end = trimmed(card.text, begin, stop)
        group = [m for m in group if not m.pointer] or group
        known_all = all(m.ids for m in group)
        notices = [Notice(i, "name", m.start, m.end) for m in group for i in m.ids]
        expression = express([n.id for n in notices], choices(card.visible, notices)) if known_all else None
        names = " and ".join(dict.fromkeys(m.name for m in group))
        pointer = not known_all and all(m.pointer for m in group)
        yield Statement(
            start, end, covered, expression, names, group[0].link, group[0].family,
            "pointer" if pointer else "statement", spoken,
        )  # fmt: skip


def upstream(card: Card, start: int, end: int, product: str) -> bool:
    """Whether the words before a licence speak of what somebody else's work is under."""
    rules = lexicon()
    before = card.visible[start:end]
    links = card.links_inside(start, end)
    if any(THEIRS.match(x.href) and is_subject(card, start, x, product) for x in links):
        return True
    link = max((x for x in links if x.end <= end), key=lambda x: x.start, default=None)
    if link and THEIRS.match(link.href) and PARTICIPLE.match(card.visible, link.end, end):
        return plain(product) not in plain(link.href)
    cue = max(rules.pattern("upstream").finditer(before), key=lambda m: m.start(), default=None)
    if cue is None or not before[cue.end() :].strip(" \n[(`*'\"“theanTHEAN"):
        return False
    back = rules.pattern("back").search(before, cue.end())
    return back is None or rules.pattern("relative").search(before, cue.start(), back.start()) is not None


def is_subject(card: Card, start: int, link: Link, product: str) -> bool:
    """Whether a sentence, or what follows its last licence, begins with the name of another repository."""
    shown = card.visible[link.start : link.end]
    own = words_of(shown) or plain(product) in plain(link.href)
    return not own and BEGINS.fullmatch(card.visible, start, link.start) is not None


def namesakes(before: str, licence: str, product: str) -> bool:
    """Whether a sentence puts another product under its own maker's licence: "Llama 2 is licensed under …"."""
    subject = SUBJECT.match(before)
    name = plain(subject.group(1)) if subject else ""
    return len(name) > 3 and name in plain(licence) and name not in plain(product)


def speaks_of_own(text: str, unit: Unit, words: list[Word], before: int, product: str) -> bool:
    """Whether a sentence outside a section on licences speaks of the work that the document belongs to."""
    rules = lexicon()
    for word in words:
        if word.start < before or text[before : word.start].count(" ") < 12:
            said = "mine" if word.part in ("data", "docs") else "theirs"
            if rules.pattern(said).search(text, max(unit.start, word.start - 48), word.start):
                return True
    name = plain(product)
    return len(name) > 2 and plain(text[unit.start : before]).startswith(name)


def fenced(card: Card, own: str) -> Iterator[Statement]:
    """A notice in a block of code below a heading on the licence; what stands before it says what it covers."""
    for heading in card.headings:
        if not speaks(heading.label):
            continue
        for part in card.inside(heading.body, min(heading.extent, heading.body + SECTION_LIMIT)):
            if part.kind != "code":
                continue
            if not LICENSED.search(card.text, part.start, part.end):
                continue
            notices = find_notices(card.text, part.start, part.end)
            words = words_of(card.visible, heading.body, part.start)
            parts = covered_by(card.visible, words, heading.body)
            if expression := express(dict.fromkeys(n.id for n in notices)):
                names = tuple(dict.fromkeys(own if p == "own" else p for p in parts)) or (own,)
                start, end = notices[0].start, notices[-1].end
                yield Statement(start, end, names, expression, expression)
                return


def badges(card: Card, own: str) -> Iterator[Statement]:
    """Badges of shields.io: `badge/Code_License-Apache_2.0-green` (https://shields.io/badges/static-badge)."""
    for match in BADGE.finditer(card.text):
        fields = [badge_text(f) for f in re.split(r"(?<!-)-(?!-)", unquote(match.group(1)))]
        if len(fields) < 2 or not SAYS_LICENCE.search(fields[0]):
            continue
        meant = normalise_name(re.sub(r"(?<=[a-zA-Z])(?=\d)", " ", fields[1]))
        named = kinds(words_of(fields[0]))
        parts = tuple(own if p == "own" else p for p in named) or (own,)
        name = licence_name(meant.ids[0]) if meant.ids else fields[1]
        yield Statement(match.start(), match.end(), parts, express(meant.ids), name, "", meant.family, "badge")


def badge_text(field: str) -> str:
    return field.replace("--", "-").replace("__", "\0").replace("_", " ").replace("\0", "_").strip()


def meant_for(group: list[Mention]) -> str:
    """The part that licences are written for: those of models cover weights, those of data sets data."""
    ids = [i for m in group for i in m.ids]
    return next((part for part, written in WRITTEN_FOR.items() if ids and all(map(written.match, ids))), "")


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A passage without white space, marks of lists and commas at its ends."""
    begin = BULLET.match(text, start, end)
    start = begin.end() if begin else start
    while end > start and text[end - 1] in " \t\r\n|":
        end -= 1
    return start, end
