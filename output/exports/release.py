"""What the records say of one release, in the words that bills of materials share."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

from output.links import page_of
from output.record import EvidenceRecord
from output.run import Run, System, short

NAMESPACE = uuid.UUID("6e1f5c2e-5b7f-5d0a-9a4e-0b1d6f6f7a51")  # of this project's deterministic document ids
FOUND = ("present", "linked")
LICENSE_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class License:
    """An SPDX expression and the record that says it. `declared` by the maker's metadata, or concluded from a text."""

    expression: str
    declared: bool
    record: EvidenceRecord

    @property
    def name(self) -> str:
        """Its name for people, where the record gives one."""
        named = self.record.value.get("name")
        return named if isinstance(named, str) and named else self.expression

    @property
    def refs(self) -> list[str]:
        """Licences in it that are not on SPDX's list."""
        return LICENSE_REF.findall(self.expression)


@dataclass(frozen=True)
class Part:
    """A model, dataset or repository of the release, with all records about it."""

    target: str
    records: tuple[EvidenceRecord, ...]

    @property
    def name(self) -> str:
        return short(self.target)

    @property
    def page(self) -> str:
        return page_of(self.target)

    @property
    def revision(self) -> str | None:
        """Commit that was read, of the repository itself."""
        found = (r.source.revision for r in self.records if r.source and r.source.revision)
        return next(found, None)

    def found(self, *indicators: str) -> list[EvidenceRecord]:
        return [r for r in self.records if r.indicator in indicators and r.outcome in FOUND]

    @cached_property
    def licenses(self) -> list[License]:
        """Licences as SPDX expressions, each once; names that are no SPDX expression are left out."""
        seen: dict[tuple[str, bool], License] = {}
        for record in self.found("license.text", "license.declared"):
            expression = spdx(record.value.get("expression"))
            declared = record.indicator == "license.declared"
            if expression:
                seen.setdefault((expression, declared), License(expression, declared, record))
        return list(seen.values())


@dataclass(frozen=True)
class Release:
    """One system as parts."""

    run: Run
    system: System

    @property
    def model(self) -> Part:
        return self.part(self.system.root)

    def part(self, target: str) -> Part:
        return Part(target, tuple(r for r in self.system.records if r.subject.target == target))

    @cached_property
    def base_models(self) -> list[Part]:
        return self.parts(lambda r: r.subject.component == "base" and r.subject.target.startswith("hf:model:"))

    @cached_property
    def datasets(self) -> list[Part]:
        """Datasets that a record found declared, described or published for the training."""
        return self.parts(lambda r: r.subject.target.startswith("hf:dataset:"))

    @cached_property
    def repositories(self) -> list[Part]:
        return self.parts(lambda r: r.subject.target.startswith("github:"))

    def parts(self, wanted: Any) -> list[Part]:
        targets = dict.fromkeys(r.subject.target for r in self.system.records if wanted(r))
        return [self.part(t) for t in targets if t != self.system.root]

    @property
    def time(self) -> str:
        """When the run ended, or the last time something was read; RFC 3339."""
        read = [r.source.retrieved_at for r in self.system.records if r.source and r.source.retrieved_at]
        ended = self.run.info.get("finished_at")
        return str(ended) if ended else max(read, default="1970-01-01T00:00:00Z")

    def uuid(self, what: str) -> str:
        return str(uuid.uuid5(NAMESPACE, f"{self.run.id} {self.system.root} {what}"))

    @property
    def file_name(self) -> str:
        return "".join(c if c.isalnum() or c in "._-" else "-" for c in self.system.name)


def releases(run: Run) -> list[Release]:
    return [Release(run, system) for system in run.systems]


@cache
def licensing() -> Any:
    return get_spdx_licensing()


def spdx(expression: object) -> str | None:
    """A valid SPDX expression, or None. `LicenseRef-…` stands for licences that are not on SPDX's list."""
    if not isinstance(expression, str) or not expression:
        return None
    try:
        parsed = licensing().parse(expression)
        unknown = licensing().unknown_license_keys(parsed)
    except (ExpressionError, ValueError):
        return None
    return str(parsed) if parsed is not None and all(LICENSE_REF.fullmatch(key) for key in unknown) else None


def single(expression: str) -> bool:
    return " " not in expression


def text_of(record: EvidenceRecord) -> str:
    """The words of the source where there are some, else the statement."""
    return record.quote.exact.strip() if record.quote and record.quote.exact.strip() else record.statement


def write_json(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
