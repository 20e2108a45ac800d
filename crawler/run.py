"""A one-off crawl: from what a person typed to a run folder."""

from __future__ import annotations

import json
import logging
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess

from crawler.detecting import dossier_of
from crawler.progress import Progress
from crawler.session import Session
from crawler.settings import SOFTWARE, settings
from output.archive import redact
from output.run_folder import RunFolder
from pipelines.data_sources import dataset_addresses
from pipelines.dossier import Dossier
from pipelines.papers import own_papers
from pipelines.papers.preprint import listed_reports
from pipelines.papers.review import named_places
from pipelines.papers.titles import named_titles
from pipelines.versions import versions
from spiders.addresses import Addresses
from spiders.leads import place
from spiders.papers import Wanted, lookup_url
from spiders.release import Read, ReleaseSpider, Root

PAPERS_READ = 2
BASE_PAPERS_READ = 1
REPORTS_READ = 1
NAME = r"[A-Za-z0-9][\w.-]{0,95}"


class BadReferenceError(ValueError):
    """What was typed names nothing that can be crawled."""


def targets_of(reference: str) -> tuple[str, ...]:
    """Targets of `org/name`, of a Hub, GitHub or arXiv address or id, or of an index entry's links."""
    reference = reference.strip()
    if reference.endswith((".yaml", ".yml")):
        return entry_targets(Path(reference))
    if re.match(r"https?://", reference):
        found = place(reference)
        if found is None:
            raise BadReferenceError(f"{reference} is no address of a Hub, GitHub or arXiv item")
        return (found.target,)
    if re.fullmatch(rf"(hf:(model|dataset)|github):({NAME}/)?{NAME}|arxiv:\S+", reference):
        return (reference,)
    if match := re.fullmatch(r"(?:arXiv:)?(\d{4}\.\d{4,5})(v\d+)?", reference):
        return (f"arxiv:{match[1]}",)
    if re.match(r"(github\.com|huggingface\.co|hf\.co|arxiv\.org)/", reference):
        return targets_of("https://" + reference)
    if re.fullmatch(rf"datasets/({NAME}/)?{NAME}", reference):
        return (f"hf:dataset:{reference.removeprefix('datasets/')}",)
    if re.fullmatch(rf"{NAME}/{NAME}", reference):
        return (f"hf:model:{reference}",)
    raise BadReferenceError(
        f"{reference!r} is not a release: give ORG/NAME on the Hub, a Hub, GitHub or arXiv address, or an entry.yaml"
    )


RELEASE_LINKS = ("weights_endmodel", "system", "modelcard")  # blocks of an entry that link the release itself


def entry_targets(path: Path) -> tuple[str, ...]:
    """All links of an index entry that this crawler can follow, the release first: a model where one is linked."""
    release = targets(entry_links(path, *RELEASE_LINKS))
    found = [*sorted(release, key=rank_of_release), *targets(entry_links(path, "weights_basemodel"))]
    found += targets(entry_links(path))
    if not found:
        raise BadReferenceError(f"{path} has no link to the Hub, GitHub or arXiv")
    return tuple(dict.fromkeys(found))


def targets(links: Iterable[str]) -> list[str]:
    return [where.target for link in links if (where := place(link)) is not None]


def rank_of_release(target: str) -> int:
    """Entries link repositories, and by mistake datasets, where weights are asked for: a model comes before them."""
    kinds = ("hf:model:", "github:")
    return next((n for n, kind in enumerate(kinds) if target.startswith(kind)), len(kinds))


def entry_links(path: Path, *blocks: str) -> list[str]:
    """Links of an index entry, of the named blocks or of all. Raises BadReferenceError."""
    import yaml

    try:
        entry = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadReferenceError(f"{path} cannot be read as an index entry: {error}") from error
    if not isinstance(entry, dict):
        raise BadReferenceError(f"{path} is no index entry")
    found: list[str] = []
    for key in blocks or entry:
        block = entry.get(key)
        links = block.get("link") if isinstance(block, dict) else None
        found += [link for link in (links if isinstance(links, list) else [links]) if isinstance(link, str)]
    return found


def root_of(reference: str) -> Root:
    """What to crawl for one thing that was typed; an index entry also names papers at other places than arXiv."""
    if not reference.strip().endswith((".yaml", ".yml")):
        return Root(targets_of(reference))
    path = Path(reference.strip())
    return Root(targets_of(reference), path.stem, entry_papers(path))


def entry_papers(path: Path) -> tuple[str, ...]:
    """Addresses of papers in an index entry that can be looked up elsewhere than on arXiv."""
    return tuple(link for link in entry_links(path, "preprint", "paper") if lookup_url(link))


@dataclass
class Outcome:
    """How a crawl ended."""

    folder: Path
    state: str
    dossiers: list[Dossier] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    fatal: str | None = None
    interrupted: bool = False


