"""Benchmarks of papers: own paper told from others, statements in PDFs, quotes that verify, pages a second, memory.

    OSAI_EVIDENCE_CORPUS=… [OSAI_EVIDENCE_REPOSITORIES=…] python -m bench.papers [own|statements|unseen|speed]

Labels are ours, made by hand before measuring: `papers_own.tsv` (which of the arXiv ids of a model card is the model's
own paper; `a/b` where either is defensible), `papers_statements.tsv` (what a report says of hardware and training
data, with page and some words of it) and `papers_unseen.tsv` (the same for reports that lie in git repositories). The
texts are read from the corpus and are no part of the project.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from output.record import Source
from pipelines.dossier import Dossier
from pipelines.paper_text import detector as paper_text
from pipelines.papers.mentions import bibtex_entries, bibtex_title, mentions
from pipelines.papers.own import declared_bases, judge
from pipelines.readers.arxiv import Entry, Feed, Field, find_ids
from pipelines.readers.pdf import parse
from spiders.document import Document, Kind

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def document(kind: Kind, target: str, path: Path) -> Document:
    body = path.read_bytes()
    source = Source(str(path), str(path), path=path.name, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    return Document(kind, target, source, body)


def own(corpus: Path) -> None:
    """Verdicts over all ids of the labelled cards: from the card alone, then with titles as arXiv gives them."""
    print("cards alone")
    verdicts(corpus, [])
    feed = titles_feed(corpus)
    print(f"with titles ({len(feed[1].entries)} papers)")
    verdicts(corpus, [feed])


def titles_feed(corpus: Path) -> tuple[Document, Feed]:
    """What arXiv would answer, as far as BibTeX in any card of the corpus gives an id its title; no abstracts."""
    titles: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted((corpus / "corpus").rglob("*.md")):
        text = path.read_text("utf-8", "replace")
        for start, end in bibtex_entries(text):
            ids = {found.id for found in find_ids(text[start:end])}
            title = re.sub(r"[{}]", "", bibtex_title(text[start:end]))
            if len(ids) == 1 and title:
                titles[ids.pop()][title] += 1
    nothing = Field("", 0, 0)
    entries = tuple(
        Entry(id=ident, version="v1", ident=nothing, title=Field(most, 0, 0), summary=nothing, authors=())
        for ident, found in titles.items()
        for (most, _), *_ in [found.most_common(1)]
    )
    return Document("arxiv_feed", "arxiv:*", Source("", ""), b""), Feed(entries, ())


def verdicts(corpus: Path, feeds: list[tuple[Document, Feed]]) -> None:
    labels: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in rows("papers_own.tsv"):
        labels[row["card"]][row["arxiv"]] = (row["part"], row["verdict"])
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for card, ids in labels.items():
        path, name = card_file(corpus, card)
        read = document("model_card", f"hf:model:{name}", path)
        found = {p.id: p for p in judge(name, list(mentions(read)), feeds, bases=tuple(declared_bases(read)))}
        for ident, (part, label) in ids.items():
            said = found[ident].verdict if ident in found else "missed"
            allowed = label.split("/")
            count = counts[part]
            count["ids"] += 1
            count["verdict right"] += said in allowed
            own_or_not = "own" in allowed if said == "own" else any(a != "own" for a in allowed)
            count["own/other right"] += own_or_not
            if allowed == ["own"]:
                count["own"] += 1
                count["own found"] += said == "own"
            if said == "own":
                count["said own"] += 1
                count["said own rightly"] += "own" in allowed
            if said not in allowed:
                print(f"  {card} {ident}: {label}, said {said} ({found[ident].reason if ident in found else ''})")
    for part, count in counts.items():
        print(
            f"{part}: {count['ids']} ids; own/other right {share(count['own/other right'], count['ids'])}; all four "
            f"verdicts right {share(count['verdict right'], count['ids'])}; own papers found "
            f"{share(count['own found'], count['own'])}; said own rightly "
            f"{share(count['said own rightly'], count['said own'])}"
        )


def card_file(corpus: Path, card: str) -> tuple[Path, str]:
    """The file of a labelled card and the model's `OWNER/NAME`; cards of other collections give no owner or `A__B`."""
    if not card.startswith("model_cards/"):
        return corpus / "corpus" / "hub" / "models" / card / "README.md", card
    owner, _, name = Path(card).stem.rpartition("__")
    return corpus / "corpus" / card, f"{owner}/{name}"


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.3f}" if whole else "0/0"


def statements(corpus: Path) -> None:
    """Statements on hardware and training data in the reports of the corpus, which the rules were written with."""
    labels: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows("papers_statements.tsv"):
        labels[row["paper"]].append(row)
    score(
        (
            document("paper", f"url:{path.name}", path),
            next((rs for name, rs in labels.items() if name in path.name), []),
        )
        for path in papers(corpus)
    )


