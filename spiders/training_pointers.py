"""Sentences that say in which repository training code is: where a crawl goes, and what a record quotes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from operator import itemgetter
from pathlib import Path

import msgspec

from output.data_files import load
from output.record import Selector
from spiders.document import Document, Lead
from spiders.leads import URL, Link, Place, links, place, runs_models
from spiders.submodules import Submodule

NEAR = 120  # characters on either side of a link that are read
CLOSE = 70  # characters in which the words for training code must stand
MODULES_READ = 100  # submodules that are looked for in a README
MENTIONS_READ = 50  # places of a README that name one of them
SENTENCE_END = re.compile(r"[.!?。！？](?=\s)|\n\s*\n|\n[ \t]*(?=[-*+#|>])|^#{1,6}[ \t][^\n]{0,300}\n", re.MULTILINE)
HEADING = re.compile(
    r"^[ \t]{0,3}(?P<marks>#{1,6})[ \t]+(?P<plain>.{1,150})"
    r"|^[ \t]*<h(?P<level>[1-6])[^>]{0,80}>(?P<tagged>.{1,150}?)</h",
    re.MULTILINE,
)
LABEL = re.compile(r"\[([^\[\]]{1,200})\]\(\s*$")
OTHER = re.compile(r"\[[^\[\]]{0,200}\]\([^)]{0,20}\)")  # another link, its address left out
BADGE = re.compile(r"!\[[^\]]{0,200}\]\([^)]{0,20}\)\s*\]\(\s*$")
SSH = re.compile(r"^(?:ssh://)?git@github\.com[:/]")
DATA_FILE = re.compile(r"(?i)\.(txt|csv|tsv|jsonl?|parquet)$")
DATE = re.compile(r"\b\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?\b|\b20\d\d\b")


class Patterns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    training: str
    code: str
    says: list[str]
    leads_to: list[str]
    heading: str
    sends: str
    not_under: str
    not_said: str
    not_a: str
    methods: str
    describes: str

    @cached_property
    def compiled(self) -> dict[str, re.Pattern[str]]:
        words = {"TRAINING": self.training, "CODE": self.code}
        patterns = {name: getattr(self, name) for name in self.__struct_fields__}
        joined = {name: "|".join(p) if isinstance(p, list) else p for name, p in patterns.items()}
        return {
            name: re.compile(re.sub("TRAINING|CODE", lambda m: words[m[0]], p), re.IGNORECASE)
            for name, p in joined.items()
        }

    def found(self, name: str, text: str) -> bool:
        return self.compiled[name].search(text) is not None


@cache
def patterns() -> Patterns:
    return load(Path(__file__).parent / "training_pointers.yaml", Patterns)


Outline = list[tuple[int, tuple[str, ...]]]


@dataclass(frozen=True)
class Said:
    """What stands around a link: the headings over it, its sentence before and after it, its label."""

    headings: tuple[str, ...]  # of the section and of those that hold it, the outermost first
    before: str
    label: str
    after: str
    begins: bool  # the sentence or list item begins with the link


def training_pointers(text: str, origin: str) -> Iterator[tuple[Link, Place]]:
    """Links to a repository of which the text says that training code is there, each repository once."""
    seen, sections = {origin.lower()}, outline(text)
    for link in links(text):
        found = place(link.url)
        if found is None or found.relation != "repository" or found.target.lower() in seen:
            continue
        if found.asset or DATA_FILE.search(link.url):
            continue
        if not runs_models(found.target) and points(said(text, link, sections)):
            seen.add(found.target.lower())
            yield link, found


def training_leads(document: Document, origin: str) -> Iterator[Lead]:
    """The same as leads of a card or README."""
    text = document.text
    for link, found in training_pointers(text, origin):
        line = text.count("\n", 0, link.start) + 1
        yield Lead(
            origin, found.target, "training", "a sentence says that training code is there", document.source,
            Selector(link.start, link.end, line, line), link.url, found.ref, found.path,
        )  # fmt: skip


def submodule_leads(document: Document, origin: str, modules: Iterable[Submodule]) -> Iterator[Lead]:
    """Submodules of which a README says, by their folder, that training code is there; at the commit that is held."""
    text = document.text
    sections = outline(text)
    for module in islice(modules, MODULES_READ):
        found = place(SSH.sub("https://github.com/", module.url))
        if found is None or found.relation != "repository" or found.target.lower() == origin.lower():
            continue
        mentions = re.finditer(rf"(?<![\w./-]){re.escape(module.path)}(?![\w-])", text)
        for named in islice(mentions, MENTIONS_READ):
            if points(said(text, Link(module.url, *named.span(), ""), sections)):
                line = text.count("\n", 0, named.start()) + 1
                yield Lead(
                    origin, found.target, "training", "a sentence says that training code is in this submodule",
                    document.source, Selector(*named.span(), line, line), named[0], module.revision,
                )  # fmt: skip
                break


def points(said: Said) -> bool:
    rules = patterns()
    around = f"{said.before} {said.label} {said.after}"
    close = f"{said.before[-CLOSE:]} {said.label} {said.after[:CLOSE]}"
    beside = " ".join(said.before.split()[-6:]), said.label, said.after[:14]
    if any(rules.found("not_under", heading) for heading in said.headings):
        return False
    if rules.found("not_said", around) or rules.found("methods", said.label):
        return False
    if any(rules.found("not_a", words) for words in beside):
        return False
    if said.begins:
        return rules.found("says", said.label) or rules.found("describes", said.after)
    if rules.found("says", close) or rules.found("leads_to", f"{said.before} "):
        return True
    return any(rules.found("heading", heading) for heading in said.headings[-1:]) and rules.found(
        "sends", f"{said.before} "
    )


def said(text: str, link: Link, sections: Outline) -> Said:
    before = URL.sub(" ", text[max(0, link.start - 4 * NEAR) : link.start])
    after = URL.sub(" ", text[link.end : link.end + 4 * NEAR])
    begins = max((m.end() for m in SENTENCE_END.finditer(before)), default=0)
    stop = SENTENCE_END.search(after)
    before, after = before[begins:], after[: stop.start() if stop else None][:NEAR]
    if BADGE.search(before):
        return Said((), "", "", "", begins=False)
    label = LABEL.search(before)
    lead = OTHER.sub(" ", before[: label.start()] if label else before)
    first = not re.search(r"[^\W\d_]", DATE.sub("", lead)) and bool(label)
    over = sections[bisect_right(sections, link.start, key=itemgetter(0)) - 1][1]
    return Said(over, lead[-NEAR:], label[1] if label else "", OTHER.sub(" ", after), first)


def outline(text: str) -> Outline:
    """Where sections begin, with the headings over what stands in each, the outermost first."""
    sections: Outline = [(0, ())]
    over: dict[int, str] = {}
    for match in HEADING.finditer(text):
        level = len(match["marks"] or "") or int(match["level"])
        over = {n: heading for n, heading in over.items() if n < level} | {level: match["plain"] or match["tagged"]}
        sections.append((match.start(), tuple(over.values())))
    return sections
