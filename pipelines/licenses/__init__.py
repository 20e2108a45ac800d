"""Licences: what the texts say, what is declared, and whether the two agree, for weights, code and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from output.record import EvidenceRecord
from pipelines.detector import Detector
from pipelines.dossier import Dossier
from pipelines.licenses.compare import conflict_records, missing_records, triple_records, without_other_models
from pipelines.licenses.declared import declared_records
from pipelines.licenses.found import text_records

FOLDER = Path(__file__).parent


def detect(dossier: Dossier, earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    records: list[EvidenceRecord] = []
    for target in dossier.targets:
        for document in dossier.of("license", target=target):
            records += text_records(detector, dossier, document)
        records += declared_records(detector, dossier, target)
    records = without_other_models(dossier, records)
    yield from records
    yield from conflict_records(detector, dossier, records)
    yield from missing_records(detector, dossier, records)
    yield from triple_records(detector, dossier, records, earlier)


detector = Detector(FOLDER, detect)
