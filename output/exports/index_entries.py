"""New entries of the index, as `output.index_entry` writes them."""

from __future__ import annotations

from pathlib import Path

from output.index_entry import file_name, new_entry
from output.run import Run


def write(run: Run, out: Path) -> list[Path]:
    written = []
    for system in run.systems:
        path = out / f"{file_name(system)}.yaml"
        path.write_bytes(new_entry(run, system).encode("utf-8"))
        written.append(path)
    return written
