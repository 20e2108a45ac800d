"""A new entry of the index, from the template's text, with what was found and what people have to set."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from output.line_patch import Change, Value, patch_all
from output.links import page_of
from output.notes import DIRECTIONS, Note, note
from output.positions import documents
from output.record import INDEX_PARAMETERS, EvidenceRecord, Parameter
from output.run import Run, System, load_run, short

TEMPLATE = Path(__file__).with_name("index_template.yaml")
TO_BE_SET = "to be set by people"
# "In case a distinction between base and end user model is not applicable, this mirrors the end model data entries."
MIRRORED: dict[Parameter, Parameter] = {
    "datasources_endmodel": "datasources_basemodel",
    "weights_endmodel": "weights_basemodel",
}
HUB_DEFAULT_DATE = "2022-03-02"  # the Hub's date for everything older

NO_NAME = re.compile(r"not \w+$|other$|unknown$", re.I)  # words of a part, or of the Hub, that name no licence
LICENSE_INDICATORS = ("license.declared", "license.text")

# Task tags of the Hub (https://huggingface.co/tasks) and the index's types.
TYPES = {
    "text-generation": "text",
    "text2text-generation": "text",
    "image-text-to-text": "text",
    "text-to-image": "image",
    "image-to-image": "image",
    "text-to-video": "video",
    "image-to-video": "video",
    "text-to-audio": "audio",
    "text-to-speech": "audio",
    "automatic-speech-recognition": "audio",
    "audio-to-audio": "audio",
}


def write(run_folder: Path, template: str | None = None) -> list[Path]:
    """Write `entries/*.yaml`, one for each release of the run on the Hub, and return their paths. Raises RunError."""
    run = load_run(run_folder)
    folder = run_folder / "entries"
    folder.mkdir(exist_ok=True)
    written = []
    for system in run.systems:
        if system.root.startswith("hf:model:") or system.entry:
            path = folder / f"{file_name(system)}.yaml"
            path.write_bytes(new_entry(run, system, template).encode())
            written.append(path)
    return written


def file_name(system: System) -> str:
    """An id the website can take: the entry's, else the model's name."""
    return re.sub(r"[^\w .-]+", "-", system.entry or short(system.root).rpartition("/")[2]).strip(" .-") or "entry"


def new_entry(run: Run, system: System, template: str | None = None) -> str:
    """The text of a new entry.

    Notes and links come from the records. Classes stay as the template has them and are marked to be set by people, as
    is everything the website needs and no document says.
    """
    text = template or TEMPLATE.read_text("utf-8")
    about = hub_answer(run, system)
    records = system.records if base_of(system) else mirrored(system.records)
    said = {name: note(name, records) for name in INDEX_PARAMETERS}
    notes = {name: found for name, found in said.items() if found and not found.unread}
    known = facts(system, about)
    changes = [Change(block, key, value) for (block, key), value in known.items() if value]
    for name, found in notes.items():
        changes += [Change(name, "link", found.link), Change(name, "notes", found.text)]
    open_fields = [(block, key) for (block, key), value in known.items() if not value]
    stand_ins = {"type": "text", "performanceclass": "full", "releasedate": read_month(system)}
    stand_ins |= {"endmodellicense": "not specified"}
    changes += [Change(block, key, stand_ins[key]) for block, key in open_fields if stand_ins.get(key)]
    text = patch_all(text, changes)
    for block, key in open_fields:
        if stand_ins.get(key):
            text = comment(text, block, key, TO_BE_SET)
    for name in INDEX_PARAMETERS:
        text = comment(text, name, "class", f"as in the template, {TO_BE_SET}{leaning(name, records)}")
    unread = {name: found for name, found in said.items() if found and found.unread}
    return with_comments(text, run, notes, unread)


def base_of(system: System) -> str | None:
    """The model that the release was trained from, where anything was read or said of one."""
    read = (r.subject.target for r in system.records if r.subject.component == "base")
    named = (x.target for x in system.listing.leads if x.relation == "base_model" and x.origin == system.root)
    return next((target for target in (*read, *named) if target != system.root), None)


def mirrored(records: Sequence[EvidenceRecord]) -> list[EvidenceRecord]:
    """Records of a release that was trained from nothing else: the end model's stand for its base where none do."""
    own = {r.parameter for r in records}
    copies = [
        msgspec.structs.replace(r, parameter=base)
        for r in records
        if (base := MIRRORED.get(r.parameter)) and base not in own
    ]
    return [*records, *copies]


