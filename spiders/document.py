"""What spiders bring in: documents pinned to a revision, what could not be read, and who pointed where."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO, Literal, Self, TypeVar

from output.positions import Opened
from output.record import Outcome, Selector, Source

T = TypeVar("T")

Kind = Literal[
    "hub_model",  # JSON of /api/models/ID, at a revision, with sizes (`?blobs=true`)
    "hub_dataset",  # JSON of /api/datasets/ID
    "hub_listing",  # JSON list of /api/models?author=
    "hub_croissant",  # JSON-LD of /api/datasets/ID/croissant
    "model_card",  # README.md of a Hub model, MODEL_CARD.md of a repository
    "dataset_card",  # README.md of a Hub dataset
    "dataset_place",  # what a place outside the Hub says of a dataset: JSON of GitHub or Zenodo, or a page
    "github_repository",  # JSON of /repos/OWNER/REPO
    "github_commit",  # JSON of /repos/OWNER/REPO/commits/REF
    "github_tree",  # JSON of /repos/OWNER/REPO/git/trees/SHA?recursive=1
    "github_compare",  # JSON of /repos/OWNER/REPO/compare/PARENT:BRANCH...SHA: a fork beside its parent
    "parent_readme",  # README of a fork's parent at the commit where the fork began
    "source_archive",  # tar.gz of a whole repository at a commit
    "source_file",  # one raw file of a repository at a commit
    "license",  # LICENSE, NOTICE, USE_POLICY … of a Hub repository, or a local file
    "arxiv_feed",  # Atom answer for one or more ids
    "paper_metadata",  # JSON of OpenAlex, Semantic Scholar … about a paper
    "paper",  # PDF
    "web_page",  # HTML that a document named
]

Relation = Literal[
    "root",
    "base_model",
    "dataset",
    "repository",
    "training",  # where a document says that the training code is
    "paper",
    "listing",
    "model_family",
    "serving_engine",
    "mention",
]


ASKED_FOR = "asked for"  # reason of a lead that a person or an index entry gives


class Readable:
    """A thing that many detectors read."""

    def once(self, read: Callable[[Self], T]) -> T:
        """What a reader makes of it: read once, however many ask."""
        if read not in self._read:
            self._read[read] = read(self)
        return self._read[read]  # type: ignore[no-any-return]

    @cached_property
    def _read(self) -> dict[Callable[[Any], Any], Any]:
        return {}


@dataclass(frozen=True)
class Document(Readable):
    """One thing that was read: its bytes and where they come from.

    `target` is the crawl target it belongs to (`hf:model:ORG/NAME`, `hf:dataset:ORG/NAME`, `github:OWNER/REPO`,
    `arxiv:ID`, `url:…`). `source.sha256` is the hash of `body`.
    """

    kind: Kind
    target: str
    source: Source
    body: bytes = field(repr=False)

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The body as a stream."""
        return io.BytesIO(self.body)

    @cached_property
    def text(self) -> str:
        """The body as UTF-8 with replacement, line ends untouched: the text that selectors count in."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def facts(self) -> dict[str, Any] | None:
        """The JSON object of a service's answer; None where the body holds none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class StoredDocument(Document):
    """A source archive, read as a stream from where it lies: nobody holds its bytes, and `body` is empty."""

    opened: Opened = field(repr=False, compare=False, kw_only=True)

    def open(self) -> AbstractContextManager[BinaryIO]:
        return self.opened()


def stored_tree(target: str, source: Source, opened: Opened) -> Document:
    """A source archive that lies somewhere. Raises ArchiveError where it does not."""
    with opened():
        return StoredDocument("source_archive", target, source, b"", opened=opened)


@dataclass(frozen=True)
class Miss:
    """An address that was asked and gave no document: never an absence, always its own outcome.

    `source` is the answer that was got instead (with status and archive position), or just the address.
    """

    target: str
    what: Kind
    source: Source
    outcome: Outcome  # "unavailable" (gated, private, removed, over a cap) or "error"
    reason: str


@dataclass(frozen=True)
class Lead:
    """A pointer from one target to another, with where it was seen and why it was followed or not."""

    origin: str  # target whose document named it
    target: str
    relation: Relation
    reason: str
    source: Source | None = None
    selector: Selector | None = None
    exact: str = ""
    ref: str | None = None  # branch, tag or commit that the link names
    path: str | None = None  # folder or file that the link names
    followed: bool = False
