"""What someone needs to train a model again, beside the code: which of it is in the repository, and where."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipelines.readers.source_tree import TreeFile
from pipelines.training_code.survey import Survey, places

NEEDS = (
    "hyperparameters",
    "run_configuration",
    "data_mixture",
    "environment",
    "launch",
    "checkpoints",
    "seed",
)


def needs(survey: Survey) -> dict[str, list[dict[str, Any]]]:
    """For each thing needed the files and lines where it was seen among the files that train; empty where nowhere."""
    found = {name: [{"path": x.path, "line": x.number} for x in survey.needed.get(name, ())] for name in NEEDS}
    found["environment"] = [{"path": f.path, "line": 1} for f in survey.environment]
    return found


class Environment(msgspec.Struct, frozen=True):
    """What the files of an environment fix: requirements, those of one exact version, lock files, containers."""

    requirements: int
    pinned: int
    locks: list[str]
    containers: list[str]
    telling: TreeFile  # the file with most exact versions, and the line of its first
    line: int


def environment(survey: Survey) -> Environment | None:
    files = survey.environment
    if not files:
        return None
    pins = [(0, 0, 1) if places().found("locks", file.path) else pinned(file) for file in files]
    best = max(range(len(files)), key=lambda n: (pins[n][0], pins[n][1] > 0, -n))
    return Environment(
        sum(pin[1] for pin in pins),
        sum(pin[0] for pin in pins),
        [f.path for f in files if places().found("locks", f.path)],
        [f.path for f in files if places().found("containers", f.path)],
        files[best],
        pins[best][2],
    )


NAME = r"[A-Za-z][\w.\[\]-]{1,60}\s{0,4}"
VERSIONED = re.compile(rf"^\s{{0,8}}[\"'-]?\s{{0,4}}{NAME}(==|===|~=|>=|<=|>|<|@)")
QUOTED = re.compile(rf"^\s{{0,12}}[\"']{NAME}(==|===|~=|>=|<=|>|<|@)")
CONDA = re.compile(rf"^\s{{0,12}}-\s{{1,4}}{NAME}(=|>|<|~)")
LIST = re.compile(r"\b(?:dependencies|\w*requires?|requirements)\b[^\n]{0,80}[\[(]\s*$")  # of TOML or Python, opened
CLOSED = re.compile(r"\s*[\])]")
BARE = re.compile(rf"^\s{{0,12}}[\"']{NAME}[\"']")
TABLE = re.compile(r"\[[^\]]*dependencies[^\]]*\]", re.I)  # of TOML, with a requirement on each line
KEY = re.compile(rf"^{NAME}=")
LISTED = re.compile(r"\s{0,4}[A-Za-z][\w.-]+")
EXACT = re.compile(r"===?\s{0,3}[\"']?\d")
EXACT_CONDA = re.compile(r"^\s{0,12}- [\w.-]{1,60}=\d")


def pinned(file: TreeFile) -> tuple[int, int, int]:
    """Requirements with an exact version, all requirements, and the line of the first of them, best with a version."""
    exact, total, first, any_line = 0, 0, 0, 0
    rule, within = requirement_in(file), None
    for number, text in enumerate(file.text.split("\n", 5000)[:5000], 1):
        text = text[:300]
        if text.startswith("["):
            within = KEY if TABLE.match(text) else None
        elif rule is QUOTED and LIST.search(text):
            within = BARE
        elif within is BARE and CLOSED.match(text):
            within = None
        if not rule.match(text) and not (within and within.match(text)):
            continue
        total += 1
        any_line = any_line or number
        if EXACT.search(text) or EXACT_CONDA.match(text):
            exact += 1
            first = first or number
    return exact, total, first or any_line or 1


def requirement_in(file: TreeFile) -> re.Pattern[str]:
    """How a line with a requirement looks in a file of this kind."""
    if places().found("environment_folder", file.path) or file.name.lower().startswith("requirements"):
        return LISTED
    ending = file.name.lower().rpartition(".")[2]
    return {"py": QUOTED, "toml": QUOTED, "yml": CONDA, "yaml": CONDA}.get(ending, VERSIONED)
