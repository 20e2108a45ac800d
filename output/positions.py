"""Reading documents back out of a run's WARC files, by the position a record names."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

from output.record import ArchivePosition

BLOCK = 256 * 1024  # read at once: warcio's own 16 KB double the time of a large answer
BODY_CAP = 512 * 1024 * 1024
MEMBER_CAP = 16 * 1024 * 1024
TREE_CAP = 2 * 1024 * 1024 * 1024  # of bytes unpacked from one source tree


class ArchiveError(Exception):
    """The archive does not hold what the record says it holds."""


def read_payload(run_folder: Path, position: ArchivePosition) -> bytes:
    """Return the body at a position, of the whole answer, not of a member. Raises ArchiveError."""
    root = run_folder.resolve()
    path = (root / position.file).resolve()
    if not path.is_file() or not path.is_relative_to(root):
        path = root / "archive" / Path(position.file).name
    try:
        with path.open("rb") as file:
            file.seek(position.offset)
            record = next(iter(ArchiveIterator(file, block_size=BLOCK)))
            if record.rec_headers.get_header("WARC-Record-ID") != position.record_id:
                raise ArchiveError(f"{position.file} at {position.offset}: not the record {position.record_id}")
            body: bytes = record.content_stream().read(BODY_CAP)
            return body
    except ArchiveError:
        raise
    except Exception as error:  # warcio raises many kinds for a damaged file
        raise ArchiveError(f"{position.file} at {position.offset}: {error}") from error


def members(tree: bytes, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield wanted files of a tar archive, named with or without its top folder. Nothing is written to disk.

    A single packed file, as arXiv gives the source of a paper in one file, is the only member there is.
    """
    left = set(wanted)
    unpacked = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(tree), mode="r|*") as tar:
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
    except (tarfile.TarError, EOFError, OSError) as error:
        if tree[:2] == b"\x1f\x8b" and len(left) == 1 and (body := single(tree)):
            yield left.pop(), body
            return
        raise ArchiveError(f"source tree cannot be unpacked: {error}") from error


def single(packed: bytes) -> bytes:
    """A gzip file that holds no tar, or nothing where it is damaged or over the cap."""
    try:
        body = zlib.decompressobj(31).decompress(packed, MEMBER_CAP)
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
            body = read_payload(run_folder, answer)
            if None in wanted:
                yield answer, body
            names = [name for name in wanted if name is not None]
            for name, content in members(body, names) if names else ():
                yield ArchivePosition(answer.file, answer.record_id, answer.offset, name), content
        except ArchiveError:
            continue
