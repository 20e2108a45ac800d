"""Declared against found: `license.conflict`, `license.missing_text` and the triple of weights, code and data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from license_rules import (
    holds,
    ids_in,
    in_words,
    is_open,
    licence_name,
    normalise_name,
    openness,
    openness_reason,
    stem,
)
from license_rules.registry import by_id
from output.record import EvidenceRecord, Points, Searched
from pipelines.detector import Detector
from pipelines.dossier import Dossier, plain, searched
from pipelines.licenses.declared import short
from pipelines.licenses.mentions import file_named
from pipelines.papers.names import another_size
from spiders.document import Document

LICENSE_FILE = re.compile(r"(?:^|[_\-.])(?:licen[cs]e|copying)|^licen[cs]e", re.I)
NOT_MAIN = re.compile(r"notice|policy|third|3rd|acceptable|header", re.I)
FOR_ALL = re.compile(r"licen[cs]|legal|copying|^(?:docs?|assets|\.github)$", re.I)
ADDRESS = re.compile(r"https?://\S+")
# Which part the name of a licence file speaks of: LICENSE-MODEL, CODE_LICENSE, data/LICENSE.
NAMED_PART = {
    "code": re.compile(r"code|source|software", re.I),
    "weights": re.compile(r"model|weight|checkpoint|模型|权重", re.I),
    "data": re.compile(r"data", re.I),
}


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


def path_of(record: EvidenceRecord) -> str:
    return (record.source.path if record.source else None) or ""


def name_of(record: EvidenceRecord) -> str:
    return path_of(record).rsplit("/", 1)[-1]


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
    expression = record.value.get("expression") or normalise_name(record.value.get("family", "")).like
    return bool(expression) and holds(expression, is_open)


def names_one(said: EvidenceRecord) -> bool:
    """Whether a statement names a licence, or a family of them ("CC-BY-NC"), that others can be held against."""
    return bool(ids_of(said) or said.value.get("family"))


def parts_of(record: EvidenceRecord) -> list[str]:
    """The parts that a statement names; none for what is said of a repository as a whole."""
    named = record.value.get("part", "")
    return named.split(" and ") if named else []


def without_other_models(dossier: Dossier, records: list[EvidenceRecord]) -> list[EvidenceRecord]:
    """The records without clauses of licences known as others that lie in one folder with the release's own."""
    own = {i for r in declared_of(records, dossier.root) for i in ids_of(r)}
    texts = [r for r in records if r.indicator == "license.text" and r.outcome == "present"]
    named = {place_of(r): {*ids_of(r), r.value["base"]} - {None} for r in texts}
    folders = {place[:2] for place, ids in named.items() if place[1] and own & ids}
    others = {place for place, ids in named.items() if place[:2] in folders and not own & ids and names_licence(ids)}
    return [r for r in records if r.indicator != "license.clause" or place_of(r) not in others]


def names_licence(ids: Iterable[str]) -> bool:
    """Whether ids are of licences, not of the policies and terms that belong to one."""
    entries = [by_id().get(i) for i in ids]
    return bool(entries) and all(entry is None or entry.kind == "license" for entry in entries)


def place_of(record: EvidenceRecord) -> tuple[str, str, str]:
    """Target, folder and name of the file that a record quotes."""
    folder, _, name = path_of(record).rpartition("/")
    return record.subject.target, folder, name


def conflict_records(detector: Detector, dossier: Dossier, records: Records) -> Iterator[EvidenceRecord]:
    """Each declared licence against the texts beside it, or, where there are none, against the others declared."""
    for target in dossier.targets:
        texts = texts_of(records, target).main
        first: dict[str, EvidenceRecord] = {}
        for said in declared_of(records, target):
            yield from compared(detector, said, against(said, texts, first))
    yield from weights_elsewhere(detector, dossier, records)
    yield from upstream_records(detector, dossier, records)


