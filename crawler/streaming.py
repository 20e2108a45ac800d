"""Bodies of source trees go to disk while they come in: a response of Scrapy holds its whole body in memory.

Scrapy has no setting for this. Its reader of bodies is replaced by one that differs in where it writes (contract test:
tests/crawler/test_wire.py).
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from pathlib import Path
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers import http11
from scrapy.http import Response

from crawler.session import session_of

MEMORY = 1024 * 1024  # smaller bodies never touch the disk


class OnDisk(io.BytesIO):
    """A body in a file that has no name and goes with the process. For Scrapy, an empty one in memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = tempfile.SpooledTemporaryFile(MEMORY, "w+b", dir=str(folder))  # noqa: SIM115
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            self.file.write(data)
        except OSError as error:  # raised here, it would pass for a broken connection
            self.error = error
        return len(data)

    def finished(self) -> tuple[str, int]:
        """SHA-256 and size of the whole body, which can be read from its beginning then. Raises OSError."""
        if self.error is not None:
            raise self.error
        size = self.file.tell()
        self.file.seek(0)
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()
        self.file.seek(0)
        return digest, size

    def close(self) -> None:
        self.file.close()
        super().close()


class Reader(http11._ResponseReader):
    """Writes a good answer to a request that wants it on disk there, as it is: what is packed stays in memory."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        body = self._request.meta.get("osai_body")
        if body is not None and self._txresponse.code == 200 and not self._txresponse.headers.hasHeader(
            "Content-Encoding"
        ):  # fmt: skip
            self._bodybuf = body


http11._ResponseReader = Reader  # type: ignore[misc]


class StreamingHandler(http11.HTTP11DownloadHandler):
    """Opens the file of a body for each try; who takes the answer closes it (`crawler.archiving`)."""

    async def download_request(self, request: Request) -> Response:
        if not request.meta.get("osai_to_disk"):
            return await super().download_request(request)
        body = OnDisk(session_of(self._crawler).run.archive.folder)
        request.meta["osai_body"] = body
        try:
            return await super().download_request(request)
        except BaseException:
            del request.meta["osai_body"]
            body.close()
            raise
