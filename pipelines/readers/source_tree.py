"""Source trees: the files of a repository at a commit, streamed, bounded, never written to disk.

A tree comes as one `source_archive` document (GitHub's tar.gz with one top folder), or as a `github_tree` document
(the JSON list of all paths) with `source_file` documents for what was fetched. A local folder is turned into the second
form. Names, sizes and contents are the repository owner's: everything is capped, and what a cap cut off is told, since
a claim of absence must not cover it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import quote

import msgspec

from output.positions import ArchiveError
from output.record import Outcome, Searched, Source, git_blob_id
from pipelines.dossier import Dossier
from spiders.document import Document, Kind, Miss

FileKind = Literal["file", "link", "submodule", "lfs", "special"]

MAX_COMPRESSED = 600 * 1024 * 1024
MAX_RAW = 4 * 1024 * 1024 * 1024
MAX_RATIO = 200  # gzip of source text reaches about 10; only checked from RATIO_FROM bytes on
RATIO_FROM = 64 * 1024 * 1024
MAX_MEMBERS = 150_000
MAX_PATH = 1024  # characters
MAX_FILE = 2 * 1024 * 1024  # bytes of one file that are kept for reading
MAX_HEADER = 1024 * 1024  # bytes between two members: extended headers and padding
BUFFER = 64 * 1024
NOT_KEPT = "not kept"
MAX_KEPT = 16 * 1024 * 1024  # bytes of one archive that are held for those who read it later
KEPT_UNASKED = 128 * 1024  # bytes of a document that is held without being asked for
DOCUMENTS = frozenset({"", ".md", ".mdx", ".rst", ".txt", ".cff", ".bib", ".html", ".yml", ".yaml", ".toml"})
LOCAL_SKIPPED = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".tox"}
)
BROKEN = (
    ArchiveError, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError, IndexError,
)  # fmt: skip

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LFS_HEAD = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class TreeFile:
    """One path of a tree. `body` is None for what is not a text file of at most MAX_FILE bytes or was not fetched.

    `unread` says why a file has no body: "binary", "too large", "not fetched", "name", "not kept".
    """

    path: str
    size: int
    kind: FileKind
    tree: Source = field(repr=False)
    target: str
    body: bytes | None = field(default=None, repr=False)
    unread: str = ""
    blob: str | None = None  # git's id of the blob, or of the commit for a submodule
    own: Source | None = field(default=None, repr=False)  # where the file was fetched on its own

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """Lower case, with the dot; empty where there is none."""
        stem, dot, end = self.name.rpartition(".")
        return dot + end.lower() if stem and end else ""

    @property
    def readable(self) -> bool:
        """True for a text file within the caps, whether or not its bytes are still held."""
        return self.body is not None or self.unread == NOT_KEPT

    @cached_property
    def text(self) -> str:
        """UTF-8 with replacement, line ends untouched, as selectors count; empty where nothing was read."""
        return (self.body or b"").decode("utf-8", "replace")

    @cached_property
    def source(self) -> Source:
        """The file's own raw address, hash and position: what a record about it names."""
        if self.own is not None:
            return msgspec.structs.replace(self.own, git_blob=self.own.git_blob or self.blob)
        url, view_url = file_addresses(self.target, self.tree, self.path)
        archive = self.tree.archive and msgspec.structs.replace(self.tree.archive, member=self.path)
        body = self.body
        return Source(
            url,
            view_url,
            revision=self.tree.revision,
            path=self.path,
            sha256="" if body is None else hashlib.sha256(body).hexdigest(),
            git_blob=self.blob if body is None else git_blob_id(body),
            size=self.size,
            retrieved_at=self.tree.retrieved_at,
            status=self.tree.status,
            archive=archive,
        )

    def document(self, kind: Kind) -> Document:
        """The file as a document of its own, for detectors of single files. Raises ValueError where it was not read."""
        if self.body is None:
            raise ValueError(f"{self.path} was not read: {self.unread}")
        return Document(kind, self.target, self.source, self.body)


