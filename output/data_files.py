"""The project's own data files: YAML that is read strictly, so that a misspelt key stops the program that ships it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

T = TypeVar("T")

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with libyaml


def load(path: Path, kind: type[T]) -> T:
    """The content of a file as a type. Raises OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError."""
    return msgspec.convert(yaml.load(path.read_text("utf-8"), Loader=LOADER), kind)  # noqa: S506
