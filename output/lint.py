"""Inconsistencies in existing entries of the index, for its maintainers to judge; nothing is changed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec

from output.data_files import load
from output.entries import Entry, entry_paths, read_entry
from output.entry_schema import validator
from output.line_patch import KEYS, SYSTEM_KEYS, PatchError
from output.link_health import LinkHealth, troubled
from output.links import pinned, same_target, target_of
from output.record import INDEX_PARAMETERS, EvidenceRecord

if TYPE_CHECKING:
    from jsonschema import ValidationError

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
GONE = (404, 410)
TRIPLE = re.compile(r"^Weights: .+\. Code: .+\. Data: .+\.$")
ADDRESS = re.compile(r"https?://\S+$")
CRASHING = ("system.type", "system.performanceclass", "system.name", "system.basemodelname", "system", "org")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    level: Level
    meaning: str


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phrase of a note, and the classes it goes with."""

    pattern: str
    classes: list[str]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: dict[str, Rule]
    reasons: dict[str, list[Reason]]
    explained: dict[str, str]
    same_note_at_least: int


class Finding(msgspec.Struct, frozen=True):
    """One thing to look at. `where` is `block.key`, `line` counts from 1."""

    rule: str
    level: Level
    entry: str
    file: str
    line: int
    where: str
    message: str


@cache
def rules() -> Rules:
    return load(Path(__file__).with_suffix(".yaml"), Rules)


def lint(folder: Path, seen: Iterable[EvidenceRecord] = (), links_seen: Iterable[LinkHealth] = ()) -> list[Finding]:
    """All findings on the entries of a folder, in the order of files and lines.

    `seen` are records of crawls: links to what they were told is gone are dead; `links_seen` what nights learned of
    links. Without them no link is called dead.
    """
    entries: list[Entry] = []
    findings: list[Finding] = []
    for path in entry_paths(folder):
        try:
            entry = read_entry(path)
            _ = entry.data
        except PatchError as error:
            findings.append(finding("not-yaml", Entry(path, ""), "", str(error)))
        else:
            entries.append(entry)
    gone = gone_targets(seen)
    health = {x.url: x for x in troubled(links_seen) if (target_of(x.url) or "").lower() not in gone}
    for entry in entries:
        for check in CHECKS:
            findings += check(entry)
        findings += dead_links(entry, gone)
        findings += looked_at(entry, health)
    findings += class_differs(entries)
    findings += ids_differ_in_case(entries)
    return sorted(findings, key=lambda f: (f.file, f.line, f.rule))


def finding(rule: str, entry: Entry, where: str, message: str) -> Finding:
    path = tuple(where.split(".")) if where else ()
    line = entry.lines.get(path) or entry.lines.get(path[:1]) or 1 if entry.text else 1
    return Finding(rule, rules().rules[rule].level, entry.id, entry.path.name, line, where, message)


def schema(entry: Entry) -> Iterator[Finding]:
    """What the website cannot show, or shows wrongly; lists of links have their own check."""
    for error in validator().iter_errors(entry.data):
        where = ".".join(str(part) for part in error.absolute_path)
        if not (where.partition(".")[0] in INDEX_PARAMETERS and list_of_addresses(error.instance)):
            level = "breaks-site" if breaks_site(error, where) else "schema"
            yield finding(level, entry, where, said(error, where))


def list_of_addresses(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(link, str) and ADDRESS.match(link) for link in value)


def breaks_site(error: ValidationError, where: str) -> bool:
    value: Any = error.instance
    if error.validator == "additionalProperties":
        return False
    if error.validator == "required":
        lost = missing(error)
        return not where or "class" in lost or (where == "system" and bool({"type", "name"} & set(lost)))
    if where.endswith(".notes"):
        return isinstance(value, str) and "<" in value
    if where == "system.releasedate":
        return not isinstance(value, str)
    return where in (*CRASHING, *INDEX_PARAMETERS) or where.endswith(".class")


def missing(error: ValidationError) -> list[str]:
    wanted: Any = error.validator_value
    there: Any = error.instance
    return [name for name in wanted if name not in there]


def said(error: ValidationError, where: str) -> str:
    wanted: Any = error.schema
    value: Any = error.instance
    if error.validator == "required":
        return f"{where or 'the entry'} has no {', '.join(missing(error))}"
    if error.validator == "additionalProperties":
        unknown = [str(name) for name in value if name not in wanted["properties"]]
        return f"{where or 'the entry'} has keys the website does not read: {', '.join(unknown)}"
    return f"{where} is {shown(value)}; expected: {wanted.get('description', wanted.get('type'))}"


