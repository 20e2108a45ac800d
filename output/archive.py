"""The archive of a run: every request and answer as WARC 1.1 records, secrets removed (`output.positions` reads it)."""

from __future__ import annotations

import io
import os
import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from output.record import ArchivePosition

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "private-token"}
)
SECRET_QUERY = re.compile(
    r"(?i)([?&](?:x-amz-[\w-]+|x-xet-[\w-]+|signature|policy|key-pair-id|token|access_token|api_key|apikey|sig|expires)=)"
    r"[^&\s\"']+"
)
SECRET_TOKEN = re.compile(r"\b(?:gh[pousr]_|github_pat_|hf_)[A-Za-z0-9_]{20,}")
REDACTED = "[redacted]"
CHUNK = 1024 * 1024
ROLL_OVER = 1024 * 1024 * 1024

Headers = Iterable[tuple[str, str]]


def redact(text: str) -> str:
    """Text without tokens and signatures: for addresses, headers, logs and reports."""
    return SECRET_TOKEN.sub(REDACTED, SECRET_QUERY.sub(rf"\1{REDACTED}", text))


def clean(headers: Headers) -> list[tuple[str, str]]:
    return [(name, REDACTED if name.lower() in SECRET_HEADERS else redact(value)) for name, value in headers]


class ArchiveWriter:
    """Appends exchanges to `archive/NNNNN.warc.gz`; each record can be read by itself from its offset."""

    def __init__(self, folder: Path, software: str, prefix: str = "") -> None:
        """`prefix` keeps the files of runs that share a folder apart; files that are there are never written to."""
        self.folder = folder
        self.software = software
        self.prefix = prefix
        self.number = len(list(folder.glob(f"{prefix}*.warc.gz")))
        folder.mkdir(parents=True, exist_ok=True)
        self.open()

    def open(self) -> None:
        self.path = self.folder / f"{self.prefix}{self.number:05d}.warc.gz"
        self.file = self.path.open("xb")
        self.writer = WARCWriter(self.file, gzip=True, warc_version="WARC/1.1")
        info = {"software": self.software, "format": "WARC File Format 1.1"}
        self.writer.write_record(self.writer.create_warcinfo_record(self.path.name, info))

    def exchange(
        self,
        url: str,
        method: str,
        request_headers: Headers,
        status_line: str,
        response_headers: Headers,
        body: bytes | IO[bytes],
        when: datetime | None = None,
    ) -> tuple[ArchivePosition, str]:
        """Write one request and its answer as they went over the wire; position of the answer and its time.

        `body` may be an open file, read from its beginning, of which only a little is ever in memory.
        """
        if self.file.tell() > ROLL_OVER:
            self.sync()
            self.close()
            self.number += 1
            self.open()
        date = (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        length = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        url = redact(url)
        path = re.sub(r"^https?://[^/]+", "", url) or "/"
        response = self.writer.create_warc_record(
            url,
            "response",
            payload=stream,
            length=length,
            http_headers=StatusAndHeaders(status_line, clean(response_headers), protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": date},
        )
        request = self.writer.create_warc_record(
            url,
            "request",
            http_headers=StatusAndHeaders(f"{method} {path} HTTP/1.1", clean(request_headers), is_http_request=True),
            warc_headers_dict={
                "WARC-Date": date,
                "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID"),
            },
        )
        self.writer.write_record(request)
        offset = self.file.tell()
        self.writer.write_record(response)
        self.file.flush()
        record_id = response.rec_headers.get_header("WARC-Record-ID")
        return ArchivePosition(f"archive/{self.path.name}", record_id, offset), date

    def sync(self) -> None:
        """Make what was written durable."""
        os.fsync(self.file.fileno())

    def close(self) -> None:
        self.file.close()


def mend(path: Path) -> int:
    """Cut off the record that a killed writer left unfinished at the end of a file, and return the bytes cut."""
    with path.open("r+b") as file:
        end = whole_length(file)
        cut = file.seek(0, io.SEEK_END) - end
        if cut:
            file.truncate(end)
            os.fsync(file.fileno())
    return cut


def whole_length(file: BinaryIO) -> int:
    """Bytes up to the end of the last whole gzip member: each WARC record is one."""
    end = read = 0
    member = zlib.decompressobj(wbits=31)
    try:
        while chunk := file.read(CHUNK):
            read += len(chunk)
            while chunk:
                member.decompress(chunk, CHUNK)
                chunk = member.unconsumed_tail
                if member.eof:
                    chunk = member.unused_data
                    end = read - len(chunk)
                    member = zlib.decompressobj(wbits=31)
    except zlib.error:
        pass
    return end
