"""What a card or README says in words: which licence covers the code, which the weights, which the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote

import msgspec

from license_rules import Notice, choices, express, find_notices, ids_in, licence_name, normalise_name
from license_rules.names import fold, url_ids
from license_rules.notices import leading_name
from output.data_files import load
from pipelines.dossier import plain
from pipelines.readers.markdown import Card, Link
from pipelines.readers.phrases import Anchored, Literals, lowered, required

LEXICON = Path(__file__).parent / "statements.yaml"
WORD = Anchored(re.compile(r"licen[cs]|spdx|许可|許可|协议|協議|ライセンス|라이선스|lizenz|лиценз", re.I))
SECTION_LIMIT = 3000
MOST_STATEMENTS = 12
LONGEST_UNIT = 2000
LONGEST_HEADING = 60
LONGEST_TITLE = 9  # words
BLOCKS = frozenset(("text", "item", "label", "row"))
SENTENCE_END = re.compile(r"[。；;！!？?](?!\S*=)|\.(?=\s+[^\sa-z\d(])|\n\s*\n")
NAME_START = re.compile(r"(?<![\w.\-/])[A-Za-z\d]")
LICENSED = re.compile(r"licen[cs]ed under|permission is hereby|spdx-license|redistribut", re.I)
LINE_END = re.compile(r"\n")
TITLED = re.compile(r"[\s*\-#>|\U0001f300-\U0001faff]*(?:[\w ]{0,24} )?licen[cs]e\s*[:：]", re.I)
FILE = re.compile(r"[\w\-./]*(?:licen[cs]e|copying|agreement)[\w\-./]*", re.I)
CJK = re.compile(r"[\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
SAYS_LICENCE = re.compile(r"licen[cs]|lizenz|agreement|terms|协议|協議|许可|許可|ライセンス|라이선스", re.I)
SAYS_LICENCE_WORDS = Literals(required(SAYS_LICENCE.pattern, SAYS_LICENCE.flags))
ONE_WORD = re.compile(r"[A-Za-z]+")
BESIDE = re.compile(
    r"\W{0,4}(?:(?:community|model|open|software|public)\s+)?(?:licen[cs]|agreement|terms|协议|許可|许可|ライセンス|라이선스)",
    re.I,
)
LABEL_BEFORE = re.compile(r"licen[cs]es?\W{0,6}(?:is|are)?\W*$|(?:协议|许可证?)\W{0,3}$", re.I)
LEADS_IN = re.compile(r"(?:under|using|uses?|is|are|采用|使用|遵循)(?: (?:the|an?))?\W*$|licen[cs]e\W{0,6}$", re.I)
CHANGED = re.compile(r"\b(modified|custom|adapted|bespoke)[\s\-]+$", re.I)
TITLE = re.compile(
    r"(?:(?:[A-Z\d][\w.+&/'’()\-]*|of|for|the|and)[ \n]+){1,8}"
    r"(?:Licen[cs]e(?: Agreement)?|LICEN[CS]E(?: AGREEMENT)?|Agreement|Terms of (?:Use|Service))\b(?!\s+[A-Z])"
    r"|《[^《》\n]{2,60}(?:协议|许可证?|協議)》"
)  # fmt: skip
UNDER = re.compile(r"(?<=under )(?:(?:the|an?|its)\s+)?(?:[A-Z][\w.+\-]*\s+){1,6}licen[cs]e\b")
LEADING = re.compile(
    r"(?:End|Usage|The|This|Our|Your|Please|See|Refer|By|Use|Under|For|All|An?|And|Of|To|In|Its)\s+", re.I
)
FOR = re.compile(r"[\s)\]`*'\"]{0,4}(?:licen[cs]es?\s+)?(?:for|to|covers|applies to)\s", re.I)
SAME = re.compile(
    r"[\s,，、/&\])》`*]*(?:(?:and|or|plus|和|与|及|以及|或|または)\s*)?(?:also\s+)?(?:the\s+)?[\[(《`*\s]*", re.I
)
THEIRS = re.compile(r"https?://(?:www\.)?(?:github\.com|huggingface\.co)/[^/]+/[^/]+", re.I)
PARTICIPLE = re.compile(
    r"[^,.]{0,30},\s*(?:(?:which|that)\s+(?:is|are)\s+|originally\s+|both\s+)?(?:licen[cs]ed|released)\b", re.I
)
POINTING = re.compile(r"(?:here|this|link|details|这里|此处|こちら)?\W*", re.I)
SUBJECT = re.compile(r"\W*((?:[A-Z][\w.\-]*\s+(?:\d[\w.]*\s+)?){1,3})(?:is|are) (?:licen[cs]ed|released|provided)\b")
BULLET = re.compile(r"(?:[\s>|+,;，；]|[-*](?=\s))*")
BADGE = re.compile(r"img\.shields\.io/(?:static/v1\?label=|badge/)([^\s\"'<>)\]?#&]{3,200})")


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Words of `statements.yaml`; white space in a pattern that spans lines does not count."""

    heading: str
    states: str
    parts: dict[str, str]
    place: str
    placed: str
    both: str
    first: str
    theirs: str
    mine: str
    upstream: str
    hypothetical: str
    back: str
    relative: str
    elsewhere: str
    generic: str

    def pattern(self, name: str) -> re.Pattern[str]:
        return self._patterns[name]

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        listed = {name: words for name, words in msgspec.structs.asdict(self).items() if isinstance(words, str)}
        return {name: re.compile(words.replace(" |", "|"), re.I) for name, words in listed.items()}

    @cached_property
    def part(self) -> re.Pattern[str]:
        """Any word for a part, in a group of the part's name."""
        groups = (f"(?P<{name}>{words.replace(' |', '|')})" for name, words in self.parts.items())
        return re.compile("|".join(groups), re.I)


