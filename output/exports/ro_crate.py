"""Description of a run as an RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), written into the run folder itself."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

from output.exports.release import write_json
from output.links import page_of
from output.run import Run

FILES = {
    "run.json": ("What was asked, versions, counts, failures", "application/json"),
    "evidence.jsonl": ("Evidence records, one JSON object a line", "application/x-ndjson"),
    "evidence.parquet": ("The records as a table", "application/vnd.apache.parquet"),
    "documents.jsonl": ("What was read and missed for each release", "application/x-ndjson"),
    "log.jsonl": ("Log", "application/x-ndjson"),
    "report/index.html": ("Report", "text/html"),
}


CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
RIGHTS = {
    "@id": "#rights",
    "@type": "CreativeWork",
    "name": "Rights of the authors",
    "description": "Quotes and archived pages belong to their authors.",
}


def write(run: Run, out: Path) -> list[Path]:
    return [write_json(out / "ro-crate-metadata.json", crate(run))]


def crate(run: Run) -> dict[str, Any]:
    named = [(name, *about) for name, about in FILES.items() if (run.folder / name).is_file()]
    warcs = sorted(path.relative_to(run.folder).as_posix() for path in (run.folder / "archive").glob("*.warc.gz"))
    named += [(name, "Every request and answer", "application/warc") for name in warcs]
    files = [file(run.folder, *row) for row in named]
    parts = [{"@id": f["@id"]} for f in files]
    software = {
        "@id": "#osai-evidence",
        "@type": "SoftwareApplication",
        "name": "osai-evidence",
        "version": str(run.info.get("software") or version("osai-evidence")),
    }
    asked = [{"@id": page_of(system.root), "@type": "WebSite", "name": system.name} for system in run.systems]
    action = {
        "@id": "#crawl",
        "@type": "CreateAction",
        "name": f"Crawl {run.id}",
        "instrument": {"@id": software["@id"]},
        "object": one_or_more([{"@id": item["@id"]} for item in asked]),
        "result": parts,
        "actionStatus": {
            "@id": f"http://schema.org/{'Completed' if run.state == 'complete' else 'Failed'}ActionStatus"
        },
        **times(run),
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Evidence on {', '.join(s.name for s in run.systems) or 'nothing'}",
        "description": f"Run {run.id} of osai-evidence: quotes with revision and hash on how open AI models are.",
        "datePublished": str(run.info.get("finished_at") or run.info.get("started_at") or "1970-01-01")[:10],
        "license": {"@id": RIGHTS["@id"]},
        "hasPart": parts,
        "mentions": {"@id": "#crawl"},
    }
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    graph = [descriptor, root, RIGHTS, *files, action, software, *asked]
    return {"@context": CONTEXT, "@graph": graph}


def one_or_more(items: list[dict[str, str]]) -> object:
    """JSON-LD in its compact form has no list of one."""
    return items[0] if len(items) == 1 else items


def times(run: Run) -> dict[str, str]:
    names = {"startTime": "started_at", "endTime": "finished_at"}
    return {key: str(run.info[name]) for key, name in names.items() if run.info.get(name)}


def file(folder: Path, name: str, what: str, media_type: str) -> dict[str, Any]:
    path = folder / name
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "@id": name,
        "@type": "File",
        "name": what,
        "encodingFormat": media_type,
        "contentSize": str(path.stat().st_size),
        "sha256": digest,
    }
