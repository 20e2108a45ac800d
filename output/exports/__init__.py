"""Runs in the shapes of others. Nothing is invented: what no record says is left out.

Each module has `write(run, out) -> list[Path]`; `FORMATS` names them all.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from output.run import Run

FORMATS = {
    "index-entry": "output.exports.index_entries",
    "csv": "output.exports.csv",
    "parquet": "output.exports.parquet",
    "spdx": "output.exports.spdx",
    "spdx3": "output.exports.spdx3",
    "cyclonedx": "output.exports.cyclonedx",
    "mof": "output.exports.mof",
    "ro-crate": "output.exports.ro_crate",
    "wacz": "output.exports.wacz",
}


def export(run: Run, name: str, out: Path) -> list[Path]:
    """Write a run in one format into a folder and return the files written."""
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = importlib.import_module(FORMATS[name]).write(run, out)
    return written
