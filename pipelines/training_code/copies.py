"""Frameworks for training that a tree holds a copy of, told by the paths of files that only they have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from output.data_files import load

PROOF = 2  # files of a framework below one folder that make a copy of it


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A framework as data.

    `repositories` as `owner/name`, where it is kept now first; `files` as paths below the folder that it was put in.
    """

    name: str
    repositories: list[str]
    files: list[str]

    def kept_at(self, repository: str) -> bool:
        """Whether a repository, or a local folder by its name alone, is the framework itself."""
        owner, _, name = repository.lower().rpartition("/")
        known = [kept.lower() for kept in self.repositories]
        return f"{owner}/{name}" in known if owner else name in [kept.partition("/")[2] for kept in known]


@dataclass(frozen=True)
class Copy:
    """A framework inside a tree: `folder` is that of its package, `files` are the paths that prove it."""

    framework: Framework
    folder: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.framework.name} in {self.folder} ({self.framework.repositories[0]})"


@cache
def frameworks() -> list[Framework]:
    return load(Path(__file__).parent / "frameworks.yaml", list[Framework])


@cache
def telling() -> tuple[str, ...]:
    """Ends of the paths by which frameworks are told."""
    return tuple(path for framework in frameworks() for path in framework.files)


def copies(paths: Iterable[str], target: str) -> list[Copy]:
    """The frameworks that a repository or local folder holds copies of, among paths of its tree; never its own."""
    on_github = target.startswith("github:")
    repository = target.removeprefix("github:") if on_github else re.split(r"[:/]", target)[-1]
    known = [f"/{path}" for path in paths]
    found: dict[str, Copy] = {}
    for framework in frameworks():
        below: dict[str, list[str]] = {}
        for end in framework.files:
            for path in known:
                if path.endswith(f"/{end}"):
                    package = path[1 : -len(end)] + end.partition("/")[0] + "/"
                    below.setdefault(package, []).append(path[1:])
        for package, files in below.items():
            if len(files) >= PROOF:
                found.setdefault(package, Copy(framework, package, tuple(files)))
    return [copy for copy in found.values() if not copy.framework.kept_at(repository)]
