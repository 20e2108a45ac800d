"""The detectors, in the order in which they read a dossier; later ones see the records of earlier ones."""

from __future__ import annotations

from collections.abc import Sequence

from output.record import EvidenceRecord
from pipelines.access import detector as access
from pipelines.claims import detector as claims
from pipelines.code_documentation import detector as code_documentation
from pipelines.community import detector as community
from pipelines.data_sources import detector as data_sources
from pipelines.datasheet import detector as datasheet
from pipelines.detector import Detector
from pipelines.dossier import Dossier
from pipelines.hardware import detector as hardware
from pipelines.licenses import detector as licenses
from pipelines.model_card import detector as model_card
from pipelines.paper_text import detector as paper_text
from pipelines.papers import detector as papers
from pipelines.readers.printed import with_printed
from pipelines.training_code import detector as training_code
from pipelines.weights import detector as weights

DETECTORS: tuple[Detector, ...] = (
    weights,
    model_card,
    data_sources,
    datasheet,
    hardware,
    access,
    claims,
    papers,
    paper_text,
    training_code,
    licenses,
    code_documentation,
    community,
)


def read(dossier: Dossier, detectors: Sequence[Detector] = DETECTORS) -> list[EvidenceRecord]:
    """All records of a dossier, in the order of the detectors. Pure: no network, no clock, no state."""
    dossier = with_printed(dossier)
    found: list[EvidenceRecord] = []
    seen: set[str] = set()
    for detector in detectors:
        for record in list(detector.detect(dossier, tuple(found))):
            if record.id not in seen:
                seen.add(record.id)
                found.append(record)
    return found