def against(
    said: EvidenceRecord, texts: list[EvidenceRecord], first: dict[str, EvidenceRecord]
) -> Iterator[tuple[str, list[EvidenceRecord]]]:
    """What a declared licence is to be held against, part by part; `first` is what was declared before it."""
    if not names_one(said):
        return
    own = own_part(said)
    linked = [t for t in texts if t.source and t.source.path == local_file(said)]
    for part in parts_of(said) or [own]:
        if fitting := linked or texts_for(part, texts, own):
            named = linked or part == own or any(speaks_of(t, part) for t in fitting)
            if named or any(verdict_on(said, t) == "agree" for t in fitting):
                yield part, fitting  # that a LICENSE beside the code is another one says nothing against the weights'
        elif part not in first:
            first[part] = said
        elif (first[part].source, first[part].detector) != (said.source, said.detector):
            # one document may name a licence for each of several models
            yield part, [first[part]]


def own_part(record: EvidenceRecord) -> str:
    target = record.subject.target
    return "code" if target.startswith("github:") else "data" if target.startswith("hf:dataset:") else "weights"


def texts_for(part: str, texts: list[EvidenceRecord], own: str) -> list[EvidenceRecord]:
    """Texts that may cover a part: those named for it, else those named for none and not for one folder."""
    named = [t for t in texts if speaks_of(t, part)]
    others = [t for t in texts if not any(speaks_of(t, name) for name in NAMED_PART)]
    plain = [t for t in others if not only_folder(path_of(t))]
    if named or (part in ("data", "docs") and part != own):
        return named
    return plain


def only_folder(path: str) -> str:
    """The folder that a licence file covers by its place: `eval` of `eval/LICENSE`, none of `licenses/MIT`."""
    folder = path.rpartition("/")[0]
    return "" if FOR_ALL.search(folder.rpartition("/")[2]) else folder


def speaks_of(text: EvidenceRecord, part: str) -> bool:
    """Whether the name of a licence file, or the file itself, says that it is for this part."""
    said = text.value.get("scope")
    return said == part if said else part in NAMED_PART and NAMED_PART[part].search(name_of(text)) is not None


def weights_elsewhere(detector: Detector, dossier: Dossier, records: Records) -> Iterator[EvidenceRecord]:
    """What the release's repositories say of the weights, against what covers them where they are published."""
    root = dossier.root
    mine = licence_of(records, root) if root.startswith("hf:model:") else None
    if mine is None or not (ids_of(mine) or mine.indicator == "license.text"):
        return
    for said in said_of_weights(dossier, records):
        if names_one(said) and said.subject.target != root:
            yield from compared(detector, said, [("weights", [mine])])
    for target in called_after(dossier) if mine.indicator == "license.declared" else ():
        if texts := [t for t in texts_of(records, target).main if target != root and speaks_of(t, "weights")]:
            yield from compared(detector, mine, [("weights", texts)])


def said_of_weights(dossier: Dossier, records: Records) -> list[EvidenceRecord]:
    """Statements on the weights of this very model: of the release, and of repositories that bear its name."""
    model = short(dossier.root).rpartition("/")[2]

    def of_this_size(said: EvidenceRecord) -> bool:
        return said.quote is None or not another_size(model, ADDRESS.sub("", said.quote.exact))

    found = [r for t in called_after(dossier) for r in declared_of(records, t)]
    return [r for r in found if "weights" in parts_of(r) and of_this_size(r)]


def called_after(dossier: Dossier) -> list[str]:
    """The release, and those of its repositories that bear its name."""
    model = short(dossier.root).rpartition("/")[2]
    names = [name.lower() for name in (model, dossier.entry or "") if name]
    return [t for t in released(dossier) if t == dossier.root or namesake(t.rpartition("/")[2].lower(), names)]


def namesake(repository: str, names: Iterable[str]) -> bool:
    """Whether a repository goes by the name of a model: `Baichuan2` of Baichuan2-13B-Chat, not llama3 of Llama-3.1."""
    return any(begins(name, repository) or begins(repository, name) for name in names)


def begins(longer: str, shorter: str) -> bool:
    """Whether a name begins with another that is not cut off within a version."""
    letters = r"[-_. ]?".join(plain(shorter))
    return bool(letters) and re.match(letters + r"(?!\.?\d)", longer) is not None


def declared_of(records: Records, target: str) -> list[EvidenceRecord]:
    return [r for r in of_target(records, target, "license.declared") if r.outcome == "present"]


