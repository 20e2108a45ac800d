"""From findings to stages: which part of the pipeline is in a repository, proved by which files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.training_code.rules import rules
from pipelines.training_code.survey import Finding, Survey, places, scripts_in

TRAINING = ("pretraining", "finetuning", "preference")
LOOP_STAGES = ("pretraining", "finetuning")  # what a loop serves that says no stage, where recipes say both
STAGES = (*TRAINING, "data_processing", "evaluation")
RUNNING = ("inference", "conversion", "quantisation", "model")  # what code that only runs a model does

PRETRAIN = re.compile(r"\bpre-?\s?train(ing|s)?\b", re.IGNORECASE)
TUNING = r"\bfine-?\s?tun(e|ing)\b|\bsft\b|\bpost-?\s?training\b|\bq?lora\b|\bdreambooth\b|微调"
FINETUNE = re.compile(rf"{TUNING}|\b(rl|rlhf|ppo|grpo|dpo)\b", re.IGNORECASE)
BIBLIOGRAPHY = re.compile(r"^\s*(title\s*=|@|\[\d+\]).*$", re.IGNORECASE | re.MULTILINE)
OFTEN = 3  # times that one word must be found for each of another to outweigh it
NO_ENTRY = frozenset({"train-loop", "trainable-module", "train-recipe"})  # what some script must start or read
NAMED_DATA = frozenset({"data-named", "data-entry", "data-other"})
HELPERS = re.compile(r"(^|/)(utils?|common|misc|ops)/")
FINETUNE_ONLY = re.compile(TUNING, re.IGNORECASE)
TRAIN = re.compile(r"\btrain(ing)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Proof:
    """A finding for a stage with its final weight; `rule` says how it was found, `why` how it came to this stage."""

    finding: Finding
    weight: float
    rule: str

    @property
    def path(self) -> str:
        return self.finding.path


@dataclass
class Judgement:
    """Proofs per stage, the best first, one per file, and what was set aside."""

    survey: Survey
    stages: dict[str, list[Proof]] = field(default_factory=dict)
    set_aside: list[tuple[Finding, str]] = field(default_factory=list)
    running: dict[str, list[Proof]] = field(default_factory=dict)  # the same for code that only runs the model

    @property
    def inference(self) -> list[Proof]:
        return self.running.get("inference", [])

    @property
    def trains(self) -> bool:
        return any(self.stages.get(stage) for stage in TRAINING)

    @property
    def inference_only(self) -> bool:
        """Code that runs the model, or defines it and loads its weights, and none that trains it or makes data.

        Examples of a library define small models and copy weights between them.
        """
        model = {f.match.rule for f in self.survey.findings if f.match.stage == "model" and f.role != "example"}
        runs = bool(self.inference) or model >= {"model-definition", "loads-model"}
        return runs and not self.trains and not self.stages.get("data_processing")


def judge_survey(survey: Survey) -> Judgement:
    judgement = Judgement(survey)
    proofs: dict[str, list[Proof]] = {stage: [] for stage in STAGES}
    open_loops: list[Proof] = []
    launches: list[Proof] = []
    for path_findings in by_file(survey.findings):
        sort_file(path_findings, proofs, open_loops, launches, judgement)
    drop_bare_recipes(proofs)
    place_loops(open_loops, proofs, survey)
    add_launches(launches, proofs, survey)
    add_documented(proofs, survey)
    drop_bare_support(proofs)
    if not any(proofs[stage] for stage in TRAINING):
        drop_named_data(proofs, judgement)
    order = Prominence(frozenset(survey.model_files), documented(survey, proofs))
    judgement.stages = {stage: order.ranked(found, stage) for stage, found in proofs.items() if found}
    judgement.running = {stage: order.ranked(found, stage) for stage, found in judgement.running.items()}
    return judgement


def by_file(findings: Iterable[Finding]) -> list[list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.path, []).append(finding)
    return list(files.values())


def sort_file(
    findings: list[Finding],
    proofs: dict[str, list[Proof]],
    open_loops: list[Proof],
    launches: list[Proof],
    judgement: Judgement,
) -> None:
    """Put the findings of one file under their stages; a loop whose own file does not say its stage stays open."""
    path, role = findings[0].path, findings[0].role
    helper = places().found("helpers", path)
    decided = False
    loops: list[Proof] = []
    for finding in findings:
        stage = finding.match.stage
        proof = Proof(finding, finding.match.weight - places().penalty[role], finding.match.rule)
        if stage in (*TRAINING, "training") and (helper or role == "benchmark"):
            judgement.set_aside.append((finding, "trains a helper" if helper else role))
        elif stage == "evaluation" and places().found("helper_evaluation", path):
            judgement.set_aside.append((finding, "evaluates a helper"))
        elif proof.rule == "script-launch":
            launches.append(proof)
        elif stage == "training":
            loops.append(proof)
        elif stage in RUNNING:
            judgement.running.setdefault(stage, []).append(proof)
        else:
            proofs[stage].append(proof)
            decided = decided or (stage in TRAINING and rules().by_id[finding.match.rule].decides)
    if not decided:
        open_loops += loops


def decided(proofs: Iterable[Proof]) -> bool:
    """True where some proof of a stage stands by itself: its rule decides, and it is no bare list of settings."""
    return any(p.weight >= 2 and p.rule != "pretrain-recipe" and stands(p.rule) and not exemplary(p) for p in proofs)


def has_recipe(proofs: Iterable[Proof]) -> bool:
    return any(p.finding.language == "config" and stands(p.rule) for p in proofs)


def exemplary(proof: Proof) -> bool:
    """Settings of an example show one use of the code, not what all of it is for."""
    return proof.finding.language == "config" and proof.finding.role == "example"


def stands(rule: str) -> bool:
    return rules().by_id[rule].decides and not rules().by_id[rule].supports


def tuned(proofs: dict[str, list[Proof]]) -> bool:
    return decided(proofs["finetuning"]) or decided(proofs["preference"])


def drop_bare_recipes(proofs: dict[str, list[Proof]]) -> None:
    """Settings with an architecture mean training from scratch only where nothing says that models are tuned here."""
    if tuned(proofs) and not decided(proofs["pretraining"]):
        proofs["pretraining"] = [p for p in proofs["pretraining"] if p.rule != "pretrain-recipe"]


def place_loops(open_loops: list[Proof], proofs: dict[str, list[Proof]], survey: Survey) -> None:
    """Loops that say no stage train from scratch, unless all else in the repository speaks of tuning."""
    stage = "pretraining"
    only_tuned = tuned(proofs) and not decided(proofs["pretraining"])
    if only_tuned:
        open_loops = [p for p in open_loops if not HELPERS.search(p.path)]
    tunes = only_tuned or (bool(proofs["finetuning"]) and not decided(proofs["pretraining"]))
    bare = not any(stands(p.rule) for p in open_loops) or (only_tuned and {p.rule for p in open_loops} <= NO_ENTRY)
    if tunes and (bare or not speaks_of_pretraining(survey, plain=not decided(proofs["preference"]))):
        stage = "preference" if only_tuned and not decided(proofs["finetuning"]) else "finetuning"
    tuners = [p.path for p in proofs["finetuning"] if stands(p.rule) and p.finding.language == "python"]
    recipes_of_both = not decided(proofs["pretraining"]) and all(has_recipe(proofs[s]) for s in LOOP_STAGES)
    for loop in open_loops:
        plain = (
            stage == "finetuning" and loop.rule == "train-script" and any(plain_beside(loop.path, t) for t in tuners)
        )
        served = LOOP_STAGES if recipes_of_both else ("pretraining" if plain else stage,)
        for name in served:
            proofs[name].append(loop)


def folder(path: str) -> str:
    return path.rpartition("/")[0]


def plain_beside(path: str, tuner: str) -> bool:
    """`train.py` beside `finetune.py`, or `train_c.py` beside `train_c_lora.py`: it is the other one that tunes."""
    name, other = (p.rpartition("/")[2].rpartition(".")[0] for p in (path, tuner))
    return folder(path) == folder(tuner) and says_tuning(other) and (name == "train" or other.startswith(name + "_"))


def says_tuning(name: str) -> bool:
    return FINETUNE_ONLY.search(re.sub(r"[_/.]", " ", name)) is not None


def add_launches(launches: list[Proof], proofs: dict[str, list[Proof]], survey: Survey) -> None:
    """A launch script without settings of its own serves the stages of the scripts that it starts."""
    for stage in TRAINING:
        paths = [p.path for p in proofs[stage]]
        for launch in launches:
            started = survey.launches.get(launch.path, [])
            if any(path == name or path.endswith("/" + name) for name in started for path in paths):
                proofs[stage].append(launch)


def speaks_of_pretraining(survey: Survey, plain: bool) -> bool:
    """The README speaks of training from scratch, and not rather of tuning; `plain`: the bare word training will do."""
    text = BIBLIOGRAPHY.sub("", survey.readme.text) if survey.readme else ""
    pretrain, tune, train = (len(words.findall(text)) for words in (PRETRAIN, FINETUNE, TRAIN))
    return (pretrain > 0 and OFTEN * pretrain >= tune) or (plain and train > OFTEN and train >= OFTEN * tune)


def add_documented(proofs: dict[str, list[Proof]], survey: Survey) -> None:
    """A training script that the documentation names under a stage serves that stage too."""
    scripts = {p.path: p for stage in TRAINING for p in proofs[stage]}
    if not scripts:
        return
    for text, line in survey.named:
        said = re.sub(r"[_/.]", " ", line.path) + " " + text
        stages = [s for s, words in (("finetuning", FINETUNE_ONLY), ("pretraining", PRETRAIN)) if words.search(said)]
        for name in scripts_in(text) if stages else ():
            for path, proof in scripts.items():
                if path == name or path.endswith("/" + name):
                    for stage in stages:
                        if not contradicts(path, stage):
                            proofs[stage].append(Proof(proof.finding, proof.weight - 0.5, proof.finding.match.rule))


def contradicts(path: str, stage: str) -> bool:
    """True where a file's own name says another stage than the documentation's heading."""
    return says_tuning(path) if stage == "pretraining" else PRETRAIN.search(re.sub(r"[_/.]", " ", path)) is not None


def drop_bare_support(proofs: dict[str, list[Proof]]) -> None:
    """Without a proof that stands by itself, those that only support one fall."""
    stand = [p for stage in TRAINING for p in proofs[stage] if not rules().by_id[p.rule].supports]
    for stage in TRAINING if not stand else ():
        proofs[stage] = []


def drop_named_data(proofs: dict[str, list[Proof]], judgement: Judgement) -> None:
    """Preparing input for inference looks like preparing data: beside no training code a name alone proves nothing."""
    if judgement.inference and all(p.rule in NAMED_DATA for p in proofs["data_processing"]):
        judgement.set_aside += [(p.finding, "no training code beside it") for p in proofs["data_processing"]]
        proofs["data_processing"] = []


# File names a reader would open first, per stage; names and folders that are beside the point; folders of programs.
TRAIN_ENTRY = (
    r"(^|/)((run|main|do)_)?(\w+[-_])?"
    r"(pre_?train(ing)?|train(ing|er)?|fine[-_]?tun\w*|sft|dpo|ppo|grpo|q?lora|rlhf|recipe)([-_]\w+)?\.\w+$"
)
ENTRY = {
    **dict.fromkeys(TRAINING, re.compile(TRAIN_ENTRY, re.IGNORECASE)),
    "data_processing": re.compile(
        r"(^|/)\w*(prepare|process|tokeni[sz]e|convert|filter|dedup|encode|build)\w*\.\w+$", re.IGNORECASE
    ),
    "evaluation": re.compile(r"(^|/)\w*(eval|benchmark)\w*\.\w+$", re.IGNORECASE),
}
ASIDE = re.compile(
    r"(^|[/_.-])(experimental|legacy|old|archived?|deprecated|debug|dummy|toy|template|utils?|misc|contrib|research|module"
    r"|configs?|callbacks?|loss(es)?|optim(izers?)?|args|arguments|common|ops|kernels|bert|t5|vision|ict|ablations?|adapter|changelog)([/_.-]|$)",
    re.IGNORECASE,
)
PROGRAMS = re.compile(
    r"(^|/)(scripts?|train(ing|er|ers)?|solvers|recipes|bin|cli|launch\w*|pre_?train(ing)?|fine[-_]?tun\w*)/"
)
BY_LANGUAGE = {"python": 2.0, "notebook": 1.0, "code": 2.0, "shell": 1.5}


def documented(survey: Survey, proofs: dict[str, list[Proof]]) -> dict[str, float]:
    """Paths of proofs that documentation tells a reader to start, with how plainly: 1 in the first README."""
    by_name: dict[str, list[str]] = {}
    for path in {p.path for found in proofs.values() for p in found}:
        by_name.setdefault(path.rsplit("/", 1)[-1], []).append(path)
    first = survey.readme.path if survey.readme else ""
    told: dict[str, float] = {}
    for text, line in survey.named:
        for name in scripts_in(text):
            named = by_name.get(name.rsplit("/", 1)[-1], ())
            beside = [p for p in named if p.startswith(folder(line.path)) and p.endswith("/" + name)]
            meant = [p for p in named if p == name] or beside
            if len(meant) == 1:
                told[meant[0]] = max(told.get(meant[0], 0), 1.0 if line.path == first else 0.5)
    return told


@dataclass(frozen=True)
class Prominence:
    """How soon a reader would name a file; `named` are paths with the model's name, `told` those that READMEs start."""

    named: frozenset[str]
    told: dict[str, float]

    def of(self, proof: Proof, stage: str) -> float:
        """Code before settings, entry points before helpers and examples, what the README starts, near the root."""
        path = proof.path
        return (
            proof.weight
            + BY_LANGUAGE.get(proof.finding.language, 0)
            + (1.5 if stage in ENTRY and ENTRY[stage].search(path) else 0)
            + (0.5 if PROGRAMS.search(path) else 0)
            + (1.0 if path in self.named else 0)
            + (2.0 if proof.finding.language in BY_LANGUAGE else 1.0) * self.told.get(path, 0)
            - (2.0 if ASIDE.search(path) else 0)
            - (1.0 if proof.finding.role == "example" or rules().by_id[proof.rule].supports else 0)
            - 0.4 * path.count("/")
        )

    def ranked(self, proofs: Iterable[Proof], stage: str) -> list[Proof]:
        """The strongest proof of each file, the one that a reader would name first at the head."""
        best: dict[str, Proof] = {}
        for proof in proofs:
            if proof.path not in best or proof.weight > best[proof.path].weight:
                best[proof.path] = proof
        return sorted(best.values(), key=lambda p: (-self.of(p, stage), p.path))