def crawl(
    references: Sequence[str],
    folder: Path,
    *,
    max_hops: int = 2,
    replace: bool = False,
    addresses: Addresses | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Crawl releases into a run folder. Raises BadReferenceError and RunExistsError before anything is asked."""
    roots = [root_of(r) for r in references]
    addresses = addresses or Addresses()
    run = RunFolder(folder, list(references), SOFTWARE, replace=replace)
    outcome = Outcome(folder, "incomplete")
    session = Session(addresses, run, failures=outcome.failures, dossiers=outcome.dossiers)
    process = AsyncCrawlerProcess(settings(OSAI_ADDRESSES=addresses))
    log = log_to(folder / "log.jsonl", addresses)
    crawler = process.create_crawler(ReleaseSpider)
    reasons: list[str] = []
    crawler.signals.connect(lambda reason: reasons.append(reason), signal=signals.spider_closed, weak=False)
    crawler.signals.connect(
        lambda failure: outcome.failures.append(redact(str(failure.value)) or type(failure.value).__name__),
        signal=signals.spider_error,
        weak=False,
    )
    crawler.signals.connect(
        lambda failure: outcome.failures.append(f"detectors failed: {redact(str(failure.value))}"),
        signal=signals.item_error,
        weak=False,
    )
    if progress is not None:
        progress.watch(crawler)
    try:
        process.crawl(crawler, roots=roots, max_hops=max_hops, choose_papers=choose_papers,
                      choose_lookups=choose_lookups, session=session)  # fmt: skip
        process.start(stop_after_crawl=True)
    finally:
        outcome.interrupted = "shutdown" in reasons and not outcome.failures
        whole = not outcome.failures and len(outcome.dossiers) == len(roots) and not outcome.interrupted
        outcome.state = "complete" if whole else "incomplete"
        finish(run, outcome, session)
        log.close()
        logging.getLogger().removeHandler(log)
    return outcome


def finish(run: RunFolder, outcome: Outcome, session: Session) -> None:
    run.close(
        outcome.state,
        versions={
            "python": platform.python_version(),
            "scrapy": version("scrapy"),
            **versions(),
        },
        requests=dict(sorted((session.requests + session.pages).items())),
        failures=outcome.failures,
        issues=session.issues,
        misses=[
            {"target": m.target, "what": m.what, "url": m.source.url, "outcome": m.outcome, "reason": m.reason}
            for d in outcome.dossiers
            for m in d.misses
        ],
        leads=[
            {"from": x.origin, "to": x.target, "relation": x.relation, "reason": x.reason, "followed": x.followed,
             "seen_at": x.source.view_url if x.source else None}
            for d in outcome.dossiers
            for x in d.leads
        ],
    )  # fmt: skip


def choose_papers(item: Read) -> list[tuple[str, str]]:
    """Ids and versions of the papers of this release, then of its base model: only their PDFs are asked for."""
    papers = own_papers(dossier_of(item))
    own = [(p.id, p.version) for p in papers if p.verdict == "own" and p.version]
    base = [(p.id, p.version) for p in papers if p.component_target and p.version]
    return [*own[:PAPERS_READ], *base[:BASE_PAPERS_READ]]


def choose_lookups(item: Read) -> Wanted:
    """What is asked of others: the release's own papers and those of its base models; and where arXiv has no own paper,
    the report that lies in a repository; then the training data that the cards link outside the Hub."""
    dossier = dossier_of(item)
    papers = [p for p in own_papers(dossier) if p.verdict in ("own", "earlier") or p.component_target]
    on_arxiv = any(p.verdict == "own" and p.entry for p in papers)
    reports = [] if on_arxiv else listed_reports(dossier)[:REPORTS_READ]
    return Wanted(
        tuple(p.id for p in papers),
        tuple(named.address for named in named_places(dossier)),
        tuple((r.target, r.revision, r.path) for r in reports if r.revision),
        tuple(dataset_addresses(dossier)),
        titles=tuple(named.title for named in named_titles(dossier)),
    )


class JsonLines(logging.Handler):
    """Log records as JSON lines, tokens removed."""

    def __init__(self, path: Path, secrets: Sequence[str]) -> None:
        super().__init__(logging.INFO)
        self.file = path.open("w", encoding="utf-8")
        self.secrets = [s for s in secrets if s]

    def emit(self, record: logging.LogRecord) -> None:
        message = redact(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            message += f" [{type(record.exc_info[1]).__name__}: {redact(str(record.exc_info[1]))}]"
        for secret in self.secrets:
            message = message.replace(secret, "[redacted]")
        line = {"time": int(record.created), "level": record.levelname, "logger": record.name, "message": message}
        self.file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self.file.close()
        super().close()


def log_to(path: Path, addresses: Addresses) -> JsonLines:
    handler = JsonLines(path, list(addresses.tokens.values()))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler
