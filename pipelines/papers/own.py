"""Which paper is this model's own? Each verdict with its reason.

Pure: reads the cards, readmes, tags and the arXiv feed of a dossier. What names the model decides first (title, then
abstract), then the words around the link, then the place. A paper that is named and fits none of it is cited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from pipelines.dossier import Dossier
from pipelines.papers.mentions import Mention, bibtex_title, entries_of, mentions
from pipelines.papers.names import (
    Match,
    bare,
    clean_title,
    cue,
    find,
    heads,
    is_version,
    match_title,
    named_base,
    pieces,
)
from pipelines.readers.arxiv import ID, Entry, Feed, FeedError, read_feed
from spiders.document import ASKED_FOR, Document

Verdict = Literal["own", "earlier", "base", "cited"]
Strength = Literal["name", "version", "words", "place", "used"]  # what a verdict rests on


class OwnPaper(msgspec.Struct, frozen=True):
    """One arXiv id that the release names, and whose paper it is. `version` is empty while arXiv was not asked."""

    id: str
    version: str
    verdict: Verdict
    reason: str
    title: str
    mentions: tuple[Mention, ...]
    entry: Entry | None = None
    feed: Document | None = None
    component_target: str = ""  # the base model whose own paper it is

    @property
    def reason_short(self) -> str:
        """The reason without the words it rests on."""
        return self.reason.split(" (")[0]

    @property
    def versioned(self) -> str:
        return self.id + self.version


def own_papers(dossier: Dossier) -> list[OwnPaper]:
    """`find_papers`, once a dossier."""
    return dossier.once(find_papers)


def find_papers(dossier: Dossier) -> list[OwnPaper]:
    """Every arXiv id of the release and its base models, in the order in which they are named, own ones first."""
    feeds = list(read_feeds(dossier))
    releases = [t for t in dossier.targets if dossier.component(t)]
    if dossier.root not in releases:
        releases.insert(0, dossier.root)
    bases = tuple(t.split(":")[-1].split("/")[-1] for t in releases if t != dossier.root)
    found: dict[str, OwnPaper] = {}
    for target in releases:
        documents = release_documents(dossier, target)
        named = [m for d in documents for m in mentions(d)] + [m for d in documents for m in tag_mentions(d)]
        if target == dossier.root:
            named += entry_mentions(dossier, feeds)
        name = release_name(dossier, target)
        known = bases if target == dossier.root else ()
        declared = tuple(b for d in documents for b in declared_bases(d)) if target == dossier.root else ()
        for paper in judge(name, named, feeds, bases=(*known, *declared)):
            if target != dossier.root:
                if paper.verdict != "own":
                    continue
                paper = msgspec.structs.replace(
                    paper,
                    verdict="base",
                    reason=f"paper of the base model {name}: {paper.reason}",
                    component_target=target,
                )
            before = found.get(paper.id)
            if (
                before is None
                or (before.verdict == "cited" and paper.verdict == "base")
                or (before.verdict == "base" and not before.component_target and paper.component_target)
            ):
                found[paper.id] = paper
    order = ("own", "earlier", "base", "cited")
    return sorted(found.values(), key=lambda paper: order.index(paper.verdict))


def release_name(dossier: Dossier, target: str) -> str:
    """`OWNER/NAME` of a release; for a local card what its first heading calls the model, or nothing."""
    if not target.startswith("url:"):
        return target.split(":")[-1]
    for card in dossier.of("model_card", target=target):
        heading = re.search(r"(?m)^#\s+(?:model card (?:for|of)\s+)?([^\n]{2,80})", card.text, re.IGNORECASE)
        if heading:
            return "/" + re.sub(r"(?i)[*_`\[\]]|\bmodel card\b", "", heading[1]).strip()
    return ""


def read_feeds(dossier: Dossier) -> Iterable[tuple[Document, Feed]]:
    for document in dossier.of("arxiv_feed"):
        try:
            yield document, read_feed(document.body)
        except FeedError:
            continue


def release_documents(dossier: Dossier, target: str) -> list[Document]:
    """Card, Hub answer and readmes of a release: its own, and those of the repositories that it names as its code."""
    repositories = {
        lead.target
        for lead in dossier.leads
        if lead.relation == "repository" and lead.followed and lead.origin == target
    }
    if target == dossier.root and target.startswith("github:"):
        repositories.add(target)
    found = list(dossier.of("model_card", "hub_model", target=target))
    for document in dossier.of("source_file", "model_card"):
        path = (document.source.path or "").rsplit("/", 1)[-1].lower()
        if document.target in repositories and path.startswith(("readme", "citation", "model_card")):
            found.append(document)
    return found


def tag_mentions(document: Document) -> Iterable[Mention]:
    """Tags `arxiv:ID` of the Hub's answer: weak, since the Hub tags whatever a card mentions."""
    if document.kind != "hub_model":
        return
    info = document.facts or {}
    tags = info.get("tags")
    for tag in tags if isinstance(tags, list) else []:
        match = ID.fullmatch(tag.removeprefix("arxiv:")) if isinstance(tag, str) and tag.startswith("arxiv:") else None
        if match:
            start = max(0, document.text.find(f'"{tag}"') + 1)
            yield Mention(
                match["new"] or match["old"], match["version"] or "", "tag", "", document, start, start + len(tag)
            )


