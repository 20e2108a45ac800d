"""Community: guide, issue tracker, discussions, licence and citation files of a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from output.data_files import load
from output.record import EvidenceRecord, Outcome, Subject
from pipelines.code_documentation import absent_or_unseen, first_line
from pipelines.detector import Detector, quote_pointer
from pipelines.dossier import Dossier, searched
from pipelines.readers.source_tree import SourceTree, TreeFile, source_tree
from spiders.document import Document

FOLDER = Path(__file__).parent
SWITCHES = {"community.issues": ("has_issues", "Issue tracker"), "community.discussions": ("has_discussions", "Forum")}
ASKED = {"contributing": "guide for contributors", "license_file": "licence file", "citation": "citation file"}


@cache
def patterns() -> dict[str, re.Pattern[str]]:
    raw = load(FOLDER / "files.yaml", dict[str, str])
    return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in raw.items()}


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    engines = {lead.target for lead in dossier.leads if lead.relation == "serving_engine"}
    for target in dossier.targets:
        if target in engines:
            continue
        subject = dossier.subject(target)
        tree = source_tree(dossier, target)
        if tree is not None:
            yield from file_records(subject, tree)
        for document in dossier.of("github_repository", target=target):
            yield from switch_records(subject, document)


def file_records(subject: Subject, tree: SourceTree) -> Iterator[EvidenceRecord]:
    found: dict[str, TreeFile] = {}
    for file in tree.index():
        for name, pattern in patterns().items():
            if file.kind == "file" and name not in found and pattern.fullmatch(file.path):
                found[name] = file
    repository = subject.target.split(":", 1)[1]
    for indicator, what in ASKED.items():
        whole = next(iter(tree.whole([found[indicator]])), None) if indicator in found else None
        yield file_record(subject, tree, indicator, whole, f"{what} in {repository}")


def file_record(subject: Subject, tree: SourceTree, indicator: str, file: TreeFile | None, what: str) -> EvidenceRecord:
    if file is None:
        return detector.record(
            subject,
            "community",
            f"community.{indicator}",
            absent_or_unseen(tree) if tree.problem else "absent",
            f"No {what} ({tree.listed} files).",
            rule="file-names",
            source=tree.source,
            searched=[tree.searched()],
        )
    shown = first_line(file.text)
    return detector.record(
        subject,
        "community",
        f"community.{indicator}",
        "present",
        f"{what[0].upper()}{what[1:]}: {file.path}.",
        rule="file-names",
        points="open",
        value={"files": [file.path]},
        source=file.source,
        quote=shown[0] if shown else None,
        selector=shown[1] if shown else None,
    )


def switch_records(subject: Subject, document: Document) -> Iterator[EvidenceRecord]:
    """What GitHub's own answer says of issues and discussions; an answer without the field is not an absence."""
    answer = document.facts or {}
    repository = subject.target.split(":", 1)[1]
    for indicator, (key, what) in SWITCHES.items():
        if not isinstance(answer.get(key), bool):
            continue
        is_open = answer[key] and not answer.get("archived")
        outcome: Outcome = "present" if is_open else "absent"
        state = "open" if is_open else "read-only, the repository is archived" if answer[key] else "switched off"
        quote, selector = quote_pointer(answer, f"/{key}")
        yield detector.record(
            subject,
            "community",
            indicator,
            outcome,
            f"{what} of {repository} on GitHub is {state}.",
            rule=key,
            points="open" if is_open else "closed",
            value={"archived": bool(answer.get("archived")), "open_issues": answer.get("open_issues_count")},
            source=document.source,
            quote=quote,
            selector=selector,
            searched=[] if is_open else [searched(document, f"field `{key}`")],
        )


detector = Detector(FOLDER, detect)
