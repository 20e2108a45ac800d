"""Component list of the Model Openness Framework, in the Model Openness Tool's YAML (https://mot.isitopen.ai/)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from output.data_files import load
from output.exports.release import Part, Release, releases
from output.links import cited_page
from output.record import EvidenceRecord
from output.run import Run


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A component, the indicators that show it, and the kind of target they speak of (`root`, a prefix, or any)."""

    name: str
    indicators: list[str]
    targets: str


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    framework: dict[str, str]
    components: list[Component]


@cache
def definition() -> Definition:
    return load(Path(__file__).with_suffix(".yaml"), Definition)


def write(run: Run, out: Path) -> list[Path]:
    written = []
    for release in releases(run):
        path = out / f"{release.file_name}.mof.yml"
        path.write_text(yaml.safe_dump(document(release), sort_keys=False, allow_unicode=True, width=1000), "utf-8")
        written.append(path)
    return written


def document(release: Release) -> dict[str, Any]:
    model = release.model
    distribution = license_of(model)
    found = [component(release, wanted) for wanted in definition().components]
    code = next((p.page for p in release.repositories), None)
    return {
        "framework": definition().framework,
        "release": {
            "name": model.name.rpartition("/")[2],
            **({"version": model.revision} if model.revision else {}),
            "license": {"distribution": distribution} if distribution else {},
            "producer": model.name.rpartition("/")[0],
            **({"repository": code} if code else {}),
            "huggingface": model.page,
            "components": [item for item in found if item],
        },
    }


def license_of(part: Part) -> dict[str, str]:
    found = next(iter(part.licenses), None)
    return {"name": found.expression} if found else {}


def component(release: Release, wanted: Component) -> dict[str, str] | None:
    """A component with its path, and the licence of what holds it; None where no record shows it.

    A paper or report stands elsewhere: the licence of the model is not its own.
    """
    records = [r for r in release.system.records if r.indicator in wanted.indicators and fits(r, release, wanted)]
    if not records:
        return None
    record = records[0]
    license_ = license_of(release.part(record.subject.target)) if wanted.targets else {}
    assert record.source is not None
    return {
        "name": wanted.name,
        "description": f"{record.statement} ({record.id})",
        **({"license": license_["name"]} if license_ else {}),
        "component_path": cited_page(record),
    }


def fits(record: EvidenceRecord, release: Release, wanted: Component) -> bool:
    if record.outcome != "present" or record.source is None:
        return False
    target = record.subject.target
    return target == release.system.root if wanted.targets == "root" else target.startswith(wanted.targets)
