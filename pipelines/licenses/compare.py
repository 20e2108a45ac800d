"""Declared against found: `license.conflict`, `license.missing_text` and the triple of weights, code and data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from license_rules import holds, ids_in, in_words, is_open, licence_name, openness, stem
from output.record import EvidenceRecord, Points, Searched
from pipelines.detector import Detector
from pipelines.dossier import Dossier, searched
from pipelines.licenses.declared import read_json, short
from spiders.document import Document

LICENSE_FILE = re.compile(r"(?:^|[_\-.])(?:licen[cs]e|copying)|^licen[cs]e", re.I)
NOT_MAIN = re.compile(r"notice|policy|third|3rd|acceptable|header", re.I)
CODE = re.compile(r"code|source", re.I)


Records = Sequence[EvidenceRecord]


@dataclass(frozen=True)
class Texts:
    """The records on texts of one target: those that can be its licence, without notices and policies."""

    records: tuple[EvidenceRecord, ...]

    @property
    def main(self) -> list[EvidenceRecord]:
        found = [r for r in self.records if r.outcome == "present"]
        mains = [r for r in found if not NOT_MAIN.search(name_of(r))]
        return mains or found


def name_of(record: EvidenceRecord) -> str:
    path = (record.source.path if record.source else None) or ""
    return path.rsplit("/", 1)[-1]


def of_target(records: Records, target: str, indicator: str) -> list[EvidenceRecord]:
    return [r for r in records if r.subject.target == target and r.indicator == indicator]


def texts_of(records: Records, target: str) -> Texts:
    return Texts(tuple(of_target(records, target, "license.text")))


def ids_of(record: EvidenceRecord) -> list[str]:
    """The licences that a record of a text or a statement stands for; for a changed text its own name or none."""
    if record.indicator == "license.declared":
        return list(record.value["ids"])
    return ids_in(record.value.get("expression"))


def opens(record: EvidenceRecord) -> bool:
    """Whether what a record stands for is open: all that must be kept, or one that may be chosen."""
    expression = record.value.get("expression")
    return expression is not None and holds(expression, is_open)


def conflict_records(detector: Detector, dossier: Dossier, records: Records) -> Iterator[EvidenceRecord]:
    for target in dossier.targets:
        texts = texts_of(records, target).main
        for said in declared_of(records, target):
            if texts and ids_of(said):
                yield compared(detector, said, texts)
    yield from upstream_records(detector, dossier, records)


def declared_of(records: Records, target: str) -> list[EvidenceRecord]:
    return [r for r in of_target(records, target, "license.declared") if r.outcome == "present"]


def verdict_on(said: EvidenceRecord, text: EvidenceRecord) -> str:
    """`agree`, `narrower` (the text takes back some of what was said) or `contradicts`."""
    declared = {stem(i) for i in ids_of(said)}
    found = {stem(i) for i in ids_of(text)}
    base = text.value.get("base")
    if text.value["verdict"] == "exact" and holds(said.value["expression"], lambda i: stem(i) in found):
        return "agree"
    if text.value["verdict"] == "variant" and base and stem(base) in declared:
        return "narrower"
    if text.value["verdict"] == "custom" or not (found or base):
        return "narrower" if opens(said) else "agree"
    return "contradicts"


ORDER = ("agree", "narrower", "contradicts")


def compared(detector: Detector, said: EvidenceRecord, texts: list[EvidenceRecord]) -> EvidenceRecord:
    """One statement against the text that fits it best."""
    if "code" in said.value.get("part", ""):
        texts = [t for t in texts if CODE.search(name_of(t))] or texts
    verdict, text = min(((verdict_on(said, t), t) for t in texts), key=lambda pair: ORDER.index(pair[0]))
    where = {"hub-metadata": "Metadata", "front-matter": "Front matter", "github-detection": "GitHub"}
    who = where.get(said.detector.rule, "Card")
    base = text.value.get("base")
    shown = said.value["name"]
    if verdict == "agree":
        statement = f"{who} and {name_of(text)} of {short(said.subject.target)} agree: {shown}."
    elif verdict == "narrower" and text.value["verdict"] == "variant":
        statement = f"{who} of {short(said.subject.target)} says {shown}, but {text.statement}"
    elif verdict == "narrower":
        statement = f"{who} of {short(said.subject.target)} says {shown}, but {name_of(text)} is a bespoke licence."
    else:
        other = text.value.get("name") or (licence_name(base) if base else "another licence")
        statement = f"{who} of {short(said.subject.target)} says {shown}, but {name_of(text)} holds {other}."
    agrees = verdict == "agree"
    return detector.record(
        said.subject,
        "licenses",
        "license.conflict",
        "absent" if agrees else "present",
        statement,
        rule="declared-against-text",
        points="neutral" if agrees else "closed",
        value={"verdict": verdict, "declared": said.value.get("expression"), "found": text.value.get("expression"),
               "base": base, "evidence": [said.id, text.id]},
        source=text.source,
        quote=text.quote,
        selector=text.selector,
        searched=[read_by(said), read_by(text)] if agrees else [],
    )  # fmt: skip


def read_by(record: EvidenceRecord) -> Searched:
    assert record.source is not None
    what = "licence text" if record.indicator == "license.text" else "declared licence"
    return Searched(record.source.url, record.source.sha256, what)


def licence_of(records: Records, target: str, *, code: bool = False) -> EvidenceRecord | None:
    """The record that says best what covers a target: its text, else what is declared."""
    texts = texts_of(records, target).main
    fitting = [t for t in texts if bool(CODE.search(name_of(t))) == code] or texts
    exact = [t for t in fitting if t.value["verdict"] != "none"]
    if exact:
        return exact[0]
    said = declared_of(records, target)
    wanted = "code" if code else None
    return next((r for r in said if wanted and wanted in r.value.get("part", "")), said[0] if said else None)


def upstream_records(detector: Detector, dossier: Dossier, records: Records) -> Iterator[EvidenceRecord]:
    """A release that calls itself open over a base model or a data set whose licence is not."""
    mine = licence_of(records, dossier.root)
    if mine is None or not opens(mine):
        return
    datasets = {lead.target for lead in dossier.leads if lead.relation == "dataset" and lead.followed}
    for target in dossier.targets:
        kind = "base model" if target in dossier.base_models else "data set" if target in datasets else ""
        theirs = licence_of(records, target) if kind else None
        if theirs is None or not ids_of(theirs) or opens(theirs):
            continue
        names = in_words(theirs.value["expression"], licence_name)
        yield detector.record(
            mine.subject,
            "licenses",
            "license.conflict",
            "present",
            f"{short(dossier.root)} is declared {licence_name(ids_of(mine)[0])}, but its {kind} {short(target)} "
            f"is under {names}, not an open licence.",
            rule=f"{kind.replace(' ', '-')}-licence",
            points="closed" if kind == "base model" else "neutral",
            value={"verdict": "narrower", "declared": mine.value["expression"], "found": theirs.value["expression"],
                   "upstream": target, "evidence": [mine.id, theirs.id]},
            source=theirs.source,
            quote=theirs.quote,
            selector=theirs.selector,
        )  # fmt: skip


def missing_records(detector: Detector, dossier: Dossier, records: Records) -> Iterator[EvidenceRecord]:
    """No text among the files of a repository that were listed."""
    for target in dossier.targets:
        if of_target(records, target, "license.text"):
            continue
        for listing in dossier.of("hub_model", "hub_dataset", "github_tree", target=target):
            names = listed_files(listing)
            if names is None or any(LICENSE_FILE.search(name.rsplit("/", 1)[-1]) for name in names):
                continue
            said = declared_of(records, target)
            more = f" Declared: {said[0].value['name']}." if said else " None is declared."
            yield detector.record(
                dossier.subject(target),
                "licenses",
                "license.missing_text",
                "absent",
                f"No licence text found in {short(target)} ({len(names)} files listed).{more}",
                rule="no-license-file",
                points="neutral" if said else "closed",
                value={"files": len(names), "declared": said[0].value.get("expression") if said else None},
                source=listing.source,
                searched=[searched(listing, f"list of {len(names)} files")],
            )


def listed_files(listing: Document) -> list[str] | None:
    """Paths of a Hub answer or a git tree; None where the answer lists none or is cut off."""
    info = read_json(listing)
    if info is None or info.get("truncated") is True:
        return None
    entries = info.get("siblings") if "siblings" in info else info.get("tree")
    if not isinstance(entries, list):
        return None
    return [str(e.get("rfilename") or e.get("path") or "") for e in entries if isinstance(e, dict)]


# What the index calls training code; inference code alone is "not released".
TRAINING_STAGES = frozenset(
    f"training_code.{stage}" for stage in ("pretraining", "finetuning", "preference", "data_processing")
)


@dataclass(frozen=True)
class Part:
    """Weights, code or data: what covers it in words, whether that is open, and the records that say so."""

    words: str
    open: bool | None  # None: nothing is known to be there, or it could not all be read
    licenses: tuple[dict[str, Any], ...] = ()
    evidence: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()  # targets that nobody could look at

    @property
    def value(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in ("licenses", "evidence", "unread")}
        return {"words": self.words, "open": self.open, **lists}


def triple_records(
    detector: Detector, dossier: Dossier, records: Records, earlier: Records
) -> Iterator[EvidenceRecord]:
    """The three parts of a release of which anything was read; what could not be read is said part by part."""
    root = dossier.root
    read = [d for d in dossier.of("hub_model", "github_repository", "hub_dataset") if d.target in released(dossier)]
    if not read:
        return
    parts = {
        "Weights": weights_part(dossier, records, earlier),
        "Code": code_part(dossier, records, earlier),
        "Data": data_part(dossier, records),
    }
    cited = [ident for part in parts.values() for ident in part.evidence]
    by_id = {r.id: r for r in records}
    proof = next((by_id[i] for i in cited if i in by_id and by_id[i].source is not None), None)
    source = proof.source if proof else read[0].source
    opened = [name for name, part in parts.items() if part.open]
    undecided = [name for name, part in parts.items() if part.unread and not part.open]
    yield detector.record(
        dossier.subject(root),
        "licenses",
        "license.triple",
        "present",
        " ".join(f"{name}: {part.words}." for name, part in parts.items()),
        rule="triple",
        points=direction(len(opened), len(undecided)),
        value={name.lower(): part.value for name, part in parts.items()}
        | {"open": [name.lower() for name in opened]}
        | {"unread": [name.lower() for name, part in parts.items() if part.unread]},
        source=source,
        quote=proof.quote if proof else None,
        selector=proof.selector if proof else None,
    )


def direction(opened: int, undecided: int) -> Points:
    """Which way three parts point together; neutral where those that could not be looked at would decide it."""
    ways: tuple[Points, ...] = ("closed", "closed", "partial", "open")
    return ways[opened] if ways[opened] == ways[opened + undecided] else "neutral"


def released(dossier: Dossier) -> list[str]:
    """The release, its code and its data: what its documents name as such, and what its index entry links."""
    return [dossier.root, *part_targets(dossier, "repository"), *part_targets(dossier, "dataset")]


def part_targets(dossier: Dossier, relation: str) -> list[str]:
    """Repositories that the release names, or data sets named anywhere; and those its index entry links."""
    prefix = {"repository": "github:", "dataset": "hf:dataset:"}[relation]
    followed = [lead for lead in dossier.leads if lead.followed]
    origins = {dossier.root} if relation == "repository" else {lead.origin for lead in followed}
    named = [lead.target for lead in followed if lead.relation == relation and lead.origin in origins]
    led_to = {lead.target for lead in followed}
    linked = [t for t in dossier.targets if t.startswith(prefix) and t not in led_to]
    return list(dict.fromkeys(t for t in (*named, *linked) if t in dossier.targets))


def weights_part(dossier: Dossier, records: Records, earlier: Records) -> Part:
    root = dossier.root
    if not root.startswith("hf:model:") or not was_read(dossier, root):
        named = [r for t in released(dossier) for r in declared_of(records, t) if "weights" in r.value.get("part", "")]
        said = described(named[0], "") if named else Part("not found", None)
        if not root.startswith("hf:model:"):
            return said
        words = f"{said.words} according to {short(named[0].subject.target)}, " if named else ""
        return replace(said, words=f"{words}{not_looked_at([root])}", open=None, unread=(root,))
    files = of_target(earlier, root, "weights.files")
    if files and all(r.outcome == "absent" for r in files):
        return Part("not released", None, evidence=tuple(r.id for r in files))
    return covered([root], records, "not specified")


def code_part(dossier: Dossier, records: Records, earlier: Records) -> Part:
    seen = part_targets(dossier, "repository")
    if not seen:
        mine = [r for r in declared_of(records, dossier.root) if "code" in r.value.get("part", "")]
        return described(mine[0], "") if mine else nothing(dossier, "no repository found")
    stages = [r for r in earlier if r.indicator in TRAINING_STAGES and r.subject.target in seen]
    holders = [t for t in seen if any(r.subject.target == t and r.outcome == "present" for r in stages)]
    if holders:
        return covered(holders, records, "not specified", code=True)
    if stages and all(r.outcome == "absent" for r in stages) and all(was_read(dossier, t) for t in seen):
        return Part("not released", None, evidence=tuple(r.id for r in stages))
    return unread(dossier, seen, records, code=True)


def data_part(dossier: Dossier, records: Records) -> Part:
    seen = part_targets(dossier, "dataset")
    return unread(dossier, seen, records) if seen else nothing(dossier, "not disclosed")


def nothing(dossier: Dossier, words: str) -> Part:
    """A part that nothing names. Where the release itself could not be read, that is no finding."""
    if was_read(dossier, dossier.root):
        return Part(words, None)
    return Part("not found in what could be read", None, unread=(dossier.root,))


def was_read(dossier: Dossier, target: str) -> bool:
    return any(d.target == target for d in dossier.documents)


def unread(dossier: Dossier, targets: list[str], records: Records, *, code: bool = False) -> Part:
    """The licences of the targets that could be read; the others are named as not looked at, never as unlicensed."""
    read = [t for t in targets if was_read(dossier, t)]
    closed = [t for t in targets if t not in read]
    if not closed:
        return covered(read, records, "not specified", code=code)
    words = not_looked_at(closed)
    known = covered(read, records, "not specified", code=code) if read else Part("", None)
    said = f"{known.words}, {words}" if read else words
    return replace(known, words=said, open=None, unread=tuple(closed))


def not_looked_at(targets: list[str]) -> str:
    more = f" and {len(targets) - 6} more" if len(targets) > 6 else ""
    return f"could not be looked at ({', '.join(short(t) for t in targets[:6])}{more})"


def covered(targets: list[str], records: Records, unsaid: str, *, code: bool = False) -> Part:
    """The licences of several targets as one part; open when all are."""
    parts = []
    for target in targets:
        found = licence_of(records, target, code=code)
        where = f" ({short(target)})" if len(targets) > 1 else ""
        parts.append(described(found, where) if found else Part(unsaid + where, False))
    return Part(
        ", ".join(p.words for p in parts[:6]) + (f" and {len(parts) - 6} more" if len(parts) > 6 else ""),
        all(p.open for p in parts),
        tuple(one for p in parts for one in p.licenses),
        tuple(ident for p in parts for ident in p.evidence),
    )


def described(record: EvidenceRecord, where: str) -> Part:
    ids = ids_of(record)
    if record.indicator == "license.text" and record.value["verdict"] == "variant":
        words = f"modified {licence_name(record.value['base'])}"
    elif ids:
        words = in_words(record.value["expression"], licence_name)
    elif record.indicator == "license.text":
        words = "bespoke licence"
    else:
        words = str(record.value["name"] or "not specified")
    opened = opens(record)
    listed = tuple({"id": i, "name": licence_name(i), "why": openness(i)} for i in ids)
    return Part(words + where, opened, listed, (record.id,))
