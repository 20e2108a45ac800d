"""The version of a reading: it changes with every file behind a detector, and with no other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipelines import DETECTORS, versions
from pipelines.detector import Detector
from pipelines.versions import ROOT, file_digest, files_behind, reading_versions

EVERYONE = {d.name for d in DETECTORS}


def changed_by(path: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Detectors with another version where this file is another."""
    assert (ROOT / path).is_file()
    before = reading_versions()
    monkeypatch.setattr(versions, "file_digest", lambda p: "another" if p == Path(path) else file_digest(p))
    return {name for name, version in reading_versions().items() if version != before[name]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("pipelines/claims/definition.yaml", {"claims"}),
        ("pipelines/weights/__init__.py", {"weights", "data_sources", "licenses"}),
        ("pipelines/paper_text/statements.py", {"paper_text"}),
        ("pipelines/__init__.py", EVERYONE),
        ("pipelines/detector.py", EVERYONE),
        ("spiders/document.py", EVERYONE),
        ("output/record.py", EVERYONE),
        ("license_rules/data/sequences.npy", {"licenses"}),
        ("output/lint.py", set()),
        ("crawler/reanalyse.py", set()),
    ],
)
def test_a_changed_file_is_seen_by_those_behind_whom_it_stands(
    path: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changed_by(path, monkeypatch) == expected


def test_another_library_is_seen_by_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reading_versions()
    monkeypatch.setattr(versions, "libraries", lambda: "another")
    assert all(version != before[name] for name, version in reading_versions().items())


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_all_of_a_detectors_folder_stands_behind_it(detector: Detector) -> None:
    own = {p.relative_to(ROOT) for p in detector.folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert own <= files_behind(detector)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.name)
def test_modules_that_its_modules_hold_stand_behind_it(detector: Detector) -> None:
    """What the import statements are taken for, against what Python made of them."""
    files = files_behind(detector)
    for path in [p for p in files if p.suffix == ".py" and p.name != "__init__.py"]:
        module = sys.modules.get(".".join(path.with_suffix("").parts))
        for value in vars(module).values() if module else ():
            home = sys.modules.get(getattr(value, "__module__", None) or "")
            source = Path(getattr(home, "__file__", None) or "/")
            if source.is_relative_to(ROOT) and source.relative_to(ROOT).parts[0] in ("pipelines", "output", "spiders"):
                assert source.relative_to(ROOT) in files, (path, value)
