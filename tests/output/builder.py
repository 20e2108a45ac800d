"""Run folders written by hand: documents in a real WARC file, records that point into it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

import msgspec

from output.record import (
    ArchivePosition,
    DetectorRef,
    EvidenceRecord,
    Outcome,
    Parameter,
    Points,
    Quote,
    Searched,
    Selector,
    Source,
    Subject,
    dump,
    record_id,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHEN = "2026-11-20T10:00:00Z"


class RunBuilder:
    """Collects documents and records and writes them as a run folder."""

    def __init__(self, folder: Path, entry: str | None = None, root: str = "hf:model:maker/small-1") -> None:
        self.folder, self.entry, self.root = folder, entry, root
        self.records: list[EvidenceRecord] = []
        self.bodies: dict[str, bytes] = {}
        self.read: list[dict[str, Any]] = []
        (folder / "archive").mkdir(parents=True)
        self.file = (folder / "archive" / "run-00000.warc.gz").open("wb")

    def document(self, url: str, body: bytes, path: str | None = None, view_url: str | None = None) -> Source:
        """Archive an answer as one gzip member and return it as a source."""
        offset = self.file.tell()
        ident = f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{url}#{offset}')}>"
        head = (
            f"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: {ident}\r\nWARC-Target-URI: {url}\r\n"
            f"WARC-Date: {WHEN}\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.file.write(gzip.compress(head.encode() + body + b"\r\n\r\n", mtime=0))
        position = ArchivePosition("archive/run-00000.warc.gz", ident, offset)
        digest = hashlib.sha256(body).hexdigest()
        self.bodies[digest] = body
        return Source(url, view_url or url, COMMIT, path, "text/plain", digest, None, len(body), WHEN, 200, position)

    def keep(self, kind: str, source: Source, target: str | None = None) -> None:
        """List a document as read for the release."""
        self.read.append({"kind": kind, "target": target or self.root, "source": source})

    def tree(self, url: str, files: dict[str, bytes]) -> dict[str, Source]:
        """Archive files as one tar.gz and return a source for each member."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, body in files.items():
                info = tarfile.TarInfo(f"top/{name}")
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
        whole = self.document(url, packed.getvalue())
        assert whole.archive is not None
        sources = {}
        for name, body in files.items():
            digest = hashlib.sha256(body).hexdigest()
            self.bodies[digest] = body
            at = ArchivePosition(whole.archive.file, whole.archive.record_id, whole.archive.offset, name)
            raw = f"https://raw.githubusercontent.com/maker/train/{COMMIT}/{name}"
            view = f"https://github.com/maker/train/blob/{COMMIT}/{name}"
            sources[name] = Source(raw, view, COMMIT, name, "text/x-python", digest, None, len(body), WHEN, 200, at)
        return sources

    def add(
        self,
        parameter: Parameter,
        indicator: str,
        outcome: Outcome,
        statement: str,
        *,
        points: Points = "neutral",
        source: Source | None = None,
        exact: str = "",
        pointer: str | None = None,
        page: int | None = None,
        searched: tuple[Searched, ...] = (),
        value: dict[str, Any] | None = None,
        target: str | None = None,
        rule: str = "written-by-hand",
    ) -> EvidenceRecord:
        quote, selector = self.place(source, exact, pointer, page)
        component = "end" if target in (None, self.root) else "base" if "base" in str(target) else None
        subject = Subject(self.entry, target or self.root, component)
        detector = DetectorRef("fixture", "1", rule, "00000000")
        ident = record_id(subject, indicator, outcome, source, selector, searched, detector)
        record = EvidenceRecord(
            ident,
            subject,
            parameter,
            indicator,
            outcome,
            points,
            value or {},
            statement,
            quote,
            selector,
            source,
            searched,
            detector,
            "run-1",
        )
        self.records.append(record)
        return record

    def place(
        self, source: Source | None, exact: str, pointer: str | None, page: int | None
    ) -> tuple[Quote | None, Selector | None]:
        if source is None or not exact:
            return None, None
        if pointer is not None:
            return Quote(exact), Selector(json_pointer=pointer)
        if page is not None:
            return Quote(exact), Selector(page=page)
        text = self.bodies[source.sha256].decode("utf-8", "replace")
        start = text.index(exact)
        line = text.count("\n", 0, start) + 1
        last = line + exact.rstrip("\n").count("\n")
        return Quote(exact), Selector(start, start + len(exact), line, last)

    def finish(self, state: str = "complete", **info: Any) -> Path:
        self.file.close()
        known = {json.dumps(d["target"]) for d in self.read}
        others = {r.subject.target for r in self.records if json.dumps(r.subject.target) not in known}
        listing = {
            "root": self.root,
            "entry": self.entry,
            "documents": self.read,
            "misses": [
                {"target": t, "what": "hub_model", "source": Source("", ""), "outcome": "error", "reason": "made up"}
                for t in sorted(others)
            ],
        }
        (self.folder / "documents.jsonl").write_bytes(msgspec.json.encode(listing) + b"\n")
        (self.folder / "evidence.jsonl").write_bytes(b"".join(dump(r) + b"\n" for r in self.records))
        (self.folder / "run.json").write_text(
            json.dumps({"run": "run-1", "state": state, "asked": [self.root], **info})
        )
        return self.folder


