"""SPDX 3.0.1 with the AI and Dataset profiles, as JSON-LD (https://spdx.github.io/spdx-spec/v3.0.1/)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from output.exports.release import Part, Release, releases, text_of, write_json
from output.record import EvidenceRecord
from output.run import Run

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
TEXTS = {
    "ai_informationAboutApplication": "model_card.intended_use",
    "ai_informationAboutTraining": "model_card.training_procedure",
    "ai_limitation": "model_card.limitations",
}
DATASET_TEXTS = {
    "dataset_dataCollectionProcess": "datasheet.collection_process",
    "dataset_intendedUse": "datasheet.uses",
}


def write(run: Run, out: Path) -> list[Path]:
    return [write_json(out / f"{r.file_name}.spdx3.json", Graph(r).document()) for r in releases(run)]


class Graph:
    """Collects the elements of one release."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.base = f"https://spdx.org/spdxdocs/osai-evidence-{release.uuid('spdx3')}"
        self.elements: list[dict[str, Any]] = []

    def add(self, kind: str, fragment: str, /, **fields: Any) -> str:
        """Add an element without its empty fields and return its id."""
        ident = f"{self.base}#{fragment}"
        kept = {key: value for key, value in fields.items() if value not in (None, "", [])}
        self.elements.append({"type": kind, "spdxId": ident, "creationInfo": "_:creation", **kept})
        return ident

    def document(self) -> dict[str, Any]:
        release = self.release
        agent = self.add("SoftwareAgent", "agent", name="osai-evidence")
        model = self.model("model", release.model)
        for n, part in enumerate(release.base_models):
            self.relate(f"base-{n}-is", model, "descendantOf", [self.model(f"base-{n}", part)], part.records)
        for n, part in enumerate(release.datasets):
            dataset = self.dataset(f"dataset-{n}", part)
            if said := part.found("data.declared", "data.published", "data.described"):
                self.relate(f"dataset-{n}-is", model, "trainedOn", [dataset], said)
        for n, record in enumerate(release.system.records):
            self.annotate(f"evidence-{n}", model, record)
        elements = [e["spdxId"] for e in self.elements]
        self.add(
            "SpdxDocument",
            "document",
            name=f"Evidence on {release.system.name}",
            rootElement=[model],
            element=elements,
            profileConformance=["core", "software", "ai", "dataset", "simpleLicensing"],
        )
        creation = {
            "type": "CreationInfo",
            "@id": "_:creation",
            "specVersion": "3.0.1",
            "created": release.time,
            "createdBy": [agent],
        }
        return {"@context": CONTEXT, "@graph": [creation, *self.elements]}

    def model(self, name: str, part: Part) -> str:
        texts = {key: text_of(found[0]) for key, indicator in TEXTS.items() if (found := part.found(indicator))}
        ident = self.add(
            "ai_AIPackage",
            name,
            name=part.name,
            software_packageVersion=part.revision,
            software_downloadLocation=part.page if part.found("weights.files") else None,
            software_homePage=part.page,
            software_primaryPurpose="model",
            **texts,
        )
        self.license(name, ident, part)
        return ident

    def dataset(self, name: str, part: Part) -> str:
        texts = {key: text_of(found[0]) for key, indicator in DATASET_TEXTS.items() if (found := part.found(indicator))}
        gated = part.found("data.published")
        availability = None
        if gated:
            availability = "registration" if any(r.value.get("gated") for r in gated) else "directDownload"
        ident = self.add(
            "dataset_DatasetPackage",
            name,
            name=part.name,
            software_packageVersion=part.revision,
            software_homePage=part.page,
            software_primaryPurpose="data",
            dataset_datasetType=["noAssertion"],
            dataset_datasetAvailability=availability,
            **texts,
        )
        self.license(name, ident, part)
        return ident

    def license(self, name: str, ident: str, part: Part) -> None:
        for n, found in enumerate(part.licenses):
            node = self.add(
                "simplelicensing_LicenseExpression",
                f"{name}-license-{n}",
                simplelicensing_licenseExpression=found.expression,
            )
            kind = "hasDeclaredLicense" if found.declared else "hasConcludedLicense"
            self.relate(f"{name}-license-{n}-is", ident, kind, [node], [found.record])

    def relate(self, name: str, start: str, kind: str, to: list[str], records: Any) -> None:
        ids = ", ".join(r.id for r in list(records)[:20])
        self.add("Relationship", name, **{"from": start}, relationshipType=kind, to=to, comment=f"Evidence: {ids}")

    def annotate(self, name: str, subject: str, record: EvidenceRecord) -> None:
        where = f" {record.source.url}" if record.source else ""
        question = f"{record.parameter} {record.indicator} {record.outcome}"
        self.add(
            "Annotation",
            name,
            annotationType="other",
            subject=subject,
            statement=f"{question}: {record.statement}{where} ({record.id})",
        )
