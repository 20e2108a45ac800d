"""`inspect`: the detectors over local files, no network."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import click

from output.record import Source, dump
from pipelines import DETECTORS, read
from pipelines.dossier import Dossier
from spiders.document import Document, Kind

KINDS: dict[str, Kind] = {
    "model-card": "model_card",
    "dataset-card": "dataset_card",
    "datasheet": "dataset_card",
    "license": "license",
    "repository": "source_archive",
    "paper": "paper",
}
READ_CAP = 64 * 1024 * 1024


@click.command("inspect")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
def command(kind: str, paths: tuple[str, ...]) -> None:
    """Read local files as the crawler would, and write evidence records as JSON lines.

    \b
    osai-evidence inspect model-card README.md
    osai-evidence inspect license LICENSE NOTICE
    osai-evidence inspect repository .
    """
    for path in paths:
        document = local_document(KINDS[kind], path)
        readers = [d for d in DETECTORS if document.kind in d.definition.reads]
        for record in read(Dossier(document.target, (document,)), readers):
            sys.stdout.buffer.write(dump(record) + b"\n")


def local_document(kind: Kind, path: str) -> Document:
    """A local file as a document; its address is the path as given."""
    with Path(path).open("rb") as file:
        body = file.read(READ_CAP)
    source = Source(path, path, path=path, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    return Document(kind, f"url:{path}", source, body)
