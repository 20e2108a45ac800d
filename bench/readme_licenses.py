"""Licence statements of READMEs: which part of a release is under which licence, against a reader's labels.

    OSAI_EVIDENCE_REPOSITORIES=FOLDER python -m bench.readme_licenses [--show]

FOLDER holds git repositories as `OWNER+NAME/repo`. The labels (`readme_licenses.tsv`) were made by reading, before a
program ran on these files: one line for each part and licence that a README names; `~words` stands for a licence that
has no id, by words of its name; a `?` before the part marks what a reader could leave out, and is not counted.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from license_rules import licence_name
from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.licenses import detector
from spiders.document import Document

LABELS = Path(__file__).with_suffix(".tsv")


def document(home: Path, name: str) -> Document | None:
    repository, path = name.split("@", 1)
    git = home / repository / "repo"
    shown = subprocess.run(["git", "--git-dir", git, "show", f"HEAD:{path}"], capture_output=True, check=False)
    if shown.returncode:
        return None
    target = "github:" + repository.replace("+", "/", 1)
    source = Source(f"https://example.org/{name}", "", path=path, sha256=hashlib.sha256(shown.stdout).hexdigest())
    return Document("source_file", target, source, shown.stdout)


def said(document: Document) -> dict[tuple[str, str], EvidenceRecord]:
    """Each part with each licence that is said of it."""
    found = {}
    for record in detector.detect(Dossier(document.target, (document,)), ()):
        if record.indicator == "license.declared" and record.outcome == "present":
            for part in record.value["part"].split(" and "):
                found[part, record.value["expression"] or record.value["name"]] = record
    return found


def same(label: str, licence: str) -> bool:
    if not label.startswith("~"):
        return label == licence
    named = fold(licence_name(licence))
    return all(word in named for word in fold(label[1:]).split())


def fold(name: str) -> str:
    return re.sub(r"[^\w+]+", " ", name.lower().replace("licence", "license"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what differs")
    options = parser.parse_args()
    home = os.environ.get("OSAI_EVIDENCE_REPOSITORIES")
    if not home:
        print("OSAI_EVIDENCE_REPOSITORIES is not set: there are no READMEs to read here")
        return
    labels: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            labels[row["set"]][row["file"]].append((row["part"], row["licence"]))
    for name, files in labels.items():
        print(name, measured(Path(home), files, show=options.show))


def measured(home: Path, labels: dict[str, list[tuple[str, str]]], *, show: bool) -> str:
    counts: Counter[str] = Counter()
    for name, wanted in labels.items():
        readme = document(home, name)
        if readme is None:
            continue
        counts["files"] += 1
        found = said(readme)
        left = dict(found)
        for part, licence in wanted:
            if part == "none":
                continue
            hits = [k for k in left if k[0] == part.lstrip("?") and same(licence, k[1])]
            for hit in hits[:1]:
                del left[hit]
            if part.startswith("?"):
                continue
            counts["right" if hits else "missed"] += 1
            if show and not hits:
                print(f"missed  {name}: {part} {licence}; found {list(found)}")
        counts["wrong"] += len(left)
        for key in left if show else ():
            print(f"wrong   {name}: {key} {found[key].quote.exact[:160]!r}" if found[key].quote else name)
    right, wrong, missed = (counts[k] for k in ("right", "wrong", "missed"))
    return (
        f"{counts['files']} READMEs: precision {right / max(1, right + wrong):.3f}, recall "
        f"{right / max(1, right + missed):.3f} ({right} right, {wrong} wrong, {missed} missed)"
    )


if __name__ == "__main__":
    main()