@cache
def lexicon() -> Lexicon:
    return load(LEXICON, Lexicon)


@dataclass(frozen=True)
class Mention:
    """A licence as it is named: its ids, or only the words where it is none that we know."""

    start: int
    end: int
    ids: tuple[str, ...]
    name: str
    link: str = ""
    family: str = ""

    @property
    def pointer(self) -> bool:
        """Whether it names no licence but the file that holds one."""
        return bool(self.link) and not self.ids and FILE.fullmatch(self.name) is not None


Add = Callable[[Mention], None]


@dataclass(frozen=True)
class Word:
    """A word for something that a licence covers."""

    start: int
    end: int
    part: str


@dataclass(frozen=True)
class Unit:
    """A sentence or a row that may say something of licences."""

    start: int
    end: int
    topic: int  # where its section on licences begins, or its paragraph
    section: bool  # it stands where licences are the subject
    default: str = ""  # the part that the heading above it names


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
        if namesakes(before, group[0].name, product):
            continue
        if rules.pattern("hypothetical").search(before) or upstream(card, begin, group[0].start, product):
            continue
        spoken = bool(parts)
        if not parts and unit.section:
            parts = covered_by(card.visible, words_of(card.visible, since, unit.start), unit.topic)
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


def mentions(card: Card, unit: Unit) -> list[Mention]:
    """Licences that a sentence names, in order: known names, then linked ones, then what bears the title of one."""
    text = card.visible[unit.start : unit.end]
    for part in card.inside(unit.start, unit.end):
        if part.kind == "image":  # badges are read on their own
            a, b = part.start - unit.start, part.end - unit.start
            text = text[:a] + " " * len(text[a:b]) + text[b:]
    links = [
        x for x in card.links_inside(unit.start, unit.end) if text[x.start - unit.start : x.end - unit.start].strip()
    ]
    found: list[Mention] = []

    def add(mention: Mention) -> None:
        if not any(mention.start < m.end and m.start < mention.end for m in found):
            found.append(mention)

    names = list(known(text, unit))
    for mention in names:
        link = next((x for x in links if x.start <= mention.start < x.end), None)
        if mention.ids:
            add(replace(mention, link=link.href, end=max(mention.end, link.end)) if link else mention)
    for link in links:
        add_linked(card, link, add)
    for match in (*TITLE.finditer(text), *UNDER.finditer(text)):
        if not re.match(r"\W*[:：]", text[match.end() :]):  # a label
            add_title(match.group(), unit.start + match.start(), unit.start + match.end(), "", add)
    for mention in names:
        add(mention)
    return sorted(found, key=lambda m: m.start)


