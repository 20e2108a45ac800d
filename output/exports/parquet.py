"""Parquet, with the dictionary of its columns beside it."""

from __future__ import annotations

from pathlib import Path

from output.exports.csv import dictionary
from output.parquet import copy
from output.run import Run


def write(run: Run, out: Path) -> list[Path]:
    path = out / "evidence.parquet"
    copy(run.folder, path, "(FORMAT parquet, COMPRESSION zstd)")
    return [path, dictionary(out)]