def verdict_on(said: EvidenceRecord, other: EvidenceRecord) -> str:
    """`agree`, `narrower` (the text takes back some of what was said), `contradicts`, or `unclear`."""
    if not ids_of(said):
        return verdict_on_family(said, other)
    declared = {stem(i) for i in ids_of(said)}
    found = {stem(i) for i in ids_of(other)}
    base = other.value.get("base")
    verdict = other.value.get("verdict", "exact")
    if names_its_file(said, other):
        return "agree"
    if verdict == "exact" and holds(said.value["expression"], lambda i: stem(i) in found):
        return "agree"
    if verdict == "variant" and base and any(variant_of(i) == base for i in ids_of(said)):
        return "agree"  # "modified MIT" over a text that is one
    if verdict == "variant" and base and stem(base) in declared:
        return "narrower"
    if verdict == "exact" and any(stem(variant_of(i)) in declared for i in ids_of(other)):
        return "narrower"
    if verdict == "custom" or not (found or base):
        return "narrower" if opens(said) else "agree"
    return "contradicts"


def verdict_on_family(said: EvidenceRecord, other: EvidenceRecord) -> str:
    """A family without a version ("CC-BY-NC") tells its own licences, and those that are open where it is not."""
    family, ids = said.value["family"], ids_of(other)
    if ids and all(re.fullmatch(rf"{re.escape(family)}-\d.*", i) for i in ids):
        return "agree"
    return "contradicts" if ids and opens(other) and not opens(said) else "unclear"


def names_its_file(said: EvidenceRecord, text: EvidenceRecord) -> bool:
    """Whether the words give that very file a name of which nobody knows another text, and which is not open."""
    if text.source is None or text.source.path != local_file(said) or opens(said):
        return False
    entries = [by_id().get(i) for i in ids_of(said)]
    return bool(entries) and all(entry is not None and entry.by_name_only for entry in entries)


def variant_of(ident: str) -> str:
    entry = by_id().get(ident)
    return entry.variant_of if entry else ""


ORDER = ("agree", "narrower", "unclear", "contradicts")
WHO = {"hub-metadata": "Metadata", "front-matter": "Front matter", "github-detection": "GitHub's detection"}


def compared(
    detector: Detector, said: EvidenceRecord, held: Iterable[tuple[str, list[EvidenceRecord]]]
) -> Iterator[EvidenceRecord]:
    """One declared licence against the texts, or the other statement, that fit best: a record for each that does."""
    found: dict[tuple[str, str], tuple[EvidenceRecord, list[str]]] = {}
    for part, others in held:
        verdict, other = min(((verdict_on(said, o), o) for o in others), key=lambda pair: ORDER.index(pair[0]))
        if verdict == "unclear":
            continue
        found.setdefault((verdict, other.id), (other, []))[1].append(part)
    for (verdict, _), (other, parts) in found.items():
        agrees = verdict == "agree"
        kind = "text" if other.indicator == "license.text" else "statement"
        yield detector.record(
            said.subject,
            "licenses",
            "license.conflict",
            "absent" if agrees else "present",
            comparison(said, other, verdict, " and ".join(parts) if parts_of(said) else ""),
            rule=f"{said.detector.rule}-on-{'-and-'.join(parts)}-against-{kind}",
            points="neutral" if agrees else "closed",
            value={"verdict": verdict, "part": " and ".join(parts), "declared": said.value.get("expression"),
                   "found": other.value.get("expression"), "base": other.value.get("base"),
                   "evidence": [said.id, other.id]},
            source=other.source,
            quote=other.quote,
            selector=other.selector,
            searched=[read_by(said), read_by(other)] if agrees else [],
        )  # fmt: skip


