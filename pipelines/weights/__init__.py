"""Weights: what the Hub's own answer at a revision says about files, sizes, the gate and takedowns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from output.data_files import load
from output.record import EvidenceRecord, Parameter, Subject
from pipelines.detector import Detector, quote_pointer
from pipelines.dossier import Dossier, searched
from spiders.document import Document, Miss

FOLDER = Path(__file__).parent


class Formats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    endings: list[str]
    not_weights: list[str]
    min_bytes: int
    adapter_files: list[str]


@cache
def formats() -> Formats:
    return load(FOLDER / "formats.yaml", Formats)


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    for target in dossier.targets:
        component = dossier.component(target)
        if component is None or not target.startswith("hf:model:"):
            continue
        subject = dossier.subject(target)
        parameter: Parameter = "weights_basemodel" if component == "base" else "weights_endmodel"
        answers = list(dossier.of("hub_model", target=target))
        for answer in answers:
            yield from read_answer(answer, subject, parameter)
        if not answers:
            for miss in dossier.missed(target):
                if miss.what == "hub_model":
                    yield could_not_look(miss, subject, parameter)


def weight_files(info: dict[str, Any]) -> list[dict[str, Any]]:
    """`{path, size, sha256}` of the files that hold parameters, the hash where the Hub gives it (LFS).

    A file of unknown size counts, a stub does not.
    """
    rules = formats()
    found = []
    for sibling in info.get("siblings") or []:
        path, size = str(sibling.get("rfilename", "")), sibling.get("size")
        name = path.rsplit("/", 1)[-1].lower()
        if not name.endswith(tuple(rules.endings)) or any(word in name for word in rules.not_weights):
            continue
        if size is None or size >= rules.min_bytes:
            digest = (sibling.get("lfs") or {}).get("sha256")
            found.append({"path": path, "size": size} | ({"sha256": digest} if digest else {}))
    return found


def read_answer(answer: Document, subject: Subject, parameter: Parameter) -> Iterator[EvidenceRecord]:
    info = answer.facts
    if info is None:
        yield detector.record(
            subject,
            parameter,
            "weights.files",
            "error",
            "Answer of the Hub could not be read as JSON.",
            rule="api-answer",
            source=answer.source,
        )
        return
    name = subject.target.removeprefix("hf:model:")
    yield files_record(answer, info, subject, parameter, name)
    yield gate_record(answer, info, subject, parameter, name)
    adapters = [
        (n, s["rfilename"])
        for n, s in enumerate(info.get("siblings") or [])
        if s.get("rfilename", "").rsplit("/", 1)[-1] in formats().adapter_files
    ]
    if adapters:
        quote, selector = quote_pointer(info, f"/siblings/{adapters[0][0]}/rfilename")
        yield detector.record(
            subject,
            parameter,
            "weights.delta",
            "present",
            f"Repository {name} on HuggingFace holds an adapter, which needs its base model's weights "
            f"({', '.join(path for _, path in adapters[:3])}).",
            rule="adapter-file",
            points="partial",
            value={"files": [path for _, path in adapters]},
            source=answer.source,
            quote=quote,
            selector=selector,
        )
    if info.get("disabled") is True:
        quote, selector = quote_pointer(info, "/disabled")
        yield detector.record(
            subject,
            parameter,
            "weights.taken_down",
            "present",
            f"Repository {name} is disabled on HuggingFace.",
            rule="disabled",
            points="closed",
            source=answer.source,
            quote=quote,
            selector=selector,
        )


def files_record(
    answer: Document, info: dict[str, Any], subject: Subject, parameter: Parameter, name: str
) -> EvidenceRecord:
    files = weight_files(info)
    if not files:
        return detector.record(
            subject,
            parameter,
            "weights.files",
            "absent",
            f"No weights found in {name} on HuggingFace ({len(info.get('siblings') or [])} files listed).",
            rule="weight-endings",
            points="closed",
            source=answer.source,
            searched=[searched(answer, f"list of {len(info.get('siblings') or [])} files")],
        )
    total = sum(f["size"] or 0 for f in files)
    first = next(n for n, s in enumerate(info["siblings"]) if s["rfilename"] == files[0]["path"])
    quote, selector = quote_pointer(info, f"/siblings/{first}")
    kinds = sorted({f["path"].rsplit(".", 1)[-1] for f in files})
    gated = info.get("gated") or False
    parameters = (info.get("safetensors") or {}).get("total")
    return detector.record(
        subject,
        parameter,
        "weights.files",
        "present",
        f"Weights of {name} made available on HuggingFace ({len(files)} {'/'.join(kinds)} files, {size_text(total)}, "
        f"{'gated' if gated else 'not gated'}).",
        rule="weight-endings",
        points="partial" if gated else "open",
        value={"count": len(files), "bytes": total, "parameters": parameters, "formats": kinds, "files": files[:200]},
        source=answer.source,
        quote=quote,
        selector=selector,
    )


def gate_record(
    answer: Document, info: dict[str, Any], subject: Subject, parameter: Parameter, name: str
) -> EvidenceRecord:
    gated = info.get("gated")
    if gated is None:
        return detector.record(
            subject,
            parameter,
            "weights.gated",
            "unavailable",
            f"The Hub's answer on {name} does not say whether it is gated.",
            rule="gated-field",
            source=answer.source,
        )
    quote, selector = quote_pointer(info, "/gated")
    if gated is False:
        return detector.record(
            subject,
            parameter,
            "weights.gated",
            "absent",
            f"No gate: {name} can be downloaded without asking.",
            rule="gated-field",
            points="open",
            value={"mode": False},
            source=answer.source,
            quote=quote,
            selector=selector,
            searched=[searched(answer, "field `gated`")],
        )
    how = {"auto": "automatic approval", "manual": "approval by the maker"}.get(str(gated), str(gated))
    return detector.record(
        subject,
        parameter,
        "weights.gated",
        "present",
        f"Gated model available through HuggingFace ({name}: {how}).",
        rule="gated-field",
        points="partial",
        value={"mode": gated},
        source=answer.source,
        quote=quote,
        selector=selector,
    )


def could_not_look(miss: Miss, subject: Subject, parameter: Parameter) -> EvidenceRecord:
    return detector.record(
        subject,
        parameter,
        "weights.files",
        miss.outcome,
        f"Could not look at {subject.target.removeprefix('hf:model:')} on HuggingFace: {miss.reason}",
        rule="not-read",
        value={"reason": miss.reason, "status": miss.source.status},
        source=miss.source,
    )


def size_text(size: int) -> str:
    """Bytes in decimal units, as the Hub shows them."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


detector = Detector(FOLDER, detect)
