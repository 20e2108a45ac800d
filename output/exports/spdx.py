"""SPDX 2.3: the licences of a run, declared and concluded, with what their texts say (https://spdx.github.io/spdx-spec/v2.3/).

Written and validated with spdx-tools. A licence without SPDX id is a LicenseRef whose extracted text is the quote of
the record that names it; a changed text is never given the id of what it was made from.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from license_expression import get_spdx_licensing
from spdx_tools.spdx.model.actor import Actor, ActorType
from spdx_tools.spdx.model.annotation import Annotation, AnnotationType
from spdx_tools.spdx.model.document import CreationInfo, Document
from spdx_tools.spdx.model.extracted_licensing_info import ExtractedLicensingInfo
from spdx_tools.spdx.model.package import Package
from spdx_tools.spdx.model.relationship import Relationship, RelationshipType
from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.writer.json.json_writer import write_document_to_file

from output.exports.release import Part, Release, releases, spdx, text_of
from output.record import EvidenceRecord
from output.run import Run

TOOL = Actor(ActorType.TOOL, "osai-evidence")
DOCUMENT = "SPDXRef-DOCUMENT"


class InvalidDocumentError(ValueError):
    """The document does not pass the checks of spdx-tools; the message lists what it says."""


def write(run: Run, out: Path) -> list[Path]:
    """One document per release. Raises InvalidDocumentError."""
    return [write_release(release, out / f"{release.file_name}.spdx.json") for release in releases(run)]


def write_release(release: Release, path: Path) -> Path:
    document = Licences(release).document()
    problems = validate_full_spdx_document(document)
    if problems:
        raise InvalidDocumentError("; ".join(p.validation_message for p in problems))
    write_document_to_file(document, str(path), validate=False)
    return path


class Licences:
    """Collects packages and the licences that SPDX's list does not hold."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.extracted: dict[str, ExtractedLicensingInfo] = {}
        self.time = datetime.fromisoformat(release.time.replace("Z", "+00:00")).replace(tzinfo=None)

    def document(self) -> Document:
        release = self.release
        parts = {"SPDXRef-Model": release.model}
        parts |= {f"SPDXRef-Base-{n}": part for n, part in enumerate(release.base_models)}
        parts |= {f"SPDXRef-Dataset-{n}": part for n, part in enumerate(release.datasets)}
        parts |= {f"SPDXRef-Repository-{n}": part for n, part in enumerate(release.repositories)}
        packages = [self.package(ident, part) for ident, part in parts.items()]
        relations = [Relationship(DOCUMENT, RelationshipType.DESCRIBES, ident) for ident in parts]
        relations += [
            Relationship("SPDXRef-Model", RelationshipType.DESCENDANT_OF, ident) for ident in parts if "-Base-" in ident
        ]
        annotations = [self.annotation(ident, r) for ident, part in parts.items() for r in license_records(part)]
        info = CreationInfo(
            spdx_version="SPDX-2.3",
            spdx_id=DOCUMENT,
            name=f"Licences of {release.system.name}",
            data_license="CC0-1.0",
            document_namespace=f"https://spdx.org/spdxdocs/osai-evidence-{release.uuid('spdx')}",
            creators=[TOOL],
            created=self.time,
        )
        return Document(
            info,
            packages=packages,
            relationships=relations,
            annotations=annotations,
            extracted_licensing_info=list(self.extracted.values()),
        )

    def package(self, ident: str, part: Part) -> Package:
        concluded = self.expression(part.found("license.text"))  # first: the text itself is the better extract
        declared = self.expression(part.found("license.declared"))
        said = [r.statement for r in part.found("license.text", "license.conflict", "license.triple")]
        return Package(
            spdx_id=ident,
            name=part.name,
            version=part.revision,
            download_location=part.page or SpdxNoAssertion(),
            files_analyzed=False,
            license_declared=declared,
            license_concluded=concluded,
            copyright_text=SpdxNoAssertion(),
            license_comment=" ".join(said) or None,
        )

    def expression(self, records: list[EvidenceRecord]) -> Any:
        """All licences that the records name, as one expression; no assertion where they name none."""
        names: dict[str, None] = {}
        for record in records:
            expression = record.value.get("expression")
            symbols = expression.split(" AND ") if isinstance(expression, str) else self.unnamed(record)
            for symbol in symbols:
                if symbol.startswith("LicenseRef-"):
                    self.extract(symbol, record)
                elif spdx(symbol) is None:
                    continue
                names.setdefault(symbol)
        return get_spdx_licensing().parse(" AND ".join(names)) if names else SpdxNoAssertion()

    def unnamed(self, record: EvidenceRecord) -> list[str]:
        """A reference of its own for a text that is changed or bespoke; nothing for a name that is not known."""
        if record.indicator != "license.text" or record.source is None:
            return []
        return [f"LicenseRef-text-{hashlib.sha256(record.source.sha256.encode()).hexdigest()[:12]}"]

    def extract(self, symbol: str, record: EvidenceRecord) -> None:
        name = record.value.get("name")
        known = ExtractedLicensingInfo(
            license_id=symbol,
            extracted_text=text_of(record),
            license_name=name if isinstance(name, str) and name else SpdxNoAssertion(),
            comment=record.statement,
            cross_references=[record.source.view_url] if record.source and record.source.view_url else [],
        )
        self.extracted.setdefault(symbol, known)

    def annotation(self, ident: str, record: EvidenceRecord) -> Annotation:
        return Annotation(ident, AnnotationType.OTHER, TOOL, self.time, f"{record.id}: {record.statement}")


def license_records(part: Part) -> list[EvidenceRecord]:
    return [r for r in part.records if r.indicator.startswith("license.")]