def comparison(said: EvidenceRecord, other: EvidenceRecord, verdict: str, part: str) -> str:
    shown, base = said.value["name"], other.value.get("base")
    where, elsewhere = short(said.subject.target), short(other.subject.target)
    declared = other.indicator == "license.declared"
    theirs = who_says(other).lower() if declared else name_of(other)
    same = said.subject.target == other.subject.target
    if verdict == "agree" and same:
        return f"{who_says(said)} and {theirs} of {where} agree{part and f' on {part}'}: {shown}."
    if verdict == "agree":
        return f"{who_says(said)} of {where} and {theirs} of {elsewhere} agree{part and f' on {part}'}: {shown}."
    says = f"{who_says(said)} of {where} says {shown}{part and f' for {part}'}"
    at = "" if same else f" of {elsewhere}"
    if declared:
        return f"{says}, but {theirs}{at} says {other.value['name']}."
    if verdict == "narrower" and other.value["verdict"] == "variant":
        return f"{says}, but {other.statement}"
    if verdict == "narrower" and other.value["verdict"] == "custom":
        return f"{says}, but {theirs}{at} is a bespoke licence."
    return f"{says}, but {theirs}{at} holds {other.value.get('name') or (licence_name(base) if base else 'another')}."


def who_says(said: EvidenceRecord) -> str:
    return WHO.get(said.detector.rule) or ("README" if said.detector.rule.startswith("readme") else "Card")


def read_by(record: EvidenceRecord) -> Searched:
    assert record.source is not None
    what = "licence text" if record.indicator == "license.text" else "declared licence"
    return Searched(record.source.url, record.source.sha256, what)


def licence_of(records: Records, target: str, *, code: bool = False) -> EvidenceRecord | None:
    """The record that says best what covers a target: its text, else what is declared, else the text of a folder."""
    part = "code" if code else "data" if target.startswith("hf:dataset:") else "weights"
    texts = [t for t in texts_of(records, target).main if t.value["verdict"] != "none"]
    if fitting := texts_for(part, texts, part):
        return fitting[0]
    said = [r for r in declared_of(records, target) if part in (parts_of(r) or [part])]
    if said:
        return next((r for r in said if parts_of(r) and code), said[0])
    return next((t for t in texts if only_folder(path_of(t))), None) if code else None


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
    """No text among the files of a repository that were listed, or not the one that its words point to."""
    for target in dossier.targets:
        for listing in dossier.of("hub_model", "hub_dataset", "github_tree", target=target):
            names = listed_files(listing)
            if names is None:
                continue
            of_this = of_target(records, target, "license.declared")
            found = [name for name in names if LICENSE_FILE.search(name.rsplit("/", 1)[-1])]
            found += [path_of(text) for text in of_target(records, target, "license.text")]
            folders = list(dict.fromkeys(only_folder(path) for path in found))
            if "" not in folders:
                said = [r for r in of_this if r.outcome == "present"]
                yield missing(detector, dossier, listing, len(names), said, folders=folders)
            pointed = {file: r for r in reversed(of_this) if (file := local_file(r)) and file not in names}
            for file, pointing in pointed.items():
                yield missing(detector, dossier, listing, len(names), [pointing], file)


def missing(
    detector: Detector,
    dossier: Dossier,
    listing: Document,
    count: int,
    said: list[EvidenceRecord],
    file: str = "",
    folders: Sequence[str] = (),
) -> EvidenceRecord:
    where = short(listing.target)
    if file:
        statement = (
            f"{who_says(said[0])} of {where} points to {file} for the licence, which is not among its {count} files."
        )
    else:
        more = f"Declared: {said[0].value['name']}." if said else "None is declared."
        only = f" for more than {', '.join(f'{folder}/' for folder in folders[:3])}" if folders else ""
        statement = f"No licence text{only} found in {where} ({count} files listed). {more}"
    return detector.record(
        dossier.subject(listing.target),
        "licenses",
        "license.missing_text",
        "absent",
        statement,
        rule=f"no-{file}"[:80] if file else "no-license-file",
        points="neutral" if said else "closed",
        value={"verdict": "text missing", "files": count, "declared": said[0].value.get("expression") if said else None}
        | ({"file": file, "evidence": [said[0].id]} if file else {}),
        source=listing.source,
        searched=[searched(listing, f"list of {count} files"), *([read_by(said[0])] if file else [])],
    )


def local_file(said: EvidenceRecord) -> str:
    """The file beside it that a declared licence points to, if it does."""
    link = said.value.get("license_link", "")
    same = "://" not in link or f"/{short(said.subject.target).lower()}/" in link.lower()
    file = file_named(link)
    return file if same and LICENSE_FILE.search(file.rsplit("/", 1)[-1]) else ""


