"""Training code: what a repository really holds, stage by stage, with the files and lines that prove it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from output.record import EvidenceRecord, Outcome, Points, Searched, Source, Subject
from pipelines.detector import Detector, quote_span
from pipelines.dossier import Dossier, searched
from pipelines.model_card.pages import Page, cards
from pipelines.readers.source_tree import SourceTree, TreeFile, source_tree, tree_misses, tree_outcome
from pipelines.training_code.copies import Copy, copies
from pipelines.training_code.judge import RUNNING, STAGES, TRAINING, Judgement, Proof, judge_survey
from pipelines.training_code.names import model_names, name_patterns, other_version
from pipelines.training_code.needs import environment, needs
from pipelines.training_code.promises import in_words, promised, rules
from pipelines.training_code.survey import Line, Survey, line_between, line_of, survey_tree
from spiders.document import Kind, Lead
from spiders.training_pointers import training_pointers

FOLDER = Path(__file__).parent
FILES_SHOWN = 100
OTHERS_SHOWN = 3
COMMIT = re.compile(r"[0-9a-f]{40}")
LABELS = {
    "pretraining": "pre-training",
    "finetuning": "fine-tuning",
    "preference": "preference or RL training",
    "data_processing": "data processing",
    "evaluation": "evaluation",
}
RUNNING_LABELS = {
    "inference": "inference",
    "conversion": "weight conversion",
    "quantisation": "quantisation",
    "model": "the model definition",
}
EXPECTED = frozenset({"pretraining", "finetuning", "data_processing"})  # what the index asks of open training code


def detect(dossier: Dossier, _earlier: Sequence[EvidenceRecord]) -> Iterator[EvidenceRecord]:
    targets = repositories(dossier)
    for target in targets:
        yield from Repository(dossier, target).records()
    if not targets and dossier.root.startswith("hf:model:"):
        yield from no_repository(dossier)
    for page in cards(dossier):
        yield from card_promises(page)


def repositories(dossier: Dossier) -> list[str]:
    """Targets that are source repositories, or a local folder given as one; serving engines are not looked at."""
    engines = {lead.target for lead in dossier.leads if lead.relation == "serving_engine"}
    own = {lead.target for lead in dossier.leads if lead.relation in ("repository", "root", "training")}
    local = {d.target for d in dossier.of("source_archive", "github_tree")}
    return [t for t in dossier.targets if (t.startswith("github:") or t in local) and t not in engines - own]


def no_repository(dossier: Dossier) -> Iterator[EvidenceRecord]:
    """Nothing led to a repository: absent, with what was read to look for one; silent where nothing was read."""
    read = [searched(d) for d in dossier.of("model_card", "hub_model", target=dossier.root)]
    if read:
        name = dossier.root.rsplit(":", 1)[-1]
        linked = [lead.target for lead in dossier.leads if lead.origin == dossier.root and not lead.followed]
        others = list(dict.fromkeys(t.partition(":")[2] for t in linked if t.startswith("github:")))
        what = f"{name} links no repository"
        if others:
            what += f" that is known as its own ({', '.join(others[:OTHERS_SHOWN])}{more(len(others), OTHERS_SHOWN)})"
        yield detector.record(
            dossier.subject(dossier.root),
            "trainingcode",
            "training_code.coverage",
            "absent",
            f"No training code found: {what} (searched: {names_of(read)}).",
            rule="no-repository",
            points="closed",
            searched=read,
        )


def card_promises(page: Page) -> Iterator[EvidenceRecord]:
    """What the card of a model, without the card of another that it embeds, promises or refuses."""
    text, own = page.document.text, page.stretches()[0]
    for one in promised(text[: own.end], rules().about_code):
        quote, selector = quote_span(text, one.start, one.end)
        yield detector.record(
            page.subject,
            "trainingcode",
            "training_code.promised",
            "present",
            in_words(page.name, one, text),
            rule=one.promise.id,
            points="closed",
            value={"says": one.promise.says},
            source=page.document.source,
            quote=quote,
            selector=selector,
        )


def names_of(read: Sequence[Searched]) -> str:
    return ", ".join(dict.fromkeys(s.what for s in read))


class Repository:
    """The records of one repository."""

    def __init__(self, dossier: Dossier, target: str) -> None:
        self.dossier = dossier
        self.target = target
        self.subject: Subject = dossier.subject(target)
        self.name = target.split(":", 1)[1]
        relations = {lead.relation for lead in dossier.leads if lead.target == target}
        self.mentioned = bool(relations) and relations <= {"mention", "listing", "model_family", "dataset"}
        self.info = github_answer(dossier, target, "github_repository")
        self.compared = github_answer(dossier, target, "github_compare")
        self.pointer = pointer_to(dossier, target)
        self.folder = linked_folder(dossier, target)

    def records(self) -> Iterator[EvidenceRecord]:
        tree = source_tree(self.dossier, self.target)
        if tree is None:
            yield from self.not_read()
            return
        names = model_names(self.dossier, self.target)
        judgement = judge_survey(survey_tree(tree, name_patterns(names)))
        found = judgement.survey
        for stage in STAGES:
            yield self.stage_record(judgement, stage)
        if judgement.inference_only:
            yield self.inference_record(judgement)
        yield from self.framework_records(judgement, names)
        yield from self.promise_records(found.readme)
        yield from self.pointer_records(judgement)
        yield self.configuration_record(judgement, names)
        yield self.environment_record(judgement)
        yield self.coverage_record(judgement)

    def record(
        self,
        indicator: str,
        outcome: Outcome,
        statement: str,
        *,
        rule: str,
        points: Points = "neutral",
        value: dict[str, Any] | None = None,
        line: Line | None = None,
        source: Source | None = None,
        read: Sequence[Searched] = (),
    ) -> EvidenceRecord:
        return detector.record(
            self.subject,
            "trainingcode",
            f"training_code.{indicator}",
            outcome,
            statement,
            rule=rule,
            points="neutral" if self.mentioned else points,
            value=value,
            source=line.source if line else source,
            quote=line.quote if line else None,
            selector=line.selector if line else None,
            searched=read,
        )

    def not_read(self) -> Iterator[EvidenceRecord]:
        """The tree could not be had: that is said, and nothing is claimed about what it holds."""
        misses = list(tree_misses(self.dossier, self.target))
        for miss in misses[:1]:
            yield self.record(
                "coverage",
                miss.outcome,
                f"Could not look into repository {self.name}: {miss.reason}",
                rule="not-read",
                value={"reason": miss.reason, "status": miss.source.status},
                source=miss.source,
            )
        if not misses:
            for document in self.dossier.of("github_repository", "source_file", target=self.target):
                yield self.record(
                    "coverage",
                    "unavailable",
                    f"Source tree of repository {self.name} was not read.",
                    rule="not-read",
                    source=document.source,
                )
                return

    def stage_record(self, judgement: Judgement, stage: str) -> EvidenceRecord:
        proofs = judgement.stages.get(stage, [])
        if not proofs:
            return self.absent_stage(judgement, stage)
        label = LABELS[stage]
        examples = all(p.finding.role == "example" for p in proofs)
        recipes = all(p.finding.language in ("config", "shell") for p in proofs)
        what = f"{label} recipes" if recipes else f"example code for {label}" if examples else f"{label} code"
        elsewhere = recipes and stage in TRAINING and not has_trainer(judgement)
        note = ", the trainer itself is elsewhere" if elsewhere else ""
        if all(p.rule == "instruction-data" for p in proofs):
            what, note = f"only data preparation for {label}", ", to be used with the training code beside it"
        if all(p.finding.role == "copied" for p in proofs):
            note += ", in a copy of another project that this one trains with"
        inside = [p for p in proofs if p.path.startswith(self.folder)]
        proofs = self.own_first(inside + [p for p in proofs if p not in inside], judgement.survey.model_files)
        if not inside:
            note += f", none of it in the linked folder {self.folder.rstrip('/')}"
        return self.record(
            stage,
            "present",
            f"{what[0].upper()}{what[1:]} made available in repository {self.name} ({shown(proofs)}){note}.",
            rule=proofs[0].rule,
            points="partial" if examples or note else "open",
            value={
                "files": [file_value(p) for p in proofs[:FILES_SHOWN]],
                "count": len(proofs),
                "examples_only": examples,
                "recipes_only": recipes,
                **({"linked_folder": self.folder, "inside": len(inside)} if self.folder else {}),
                **self.common(),
            },
            line=proofs[0].finding.line,
        )

    def own_first(self, proofs: list[Proof], named: Collection[str]) -> list[Proof]:
        """The same files, last those of another version (`recipes/smollm3`) and settings of another model."""
        root = self.dossier.root
        model = root.rsplit("/", 1)[-1] if root.startswith("hf:model:") else ""
        versions = {p.path: other_version(model, p.path) for p in proofs}
        settings = {p.path for p in proofs if p.finding.language in ("config", "shell")}
        has_own = any(not versions[path] for path in settings.intersection(named))
        others = settings.difference(named) if has_own else set()
        return sorted(proofs, key=lambda p: max(versions[p.path], p.path in others))

    def absent_stage(self, judgement: Judgement, stage: str) -> EvidenceRecord:
        found, label = judgement.survey, LABELS[stage]
        tree = found.tree
        if reason := not_seen(found):
            return self.record(
                stage,
                tree_outcome(tree) if tree.problem else "unavailable",
                f"No {label} code seen in repository {self.name}, but not all of it could be read: {reason}.",
                rule="not-all-read",
                value={"reason": reason, "unread": found.unread[:FILES_SHOWN], **self.common()},
                source=tree.source,
                read=[tree.searched()],
            )
        aside = [(f.path, why) for f, why in judgement.set_aside if f.match.stage in (stage, "training")]
        return self.record(
            stage,
            "absent",
            f"Repo exists, but does not contain {label} code ({self.name}: {content(found)}).",
            rule="all-rules",
            points="closed" if stage in EXPECTED else "neutral",
            value={
                "set_aside": [{"path": path, "why": why} for path, why in dict(aside[:FILES_SHOWN]).items()],
                "outside": dict(found.outside),
                "unread": found.unread[:FILES_SHOWN],
                **self.common(),
            },
            source=tree.source,
            read=[tree.searched()],
        )

    def inference_record(self, judgement: Judgement) -> EvidenceRecord:
        kinds = [kind for kind in RUNNING if judgement.running.get(kind)]
        best = judgement.running[kinds[0]][0]
        files = {p.path: p for kind in kinds for p in judgement.running[kind]}
        does = listed(RUNNING_LABELS[kind] for kind in kinds)
        evaluates = " and evaluation" if judgement.stages.get("evaluation") else ""
        return self.record(
            "inference_only",
            "present",
            f"Repository only offers code for {does}{evaluates} ({self.name}: {shown(list(files.values()))}; "
            f"{content(judgement.survey)}).",
            rule=best.rule,
            points="closed",
            value={
                "files": [file_value(p) for p in list(files.values())[:FILES_SHOWN]],
                "count": len(files),
                "kinds": {kind: [p.path for p in judgement.running[kind][:FILES_SHOWN]] for kind in kinds},
                **self.common(),
            },
            line=best.finding.line,
            read=[judgement.survey.tree.searched()],
        )

    def framework_records(self, judgement: Judgement, names: Sequence[str]) -> Iterator[EvidenceRecord]:
        """A fork or a framework that trains, without one path, recipe or script that names the model."""
        found = judgement.survey
        if not judgement.trains or not names or found.model_files or self.named_after(names):
            return
        parent, own = self.common().get("fork_of"), self.common().get("own_commits")
        copied = self.copies(found)
        built = f"built on a copy of {listed(map(str, copied))}" if copied else "a generic framework"
        what = self.forked() or built
        without = "or files" if parent and own == 0 else "without files"
        yield self.record(
            "framework",
            "present",
            f"Training repository {self.name} is {what} {without} that name the model "
            f"(looked for: {', '.join(names)}).",
            rule="fork" if parent else "copy" if copied else "no-model-files",
            points="partial",
            value={"parent": parent, "names": list(names), **copies_value(copied), **self.common()},
            source=found.tree.source,
            read=[found.tree.searched(), *map(searched, self.dossier.of("github_compare", target=self.target))],
        )

    def named_after(self, names: Sequence[str]) -> bool:
        return any(re.search(pattern, self.name, re.IGNORECASE) for pattern in name_patterns(names))

    def promise_records(self, readme: TreeFile | None) -> Iterator[EvidenceRecord]:
        if readme is None:
            return
        for one in promised(readme.text, rules().about):
            yield self.record(
                "promised",
                "present",
                in_words(f"README of {self.name}", one, readme.text),
                rule=one.promise.id,
                points="closed",
                value={"says": one.promise.says, **self.common()},
                line=line_between(readme, one.start, one.end),
            )

    def pointer_records(self, judgement: Judgement) -> Iterator[EvidenceRecord]:
        """Other repositories that this one names for training: submodules, and links where nothing is here."""
        read = {target.lower() for target in self.dossier.targets}
        leads = [lead for lead in self.dossier.leads if lead.origin == self.target and lead.relation == "training"]
        for module, line in judgement.survey.submodules[:20]:
            followed = any(lead.exact == module.path and lead.target.lower() in read for lead in leads)
            yield self.record(
                "pointer",
                "linked",
                f"Repository {self.name} holds a pointer to another repository at {module.path}"
                f"{f' ({module.url})' if module.url else ''}, whose code is not in it"
                f"{', and which has records of its own' if followed else ''}.",
                rule="submodule",
                value={
                    "path": module.path,
                    "url": module.url,
                    "revision": module.revision,
                    "followed": followed,
                },
                line=line,
            )
        if not judgement.trains:
            for url, line in training_links(judgement.survey.readme, self.target):
                followed = f"github:{url.removeprefix('https://github.com/')}".lower() in read
                yield self.record(
                    "pointer",
                    "linked",
                    f"README of {self.name} points elsewhere for training: {url}"
                    f"{', which has records of its own' if followed else ''}.",
                    rule="readme-link",
                    value={"url": url, "followed": followed},
                    line=line,
                )

    def configuration_record(self, judgement: Judgement, names: Sequence[str]) -> EvidenceRecord:
        found = judgement.survey
        named = frozenset(found.model_files)
        own = self.named_after(names) or not names
        proofs = [p for stage in TRAINING for p in judgement.stages.get(stage, [])]
        recipes = {p.path: p for p in proofs if p.finding.language in ("config", "shell")}
        chosen = self.own_first([p for p in recipes.values() if own or p.path in named], named)
        if not chosen:
            return self.record(
                "configuration",
                "unavailable" if not_seen(found) else "absent",
                f"No training configuration or launch script that names the model found in {self.name} "
                f"({content(found)}).",
                rule="recipes",
                read=[found.tree.searched()],
                source=found.tree.source,
            )
        return self.record(
            "configuration",
            "present",
            f"Training configurations and launch scripts provided in repository {self.name} ({shown(chosen)}).",
            rule=chosen[0].rule,
            points="open",
            value={"files": [file_value(p) for p in chosen[:FILES_SHOWN]], "count": len(chosen), "names": list(names)},
            line=chosen[0].finding.line,
        )

    def environment_record(self, judgement: Judgement) -> EvidenceRecord:
        """What the code runs in: a step towards training it again only where it trains."""
        found = judgement.survey
        files, fixed = found.environment, environment(found)
        if fixed is None:
            return self.record(
                "environment",
                "unavailable" if not_seen(found) else "absent",
                f"No requirements, lock file or container found in {self.name} ({content(found)}).",
                rule="environment-files",
                read=[found.tree.searched()],
                source=found.tree.source,
            )
        extra = f", lock file {fixed.locks[0]}" if fixed.locks else ""
        extra += f", container {fixed.containers[0]}" if fixed.containers else ""
        pins = "no requirement listed"
        if fixed.requirements:
            pins = f"{fixed.pinned} of {fixed.requirements} requirements pinned"
        return self.record(
            "environment",
            "present",
            f"Environment described in repository {self.name} ({fixed.telling.path}{more(len(files))}: {pins}{extra}).",
            rule="environment-files",
            points="open" if judgement.trains else "neutral",
            value={
                "files": [{"path": f.path, "rule": "environment-files"} for f in files[:FILES_SHOWN]],
                "requirements": fixed.requirements,
                "pinned": fixed.pinned,
                "locks": fixed.locks,
                "containers": fixed.containers,
            },
            line=line_of(fixed.telling, fixed.line),
        )

    def coverage_record(self, judgement: Judgement) -> EvidenceRecord:
        found = judgement.survey
        there = [stage for stage in STAGES if judgement.stages.get(stage)]
        needed = needs(found)
        value: dict[str, Any] = {
            "stages": {stage: len(judgement.stages.get(stage, [])) for stage in STAGES},
            "inference_files": len(judgement.inference),
            "needs": needed,
            "languages": dict(found.languages),
            "listed": found.tree.listed,
            "read": found.tree.read,
            "skipped": found.tree.skipped,
            "unread": found.unread[:FILES_SHOWN],
            "problem": found.tree.problem or None,
            "outside": dict(found.outside),
            "encrypted": found.encrypted,
            **self.common(),
        }
        reason = not_seen(found)
        if judgement.trains:
            copied = self.copies(found)
            value |= copies_value(copied)
            stages = listed(LABELS[s] for s in there)
            holding = f"{'' if self.reached() else ','} with a copy of {listed(map(str, copied))}," if copied else ""
            complete = set(there) >= EXPECTED
            missing = [LABELS[s] for s in STAGES if s not in there and s in EXPECTED]
            lacks = "; ".join(
                filter(
                    None,
                    [
                        f"no code for {' or '.join(missing)}" if missing else "",
                        f"not found: {', '.join(n.replace('_', ' ') for n, ok in needed.items() if not ok)}"
                        if not all(needed.values())
                        else "",
                    ],
                )
            )
            return self.record(
                "coverage",
                "present",
                f"Repository {self.name}{self.reached()}{holding} covers {stages} ({content(found)}"
                f"{'; ' + lacks if lacks else ''}).",
                rule="coverage",
                points="open" if complete else "partial",
                value=value,
                line=next(judgement.stages[s][0].finding.line for s in there),
            )
        if reason:
            return self.record(
                "coverage",
                tree_outcome(found.tree) if found.tree.problem else "unavailable",
                f"No training code seen in repository {self.name}, but not all of it could be read: {reason}.",
                rule="not-all-read",
                value=value,
                source=found.tree.source,
                read=[found.tree.searched()],
            )
        return self.record(
            "coverage",
            "absent",
            f"Repo exists, but does not contain training code ({self.name}{self.reached()}: {content(found)}"
            f"{'; only ' + listed(LABELS[s] for s in there) + ' code' if there else ''}).",
            rule="coverage",
            points="partial" if "data_processing" in there else "closed",
            value=value,
            source=found.tree.source,
            read=[found.tree.searched()],
        )

    def forked(self) -> str:
        """Of which repository this is a fork, with how many commits of its own; empty where it is none."""
        parent, own = self.common().get("fork_of"), self.common().get("own_commits")
        if not parent:
            return ""
        commits = (
            "" if own is None else f" with {own} own commit{'s' if own != 1 else ''}" if own else " without own commits"
        )
        return f"a fork of {parent}{commits}"

    def copies(self, found: Survey) -> list[Copy]:
        """Copies of frameworks that are no fork of theirs."""
        return [] if self.common().get("fork_of") else copies(found.framework_files, self.target)

    def reached(self) -> str:
        """What a fork is of, and how one came here where it is not by a link to the release's own repository."""
        fork = f", {self.forked()}," if self.forked() else ""
        if self.pointer is None:
            return fork
        where = self.pointer.origin.split(":", 1)[1]
        ref = self.pointer.ref or ""
        place = "/".join(filter(None, (ref[:7] if COMMIT.fullmatch(ref) else ref, self.pointer.path)))
        return f"{fork or ','} to which {where} points for training{f' ({place})' if place else ''},"

    def common(self) -> dict[str, Any]:
        """Facts about the repository that belong to each of its records, where the service told them."""
        parent = self.info.get("parent")
        facts = {
            "relation": "mention" if self.mentioned else None,
            "fork_of": parent.get("full_name") if isinstance(parent, dict) else None,
            "own_commits": self.compared.get("ahead_by"),
            "archived": self.info.get("archived") or None,
            "pointed_to_by": self.pointer.origin if self.pointer else None,
        }
        return {name: value for name, value in facts.items() if value is not None}


