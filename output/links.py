"""What the addresses in an entry point at, and whether they can show something else tomorrow."""

from __future__ import annotations

import re

from output.record import EvidenceRecord

HUB = re.compile(
    r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<kind>datasets/|spaces/)?(?P<id>[\w.-]+/[\w.-]+)(?P<rest>[/?#].*)?$"
)
GITHUB = re.compile(r"^https?://(?:www\.)?github\.com/(?P<id>[\w.-]+/[\w.-]+?)(?:\.git)?(?P<rest>[/?#].*)?$")
ARXIV = re.compile(
    r"^https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/(?P<id>\d{4}\.\d{4,5}|[\w.-]+/\d{7})(?P<version>v\d+)?"
)
NOT_REPOSITORIES = {"collections", "papers", "blog", "docs", "orgs", "sponsors", "features", "topics", "join"}
ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}(v\d+)?")
DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
COMMIT = re.compile(r"/[0-9a-f]{40}(?:/|$|\?|#)")


def target_of(link: str) -> str | None:
    """The crawl target a link points at, or None for a page of another kind."""
    if found := HUB.match(link):
        if found["id"].split("/")[0] in NOT_REPOSITORIES or found["kind"] == "spaces/":
            return None
        return f"hf:{'dataset' if found['kind'] else 'model'}:{found['id']}"
    if found := GITHUB.match(link):
        return None if found["id"].split("/")[0] in NOT_REPOSITORIES else f"github:{found['id']}"
    if found := ARXIV.match(link):
        return f"arxiv:{found['id']}"
    return None


def same_target(one: str, other: str) -> bool:
    """The services take owner and name in any case."""
    return one.lower() == other.lower()


def pinned(link: str) -> bool:
    """Whether a link to the Hub, GitHub or arXiv names a commit or version; True for other pages, which have none."""
    if (found := ARXIV.match(link)) is not None:
        return found["version"] is not None
    return target_of(link) is None or COMMIT.search(link) is not None


FILE = re.compile(r"/(?:blob|tree|raw|resolve)/(?:main|master|HEAD)(?P<path>/[^?#]*)?$")


def at_revision(link: str, record: EvidenceRecord) -> str | None:
    """An unpinned link to the Hub, GitHub or arXiv, pinned to the revision at which a record read the same target.

    A file or folder keeps its path, a repository's front page becomes its tree. The front page of a model is its card:
    it becomes the page that was quoted, where that is a file of it.
    """
    here, page = target_of(link), cited_page(record)
    there = target_of(page)
    if pinned(link) or not pinned(page) or here is None or there is None or not same_target(here, there):
        return None
    commit = COMMIT.search(page)
    if commit is None:
        return page
    revision = commit[0].strip("/?#")
    base, _, fragment = link.partition("#")
    base = base.partition("?")[0]
    tail = f"#{fragment}" if fragment else ""
    if file := FILE.search(base):
        kind = "blob" if "/blob/" in base else "tree"
        return f"{base[: file.start()]}/{kind}/{revision}{file['path'] or ''}{tail}"
    if base.rstrip("/").removesuffix(".git").count("/") > here.count("/") + 3:
        return None  # a page below it, or a branch of its own name: what stands there was not read
    if HUB.match(link):
        return page
    return f"{base.rstrip('/').removesuffix('.git')}/tree/{revision}{tail}"


def quoted_page(record: EvidenceRecord) -> str:
    """The page on which people find the quote; one answer of arXiv speaks of many papers, so its record names which."""
    if record.source is None:
        return ""
    paper = record.value.get("arxiv")
    if "/api/query" in record.source.url and isinstance(paper, str) and ARXIV_ID.fullmatch(paper):
        return f"https://arxiv.org/abs/{paper}"
    return record.source.view_url


def cited_page(record: EvidenceRecord) -> str:
    """The page that shows a fact: the published paper where the record names one, else where the quote stands.

    Of an answer on a whole repository this is its tree at the revision that was read.
    """
    doi = record.value.get("doi")
    if record.parameter == "paper" and isinstance(doi, str) and DOI.fullmatch(doi):
        return f"https://doi.org/{doi}"
    page, revision = quoted_page(record), record.source.revision if record.source else None
    if revision is None or pinned(page) or ARXIV.match(page):
        return page
    name = (target_of(page) or "").rpartition(":")[2]
    return f"{page}/tree/{revision}" if page.endswith(f"/{name}") else page


def linked_page(record: EvidenceRecord) -> str:
    """The page an entry links for a fact: on code the whole repository at the revision that was read."""
    page, revision = cited_page(record), record.source.revision if record.source else None
    repository = GITHUB.match(page) if record.parameter in ("trainingcode", "code") else None
    return f"https://github.com/{repository['id']}/tree/{revision}" if revision and repository else page


def page_of(target: str) -> str:
    """The page of a target for people."""
    kind, _, name = target.partition(":")
    if kind == "hf":
        kind, _, name = name.partition(":")
        return f"https://huggingface.co/{'datasets/' if kind == 'dataset' else ''}{name}"
    homes = {"github": "https://github.com/", "arxiv": "https://arxiv.org/abs/", "url": ""}
    return homes.get(kind, "") + name