def listed_files(listing: Document) -> list[str] | None:
    """Paths of a Hub answer or a git tree; None where the answer lists none or is cut off."""
    info = listing.facts
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
        "Data": data_part(dossier, records, earlier),
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
    relations = ("repository", "training") if relation == "repository" else (relation,)
    named = [lead.target for lead in followed if lead.relation in relations and lead.origin in origins]
    led_to = {lead.target for lead in followed}
    linked = [t for t in dossier.targets if t.startswith(prefix) and t not in led_to]
    return list(dict.fromkeys(t for t in (*named, *linked) if t in dossier.targets))


def weights_part(dossier: Dossier, records: Records, earlier: Records) -> Part:
    """What covers the weights where they are published; failing that what a repository of the release says of them."""
    root = dossier.root
    named = said_of_weights(dossier, records)
    said = described(named[0], "") if named else Part("not found", None)
    if not root.startswith("hf:model:"):
        return said
    according = f"{said.words} according to {short(named[0].subject.target)}" if named else ""
    if not was_read(dossier, root):
        words = ", ".join(filter(None, (according, not_looked_at([root]))))
        return replace(said, words=words, open=None, unread=(root,))
    files = of_target(earlier, root, "weights.files")
    if files and all(r.outcome == "absent" for r in files):
        return Part("not released", None, evidence=tuple(r.id for r in files))
    if named and licence_of(records, root) is None:
        return replace(said, words=according)
    return covered([root], records, "not specified")


def code_part(dossier: Dossier, records: Records, earlier: Records) -> Part:
    seen = part_targets(dossier, "repository")
    if not seen:
        mine = [r for r in declared_of(records, dossier.root) if "code" in parts_of(r)]
        return described(mine[0], "") if mine else nothing(dossier, "no repository found")
    stages = [r for r in earlier if r.indicator in TRAINING_STAGES and r.subject.target in seen]
    holders = [t for t in seen if any(r.subject.target == t and r.outcome == "present" for r in stages)]
    if holders:
        return covered(holders, records, "not specified", code=True)
    if stages and all(r.outcome == "absent" for r in stages):
        closed = tuple(t for t in seen if not was_read(dossier, t))
        words = f"not in what was read, {not_looked_at(list(closed))}" if closed else "not released"
        return Part(words, None, evidence=tuple(r.id for r in stages), unread=closed)
    return unread(dossier, seen, records, code=True)


def data_part(dossier: Dossier, records: Records, earlier: Records) -> Part:
    """The licences of the data sets, else what is said of data in words, else that data is named and no more."""
    if seen := part_targets(dossier, "dataset"):
        tests = {f"hf:dataset:{r.value['hub']}" for r in earlier if r.value.get("role") == "evaluation"}
        return unread(dossier, [t for t in seen if t not in tests] or seen, records)
    mine = released(dossier)
    if said := [r for t in mine for r in declared_of(records, t) if "data" in parts_of(r)]:
        part = described(said[0], "")
        return replace(part, words=f"{part.words} according to {short(said[0].subject.target)}")
    named = [
        r for r in earlier
        if r.indicator == "data.declared" and r.outcome == "present" and r.value.get("role") == "training"
        and r.subject.target in mine
    ]  # fmt: skip
    if named:
        words = ", ".join(dict.fromkeys(str(r.value["dataset"]) for r in named[:3]))
        return Part(f"not specified ({words} named)", None, evidence=tuple(r.id for r in named))
    told = [
        r for r in earlier
        if r.indicator == "data.described" and r.outcome == "present" and r.subject.component != "base"
    ]  # fmt: skip
    if told:
        return Part("not disclosed", None, evidence=tuple(r.id for r in told))
    looked = dossier.root.startswith("hf:") or any(r.indicator == "data.declared" for r in earlier)
    return nothing(dossier, "not disclosed" if looked else "not found")


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
    folder = only_folder(path_of(record)) if record.indicator == "license.text" else ""
    words += f" for {folder}/ only" if folder else ""
    opened = opens(record) and not folder
    listed = tuple({"id": i, "name": licence_name(i), "why": openness(i), "reason": openness_reason(i)} for i in ids)
    return Part(words + where, opened, listed, (record.id,))