def unseen(_corpus: Path) -> None:
    """The same in reports of repositories that were labelled before they were first run, set by set."""
    folder = os.environ.get("OSAI_EVIDENCE_REPOSITORIES")
    if not folder:
        print("OSAI_EVIDENCE_REPOSITORIES is not set: no repositories to take reports from")
        return
    labels: dict[str, dict[tuple[str, str], list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows("papers_unseen.tsv"):
        labels[row["set"]][row["repository"], row["path"]].append(row)
    for name, reports in labels.items():
        print(f"set {name}")
        score((blob(Path(folder), *report), here) for report, here in reports.items())


def blob(folder: Path, repository: str, path: str) -> Document:
    """A file at the head of a bare git folder `OWNER+NAME/repo`."""
    command = ["git", "--git-dir", str(folder / repository / "repo"), "cat-file", "blob", f"HEAD:{path}"]
    body = subprocess.run(command, capture_output=True, check=True).stdout
    source = Source(f"file:{repository}/{path}", path, path=path, sha256=hashlib.sha256(body).hexdigest())
    return Document("paper", f"url:{repository}/{path}", source, body)


def score(reports: Iterable[tuple[Document, list[dict[str, str]]]]) -> None:
    """Statements of reports against their labels; every quote is looked for in the PDF again.

    A label `must` has to be found, `may` is right when found; rows with the same group (`must:a`, `may:a`) say the same
    fact, which has to be found once.
    """
    import pypdfium2

    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    quotes = verified = 0
    for pdf, here in reports:
        name = (pdf.source.path or "")[-40:]
        records = [r for r in paper_text.detect(Dossier(pdf.target, (pdf,)), ()) if r.quote and r.selector]
        texts = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf.body)]
        found: set[str] = set()
        for record in records:
            assert record.quote
            assert record.selector
            assert record.selector.page
            quote = folded(record.quote.exact)
            quotes += 1
            verified += quote in folded(texts[record.selector.page - 1])
            if record.indicator not in MEASURED:
                print(f"  {name} p{record.selector.page} {record.indicator}: {record.statement[-150:]}")
                continue
            said[record.indicator] += 1
            fits = [
                row
                for row in here
                if row["indicator"] == record.indicator
                and int(row["page"]) == record.selector.page
                and folded(row["words"]).lower() in quote.replace("\ufffe", "").lower()
            ]
            right[record.indicator] += bool(fits)
            found.update(group_of(row) for row in fits)
            if not fits:
                print(f"  wrong? {name} p{record.selector.page} {record.indicator}: {record.statement[-220:]}")
        for group in {group_of(row): row for row in here if row["need"].startswith("must")}.items():
            wanted[group[1]["indicator"]] += 1
            hit[group[1]["indicator"]] += group[0] in found
            if group[0] not in found:
                print(f"  missed {name} p{group[1]['page']} {group[1]['indicator']}: {group[1]['words']}")
    for indicator in MEASURED:
        print(
            f"{indicator}: precision {share(right[indicator], said[indicator])}; "
            f"recall {share(hit[indicator], wanted[indicator])}"
        )
    print(f"quotes that verify: {share(verified, quotes)}")


MEASURED = ("hardware.training", "hardware.parallelism", "data.described")


def group_of(row: dict[str, str]) -> str:
    _, _, group = row["need"].partition(":")
    return f"{row['indicator']}:{group or row['page'] + row['words']}"


def speed(corpus: Path) -> None:
    """Pages a second on one core, text with lines and their places; peak memory of this process."""
    total, pages, characters = 0.0, 0, 0
    for path in papers(corpus):
        body = path.read_bytes()
        start = time.process_time()
        pdf = parse(body)
        total += time.process_time() - start
        pages += len(pdf.pages)
        characters += sum(len(page.text) for page in pdf.pages)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{pages} pages, {characters} characters: {pages / total:.0f} pages a second; peak {memory:.0f} MB")


def papers(corpus: Path) -> list[Path]:
    return sorted((corpus / "corpus" / "papers").glob("*.pdf"))


def folded(text: str) -> str:
    """As a check from outside folds it: white space and hyphens."""
    return re.sub(r"[\s­‐-]+", "", text)


PARTS = {"own": own, "statements": statements, "unseen": unseen, "speed": speed}


def main() -> None:
    folder = os.environ.get("OSAI_EVIDENCE_CORPUS")
    if not folder:
        print("OSAI_EVIDENCE_CORPUS is not set: nothing to measure on")
        return
    for name in sys.argv[1:] or PARTS:
        print(f"== {name}")
        PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