def entry_mentions(dossier: Dossier, feeds: Sequence[tuple[Document, Feed]]) -> Iterable[Mention]:
    """Papers that an index entry links and no document names."""
    given = [x.target.removeprefix("arxiv:") for x in dossier.leads if x.relation == "paper" and x.reason == ASKED_FOR]
    named = {m.id for d in dossier.of("model_card", "source_file") for m in mentions(d)}
    for document, feed in feeds:
        for ident in given if dossier.entry is not None else ():
            if ident not in named and (entry := feed.find(ident)):
                yield Mention(ident, "", "entry", "", document, entry.ident.start, entry.ident.end)


def declared_bases(document: Document) -> list[str]:
    """Names of base models as the card's front matter or the Hub's tags (`base_model:quantized:ORG/NAME`) give them."""
    if document.kind == "model_card":
        front = re.match(r"---\r?\n(.{0,20000}?)\n---", document.text, re.DOTALL)
        named = re.search(r"(?m)^base_model:(.{0,300}(?:\n\s*-.{0,200}){0,20})", front[1]) if front else None
        return re.findall(r"[\w.-]+/([\w.-]+)", named[1]) if named else []
    if document.kind != "hub_model":
        return []
    tags = (document.facts or {}).get("tags")
    return [
        tag.rsplit("/", 1)[-1]
        for tag in (tags if isinstance(tags, list) else [])
        if isinstance(tag, str) and tag.startswith("base_model:")
    ]


def judge(
    name: str, named: Sequence[Mention], feeds: Iterable[tuple[Document, Feed]] = (), *, bases: tuple[str, ...] = ()
) -> list[OwnPaper]:
    """Verdicts on all ids that are named, for the model `OWNER/NAME`."""
    feeds = list(feeds)
    by_id: dict[str, list[Mention]] = {}
    for mention in named:
        by_id.setdefault(mention.id, []).append(mention)
    sole = sole_work(name, named)
    first = [weigh(name, places, feeds, bases, sole=ident == sole) for ident, places in by_id.items()]
    used = [n for n, (paper, strength) in enumerate(first) if strength == "used"]
    if len(used) == 1 and not any(paper.verdict == "own" for paper, _ in first):
        paper = msgspec.structs.replace(
            first[used[0]][0], verdict="own", reason="the only paper that the maker gives for the model"
        )
        return [paper if n == used[0] else other for n, (other, _) in enumerate(first)]
    strengths = {strength for paper, strength in first if paper.verdict == "own"}
    if "name" in strengths:
        return [beside_namesake(paper, strength) for paper, strength in first]
    if "words" in strengths:  # a repository of many models links the papers of each
        return [paper if in_card(paper) else beside_namesake(paper, strength) for paper, strength in first]
    return [paper for paper, _ in first]


def in_card(paper: OwnPaper) -> bool:
    return any(mention.document.kind == "model_card" for mention in paper.mentions)


def beside_namesake(paper: OwnPaper, strength: Strength) -> OwnPaper:
    """The verdict on a paper where another one is called after the model."""
    if paper.verdict == "own" and strength == "place":
        reason = "another paper is called after the model, this one is not"
        return msgspec.structs.replace(paper, verdict="cited", reason=reason)
    if paper.verdict == "own" and strength == "version":
        return msgspec.structs.replace(paper, verdict="earlier", reason=f"title names another version ({paper.title})")
    return paper


