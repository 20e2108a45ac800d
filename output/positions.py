"""Reading documents back out of a run's WARC files, by the position a record names."""

from __future__ import annotations

import tarfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from warcio.archiveiterator import ArchiveIterator

from output.record import ArchivePosition

BLOCK = 256 * 1024  # read at once: warcio's own 16 KB double the time of a large answer
BODY_CAP = 512 * 1024 * 1024
MEMBER_CAP = 16 * 1024 * 1024
TREE_CAP = 2 * 1024 * 1024 * 1024  # of bytes unpacked from one source tree

Opened = Callable[[], AbstractContextManager[BinaryIO]]


class ArchiveError(Exception):
    """The archive does not hold what the record says it holds."""


@contextmanager
def payload(run_folder: Path, position: ArchivePosition) -> Iterator[BinaryIO]:
    """The body at a position as a stream, of the whole answer, not of a member. Raises ArchiveError."""
    root = run_folder.resolve()
    path = (root / position.file).resolve()
    if not path.is_file() or not path.is_relative_to(root):
        path = root / "archive" / Path(position.file).name
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            file.seek(position.offset)
            record = next(iter(ArchiveIterator(file, block_size=BLOCK)))
        except Exception as error:  # warcio raises many kinds for a damaged file
            raise damaged(position, error) from error
        if record.rec_headers.get_header("WARC-Record-ID") != position.record_id:
            raise ArchiveError(f"{position.file} at {position.offset}: not the record {position.record_id}")
        yield record.content_stream()


def damaged(position: ArchivePosition, error: Exception) -> ArchiveError:
    return ArchiveError(f"{position.file} at {position.offset}: {error}")


def read_payload(run_folder: Path, position: ArchivePosition) -> bytes:
    """The whole body at a position, in memory. Raises ArchiveError."""
    with payload(run_folder, position) as stream:
        try:
            return stream.read(BODY_CAP)
        except Exception as error:
            raise damaged(position, error) from error


def members(opened: Opened, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield wanted files of a tar archive, named with or without its top folder. Nothing is written to disk.

    A single packed file, as arXiv gives the source of a paper in one file, is the only member there is.
    """
    left = set(wanted)
    unpacked = 0
    try:
        with opened() as tree, tarfile.open(fileobj=tree, mode="r|*") as tar:
            for info in tar:
                unpacked += info.size
                if not left or unpacked > TREE_CAP:
                    return
                names = {info.name, info.name.partition("/")[2]} & left
                if not names or not info.isfile() or info.size > MEMBER_CAP:
                    continue
                file = tar.extractfile(info)
                body = file.read() if file else b""
                left -= names
                yield from ((name, body) for name in sorted(names))
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        if len(left) == 1 and (body := single(opened)):
            yield left.pop(), body
            return
        raise ArchiveError(f"source tree cannot be unpacked: {error}") from error


def single(opened: Opened) -> bytes:
    """A gzip file that holds no tar, or nothing where it is damaged or over the cap."""
    try:
        with opened() as packed:
            body = zlib.decompressobj(31).decompress(packed.read(MEMBER_CAP), MEMBER_CAP)
    except zlib.error:
        return b""
    return b"" if body[257:262] == b"ustar" else body


def documents(run_folder: Path, positions: Iterable[ArchivePosition]) -> Iterator[tuple[ArchivePosition, bytes]]:
    """Yield each distinct position with its bytes, reading every answer once; leave out what cannot be read."""
    answers: dict[ArchivePosition, set[str | None]] = defaultdict(set)
    for position in positions:
        answers[ArchivePosition(position.file, position.record_id, position.offset)].add(position.member)
    for answer, wanted in answers.items():
        try:
            if None in wanted:
                yield answer, read_payload(run_folder, answer)
            names = [name for name in wanted if name is not None]
            for name, content in members(partial(payload, run_folder, answer), names) if names else ():
                yield ArchivePosition(answer.file, answer.record_id, answer.offset, name), content
        except ArchiveError:
            continue
