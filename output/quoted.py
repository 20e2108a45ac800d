"""Copies of the quoted files of source trees, kept beside the archive, so that a tree is unpacked once."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from contextlib import suppress
from pathlib import Path

from output.positions import MEMBER_CAP

SHA256 = re.compile(r"[0-9a-f]{64}")


class QuotedFiles:
    """Files by the SHA-256 of their bytes in `quoted/`; a copy that does not have it is not read.

    The archive stays what a record is verified against; these copies can be deleted at any time.
    """

    def __init__(self, run_folder: Path) -> None:
        self.folder = run_folder / "quoted"

    def get(self, sha256: str) -> bytes | None:
        """The bytes with this hash, None where no whole copy is kept."""
        if not SHA256.fullmatch(sha256):
            return None
        try:
            with gzip.open(self.folder / f"{sha256}.gz") as file:
                body = file.read(MEMBER_CAP)
        except (OSError, EOFError, zlib.error):
            return None
        return body if hashlib.sha256(body).hexdigest() == sha256 else None

    def keep(self, body: bytes) -> None:
        """Keep a copy; a folder that cannot be written to keeps none."""
        path = self.folder / f"{hashlib.sha256(body).hexdigest()}.gz"
        part = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            part.write_bytes(gzip.compress(body, mtime=0))
            part.replace(path)