def known(text: str, unit: Unit) -> Iterator[Mention]:
    base = unit.start
    after = 0
    for notice in find_notices(CJK.sub(" ", text)):
        if notice.via in ("gnu", "tag"):
            after = notice.end
            yield Mention(base + notice.start, base + notice.end, (notice.id,), licence_name(notice.id))
    for match in NAME_START.finditer(text):
        if match.start() < after:
            continue
        rest = CJK.split(text[match.start() : match.start() + 160], maxsplit=1)[0]
        if not fold(rest.split(maxsplit=1)[0]):
            continue  # "license" and other words that tell nothing
        ids, length = leading_name(rest)
        if not length or not fits(text, match.start(), match.start() + length, ids, unit.section):
            continue
        after = match.start() + length
        name = rest[:length].strip(" .,;:*_`'\"!()[]")
        if changed := CHANGED.search(text, 0, match.start()):
            ids = normalise_name(f"modified {name}").ids
            if not ids:
                name = f"{changed.group(1)} {name}"
        family = normalise_name(name).family if not ids else ""
        yield Mention(
            base + match.start(), base + after, ids, licence_name(ids[0]) if len(ids) == 1 else name, "", family
        )


def fits(text: str, start: int, end: int, ids: tuple[str, ...], section: bool) -> bool:
    """A name that is also a word, a place or a model counts only beside a word for licence."""
    name = text[start:end].strip(" .,;:*_`'\"!()[]")
    if SAYS_LICENCE.search(name) or BESIDE.match(text, end):
        return True
    if not ids and not name.isupper():
        return False  # a family by a word that means more: non-commercial, Llama
    if ids and ids[0].startswith("LicenseRef-"):
        return LABEL_BEFORE.search(text, 0, start) is not None and not text[end:].strip(" \n|*_`.,)]")
    return (
        not ONE_WORD.fullmatch(name)
        or (section and name.isupper())
        or LEADS_IN.search(text, max(0, start - 24), start) is not None
        or len(text.strip()) < 2 * len(name) + 24
    )


def add_linked(card: Card, link: Link, add: Add) -> None:
    shown = card.visible[link.start : link.end]
    label = shown.strip()
    start = link.start + len(shown) - len(shown.lstrip())
    if link.href.startswith(("#", "mailto:")):
        return
    if not (SAYS_LICENCE.search(label) or "://" in label or POINTING.fullmatch(label)):
        return  # what is written leads to a licence without naming one
    if "://" in link.href and (ids := url_ids(link.href)):
        add(Mention(start, link.end, ids, licence_name(ids[0]), link.href))
    elif SAYS_LICENCE.search(label) and "://" not in label:
        add_title(label, start, link.end, link.href, add)


def add_title(title: str, start: int, end: int, link: str, add: Add) -> None:
    """What bears a title is that licence, or one we do not know; what only says "license" points to a file."""
    title = " ".join(title.split()).strip("[]()`*《》 ")
    while lead := LEADING.match(title):
        title = title[lead.end() :]
    path = file_named(link)
    ids = normalise_name(title).ids or normalise_name(PurePosixPath(path).stem if " " in path else "").ids
    generic = lexicon().pattern("generic").fullmatch(title) is not None and "model" not in title.lower()
    if ids:
        add(Mention(start, end, ids, licence_name(ids[0]), link))
    elif not generic and title.count(" ") < LONGEST_TITLE:
        add(Mention(start, end, (), title, link))
    elif FILE.fullmatch(path):
        add(Mention(start, end, (), path, link))


def file_named(link: str) -> str:
    """The path of a file that a link leads to, within the repository it is in; "" for any other address."""
    path = unquote(link).partition("#")[0]
    if "://" in path:
        inside = re.split(r"/(?:blob|resolve|raw)/[^/]+/", path, maxsplit=1)
        path = inside[1] if len(inside) == 2 else ""
    return path.removeprefix("./")


