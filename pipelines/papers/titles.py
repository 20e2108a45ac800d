"""Papers that a release names by title only, and whether a work that was looked up is one of them.

The guard is strict, since a wrong match is worse than none: the same title letter for letter (case and punctuation
aside), and an author in common.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from pipelines.dossier import Dossier
from pipelines.papers.mentions import bibtex_title, entries_of
from pipelines.papers.names import clean_title, match_title
from pipelines.papers.own import SOFTWARE, own_papers, release_documents, release_name
from pipelines.readers.arxiv import find_ids
from pipelines.readers.publications import Publication
from spiders.document import Document

TITLES_SHOWN = 2
SHORTEST = 12  # characters: a shorter title fits many works

AUTHORS = re.compile(r"(?i)(?<![a-z])author\s{0,20}=\s{0,20}[\"{]((?:[^{}\"]|\{[^{}]{0,80}\}){2,4000})")


class NamedTitle(msgspec.Struct, frozen=True):
    """A citation of the model's paper that gives no arXiv id."""

    title: str
    families: frozenset[str]  # of the authors, folded
    document: Document
    start: int
    end: int


def named_titles(dossier: Dossier) -> list[NamedTitle]:
    """Titles called after the model, of a release for which no paper is known by its id."""
    if any(paper.verdict == "own" for paper in own_papers(dossier)):
        return []
    owner, _, repository = release_name(dossier, dossier.root).rpartition("/")
    found: dict[str, NamedTitle] = {}
    for document in release_documents(dossier, dossier.root):
        if document.kind == "hub_model":
            continue
        for start, end in document.once(entries_of):
            entry = document.text[start:end]
            title = clean_title(bibtex_title(entry))
            authors = AUTHORS.search(entry)
            if len(title) < SHORTEST or not authors or SOFTWARE.search(entry) or next(find_ids(entry), None):
                continue
            if match_title(title, repository, owner) in ("full", "family"):
                families = frozenset(filter(None, map(family, re.split(r"\s+and\s+", authors[1]))))
                found.setdefault(folded(title), NamedTitle(title, families, document, start, end))
    return list(found.values())[:TITLES_SHOWN]


def is_named(work: Publication, named: NamedTitle) -> bool:
    """The same title, and an author in common."""
    same = bool(work.title) and folded(clean_title(work.title)) == folded(named.title)
    return same and not named.families.isdisjoint(map(family, work.authors))


def folded(title: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", title).lower())


def family(name: str) -> str:
    """Family name of `Ada Writer` or `Writer, Ada`, without accents; empty for `others` and for one letter."""
    name = re.sub(r"\\[^a-zA-Z]?|[{}]", "", name).strip()
    last = name.partition(",")[0] if "," in name else (name.split() or [""])[-1]
    plain = "".join(c for c in unicodedata.normalize("NFKD", last).lower() if c.isalpha())
    return "" if len(plain) < 2 or plain == "others" else plain
