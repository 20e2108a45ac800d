"""What someone needs to train a model again, beside the code: which of it is in the repository, and where."""

from __future__ import annotations

from typing import Any

from pipelines.training_code.survey import Line, Survey

NEEDS = ("hyperparameters", "data_mixture", "environment", "launch", "checkpoints", "seed")


def needs(survey: Survey) -> dict[str, dict[str, Any] | None]:
    """For each thing needed the file and line where it was first seen among the files that train, or None."""
    found = {name: place(survey.needed[name]) if name in survey.needed else None for name in NEEDS}
    if survey.environment:
        found["environment"] = {"path": survey.environment[0].path, "line": 1}
    return found


def place(line: Line) -> dict[str, Any]:
    return {"path": line.path, "line": line.number}