def words_of(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Words for what is covered. Of words that stand side by side the last counts: model code is code."""
    found: list[Word] = []
    for match in lexicon().part.finditer(text, start, len(text) if end is None else end):
        word = Word(match.start(), match.end(), str(match.lastgroup))
        beside = found and not text[found[-1].end : word.start].strip(" \n-_/的")
        if beside and len(text[found[-1].end : word.start]) <= 2 and "/" not in text[found[-1].end : word.start]:
            before = found.pop()
            word = replace(before, end=word.end) if word.part == "own" else replace(word, start=before.start)
        found.append(word)
    return found


def kinds(words: list[Word]) -> tuple[str, ...]:
    """The parts that are named; a word for the whole counts only where it is not the place of another."""
    return tuple(dict.fromkeys(w.part for w in words))


def covered_by(text: str, words: list[Word], start: int) -> tuple[str, ...]:
    """The parts that words before a licence stand for: "code and weights" are two, "code for the model" is one."""
    if any(w.part != "own" for w in words):
        words = [w for w in words if w.part != "own" or not is_place(text, w, words, start)]
    rules, kept = lexicon(), words[:1]
    for last, word in pairwise(words):
        between = text[last.end : word.start]
        if len(between) < 80 and rules.pattern("both").search(between):
            kept.append(word)
        elif not rules.pattern("first").search(between):
            kept = [word]
    return kinds(kept)


def is_place(text: str, word: Word, words: list[Word], start: int) -> bool:
    before = text[max(start, word.start - 30) : word.start]
    after = any(w.part != "own" and 0 <= w.start - word.end <= 3 for w in words)
    if after or lexicon().pattern("place").search(before):
        return True
    return lexicon().pattern("placed").match(text, word.end) is not None


def assigned(
    card: Card, unit: Unit, named: list[Mention], words: list[Word]
) -> Iterator[tuple[list[Mention], tuple[str, ...], int, int]]:
    """Licences with the parts they cover and the passage that says so.

    A licence covers what is named before it, since the licence before; or what follows a "for".
    """
    text = card.visible
    words = [w for w in words if not any(m.start <= w.start < m.end for m in named)]
    groups: list[tuple[list[Mention], tuple[str, ...], int, int]] = []
    begin, used = unit.start, unit.start
    for index, mention in enumerate(named):
        stop = named[index + 1].start if index + 1 < len(named) else unit.end
        before = [w for w in words if used <= w.start < mention.start]
        after = [w for w in words if mention.end <= w.start < stop]
        if groups and not before and SAME.fullmatch(text, groups[-1][0][-1].end, mention.start):
            group, parts, first, _ = groups[-1]
            groups[-1] = ([*group, mention], parts, first, mention.end)
            begin = used = mention.end
            continue
        end = used = mention.end
        if (
            after
            and (FOR.match(text, mention.end) or not (before or groups))
            and not text[mention.end : after[0].start].count(",")
        ):
            before, end, used = after, after[-1].end, after[-1].end
        elif groups and not before:
            begin = mention.end
            continue  # the same licence again, or one of which the sentence does not say what it covers
        groups.append(([mention], covered_by(text, before, unit.start), begin, end))
        begin = end
    if groups:
        group, parts, first, _ = groups[-1]
        groups[-1] = (group, parts, first, unit.end)
    yield from groups


def upstream(card: Card, start: int, end: int, product: str) -> bool:
    """Whether the words before a licence speak of what somebody else's work is under."""
    rules = lexicon()
    before = card.visible[start:end]
    link = max((x for x in card.links_inside(start, end) if x.end <= end), key=lambda x: x.start, default=None)
    if link and THEIRS.match(link.href) and PARTICIPLE.match(card.visible, link.end, end):
        return plain(product) not in plain(link.href)
    cue = max(rules.pattern("upstream").finditer(before), key=lambda m: m.start(), default=None)
    if cue is None or not before[cue.end() :].strip(" \n[(`*'\"“theanTHEAN"):
        return False
    back = rules.pattern("back").search(before, cue.end())
    return back is None or rules.pattern("relative").search(before, cue.start(), back.start()) is not None


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


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A passage without white space, marks of lists and commas at its ends."""
    begin = BULLET.match(text, start, end)
    start = begin.end() if begin else start
    while end > start and text[end - 1] in " \t\r\n|":
        end -= 1
    return start, end