def weigh(
    name: str, places: Sequence[Mention], feeds: Sequence[tuple[Document, Feed]], bases: tuple[str, ...], *, sole: bool
) -> tuple[OwnPaper, Strength]:
    """The verdict on one id, and what it rests on."""
    ident = places[0].id
    hit = next(((d, e) for d, f in feeds if (e := f.find(ident))), None)
    document, entry = hit if hit else (None, None)
    version = entry.version if entry else next((m.version for m in places if m.version), "")
    titles = [entry.title.text] if entry else []
    titles += [m.words for m in places if m.place == "citation" and m.words]
    titles += [m.words for m in places if m.place in ("own_words", "label", "text") and m.words]
    title = clean_title(titles[0]) if titles else ""
    kinds = {m.place for m in places}

    def paper(verdict: Verdict, reason: str) -> OwnPaper:
        return OwnPaper(ident, version, verdict, reason, title, tuple(places), entry, document)

    owner, _, repository = name.rpartition("/")
    match, by = best_match(titles, repository, owner, bases)
    maker = kinds & {"own_words", "label", "citation", "entry"}
    if match == "full" and data_for(title, repository):
        return paper("cited", f"about data for the model ({by})"), "name"
    if match == "full":
        return paper("own", f"title names the model ({by})"), "name"
    if match == "base":
        return paper("base", f"title names what the model was built on ({by})"), "name"
    if match == "version":
        numberless = not any(map(is_version, pieces(repository)))
        if ("label" in kinds and not any(c.isdigit() for c in family_number(by, repository))) or (sole and numberless):
            return paper("own", f"title names the family, and the maker links it as the paper ({by})"), "version"
        return paper("earlier", f"title names another version of the family ({by})"), "name"
    used = bool(cue("used_titles").search(title))
    if entry and maker and not used and find(pieces(repository), entry.summary.text):
        return paper("own", "abstract names the model"), "words"
    if not match and maker and (other := named_base(title, repository, owner)):
        if other == "base":
            return paper("base", f"title names a model that others build on ({title[:120]})"), "name"
        return paper("earlier", f"title names another model of the same maker ({title[:120]})"), "name"
    called_after = not bases and pieces(bare(by)) in heads(repository)
    if match == "family" and (maker or len(by.split()) >= 5 or called_after):
        giver = "the index entry" if kinds == {"entry"} else "the maker"
        reason = f"title names the family of the model, and {giver} gives it as the reference ({by})"
        return paper("own", reason), "words"
    if used:
        given = kinds & {"own_words", "label"} or sole
        return paper("cited", f"about something that was used ({title})"), "used" if given else "place"
    if kinds & {"own_words", "label"}:
        return paper("own", "the maker links it as the paper of this model"), "place"
    if sole and "citation" in kinds:
        return paper("own", "the only work that the maker asks to cite"), "place"
    if kinds == {"tag"}:
        return paper("cited", "only a tag, and nothing ties it to the model"), "place"
    return paper("cited", "named in passing, and neither title nor words tie it to the model"), "place"


def sole_work(name: str, named: Sequence[Mention]) -> str:
    """The id of the one work that the maker asks to cite, if nothing says that it is somebody else's."""
    citations = [m for m in named if m.place == "citation"]
    if len({m.id for m in citations}) != 1:
        return ""
    text, start = citations[0].document.text, citations[0].start
    owner, _, repository = name.rpartition("/")
    entries = citations[0].document.once(entries_of)
    others = [text[s:e] for s, e in entries if not s <= start < e]
    papers = [bibtex_title(e) for e in others if not SOFTWARE.search(e)]
    if len(others) > 1 or any(match_title(t, repository, owner) in ("full", "family") for t in papers):
        return ""
    first = entries[0][0] if entries else start
    asked = list(cue("asked_to_cite").finditer(text[max(0, first - 300) : first]))
    whose = next(filter(None, asked[-1].groups())) if asked else ""
    return "" if whose and not match_title(whose, repository, owner) else citations[0].id


SOFTWARE = re.compile(r"(?i)\b(?:huggingface\.co|hf\.co|github\.(?:com|io)|GitHub)\b")


def data_for(title: str, repository: str) -> bool:
    """`The … data set for Falcon`: the name in the title is that of what the data were made for."""
    found = find(pieces(repository), title) or find(pieces(repository)[:1], title)
    return found is not None and bool(cue("about_data_for").search(title[: found.start()]))


def best_match(titles: Sequence[str], repository: str, owner: str, bases: tuple[str, ...]) -> tuple[Match, str]:
    """The strongest match over all that a paper is called, and the words it rests on."""
    found = {match_title(title, repository, owner, bases): title for title in reversed(titles)}
    order: tuple[Match, ...] = ("full", "version", "base", "family")
    for kind in order:
        if kind in found:
            return kind, clean_title(found[kind])[:120]
    return "", ""


def family_number(title: str, repository: str) -> str:
    match = find(pieces(repository), title, "any")
    return match[0] if match else ""