@dataclass
class SourceTree:
    """The tree of one repository. Counters and `problem` are complete once `files()` was walked to its end."""

    target: str
    document: Document
    fetched: dict[str, Document] = field(default_factory=dict, repr=False)
    listed: int = 0  # paths seen
    read: int = 0  # files whose bytes were given out
    skipped: dict[str, int] = field(default_factory=dict)  # reason -> number of paths
    problem: str = ""  # why the walk ended early: what was not seen is in no claim
    _index: list[TreeFile] | None = field(default=None, repr=False)  # of the last walk, most without their bytes
    _kept: int = field(default=0, repr=False)  # bytes held by the index
    _wanted: set[str] = field(default_factory=set, repr=False)

    @property
    def source(self) -> Source:
        return self.document.source

    @property
    def revision(self) -> str | None:
        return self.source.revision

    @property
    def partial(self) -> bool:
        """True where single files stand in for the tree: some contents were not fetched. Known after a walk."""
        return self.skipped.get("not fetched", 0) > 0

    def files(self) -> Iterator[TreeFile]:
        """Walk the tree once more from the start; files come with their bytes and can be dropped one by one."""
        self.listed, self.read, self.skipped, self.problem = 0, 0, {}, ""
        self._kept, index = 0, list[TreeFile]()
        for file in self._walk():
            self.listed += 1
            if file.body is not None:
                self.read += 1
            else:
                self._skip(file.unread or file.kind)
            yield file
            index.append(self._held(file))
        self._index = index

    def keep(self, file: TreeFile) -> None:
        """Ask, while its walk goes on, to hold the bytes of a file for those who read the tree later."""
        self._wanted.add(file.path)

    def index(self) -> list[TreeFile]:
        """All files of the last walk, or of a first one; `readable` ones may need `whole` to have their bytes again."""
        if self._index is None:
            for _ in self.files():
                pass
        return self._index or []

    def whole(self, files: Sequence[TreeFile]) -> list[TreeFile]:
        """The same files with their bytes, by one more walk where some were not held."""
        missing = {file.path for file in files if file.unread == NOT_KEPT}
        found = {file.path: file for file in self._walk() if file.path in missing} if missing else {}
        return [found.get(file.path, file) for file in files]

    def _walk(self) -> Iterator[TreeFile]:
        return self._listing() if self.document.kind == "github_tree" else self._archive()

    def _held(self, file: TreeFile) -> TreeFile:
        """A file as the index holds it: small documents and what was asked for whole, all else without its bytes."""
        if file.body is None or self.document.kind == "github_tree":
            return file
        small = file.size <= KEPT_UNASKED and file.suffix in DOCUMENTS
        if (small or file.path in self._wanted) and self._kept + file.size <= MAX_KEPT:
            self._kept += file.size
            return file
        return replace(file, body=None, unread=NOT_KEPT)

    def searched(self) -> Searched:
        """The tree as what was read for an absence. Only of use after a walk."""
        return Searched(self.source.url, self.source.sha256, f"source tree: {self.listed} files, {self.read} read")

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def _archive(self) -> Iterator[TreeFile]:
        end = 0
        try:
            with (
                self.document.open() as packed,
                _Gunzip(packed) as stream,
                tarfile.open(fileobj=stream, mode="r|", bufsize=BUFFER, errors="surrogateescape") as tar,
            ):
                for count in range(MAX_MEMBERS + 1):
                    stream.allow = max(stream.count, end) + MAX_HEADER
                    member = tar.next()
                    if member is None:
                        _check_end(tar, stream, end)
                        break
                    tar.members.clear()  # type: ignore[attr-defined]  # a stream keeps every member otherwise
                    if count == MAX_MEMBERS:
                        raise _LimitError(f"more than {MAX_MEMBERS} members")
                    if member.size < 0 or member.offset_data + member.size > MAX_RAW:
                        raise _LimitError(f"more than {MAX_RAW} bytes unpacked")
                    end = member.offset_data + -(-member.size // 512) * 512 if member.isreg() else member.offset_data
                    stream.allow = end + MAX_HEADER
                    if (file := self._member(tar, member)) is not None:
                        yield file
        except _LimitError as error:
            self.problem = str(error)
        except BROKEN as error:
            self.problem = f"archive broken after {self.listed} files: {type(error).__name__}"

    def _member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> TreeFile | None:
        if member.isdir():
            return None
        path = member.name.split("/", 1)[1] if "/" in member.name else member.name
        source = self.source
        if not safe_path(path):
            return TreeFile(printable(path), member.size, "special", source, self.target, unread="name")
        if member.issym() or member.islnk():
            return TreeFile(path, 0, "link", source, self.target)
        if not member.isreg():
            return TreeFile(path, 0, "special", source, self.target)
        if member.size > MAX_FILE:
            return TreeFile(path, member.size, "file", source, self.target, unread="too large")
        handle = tar.extractfile(member)
        body = handle.read(member.size) if handle else b""
        if len(body) != member.size:
            raise EOFError(path)
        return _file(path, body, source, self.target)

    def _listing(self) -> Iterator[TreeFile]:
        try:
            listing = json.loads(self.document.body)
            entries = listing["tree"]
            if not isinstance(entries, list):
                raise TypeError("tree is not a list")
        except (ValueError, KeyError, TypeError, RecursionError):
            self.problem = "list of files could not be read"
            return
        if listing.get("truncated"):
            self.problem = "the service cut the list of files short"
        for entry in entries[:MAX_MEMBERS]:
            if isinstance(entry, dict) and isinstance(entry.get("path"), str) and entry.get("type") != "tree":
                yield self._entry(entry, entry["path"])
        if len(entries) > MAX_MEMBERS:
            self.problem = f"more than {MAX_MEMBERS} files"

    def _entry(self, entry: dict[str, object], path: str) -> TreeFile:
        size, blob = entry.get("size"), entry.get("sha")
        bare = TreeFile(
            path,
            size if isinstance(size, int) else 0,
            "file",
            self.source,
            self.target,
            unread=str(entry.get("unread") or "not fetched"),
            blob=blob if isinstance(blob, str) else None,
        )
        if not safe_path(path):
            return replace(bare, path=printable(path), kind="special", unread="name")
        if entry.get("type") == "commit":
            return replace(bare, kind="submodule", unread="")
        if entry.get("mode") == "120000":
            return replace(bare, kind="link", unread="")
        document = self.fetched.get(path)
        if document is None:
            return bare
        if len(document.body) > MAX_FILE:
            return replace(bare, unread="too large")
        return replace(_file(path, document.body, self.source, self.target), blob=bare.blob, own=document.source)


class _LimitError(Exception):
    """A cap was reached: the walk ends, what was read stays read."""


class _Gunzip(io.RawIOBase):
    """Unpacks gzip, never past `allow` bytes: a header that claims gigabytes cannot make tarfile hold them."""

    def __init__(self, packed: BinaryIO) -> None:
        self.packed = packed
        self.position = 0
        self.count = 0
        self.allow = MAX_HEADER
        self.unpacker = zlib.decompressobj(31)
        self.pending = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        wanted = size if size >= 0 else MAX_HEADER
        while wanted > 0 and not self.unpacker.eof:
            if not self.pending:
                chunk = self.packed.read(BUFFER)
                if not chunk:
                    raise EOFError("gzip stream ends early")
                self.position += len(chunk)
                if self.position > MAX_COMPRESSED:
                    raise _LimitError(f"archive over {MAX_COMPRESSED} bytes")
                self.pending = chunk
            part = self.unpacker.decompress(self.pending, wanted)
            self.pending = self.unpacker.unconsumed_tail
            self.count += len(part)
            wanted -= len(part)
            parts.append(part)
            if self.count > self.allow + BUFFER:
                raise _LimitError(f"extended header over {MAX_HEADER} bytes")
            if self.count > RATIO_FROM and self.count > MAX_RATIO * (self.position + 1):
                raise _LimitError(f"unpacks to more than {MAX_RATIO} times its size")
        return b"".join(parts)


def _check_end(tar: tarfile.TarFile, stream: _Gunzip, end: int) -> None:
    """tarfile takes a damaged header for the end: behind the true end are only zeros, and the last member before it."""
    assert tar.fileobj is not None
    while block := tar.fileobj.read(BUFFER):
        stream.allow = stream.count + MAX_HEADER
        if block.strip(b"\0"):
            raise tarfile.ReadError("damaged header")
    if stream.count < end + 512:
        raise EOFError("tar ends early")


def _file(path: str, body: bytes, tree: Source, target: str) -> TreeFile:
    size = len(body)
    if body.startswith(LFS_HEAD) and size < 1024:
        return TreeFile(path, size, "lfs", tree, target, blob=git_blob_id(body))
    if not is_text(body):
        return TreeFile(path, size, "file", tree, target, unread="binary")
    return TreeFile(path, size, "file", tree, target, body=body)


def is_text(body: bytes) -> bool:
    """Git's own test: no NUL byte near the start."""
    return b"\0" not in body[:8192]


def safe_path(path: str) -> bool:
    """True for a relative path without `..` that is UTF-8, fits on one line and is not longer than MAX_PATH."""
    if len(path) > MAX_PATH or any(part in ("", ".", "..") for part in path.split("/")):
        return False
    return not UNPRINTABLE.search(path)


def printable(path: str) -> str:
    """A path of any bytes as text that can be written into JSON, cut to MAX_PATH."""
    text = path[:MAX_PATH].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return UNPRINTABLE.sub("\ufffd", text)


def file_addresses(target: str, tree: Source, path: str) -> tuple[str, str]:
    """Public raw and view address of a file of a tree; a local tree's files are named by their path."""
    quoted = quote(path)
    if target.startswith("github:") and tree.revision:
        name = target.removeprefix("github:")
        return (
            f"https://raw.githubusercontent.com/{name}/{tree.revision}/{quoted}",
            f"https://github.com/{name}/blob/{tree.revision}/{quoted}",
        )
    local = f"{(tree.path or tree.url).rstrip('/')}/{path}"
    return local, local


def source_trees(dossier: Dossier) -> Iterator[SourceTree]:
    """One tree per repository of the dossier: its archive, or else its list of files with those that were fetched."""
    for target in dossier.targets:
        tree = source_tree(dossier, target)
        if tree is not None:
            yield tree


def source_tree(dossier: Dossier, target: str) -> SourceTree | None:
    """The tree of one target, None where neither archive nor list was read; the same for all detectors of a dossier."""
    if target not in dossier.memory:
        dossier.memory[target] = _source_tree(dossier, target)
    tree = dossier.memory[target]
    assert tree is None or isinstance(tree, SourceTree)
    return tree


def _source_tree(dossier: Dossier, target: str) -> SourceTree | None:
    for document in dossier.of("source_archive", target=target):
        return SourceTree(target, document)
    for document in dossier.of("github_tree", target=target):
        fetched = {d.source.path: d for d in dossier.of("source_file", "license", target=target) if d.source.path}
        return SourceTree(target, document, fetched)
    return None


def tree_misses(dossier: Dossier, target: str) -> Iterator[Miss]:
    """What was asked to get the tree and gave none."""
    return (m for m in dossier.missed(target) if m.what in ("source_archive", "github_tree", "github_repository"))


def tree_outcome(tree: SourceTree) -> Outcome:
    """The outcome of a walk that ended early: over a cap is unavailable, a broken archive an error."""
    return "error" if "broken" in tree.problem or "could not be read" in tree.problem else "unavailable"


def local_tree(folder: Path, target: str) -> tuple[Document, ...]:
    """A local folder as documents: the list of its files and the readable ones; links are named, not followed.

    Folders of version control and of installed packages are left out. Raises OSError where the folder cannot be read.
    """
    entries: list[dict[str, object]] = []
    files: list[Document] = []
    for here, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(f for f in folders if f not in LOCAL_SKIPPED)
        for name in sorted(names + [f for f in folders if (Path(here) / f).is_symlink()]):
            where = Path(here) / name
            entry, document = _local_file(where, where.relative_to(folder).as_posix(), target)
            entries.append(entry)
            files += [document] if document else []
            if len(entries) > MAX_MEMBERS:
                raise OSError(f"{folder} holds more than {MAX_MEMBERS} files")
    listing = json.dumps({"tree": entries, "truncated": False}).encode()
    source = Source(
        str(folder), str(folder), path=str(folder), sha256=hashlib.sha256(listing).hexdigest(), size=len(listing)
    )
    return (Document("github_tree", target, source, listing), *files)


def _local_file(where: Path, path: str, target: str) -> tuple[dict[str, object], Document | None]:
    if where.is_symlink() or not where.is_file():
        return {"path": path, "type": "blob", "mode": "120000", "size": 0}, None
    size = where.stat().st_size
    entry: dict[str, object] = {"path": path, "type": "blob", "mode": "100644", "size": size}
    if size > MAX_FILE:
        return {**entry, "unread": "too large"}, None
    body = where.read_bytes()
    if not is_text(body):
        return {**entry, "unread": "binary"}, None
    address = str(where)
    source = Source(address, address, path=path, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    return entry, Document("source_file", target, source, body)


def _raise(error: OSError) -> None:
    raise error
