"""Fuzz target for the readers of source trees and files; not run with the tests.

    python -m tests.fuzz.fuzz_source_tree [SECONDS]      a plain random run
    python -m tests.fuzz.fuzz_source_tree -atheris …     guided by coverage, where atheris is installed

Any exception, and any path that leaves the tree or cannot be written as JSON, is a finding.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
import tarfile
import time

from output.record import Source
from pipelines.dossier import Dossier
from pipelines.readers.source_tree import SourceTree
from pipelines.training_code import detector
from pipelines.training_code.facts import facts
from spiders.document import Document, Kind
from spiders.submodules import submodules

LANGUAGES = ("python", "notebook", "shell", "config", "code", "docs")
SEEDS = (
    b"import torch\nloss.backward()\noptimizer.step()\nif __name__ == '__main__':\n    main()\n",
    b'{"cells": [{"cell_type": "code", "source": ["import trl\\n", "SFTTrainer().train()"]}]}',
    b"torchrun \\\n train.py --lr 1e-4 \\\n --epochs 3\n",
    b"learning_rate: 1e-4\nmax_steps: 10\nbase_model: x\ndatasets: y\n",
    b"# Fine-tuning\n    python train.py\n- [ ] training code\n",
)


def one(data: bytes) -> None:
    for kind in ("source_archive", "github_tree"):
        whole(kind, data)  # type: ignore[arg-type]
    whole("source_archive", gzip.compress(data, 1))
    whole("source_archive", packed(data))
    text = data.decode("utf-8", "replace")
    for language in LANGUAGES:
        list(facts(language, text))
    submodules(text)


def whole(kind: Kind, body: bytes) -> None:
    document = Document(kind, "github:a/b", Source("u", "v", revision="0" * 40), body)
    for file in SourceTree("github:a/b", document).files():
        json.dumps(file.path).encode()
        assert file.kind == "special" or ".." not in file.path.split("/")
    for record in detector.detect(Dossier("github:a/b", (document,)), ()):
        json.dumps(record.statement).encode()


def packed(data: bytes) -> bytes:
    """The data as a file of each language inside an archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for suffix in ("py", "ipynb", "sh", "yaml", "rs", "md"):
            info = tarfile.TarInfo(f"top/README.{suffix}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def mutated(source: random.Random) -> bytes:
    data = bytearray(source.choice(SEEDS) * source.randint(1, 4))
    if source.random() < 0.4:
        data = bytearray(packed(bytes(data)))
    for _ in range(source.randint(0, 12)):
        position = source.randrange(len(data))
        action = source.randrange(3)
        if action == 0:
            data[position] = source.randrange(256)
        elif action == 1:
            del data[position : position + source.randint(1, 40)]
            data += b"\n"
        else:
            data[position:position] = source.choice(SEEDS)[: source.randint(1, 40)]
    return bytes(data)


def main() -> None:
    if "-atheris" in sys.argv:
        import atheris  # type: ignore[import-not-found]  # optional, see the first lines

        atheris.instrument_all()
        atheris.Setup([a for a in sys.argv if a != "-atheris"], one)
        atheris.Fuzz()
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    seed = time.time_ns()
    source, count, end = random.Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(source)
        try:
            one(data)
        except BaseException:
            print(f"seed {seed}, input {count}: {data!r}")
            raise
        count += 1
    print(f"{count} inputs in {seconds:.0f} s, nothing found (seed {seed})")


if __name__ == "__main__":
    main()
