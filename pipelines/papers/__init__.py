"""Papers: the model's own preprint told from cited ones, reports elsewhere, and what sources say of peer review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from output.record import EvidenceRecord
from pipelines.detector import Detector
from pipelines.dossier import Dossier
from pipelines.papers.own import OwnPaper, own_papers

__all__ = ["OwnPaper", "detector", "own_papers"]


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    from pipelines.papers import preprint, review

    papers = own_papers(dossier)
    yield from preprint.records(detector, dossier, papers)
    yield from review.records(detector, dossier, papers)


detector = Detector(Path(__file__).parent, detect)
