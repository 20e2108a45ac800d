"""Training code that was taken down or added: the files of one stage of one repository at two revisions."""

from __future__ import annotations

from typing import Literal

from output.record import EvidenceRecord

STAGES = ("pretraining", "finetuning", "preference", "data_processing", "evaluation")
INDICATORS = frozenset(f"training_code.{stage}" for stage in STAGES)
SHOWN = 5

Moved = tuple[Literal["taken_down", "added"], str, str]


def moved(before: EvidenceRecord, after: EvidenceRecord) -> list[Moved]:
    """What was there and is gone, and what is there and was not, as the kind of change and a sentence for each side.

    Both revisions must have been read to their end by the same rules: else a file may only be judged otherwise.
    """
    old, new = files(before), files(after)
    same_rules = before.detector.rules_version == after.detector.rules_version
    if old is None or new is None or not same_rules or revision(before) == revision(after):
        return []
    sides: list[tuple[Literal["taken_down", "added"], list[str]]] = [
        ("taken_down", [path for path in old if path not in new]),
        ("added", [path for path in new if path not in old]),
    ]
    return [(kind, told(before, old, paths), told(after, new, paths)) for kind, paths in sides if paths]


def files(record: EvidenceRecord) -> list[str] | None:
    """Paths of a stage that was found, none where it is absent; None where not all were read or listed."""
    if record.outcome == "absent":
        return []
    found = [file["path"] for file in record.value.get("files", ())]
    return found if record.outcome == "present" and record.value.get("count") == len(found) else None


def told(record: EvidenceRecord, there: list[str], paths: list[str]) -> str:
    """One side: which of the files hold code of the stage at this revision, with a line of one of them."""
    stage = record.indicator.rpartition(".")[2].replace("_", " ")
    held = [path for path in paths if path in there]
    name = record.subject.target.rpartition(":")[2]
    if not held:
        missing = ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if paths[SHOWN:] else "")
        others = f"{len(there)} other file{'s hold' if there[1:] else ' holds'} some"
        rest = f"; {others}" if there else f": {record.statement}"
        return f"{name} at {revision(record)}: no {stage} code in {missing}{rest}"
    shown = ", ".join(held[:SHOWN]) + (f" and {len(held) - SHOWN} more" if held[SHOWN:] else "")
    quoted = record.quote and record.source and record.source.path in held
    line = f": “{record.quote.exact[:120]}”" if record.quote and quoted else ""
    return f"{name} at {revision(record)}: {stage} code in {shown}{line}"


def revision(record: EvidenceRecord) -> str:
    return ((record.source and record.source.revision) or "")[:7]
