"""The licences that a sentence names: by name, by a link, or by a title that we do not know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from urllib.parse import unquote

from license_rules import find_notices, licence_name, normalise_name
from license_rules.names import fold, url_ids
from license_rules.notices import leading_name
from pipelines.licenses.lexicon import lexicon
from pipelines.readers.markdown import Card, Link

LONGEST_TITLE = 9  # words
NAME_START = re.compile(r"(?<![\w.\-/])[A-Za-z\d]")
FILE = re.compile(r"[\w\-./]*(?:licen[cs]e|copying|agreement)[\w\-./]*", re.I)
CJK = re.compile(r"[\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
SAYS_LICENCE = re.compile(r"licen[cs]|lizenz|agreement|terms|协议|協議|许可|許可|ライセンス|라이선스", re.I)
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
EXPLAINS = re.compile(r"\W{0,4}(?:licen[cs]e\W{0,3})?[(（]\W{0,4}", re.I)
POINTING = re.compile(r"(?:here|this|link|details|这里|此处|こちら)?\W*", re.I)


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


@dataclass(frozen=True)
class Unit:
    """A sentence or a row that may say something of licences."""

    start: int
    end: int
    topic: int  # where its section on licences begins, or its paragraph
    section: bool  # it stands where licences are the subject
    default: str = ""  # the part that the heading above it names


Add = Callable[[Mention], None]


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
    found.sort(key=lambda m: m.start)
    vague = [one for pair in pairwise(found) if (one := vaguer(card, *pair))]
    return [m for m in found if m not in vague]


def vaguer(card: Card, first: Mention, second: Mention) -> Mention | None:
    """Of a name and what brackets say of it the one that we do not know: "Creative Commons (CC BY 4.0)"."""
    if EXPLAINS.fullmatch(card.visible, first.end, second.start) is None:
        return None
    vague = first if second.ids else second
    return vague if bool(first.ids) != bool(second.ids) and (vague.family or not vague.link) else None


def known(text: str, unit: Unit) -> Iterator[Mention]:
    base = unit.start
    after = 0
    notices = [n for n in find_notices(CJK.sub(" ", text)) if n.via in ("gnu", "tag")]
    for notice in notices:
        yield Mention(base + notice.start, base + notice.end, (notice.id,), licence_name(notice.id))
    for match in NAME_START.finditer(text):
        if match.start() < after or any(n.start <= match.start() < n.end for n in notices):
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
    meant = normalise_name(title)
    ids = meant.ids or normalise_name(PurePosixPath(path).stem if " " in path else "").ids
    generic = lexicon().pattern("generic").fullmatch(title) is not None and "model" not in title.lower()
    if ids:
        add(Mention(start, end, ids, licence_name(ids[0]), link))
    elif not generic and title.count(" ") < LONGEST_TITLE:
        add(Mention(start, end, (), title, link, meant.family))
    elif FILE.fullmatch(path):
        add(Mention(start, end, (), path, link))


def file_named(link: str) -> str:
    """The path of a file that a link leads to, within the repository it is in; "" for any other address."""
    path = unquote(link).partition("#")[0]
    if "://" in path:
        inside = re.split(r"/(?:blob|resolve|raw)/[^/]+/", path, maxsplit=1)
        path = inside[1] if len(inside) == 2 else ""
    return path.removeprefix("./")
