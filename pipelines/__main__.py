"""Writes `docs/detectors.md` anew from the detectors' definitions: `python -m pipelines`."""

from __future__ import annotations

from pathlib import Path

from pipelines import DETECTORS
from pipelines.detector import Detector

PATH = Path(__file__).parents[1] / "docs" / "detectors.md"
HEAD = """# Detectors

In the order in which they read a release. Written from the definitions by `python -m pipelines`; do not edit.
"""


def section(detector: Detector) -> str:
    known = detector.definition
    rows = "\n".join(f"| `{i.name}` | {' '.join(i.asks.split())} |" for i in known.indicators)
    return f"""
## {known.name}

**{" ".join(known.question.split())}** Version {known.version}. Reads: {", ".join(f"`{kind}`" for kind in known.reads)}.

{" ".join(known.why.split())}

| indicator | asks |
|---|---|
{rows}
"""


def text() -> str:
    return HEAD + "".join(section(detector) for detector in DETECTORS)


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