def shown(value: Any) -> str:
    text = "empty" if value is None else repr(value)
    return text if len(text) <= 90 else text[:90] + "…"


def duplicate_keys(entry: Entry) -> Iterator[Finding]:
    for path, line in entry.duplicate_keys:
        where = ".".join(path)
        yield msgspec.structs.replace(finding("duplicate-key", entry, where, f"{where} stands twice"), line=line)


def contradicts_note(entry: Entry) -> Iterator[Finding]:
    for name in INDEX_PARAMETERS:
        block = entry.block(name)
        note, given = block.get("notes"), block.get("class")
        if not isinstance(note, str):
            continue
        reason = next((r for r in rules().reasons.get(name, ()) if re.search(r.pattern, note)), None)
        if reason and given in ("open", "partial", "closed") and given not in reason.classes:
            usual = " or ".join(reason.classes)
            yield finding(
                "class-contradicts-note",
                entry,
                f"{name}.class",
                f"{given}, but such a note goes with {usual}: {shown(note)}",
            )


def contradicts_class(entry: Entry) -> Iterator[Finding]:
    """Regularities between parameters that all but a few entries keep, where no note says why this one does not."""
    given = {name: entry.block(name).get("class") for name in INDEX_PARAMETERS}

    def found(name: str, message: str) -> Finding:
        return finding("class-contradicts-class", entry, f"{name}.class", message)

    def explains(name: str) -> bool:
        return bool(re.search(rules().explained[name], str(entry.block(name).get("notes") or "")))

    if given["trainingcode"] == "closed" and given["code"] in ("open", "partial"):
        yield found("code", f"code documentation is {given['code']} although the training code is closed")
    if given["preprint"] == "closed" and given["paper"] in ("open", "partial"):
        yield found("preprint", f"preprint is closed although the paper is {given['paper']}")
    weights = (given["weights_basemodel"], given["weights_endmodel"])
    if weights == ("open", "closed") and not explains("weights_endmodel"):
        yield found("weights_endmodel", "end model weights are closed although those of the base model are open")
    both = (given["datasources_basemodel"], given["datasources_endmodel"])
    if both == ("closed", "closed") and given["datasheet"] in ("open", "partial") and not explains("datasheet"):
        yield found("datasheet", f"datasheet is {given['datasheet']} although both data parameters are closed")
    if given["licenses"] == "open" and given["trainingcode"] == "closed" and both == ("closed", "closed"):
        yield found("licenses", "licences are open although code and data are closed: the readme asks for all three")


def links(entry: Entry) -> Iterator[Finding]:
    for name in ("system", "org", *INDEX_PARAMETERS):
        block, found = entry.block(name), entry.links(name)
        where = f"{name}.link"
        if name in INDEX_PARAMETERS and block.get("class") in ("open", "partial") and not found:
            yield finding("no-link", entry, f"{name}.class", f"{block['class']} without a link")
        listed = isinstance(block.get("link"), list)
        if doubled := [link for link, n in Counter(found).items() if n > 1]:
            yield finding("doubled-link", entry, where, f"stands twice: {', '.join(doubled)}")
        elif listed and len(found) == 1:
            yield finding("doubled-link", entry, where, "a list of one; a single address works everywhere")
        elif listed and name in INDEX_PARAMETERS:
            yield finding("list-link", entry, where, f"{len(found)} links in a list: broken where systems are compared")
        if loose := [link for link in found if not pinned(link)]:
            yield finding("unpinned-link", entry, where, f"not pinned to a revision: {', '.join(loose)}")


def dead_links(entry: Entry, gone: dict[str, EvidenceRecord]) -> Iterator[Finding]:
    for name in ("system", *INDEX_PARAMETERS):
        for link in entry.links(name):
            target = (target_of(link) or "").lower()
            if target in gone and (record := gone[target]).source is not None:
                when = f" at {record.source.retrieved_at}" if record.source.retrieved_at else ""
                yield finding(
                    "dead-link", entry, f"{name}.link", f"{link} answered {record.source.status}{when} ({record.id})"
                )