def pointer_to(dossier: Dossier, target: str) -> Lead | None:
    """The pointer for training that led to a repository which nothing names as the release's own."""
    leads = [lead for lead in dossier.leads if lead.target == target and lead.followed]
    if any(lead.relation != "training" for lead in leads):
        return None
    return leads[0] if leads else None


def github_answer(dossier: Dossier, target: str, kind: Kind) -> dict[str, Any]:
    document = next(dossier.of(kind, target=target), None)
    return (document and document.facts) or {}


FOLDER_LINK = re.compile(r"github\.com/[\w.-]{1,60}/[\w.-]{1,100}/tree/[^/\s)\"'<>]{1,100}/([^\s)\"'<>?#]{1,300})")


def linked_folder(dossier: Dossier, target: str) -> str:
    """The folder of a repository that the release links, with a slash at its end; empty where the whole is linked."""
    folders = set()
    for lead in dossier.leads:
        if lead.target == target and lead.relation in ("repository", "root", "training"):
            match = FOLDER_LINK.search(lead.exact)
            folders.add(match[1].rstrip("/.,") + "/" if match else "")
    return folders.pop() if len(folders) == 1 else ""


def not_seen(found: Survey) -> str:
    """Why a claim of absence would reach too far; empty where all code was read."""
    tree: SourceTree = found.tree
    if tree.problem:
        return tree.problem
    if tree.partial and found.unread:
        return f"{len(found.unread)} source files were not fetched"
    return ""


