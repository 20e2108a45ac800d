"""Repositories written as one text file: `=== PATH` and then the file."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from pathlib import Path

from output.record import ArchivePosition, Source
from spiders.document import Document

REVISION = "0123456789abcdef0123456789abcdef01234567"
CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def files_of(text: str) -> dict[str, bytes]:
    parts = re.split(r"^=== (.+)\n", text, flags=re.MULTILINE)
    return {path: body.encode() for path, body in zip(parts[1::2], parts[2::2], strict=True)}


def archive(files: dict[str, bytes], target: str = "github:maker/model") -> Document:
    """The files as GitHub would pack them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, body in files.items():
            info = tarfile.TarInfo(f"model-0123456/{path}")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    packed = gzip.compress(buffer.getvalue(), mtime=0)
    name = target.removeprefix("github:")
    source = Source(
        f"https://codeload.github.com/{name}/legacy.tar.gz/{REVISION}",
        f"https://github.com/{name}/tree/{REVISION}",
        revision=REVISION,
        sha256=hashlib.sha256(packed).hexdigest(),
        size=len(packed),
        archive=ArchivePosition("a.warc.gz", "<urn:uuid:1>", 0),
    )
    return Document("source_archive", target, source, packed)