def looked_at(entry: Entry, health: dict[str, LinkHealth]) -> Iterator[Finding]:
    """What a night learned of the links: gated ones are no finding, since the class says so."""
    rule = {"removed": "dead-link", "dead": "dead-link", "moved": "moved-link", "renamed": "moved-link"}
    for name in ("system", "org", *INDEX_PARAMETERS):
        for link in entry.links(name):
            if (seen := health.get(link)) is not None and seen.verdict in rule:
                yield finding(rule[seen.verdict], entry, f"{name}.link", f"{link}: {seen.sentence}")


def gone_targets(records: Iterable[EvidenceRecord]) -> dict[str, EvidenceRecord]:
    """Targets a crawl was told are gone: asked for as a whole, not for one file in them."""
    return {
        record.subject.target.lower(): record
        for record in records
        if record.outcome == "unavailable"
        and record.source is not None
        and record.source.status in GONE
        and is_whole(record.source.view_url, record.subject.target)
    }


def is_whole(url: str, target: str) -> bool:
    """Whether an address is that of the target itself and not of something below it."""
    named = target_of(url)
    tail = url.rstrip("/").split("?")[0].lower().endswith(target.rpartition(":")[2].lower())
    return tail and (named is None or same_target(named, target))


def licence_notation(entry: Entry) -> Iterator[Finding]:
    note = entry.block("licenses").get("notes")
    if isinstance(note, str) and not TRIPLE.match(note.strip()):
        yield finding("old-licence-notation", entry, "licenses.notes", f"not in three parts: {shown(note)}")


def text(entry: Entry) -> Iterator[Finding]:
    """Conventions that only the text shows."""
    if re.search(r"[,#?&%+]", entry.id):
        yield finding("id", entry, "", f"{entry.path.name}: , # ? & % + cannot stand in an address")
    if not entry.text.startswith("---"):
        yield finding("text", entry, "", "the first line is not ---")
    if not re.search(r"^# +- +National origin:", entry.text, re.M):
        yield finding("text", entry, "", "no comment on the national origin of the organisation")
    if "\r\n" in entry.text and re.search(r"(?<!\r)\n", entry.text):
        yield finding("text", entry, "", "two kinds of line ends")
    for name in ("system", "org", *INDEX_PARAMETERS):
        order = SYSTEM_KEYS if name in ("system", "org") else KEYS
        keys = [key for key in entry.block(name) if key in order]
        if keys != sorted(keys, key=order.index):
            yield finding("text", entry, name, f"keys out of order: {', '.join(keys)}")


CHECKS: tuple[Callable[[Entry], Iterator[Finding]], ...] = (
    schema, duplicate_keys, contradicts_note, contradicts_class, links, licence_notation, text,
)  # fmt: skip


def class_differs(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Single entries whose class differs from most others with the same note."""
    same: dict[tuple[str, str], list[tuple[Entry, str]]] = defaultdict(list)
    for entry in entries:
        for name in INDEX_PARAMETERS:
            note, given = entry.block(name).get("notes"), entry.block(name).get("class")
            if isinstance(note, str) and isinstance(given, str):
                same[name, folded(note)].append((entry, given))
    for (name, _), group in same.items():
        usual, n = Counter(given for _, given in group).most_common(1)[0]
        if n < rules().same_note_at_least or n <= len(group) // 2:
            continue
        for entry, given in group:
            if given != usual:
                note = shown(entry.block(name)["notes"])
                message = f"{given} here, {usual} in {n} other entries with this note: {note}"
                yield finding("class-differs", entry, f"{name}.class", message)


def folded(note: str) -> str:
    return re.sub(r"\W+", " ", note.lower()).strip()


def ids_differ_in_case(entries: Sequence[Entry]) -> Iterator[Finding]:
    ids = Counter(entry.id.lower() for entry in entries)
    for entry in entries:
        if ids[entry.id.lower()] > 1:
            yield finding("id", entry, "", f"{entry.path.name}: another entry has this name in other letters")


def sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """Findings as SARIF 2.1.0, as code hosts read it."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "osai-evidence lint",
                        "version": version,
                        "rules": [
                            {
                                "id": name,
                                "shortDescription": {"text": rule.meaning},
                                "defaultConfiguration": {"level": rule.level},
                            }
                            for name, rule in rules().rules.items()
                        ],
                    }
                },
                "results": [
                    {
                        "ruleId": f.rule,
                        "level": f.level,
                        "message": {"text": f.message},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": quote(f.file)},
                                    "region": {"startLine": f.line},
                                }
                            }
                        ],
                    }
                    for f in findings
                ],
            }
        ],
    }