def copies_value(copied: Sequence[Copy]) -> dict[str, Any]:
    frameworks = [
        {"framework": c.framework.repositories[0], "folder": c.folder, "files": list(c.files)} for c in copied
    ]
    return {"copies": frameworks} if frameworks else {}


def content(found: Survey) -> str:
    """How much there is, at which revision, of what."""
    tree = found.tree
    at = f" at {tree.revision[:7]}" if tree.revision else ""
    code = found.sources
    kinds = [kind for kind, _ in found.languages.most_common() if kind not in ("docs", "config")]
    what = f"{code} with code ({'/'.join(kinds)})" if code and kinds else f"{code} with code" if code else "no code"
    extra = f", {found.encrypted} encrypted" if found.encrypted else ""
    outside = sum(found.outside.values())
    extra += f", training only in {outside} vendored or test files" if outside and not found.findings else ""
    return f"{tree.listed} file{'s' if tree.listed != 1 else ''}{at}, {what}{extra}"


def shown(proofs: Sequence[Proof]) -> str:
    return ", ".join(p.path for p in proofs[:3]) + more(len(proofs), 3)


def more(count: int, shown_of: int = 1) -> str:
    return f" and {count - shown_of} more" if count > shown_of else ""


def listed(words: Any) -> str:
    words = list(words)
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def has_trainer(judgement: Judgement) -> bool:
    """True where some training stage is proved by code, not only by settings and launch scripts."""
    proofs = [p for stage in TRAINING for p in judgement.stages.get(stage, [])]
    return any(p.finding.language not in ("config", "shell") for p in proofs)


def file_value(proof: Proof) -> dict[str, Any]:
    selector = proof.finding.line.selector
    start = (selector and selector.start_line) or 1
    end = (selector and selector.end_line) or start
    return {"path": proof.path, "start_line": start, "end_line": end, "rule": proof.rule, "role": proof.finding.role}


def training_links(readme: TreeFile | None, target: str) -> Iterator[tuple[str, Line]]:
    """Repositories of which a README says that training code is there, each once, at most five."""
    if readme is None:
        return
    for link, found in islice(training_pointers(readme.text, target), 5):
        number = readme.text.count("\n", 0, link.start) + 1
        yield "https://github.com/" + found.target.removeprefix("github:"), line_of(readme, number)


detector = Detector(FOLDER, detect)
