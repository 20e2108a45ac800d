"""What a dossier holds for the detectors, and what it sets aside."""

from __future__ import annotations

from pipelines.dossier import Dossier
from tests.pipelines.checks import document

ROOT = "hf:model:org/heron-2"
TEXT = "# Heron\n\nHeron reads the names of rivers.\n"


def test_a_card_that_is_copied_into_the_repository_is_read_once() -> None:
    hub = document("---\nlicense: mit\n---\n" + TEXT, target=ROOT)
    copy = document(TEXT, target="github:org/heron")
    other = document(TEXT + "\nIt was trained on maps.\n", target="github:org/heron-code")
    assert list(Dossier(ROOT, (hub, copy, other)).of("model_card")) == [hub, other]


def test_a_base_model_with_the_same_card_keeps_its_own() -> None:
    hub, base = document(TEXT, target=ROOT), document(TEXT, target="hf:model:org/heron-2-base")
    assert list(Dossier(ROOT, (hub, base)).of("model_card")) == [hub, base]
