"""What all tests share: the folder of third-party material, if there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of third-party texts to read, never copied into the project."""
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        pytest.skip("OSAI_EVIDENCE_CORPUS is not set: third-party texts are not here to read")
    return Path(folder)
