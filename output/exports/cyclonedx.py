"""CycloneDX 1.7 ML-BOM with a citation for each field (https://cyclonedx.org/docs/1.7/json/)."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from output.exports.release import License, Part, Release, licensing, releases, single, text_of, write_json
from output.record import EvidenceRecord
from output.run import Run

TOOL = "tool:osai-evidence"


def write(run: Run, out: Path) -> list[Path]:
    return [write_json(out / f"{r.file_name}.cdx.json", Bom(r).document()) for r in releases(run)]


class Bom:
    """Collects components and, for each field, which record says it."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.cited: dict[str, list[EvidenceRecord]] = {}

    def document(self) -> dict[str, Any]:
        release = self.release
        model = self.model(release.model, "/metadata/component")
        components: list[dict[str, Any]] = []
        for part in release.base_models:
            components.append(self.model(part, f"/components/{len(components)}"))
        for part in release.datasets:
            components.append(self.dataset(part, f"/components/{len(components)}"))
        datasets = [c["bom-ref"] for c in components if c["type"] == "data"]
        if datasets:
            card = model.setdefault("modelCard", {})
            card["modelParameters"] = {"datasets": [{"ref": ref} for ref in datasets]}
        tool = {"type": "application", "bom-ref": TOOL, "name": "osai-evidence", "version": version("osai-evidence")}
        depends = [c["bom-ref"] for c in components if c["type"] == "machine-learning-model"]
        return {
            "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.7",
            "serialNumber": f"urn:uuid:{release.uuid('cyclonedx')}",
            "version": 1,
            "metadata": {"timestamp": release.time, "tools": {"components": [tool]}, "component": model},
            "components": components,
            "dependencies": [{"ref": model["bom-ref"], **({"dependsOn": depends} if depends else {})}],
            "citations": [self.citation(pointer, records) for pointer, records in self.cited.items()],
        }

    def component(self, kind: str, part: Part, at: str) -> dict[str, Any]:
        made: dict[str, Any] = {"type": kind, "bom-ref": part.target, "name": part.name}
        if part.revision:
            made["version"] = part.revision
        if part.licenses:
            made["licenses"] = [license_choice(found) for found in part.licenses]
            self.cite(f"{at}/licenses", [found.record for found in part.licenses])
        made["externalReferences"] = [{"type": "website", "url": part.page}]
        return made

    def model(self, part: Part, at: str) -> dict[str, Any]:
        made = self.component("machine-learning-model", part, at)
        considerations: dict[str, Any] = {}
        for key, indicator in (
            ("useCases", "model_card.intended_use"),
            ("technicalLimitations", "model_card.limitations"),
        ):
            if found := part.found(indicator):
                considerations[key] = [text_of(record) for record in found]
                self.cite(f"{at}/modelCard/considerations/{key}", found)
        if risks := part.found("model_card.risks", "model_card.biases"):
            considerations["ethicalConsiderations"] = [{"name": text_of(record)} for record in risks]
            self.cite(f"{at}/modelCard/considerations/ethicalConsiderations", risks)
        if considerations:
            made["modelCard"] = {"considerations": considerations}
        return made

    def dataset(self, part: Part, at: str) -> dict[str, Any]:
        made = self.component("data", part, at)
        made["data"] = [{"type": "dataset", "name": part.name, "contents": {"url": part.page}}]
        if said := part.found("data.declared", "data.published", "data.described"):
            self.cite(f"{at}/data", said)
        return made

    def cite(self, pointer: str, records: list[EvidenceRecord]) -> None:
        self.cited.setdefault(pointer, []).extend(records)

    def citation(self, pointer: str, records: list[EvidenceRecord]) -> dict[str, Any]:
        read = [r.source.retrieved_at for r in records if r.source and r.source.retrieved_at]
        sources = dict.fromkeys(f"{r.source.url} sha256:{r.source.sha256}" for r in records if r.source)
        return {
            "pointers": [pointer],
            "timestamp": max(read, default=self.release.time),
            "attributedTo": TOOL,
            "note": f"{', '.join(r.id for r in records)}; {'; '.join(sources)}",
        }


def license_choice(found: License) -> dict[str, Any]:
    how = "declared" if found.declared else "concluded"
    if single(found.expression) and found.expression in licensing().known_symbols:
        return {"license": {"id": found.expression, "acknowledgement": how}}
    return {"license": {"name": found.name, "acknowledgement": how}}