CARD = """---
license: other
datasets:
- maker/corpus
---
# Small 1

Small 1 is a decoder-only language model with 1.1 billion parameters.

## Limitations

The model was trained on English text and repeats what it read there.

## Training

Trained on 64 A100 GPUs for 21 days.
The training **dataset** is proprietary.
"""
HOSTILE = """# <script>alert(1)</script>

<img src=x onerror="document.body.innerHTML='owned'"> {{ 7*7 }} {% raw %} </figure></article>
\u202egnp.exe right to left, &lt;b&gt; and "quotes' and `ticks`
"""
TRAINER = b'''"""Pre-training entry point."""
import torch


def main() -> None:
    model = build("small-1")
    for batch in loader:
        model(batch).backward()
'''


def full_run(folder: Path, entry: str | None = None, root: str = "hf:model:maker/small-1") -> Path:
    """A run that has a record for every parameter and every outcome, with hostile text among them."""
    run = RunBuilder(folder, entry, root)
    name = root.removeprefix("hf:model:")
    hub = "https://huggingface.co"
    card = run.document(
        f"{hub}/{name}/resolve/{COMMIT}/README.md", CARD.encode(), "README.md", f"{hub}/{name}/blob/{COMMIT}/README.md"
    )
    hostile = run.document(f"{hub}/{name}/resolve/{COMMIT}/<b>.md", HOSTILE.encode(), "<b>.md", "javascript:alert(1)")
    info = {"id": name, "gated": False, "siblings": [{"rfilename": "model.safetensors"}]}
    info |= {"tags": ["transformers", "text-generation"], "createdAt": "2025-03-04T05:06:07.000Z"}
    api = run.document(
        f"{hub}/api/models/{name}/revision/{COMMIT}",
        json.dumps(info).encode(),
        view_url=f"{hub}/{name}/tree/{COMMIT}",
    )
    run.keep("hub_model", api)
    run.keep("model_card", card)
    files = run.tree(f"https://codeload.github.com/maker/train/tar.gz/{COMMIT}", {"train/pretrain.py": TRAINER})
    paper = run.document("https://arxiv.org/pdf/2501.00001v2", b"%PDF-1.4 not a real paper", "2501.00001v2")
    lost = Source(f"{hub}/api/datasets/maker/corpus", f"{hub}/datasets/maker/corpus", status=401)
    looked = (Searched(card.url, card.sha256, "model card"), Searched(api.url, api.sha256, "hub model"))

    run.add(
        "datasources_basemodel",
        "data.withheld",
        "present",
        "Training data of Small 1 said to be proprietary.",
        points="closed",
        source=card,
        exact="The training **dataset** is proprietary.",
    )
    run.add(
        "datasources_basemodel",
        "data.published",
        "unavailable",
        "Could not look at maker/corpus: answered 401.",
        source=lost,
        target="hf:dataset:maker/corpus",
    )
    run.add(
        "datasources_endmodel",
        "data.declared",
        "present",
        "Dataset maker/corpus declared in the card's metadata.",
        points="partial",
        source=card,
        exact="- maker/corpus",
    )
    run.add(
        "weights_basemodel",
        "weights.files",
        "error",
        "Could not look at maker/small-base: connection reset.",
        source=Source(f"{hub}/api/models/maker/small-base", f"{hub}/maker/small-base"),
        target="hf:model:maker/small-base",
    )
    run.add(
        "weights_endmodel",
        "weights.files",
        "present",
        "Weights made available on HuggingFace (1 safetensors file).",
        points="open",
        source=api,
        exact='{"rfilename":"model.safetensors"}',
        pointer="/siblings/0",
    )
    run.add(
        "weights_endmodel",
        "weights.gated",
        "absent",
        "No gate: the model can be downloaded without asking.",
        points="open",
        source=api,
        exact="false",
        pointer="/gated",
        searched=looked[1:],
    )
    run.add(
        "trainingcode",
        "training_code.pretraining",
        "present",
        "Pre-training code found in train/pretrain.py.",
        points="open",
        source=files["train/pretrain.py"],
        exact="def main() -> None:",
        target="github:maker/train",
        value={"files": [{"path": "train/pretrain.py", "start_line": 5, "end_line": 8, "rule": "entry-point"}]},
    )
    run.add(
        "code",
        "code_documentation.docs",
        "absent",
        "No documentation folder found.",
        points="partial",
        searched=(Searched("https://github.com/maker/train", "", "repository tree"),),
        target="github:maker/train",
    )
    run.add(
        "hardware_architecture",
        "hardware.training",
        "present",
        "Training hardware: 64 A100 GPUs for 21 days.",
        points="open",
        source=card,
        exact="Trained on 64 A100 GPUs for 21 days.",
        value={"accelerator": "A100", "count": 64},
    )
    run.add(
        "preprint",
        "preprint.archived",
        "present",
        "Preprint on arXiv names the model (2501.00001v2).",
        points="open",
        source=paper,
        exact="a short quote of the paper",
        page=2,
        target="arxiv:2501.00001",
    )
    run.add("paper", "paper.published", "absent", "No peer-reviewed paper found.", points="closed", searched=looked)
    run.add(
        "modelcard",
        "model_card.limitations",
        "boilerplate",
        "Limitations are one general sentence.",
        points="partial",
        source=card,
        exact="The model was trained on English text and repeats what it read there.",
    )
    run.add(
        "modelcard",
        "model_card.risks",
        "placeholder",
        "Risks are named in <b>.md ‹script› but empty.",
        points="closed",
        source=hostile,
        exact=HOSTILE.split("\n")[2],
    )
    run.add(
        "modelcard",
        "model_card.biases",
        "present",
        "A line that turns the text around is quoted.",
        source=hostile,
        exact=HOSTILE.split("\n")[3],
    )
    run.add("modelcard", "model_card.paper_link", "linked", "Card links to a paper.", source=card, exact="# Small 1")
    run.add(
        "datasheet",
        "datasheet.composition",
        "not_applicable",
        "No dataset could be read, so no datasheet.",
        searched=looked,
    )
    run.add(
        "licenses",
        "license.declared",
        "present",
        "Metadata says other.",
        points="closed",
        source=card,
        exact="license: other",
    )
    run.add(
        "licenses",
        "license.triple",
        "present",
        "Weights: other. Code: Apache-2.0. Data: not disclosed.",
        points="partial",
        source=card,
        exact="license: other",
        rule="triple",
        value={
            "weights": {"words": "other"},
            "code": {"words": "Apache-2.0"},
            "data": {"words": "not disclosed"},
            "unread": [],
        },
    )
    run.add(
        "claims",
        "claims.open_source",
        "present",
        "The maker calls it a language model.",
        source=card,
        exact="decoder-only language model",
    )
    return run.finish()
