"""Training code at two revisions: taken down, added, or only seen with other eyes."""

from __future__ import annotations

import msgspec
import pytest

from output.changes import Change, changes
from output.record import EvidenceRecord
from output.run import Listing, System
from pipelines.dossier import Dossier
from pipelines.training_code import detector
from tests.pipelines.training_code.cases import archive

LOOP = b"import torch\nloss.backward()\noptimizer.step()\nif __name__ == '__main__':\n    main()\n"
README = b"# Heron\n\nPre-training of Heron.\n"
BOTH = {"README.md": README, "train.py": LOOP, "more/train_more.py": LOOP}


def read(files: dict[str, bytes], revision: str) -> tuple[EvidenceRecord, ...]:
    document = archive(files)
    source = msgspec.structs.replace(document.source, revision=revision * 40)
    pinned = type(document)(document.kind, document.target, source, document.body)
    return tuple(detector.detect(Dossier(document.target, (pinned,)), ()))


def between(old: tuple[EvidenceRecord, ...], new: tuple[EvidenceRecord, ...]) -> list[Change]:
    before, after = (System(Listing("", "heron"), records) for records in (old, new))
    return [c for c in changes([before], [after]) if c.indicator == "training_code.pretraining"]


def test_a_stage_that_was_taken_down_is_told_with_both_revisions() -> None:
    (change,) = between(read(BOTH, "a"), read({"README.md": README}, "b"))
    assert change.kind == "taken_down"
    assert change.old == ("maker/model at aaaaaaa: pretraining code in train.py, more/train_more.py: “loss.backward()”")
    assert change.new is not None
    assert change.new.startswith("maker/model at bbbbbbb: no pretraining code in train.py, more/train_more.py: Repo")
    assert change.old_id != change.new_id


def test_one_file_of_a_stage() -> None:
    less = {name: body for name, body in BOTH.items() if name != "more/train_more.py"}
    (gone,) = between(read(BOTH, "a"), read(less, "b"))
    (came,) = between(read(less, "a"), read(BOTH, "b"))
    assert (gone.kind, came.kind) == ("taken_down", "added")
    assert gone.new == "maker/model at bbbbbbb: no pretraining code in more/train_more.py; 1 other file holds some"
    assert came.new == "maker/model at bbbbbbb: pretraining code in more/train_more.py"


def test_a_renamed_file_is_both() -> None:
    renamed = {"README.md": README, "train_heron.py": LOOP, "more/train_more.py": LOOP}
    assert [c.kind for c in between(read(BOTH, "a"), read(renamed, "b"))] == ["taken_down", "added"]


@pytest.mark.parametrize("what", ["rules", "part", "revision"])
def test_what_was_not_read_the_same_way_was_not_taken_down(what: str) -> None:
    old, new = read(BOTH, "a"), read({"README.md": README}, "a" if what == "revision" else "b")
    if what == "rules":
        other = msgspec.structs.replace(old[0].detector, rules_version="00000000")
        old = tuple(msgspec.structs.replace(r, detector=other) for r in old)
    if what == "part":
        old = tuple(msgspec.structs.replace(r, value={**r.value, "count": 500}) for r in old)
    assert [c.kind for c in between(old, new)] == ["changed"]


def test_nothing_moved() -> None:
    assert between(read(BOTH, "a"), read(BOTH, "b")) == []
