"""The judgement on a repository as text for its maker: per stage, which files spoke for it and which against."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.dossier import Dossier
from pipelines.readers.source_tree import source_trees
from pipelines.training_code.copies import copies
from pipelines.training_code.judge import STAGES, TRAINING, Judgement, Proof, judge_survey
from pipelines.training_code.needs import needs
from pipelines.training_code.survey import survey_tree

SHOWN = 12


def explanation(dossier: Dossier) -> Iterator[str]:
    for tree in source_trees(dossier):
        judgement = judge_survey(survey_tree(tree))
        yield f"{tree.target.split(':', 1)[1]}: {tree.listed} files, {tree.read} read"
        if tree.problem:
            yield f"  not all of it: {tree.problem}"
        for stage in STAGES:
            yield from stage_lines(judgement, stage)
        yield f"inference only: {'yes' if judgement.inference_only else 'no'}"
        if judgement.inference:
            yield f"files that run the model: {len(judgement.inference)}"
        yield from proof_lines(judgement.inference)
        for copy in copies(judgement.survey.framework_files, tree.target):
            yield f"holds a copy of {copy}: {', '.join(copy.files)}"
        yield "needed to train again:"
        for name, seen in needs(judgement.survey).items():
            first = ", ".join(f"{place['path']}:{place['line']}" for place in seen[:3])
            more = f" and {len(seen) - 3} more" if seen[3:] else ""
            yield f"  {name.replace('_', ' ')}: {first or 'not found'}{more}"
        for role, count in judgement.survey.outside.items():
            yield f"  not counted: {count} {role} files that seem to train"
        for path in judgement.survey.unread[:SHOWN]:
            yield f"  not read: {path}"


def stage_lines(judgement: Judgement, stage: str) -> Iterator[str]:
    proofs = judgement.stages.get(stage, [])
    yield f"{stage.replace('_', ' ')}: {counted(proofs)}"
    yield from proof_lines(proofs)
    against = {
        f.path: why
        for f, why in judgement.set_aside
        if f.match.stage == stage or (stage in TRAINING and f.match.stage == "training")
    }
    for path, why in list(against.items())[:SHOWN]:
        yield f"  - {path} ({why})"


def counted(proofs: list[Proof]) -> str:
    return f"{len(proofs)} file{'s' if proofs[1:] else ''}" if proofs else "nothing found"


def proof_lines(proofs: list[Proof]) -> Iterator[str]:
    for proof in proofs[:SHOWN]:
        line = proof.finding.line
        shown = line.quote.exact.split("\n", 1)[0][:80] if line.quote else ""
        role = "" if proof.finding.role == "own" else f", {proof.finding.role}"
        yield f"  + {proof.path}:{line.number} ({proof.rule}{role}) {shown}"
    if len(proofs) > SHOWN:
        yield f"  … and {len(proofs) - SHOWN} more"
