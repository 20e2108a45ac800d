"""Licences: what the texts say, what is declared, and whether the two agree, for weights, code and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from output.record import EvidenceRecord
from pipelines.detector import Detector
from pipelines.dossier import Dossier
from pipelines.licenses.found import text_records

FOLDER = Path(__file__).parent


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    for document in dossier.of("license"):
        yield from text_records(detector, dossier, document)


detector = Detector(FOLDER, detect)
