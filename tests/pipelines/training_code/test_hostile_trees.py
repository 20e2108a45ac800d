"""Hostile trees through all three detectors: bounded, nothing written, and what is readable beside it still read."""

from __future__ import annotations

import gzip
import io
import os
import resource
import tarfile
import time
import zlib
from collections.abc import Iterable, Iterator

import pytest

from output.record import EvidenceRecord, Source, dump
from pipelines import code_documentation, community, read, training_code
from pipelines.dossier import Dossier
from pipelines.readers.source_tree import MAX_FILE, MAX_MEMBERS
from spiders.document import Document

TARGET = "github:maker/model"
SLOW = pytest.mark.skipif("OSAI_SLOW_TESTS" not in os.environ, reason="takes minutes: set OSAI_SLOW_TESTS=1")
LOOP = b"import torch\nloss.backward()\noptimizer.step()\nif __name__ == '__main__':\n    main()\n"
PYTHON_2 = b"import torch\nprint 'epoch', 1\nexec 'x = 1'\nloss.backward()\noptimizer.step()\n" + LOOP[-39:]
Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, body: bytes = b"", **header: object) -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    for field, value in header.items():
        setattr(info, field, value)
    return info, body


def tree(members: Iterable[Member], level: int = 1) -> Document:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=level, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", errors="surrogateescape") as tar,
    ):
        for info, body in members:
            tar.addfile(info, io.BytesIO(body))
    return Document("source_archive", TARGET, Source("u", "v", revision="a" * 40), buffer.getvalue())


def detected(document: Document) -> dict[str, EvidenceRecord]:
    records = read(Dossier(TARGET, (document,)), (training_code, code_documentation, community))
    for record in records:
        dump(record)
    return {record.indicator: record for record in records}


HOSTILE: dict[str, list[Member]] = {
    "paths that climb": [member("top/../../../etc/cron.d/train.py", LOOP), member("/etc/train.py", LOOP)],
    "links out of the tree": [
        member("top/passwd", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("top/up", type=tarfile.SYMTYPE, linkname="../../.."),
        member("top/hard", type=tarfile.LNKTYPE, linkname="/etc/shadow"),
        member("top/up/train.py", LOOP),
    ],
    "devices": [
        member("top/zero", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        member("top/pipe", type=tarfile.FIFOTYPE),
    ],
    "names that are not UTF-8": [member("top/tr\udcffain.py", LOOP), member("top/a\nb.py", LOOP)],
    "a path without end": [member("top/" + "a/" * 5000 + "train.py", LOOP)],
    "deep nesting": [member("top/deep.py", b"(" * 100_000), member("top/deeper.py", b"x = " + b"[" * 90 + b"]" * 90)],
    "a chain that crashes parsers": [member("top/chain.py", b"x = a" + b".b" * 150_000)],
    "a sum that crashes parsers": [member("top/sum.py", b"x = " + b"1 + " * 60_000 + b"1\n")],
    "null bytes": [member("top/null.py", b"\0" + LOOP), member("top/late.py", LOOP * 400 + b"\0")],
    "bytes that are not UTF-8": [member("top/latin.py", b"# \xe9\xff\n" + LOOP)],
    "a notebook without end": [member("top/n.ipynb", b'{"cells": [' * 50_000)],
    "a notebook of lists": [member("top/n.ipynb", b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")],
    "a line of a megabyte": [member("top/long.sh", b"python train.py --lr 1 " * 50_000)],
    "YAML of anchors": [member("top/a.yaml", b"lr: 1\na: &a [x]\n" + b"b: &b [*a, *a, *a]\n" * 9_000)],
    "a README without headings": [member("top/README.md", b"Run train.py for training.\n")],
    "a README that repeats itself": [member("top/docs/README.md", b"#" * 200_000), member("top/b.md", b"`" * 200_000)],
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_hides_nothing_else(what: str) -> None:
    start = time.process_time()
    found = detected(tree([*HOSTILE[what], member("top/train.py", LOOP)]))
    record = found["training_code.pretraining"]
    assert record.outcome == "present"
    assert "train.py" in [file["path"] for file in record.value["files"]]
    assert all(".." not in f["path"] and f["path"][0] != "/" for f in record.value["files"])
    assert time.process_time() - start < 20


def test_python_2_is_read_by_its_lines() -> None:
    assert detected(tree([member("top/train.py", PYTHON_2)]))["training_code.pretraining"].outcome == "present"


def test_a_notebook_of_100_megabytes_is_named_and_not_read() -> None:
    body = b'{"cells": [' + b'{"cell_type": "code", "source": "model.fit()"},' * 2_200_000 + b"]}"
    assert len(body) > 100_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    document = tree([member("top/big.ipynb", body), member("top/train.py", LOOP)], level=0)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = detected(document)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - max(before, held) < 60 * 1024  # KiB
    assert found["training_code.pretraining"].outcome == "present"
    assert found["training_code.coverage"].value["unread"] == ["big.ipynb"]
    assert len(body) > MAX_FILE


def test_a_bomb_ends_the_walk_and_no_absence_is_claimed() -> None:
    found = detected(tree([member("top/train.py", LOOP), member("top/zeros.bin", bytes(80_000_000))], level=9))
    assert found["training_code.pretraining"].outcome == "present"
    assert found["training_code.finetuning"].outcome == "unavailable"
    assert "times its size" in found["training_code.finetuning"].statement


def test_a_bomb_inside_a_bomb_is_a_file_like_any_other() -> None:
    inner = zlib.compress(bytes(50_000_000), 9)
    found = detected(tree([member("top/inner.py", inner), member("top/train.py", LOOP)]))
    assert found["training_code.pretraining"].outcome == "present"
    assert found["training_code.finetuning"].outcome == "absent"


def many(count: int) -> Iterator[Member]:
    yield member("top/train.py", LOOP)
    for n in range(count):
        yield member(f"top/part{n % 500}/file_{n}.py", b"x = 1\n")


def test_thousands_of_files_are_all_listed() -> None:
    found = detected(tree(many(2_000)))
    assert found["training_code.coverage"].value["listed"] == 2_001


@SLOW
def test_200_000_files_end_at_the_cap_and_what_was_seen_stays() -> None:
    document = tree(many(200_000))
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = detected(document)
    assert time.process_time() - start < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024  # KiB
    assert found["training_code.pretraining"].outcome == "present"
    assert found["training_code.finetuning"].outcome == "unavailable"
    assert f"more than {MAX_MEMBERS} members" in found["training_code.finetuning"].statement
