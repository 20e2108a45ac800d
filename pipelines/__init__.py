"""The detectors, in the order in which they read a dossier; later ones see the records of earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

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


def heard(detector: Detector, earlier: Sequence[EvidenceRecord]) -> tuple[EvidenceRecord, ...]:
    """Earlier records that a detector sees: those of the detectors that its definition names."""
    return tuple(record for record in earlier if record.detector.name in detector.definition.after)


Kept = Mapping[str, Sequence[EvidenceRecord]]


def read(
    dossier: Dossier, detectors: Sequence[Detector] = DETECTORS, kept: Kept = MappingProxyType({})
) -> list[EvidenceRecord]:
    """All records of a dossier, in the order of the detectors. Pure: no network, no clock, no state.

    `kept` are the records, by detector, of those that need not read this dossier again.
    """
    dossier = with_printed(dossier)
    found: list[EvidenceRecord] = []
    seen: set[str] = set()
    for detector in detectors:
        said = kept[detector.name] if detector.name in kept else detector.detect(dossier, heard(detector, found))
        for record in list(said):
            if record.id not in seen:
                seen.add(record.id)
                found.append(record)
    return found
