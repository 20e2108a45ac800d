"""What the addresses in an entry point at, and whether they can show something else tomorrow."""

from __future__ import annotations

import re

HUB = re.compile(
    r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<kind>datasets/|spaces/)?(?P<id>[\w.-]+/[\w.-]+)(?P<rest>[/?#].*)?$"
)
GITHUB = re.compile(r"^https?://(?:www\.)?github\.com/(?P<id>[\w.-]+/[\w.-]+?)(?:\.git)?(?P<rest>[/?#].*)?$")
ARXIV = re.compile(
    r"^https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/(?P<id>\d{4}\.\d{4,5}|[\w.-]+/\d{7})(?P<version>v\d+)?"
)
NOT_REPOSITORIES = {"collections", "papers", "blog", "docs", "orgs", "sponsors", "features", "topics", "join"}
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