def facts(system: System, about: dict[str, Any]) -> dict[tuple[str, str], Value]:
    """What the Hub's answer and the records say of the release; None where they say nothing."""
    name = short(system.root)
    maker, _, model = name.rpartition("/")
    base = base_of(system)
    tags = [about.get("pipeline_tag"), *(about.get("tags") or ())]
    kind = next((TYPES[tag] for tag in tags if isinstance(tag, str) and tag in TYPES), None)
    created = str(about.get("createdAt") or "")
    month = created[:7] if re.match(r"\d{4}-\d{2}-", created) and not created.startswith(HUB_DEFAULT_DATE) else None
    home = page_of(system.root)
    return {
        ("system", "name"): model,
        ("system", "link"): home,
        ("system", "type"): kind,
        ("system", "performanceclass"): None,
        ("system", "basemodelname"): short(base).rpartition("/")[2] if base else None,
        ("system", "endmodelname"): model,
        ("system", "endmodellicense"): license_name(system),
        ("system", "releasedate"): month,
        ("org", "name"): maker or TO_BE_SET,
        ("org", "link"): home.rpartition("/")[0],
    }


def license_name(system: System) -> str | None:
    """The licence of the end model's weights, as the three-part note, its metadata or its text name it.

    The licence of a repository is that of its code, and says nothing of weights.
    """
    mine = {
        r.indicator: r for r in reversed(system.records) if r.subject.target == system.root and r.outcome == "present"
    }
    triple = mine.get("license.triple")
    weights = triple.value.get("weights") if triple else None
    named = [weights.get("words")] if isinstance(weights, dict) and not weights.get("unread") else []
    if system.root.startswith("hf:model:"):
        named += [mine[i].value.get("name") or mine[i].value.get("expression") for i in LICENSE_INDICATORS if i in mine]
    names = (" ".join(name.split())[:120] for name in named if isinstance(name, str))
    return next((name for name in names if name and not NO_NAME.match(name)), None)


def hub_answer(run: Run, system: System) -> dict[str, Any]:
    """The Hub's JSON on the release, read from the archive; empty where there is none."""
    answers = [d for d in system.listing.documents if d.kind == "hub_model" and d.target == system.root]
    for _, body in documents(run.folder, [d.source.archive for d in answers if d.source.archive]):
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {}


def read_month(system: System) -> str | None:
    """The month in which the release was read."""
    times = [d.source.retrieved_at for d in system.listing.documents if d.source.retrieved_at]
    times += [r.source.retrieved_at for r in system.records if r.source and r.source.retrieved_at]
    return min(times)[:7] if times else None


def leaning(parameter: str, records: Sequence[EvidenceRecord]) -> str:
    """How many facts point where, for people who set the class."""
    count = Counter(r.points for r in records if r.parameter == parameter)
    said = [f"{count[direction]} to {direction}" for direction in DIRECTIONS if count[direction]]
    return f"; facts point {', '.join(said)}" if said else ""


def comment(text: str, block: str, key: str, words: str) -> str:
    """Put a comment after a value, without touching the value."""
    pattern = re.compile(
        rf"(^{re.escape(block)}:[^\n]*\n(?:[ \t]+[^\n]*\n)*?[ \t]+{re.escape(key)}:[^\r\n]*?)[ \t]*(\r?\n)", re.M
    )
    return pattern.sub(lambda m: f"{m[1]} # {words}{m[2]}", text, count=1)


def with_comments(text: str, run: Run, notes: dict[Any, Note], unread: dict[Any, Note]) -> str:
    """The comment groups that entries carry, the evidence behind each note, and what could not be looked at."""
    ending = "\r\n" if "\r\n" in text else "\n"
    tags = ["# Organization tags:", f"# - National origin: {TO_BE_SET}", f"# - Contributor type: {TO_BE_SET}", "", ""]
    evidence = [f"# - {name}: {', '.join(found.ids)}" for name, found in notes.items()]
    if unread:
        evidence += ["", "# Could not all be looked at:"]
        evidence += [f"# - {name}: {one_line(found.text)} ({', '.join(found.ids)})" for name, found in unread.items()]
    text = re.sub(r"^system:", lambda _: ending.join(tags) + "system:", text, count=1, flags=re.M)
    lines = ["", f"# Evidence (osai-evidence run {run.id}):", *evidence, ""]
    return text.rstrip() + ending + ending.join(lines)


def one_line(words: str) -> str:
    """Words that no character can lead out of a comment."""
    return "".join(c if c.isprintable() else " " for c in words)


def to_be_set(text: str) -> Iterator[str]:
    """Fields of an entry that are marked to be set by people, classes aside."""
    for line in text.splitlines():
        if line.endswith(f"# {TO_BE_SET}"):
            yield line.split(":")[0].strip()
