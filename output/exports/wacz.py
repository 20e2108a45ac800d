"""The redistributable pages of a run as WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/).

Papers are left out. So are source trees without an open licence text that was recognised exactly, and everything read
behind a gate.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator

from output.run import ReadDocument, Run, System

EPOCH = (1980, 1, 1, 0, 0, 0)  # zip entries carry no time, so that the same run gives the same file


def write(run: Run, out: Path) -> list[Path]:
    kept = {d.source.archive.record_id: d for s in run.systems for d in redistributable(s) if d.source.archive}
    warc = io.BytesIO()
    index = []
    for url, when, record_id, member, status in records(run):
        if record_id in kept:
            document = kept[record_id]
            index.append(
                f"{surt(url)} {re.sub(r'[^0-9]', '', when)[:14]} "
                + json.dumps(
                    {
                        "url": url,
                        "mime": (document.source.media_type or "application/octet-stream").partition(";")[0],
                        "status": status,
                        "digest": f"sha256:{document.source.sha256}",
                        "length": str(len(member)),
                        "offset": str(warc.tell()),
                        "filename": "pages.warc.gz",
                    }
                )
            )
            warc.write(member)
    pages: list[dict[str, Any]] = [{"format": "json-pages-1.0", "id": "pages", "title": "Documents that were read"}]
    pages += [
        {"id": d.source.sha256[:16], "url": d.source.url, "title": d.kind, "ts": d.source.retrieved_at}
        for d in kept.values()
    ]
    files = {
        "archive/pages.warc.gz": warc.getvalue(),
        "indexes/index.cdx": "".join(f"{line}\n" for line in sorted(index)).encode(),
        "pages/pages.jsonl": "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in pages).encode(),
    }
    path = out / "pages.wacz"
    pack(path, files, run)
    return [path]


def redistributable(system: System) -> Iterator[ReadDocument]:
    """Documents of a release that may be passed on."""
    licensed = {
        r.subject.target
        for r in system.records
        if r.indicator == "license.text" and r.value.get("verdict") == "exact" and r.points == "open"
    }
    gated = {r.subject.target for r in system.records if r.indicator == "weights.gated" and r.outcome == "present"}
    for document in system.listing.documents:
        if document.kind == "paper" or document.source.media_type == "application/pdf" or document.target in gated:
            continue
        if document.source.archive is not None and document.source.archive.member is not None:
            continue  # it lies in a source tree, which is listed itself
        if document.kind in ("source_archive", "source_file") and document.target not in licensed:
            continue
        yield document


def records(run: Run) -> Iterator[tuple[str, str, str, bytes, str]]:
    """Address, time, id, compressed bytes and status of each answer in the archive."""
    for path in sorted((run.folder / "archive").glob("*.warc.gz")):
        with path.open("rb") as file, path.open("rb") as raw:
            reader = ArchiveIterator(file)
            for record in reader:
                offset, length = reader.get_record_offset(), reader.get_record_length()
                if record.rec_type in ("response", "resource"):
                    raw.seek(offset)
                    headers = record.rec_headers
                    yield (
                        headers.get_header("WARC-Target-URI"),
                        headers.get_header("WARC-Date"),
                        headers.get_header("WARC-Record-ID"),
                        raw.read(length),
                        record.http_headers.get_statuscode() if record.http_headers else "200",
                    )


def surt(url: str) -> str:
    """Sort-friendly form of an address, as CDXJ wants it."""
    parts = urlsplit(url.lower())
    host = ",".join(reversed((parts.hostname or "").removeprefix("www.").split(".")))
    port = f":{parts.port}" if parts.port else ""
    return f"{host}{port}){parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def pack(path: Path, files: dict[str, bytes], run: Run) -> None:
    package = datapackage(files.items(), run)
    body = json.dumps(package, indent=1).encode()
    digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(body).hexdigest()}"}
    files = files | {"datapackage.json": body, "datapackage-digest.json": json.dumps(digest).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            compress = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, compress)


def datapackage(files: Iterable[tuple[str, bytes]], run: Run) -> dict[str, Any]:
    return {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": f"Pages of run {run.id}",
        "description": "Redistributable pages only: no papers, no source trees without a recognised open licence.",
        "software": f"osai-evidence {version('osai-evidence')}",
        "created": str(run.info.get("finished_at") or run.info.get("started_at") or "1970-01-01T00:00:00Z"),
        "resources": [
            {
                "name": name.rpartition("/")[2],
                "path": name,
                "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "bytes": len(content),
            }
            for name, content in files
        ],
    }
