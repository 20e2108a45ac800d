"""What a detector's records depend on besides the documents, as one word. Another word: it must read them again.

A version that a person raises is forgotten once. This one is taken from the files: the detector's modules and what they
import of the project, the data files beside each, Python, and the libraries. It may change for a comment, which costs a
reading; it cannot stay for a change.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from pipelines import DETECTORS
from pipelines.detector import Detector

ROOT = Path(__file__).parents[1]
IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+((?:pipelines|spiders|output|license_rules)(?:\.\w+)*)", re.M)
REQUIRED = re.compile(r"[\w.-]+")
CALLER = "pipelines/__init__.py"  # runs the detectors; it imports them all, which is no dependency of one of them


def reading_versions() -> dict[str, str]:
    """The version of each detector's reading by its name: sixteen hex digits."""
    known = {d.name: own_version(d) for d in DETECTORS}
    return {d.name: digest(known[d.name], *(known[name] for name in heard_by(d))) for d in DETECTORS}


def detectors_version() -> str:
    """One word for all of them: another one means reading an entry again, from the archive."""
    return digest(*(f"{name} {known}" for name, known in reading_versions().items()))


def heard_by(detector: Detector) -> list[str]:
    """Names of the detectors whose records it sees, and of those whose records these see."""
    by_name = {d.name: d for d in DETECTORS}
    found: dict[str, None] = {}
    todo = list(detector.definition.after)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = None
            todo += by_name[name].definition.after
    return sorted(found)


def own_version(detector: Detector) -> str:
    """Without the detectors that it hears."""
    return digest(libraries(), *(f"{path.as_posix()} {file_digest(path)}" for path in sorted(files_behind(detector))))


def files_behind(detector: Detector) -> set[Path]:
    """Sources and data of a detector and of what it imports, below the project's root."""
    files = {Path(CALLER)}
    todo = [detector.folder.relative_to(ROOT)]
    while todo:
        module = todo.pop()
        new = {path for path in files_of(module) if path not in files}
        files |= new
        todo += [found for path in new if path.suffix == ".py" for found in imported(path)]
    return files


def files_of(module: Path) -> Iterator[Path]:
    """Sources of a module or package, and the data beside them."""
    folder = ROOT / module
    single = folder.with_suffix(".py")
    if single.is_file():
        yield single.relative_to(ROOT)
        yield from data_in(single.parent)
    elif folder.is_dir() and folder != ROOT / "pipelines":
        yield from (path.relative_to(ROOT) for path in folder.glob("*.py"))
        yield from data_in(folder)


@cache
def data_in(folder: Path) -> tuple[Path, ...]:
    """Files of a folder that are no sources, with those of its subfolders that are no packages."""
    found: list[Path] = []
    for path in folder.iterdir():
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            found.append(path.relative_to(ROOT))
        elif path.is_dir() and path.name != "__pycache__" and not any(path.glob("*.py")):
            found += data_in(path)
    return tuple(found)


@cache
def imported(path: Path) -> tuple[Path, ...]:
    """Modules of the project that a source names, wherever in it."""
    return tuple(Path(*name.split(".")) for name in IMPORT.findall((ROOT / path).read_text("utf-8")))


@cache
def file_digest(path: Path) -> str:
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


@cache
def libraries() -> str:
    """Python and the libraries that the project asks for, with their versions."""
    try:
        asked = [line for line in requires("osai-evidence") or () if "extra ==" not in line]
    except PackageNotFoundError:
        asked = []
    names = sorted(match[0] for line in asked if (match := REQUIRED.match(line)))
    return " ".join([platform.python_version(), *(f"{name} {version(name)}" for name in names)])


def digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def versions() -> dict[str, dict[str, str]]:
    """The versions that a run notes: those that its records name, and those of the readings."""
    named = {d.name: f"{d.definition.version}+{d.rules_version}" for d in DETECTORS}
    return {"detectors": named, "reading": reading_versions()}
