"""`inspect`: the detectors over local files, no network."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from output.record import EvidenceRecord, Source, dump
from output.run import Run
from pipelines import DETECTORS, read
from pipelines.dossier import Dossier
from pipelines.licenses import detector as licenses
from pipelines.readers.source_tree import local_tree
from pipelines.training_code.explain import explanation
from spiders.document import Document, Kind
from spiders.github import file_kind

KINDS: dict[str, Kind] = {
    "model-card": "model_card",
    "dataset-card": "dataset_card",
    "datasheet": "dataset_card",
    "license": "license",
    "repository": "source_archive",
    "paper": "paper",
}
MODEL = "model"
CARD = re.compile(r"(?:readme|model_?card)\.md", re.I)
READ_CAP = 64 * 1024 * 1024


@click.command("inspect")
@click.argument("kind", type=click.Choice([MODEL, *KINDS]))
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True))
@click.option("--explain", is_flag=True, help="For a repository: which files spoke for and against each stage.")
@click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Write the report pages there, too.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines also on a terminal; elsewhere they are the default.")
def command(kind: str, paths: tuple[str, ...], explain: bool, report: Path | None, as_json: bool) -> None:
    """Read local files as the crawler would: a table on a terminal, evidence records as JSON lines elsewhere.

    \b
    osai-evidence inspect model .  # a folder as it would be published: card, licence, code together
    osai-evidence inspect model-card README.md
    osai-evidence inspect model-card README.md --json | jq .statement
    osai-evidence inspect license README.md LICENSE NOTICE  # files of one release: what is declared against the texts
    osai-evidence inspect repository . --report report
    """
    if explain and kind != "repository":
        raise click.UsageError("--explain goes with `repository`")
    found: list[EvidenceRecord] = []
    for path, documents in together(kind, paths):
        dossier = Dossier(documents[0].target, documents)
        if explain:
            for line in explanation(dossier):
                click.echo(line)
            continue
        kinds = {document.kind for document in documents}
        readers = [d for d in DETECTORS if kinds & set(d.definition.reads) and (kind != "license" or d is licenses)]
        records = read(dossier, readers)
        found += records
        write_records(path, records, as_table=sys.stdout.isatty() and not as_json)
    if report is not None and found:
        from output.report import write_site

        name = ", ".join(Path(path).resolve().name for path in paths)
        click.echo(write_site([Run(Path(), {"run": name, "state": "complete"}, tuple(found))], report), err=True)


def write_records(path: str, records: list[EvidenceRecord], *, as_table: bool) -> None:
    if as_table:
        from output.summary import print_findings

        print_findings(path, records)
        return
    for record in records:
        sys.stdout.buffer.write(dump(record) + b"\n")


def together(kind: str, paths: tuple[str, ...]) -> Iterator[tuple[str, tuple[Document, ...]]]:
    """The documents of each path; licence files are read together, with the card that is given beside them."""
    if kind != "license" or len(paths) == 1:
        yield from ((path, local_documents(kind, path)) for path in paths)
        return
    folder = Path(paths[0]).resolve().parent.name
    cards = {path for path in paths if CARD.fullmatch(Path(path).name)}
    documents = (local_document("model_card" if path in cards else "license", path) for path in paths)
    yield ", ".join(paths), tuple(replace(document, target=f"url:{folder}") for document in documents)


def local_documents(kind: str, path: str) -> tuple[Document, ...]:
    if kind == MODEL:
        return local_model(path)
    return local_repository(path) if kind == "repository" else (local_document(KINDS[kind], path),)


def local_model(path: str) -> tuple[Document, ...]:
    """A folder as documents of one release: its files, and those at its top that are its card and its licence."""
    if not Path(path).is_dir():
        raise click.UsageError(f"{path} is no folder: `inspect model` reads one")
    files = local_repository(path)
    special = [replace(file, kind=kind) for file in files if (kind := kind_at_top(file.source.path or ""))]
    return (*files, *special)


def kind_at_top(path: str) -> Kind | None:
    if CARD.match(path):
        return "model_card"
    return "license" if "/" not in path and file_kind(path) == "license" else None


def local_repository(path: str) -> tuple[Document, ...]:
    """A folder, or a tar.gz as GitHub packs them, as documents of one repository."""
    if Path(path).is_dir():
        try:
            return local_tree(Path(path), f"url:{path}")
        except OSError as error:
            raise click.UsageError(f"{path} could not be read: {error}") from error
    return (local_document("source_archive", path),)


def local_document(kind: Kind, path: str) -> Document:
    """A local file as a document; its address is the path as given."""
    with Path(path).open("rb") as file:
        body = file.read(READ_CAP)
    source = Source(path, path, path=path, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    return Document(kind, f"url:{path}", source, body)
