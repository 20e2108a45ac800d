"""One walk over a source tree: for every file the rules that hold, with the line that shows it and whose code it is."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path

import msgspec

from output.data_files import load
from output.record import Quote, Selector, Source
from pipelines.detector import quote_span
from pipelines.readers.source_tree import SourceTree, TreeFile
from pipelines.training_code.copies import telling
from pipelines.training_code.facts import MODULE_NAME, SCRIPT_NAME, Fact, facts, language
from pipelines.training_code.rules import Match, plain_path, rules
from spiders.hub import README_NAME
from spiders.submodules import Submodule, submodules

FRAMEWORK_FILES = 1000  # paths that are kept to tell copies of frameworks
KEPT_TEXT = 400_000  # characters of a README that are kept
CONFIG_CAP = 256 * 1024  # bytes; a longer configuration is data
RUNNING_ENOUGH = 60  # files that define or run the model: more need not be parsed for that alone
BESIDE_TRAINING = 20  # the same where something trains, and whether code only runs the model is no question any more


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    roles: dict[str, str]
    penalty: dict[str, int]
    test_file: str
    helpers: str
    helper_evaluation: str
    package: str
    training: str
    license: str
    environment: str
    environment_folder: str
    locks: str
    containers: str

    @cached_property
    def compiled(self) -> dict[str, re.Pattern[str]]:
        patterns = {name: value for name in self.__struct_fields__ if isinstance(value := getattr(self, name), str)}
        return {name: re.compile(pattern, re.IGNORECASE) for name, pattern in (patterns | self.roles).items()}

    def found(self, name: str, path: str) -> bool:
        return self.compiled[name].search(path) is not None

    def describes_environment(self, path: str) -> bool:
        """Whether a file lists what code needs: requirements, a lock file, a container."""
        name = path.rpartition("/")[2]
        return self.compiled["environment"].fullmatch(name) is not None or self.found("environment_folder", path)

    def role(self, path: str) -> str:
        """Whose code a path is: a key of `roles`, or own."""
        folder, _, name = path.rpartition("/")
        if self.compiled["test_file"].match(name):
            return "test"
        return folder_role(folder)


@cache
def places() -> Places:
    return load(Path(__file__).parent / "places.yaml", Places)


@lru_cache(maxsize=4096)
def folder_role(folder: str) -> str:
    return next((role for role in places().roles if places().found(role, folder + "/")), "own") if folder else "own"


@dataclass(frozen=True)
class Line:
    """One line of a file that was read: enough to quote it."""

    path: str
    source: Source = field(repr=False)
    quote: Quote | None
    selector: Selector | None

    @property
    def number(self) -> int:
        return (self.selector and self.selector.start_line) or 1


@dataclass(frozen=True)
class Finding:
    """A rule that holds for a file, where, and how much it weighs here."""

    match: Match
    line: Line
    role: str
    language: str

    @property
    def path(self) -> str:
        return self.line.path


@dataclass
class Survey:
    """What one walk found; everything a judgement needs, and no file's text but the README's."""

    tree: SourceTree
    findings: list[Finding] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)  # files by language that were read
    sources: int = 0  # files of a language that holds code, read or not
    unread: list[str] = field(default_factory=list)  # such files that could not be read
    readme: TreeFile | None = None
    named: list[tuple[str, Line]] = field(default_factory=list)  # documentation lines that name a script or start one
    launches: dict[str, list[str]] = field(default_factory=dict)  # launch script -> scripts that it starts
    environment: list[TreeFile] = field(default_factory=list)
    submodules: list[tuple[Submodule, Line]] = field(default_factory=list)
    outside: Counter[str] = field(default_factory=Counter)  # files of tests, vendored code … that seem to train
    encrypted: int = 0
    framework_files: list[str] = field(default_factory=list)  # paths by which copies of frameworks are told
    model_files: list[str] = field(default_factory=list)  # paths that name the model
    needed: dict[str, list[Line]] = field(default_factory=dict)  # what training again needs -> files where it is seen


# Words of which one line each must be in a Python file for a rule to hold that its path does not speak for: plain
# searches, so that most files need not be parsed. A line holds when each of its groups has a word in the file; a first
# group of word stems spares looking for each of the second.
SPEAKS = (
    ((b"backward",), (b"ptim", b".step(", b"ccelerat")),
    (
        (b"apply_", b"train", b"deepspeed"),
        (b"apply_gradients", b"apply_updates", b"pretrain(", b"train_from_config", b"deepspeed.initialize"),
    ),
    (
        (b".update(", b"TPUEstimator", b".train("),
        (b"optax", b"value_and_grad", b"mesh_tensorflow", b"TPUEstimator", b"t5"),
    ),
    ((b".minimize(",), (b"ptim",)),
    ((b"update_",), (b"value_and_grad",)),
    ((b"LightningCLI", b"BasedBuilder", b"train_one_epoch", b"train_epoch", b"stimator.train"),),
    ((b"Train", b"EvalRecipe"), (b"TrainerConfig", b"TrainModule", b"TrainingConfig", b"EvalRecipe")),
    ((b".fit(",), (b"keras", b"tensorflow", b"rainer", b"composer", b"lightning", b"nemo")),
    ((b"rainer",), (b".train(", b"Trainer(", b".launch(", b".run(", b".learn(", b"train(")),
    ((b"training_step", b"Recipe"), (b"Lightning", b"ModelPT", b"recipe", b"MegatronBaseModel")),
    (
        (b"eval", b"opencompass", b"pass_at_k"),
        (b"lm_eval", b"lighteval", b"opencompass", b"human_eval", b"evalplus", b"simple_evaluate", b"pass_at_k"),
    ),
    (
        (b"evaluate", b"eval_model", b"run_eval"),
        (b"--eval", b"--test_only", b"--test-only", b"--only_eval", b"--only-eval", b"--only_test", b"--only-test"),
    ),
    ((b"datatrove", b"datasketch", b"warcio", b"trafilatura", b"nemo_curator", b"data_juicer", b"distilabel"),),
    (
        (*(b"webdataset", b"streaming", b"pyarrow", b"fasttext", b"kenlm", b"pyspark"), b"apache_beam", b"dolma"),
        (
            *(b"import webdataset", b"from streaming", b"import pyarrow", b"import streaming", b"from webdataset"),
            *(b"fasttext", b"kenlm", b"pyspark", b"apache_beam", b"dolma", b"from pyarrow"),
        ),
        (b"__main__", b"rgument", b"ire", b"click"),
    ),
    (
        (b"memmap", b"Builder", b"Writer", b"make_builder"),
        (
            b"memmap",
            b"DatasetBuilder",
            b"MDSWriter",
            b"ShardWriter",
            b"TFRecordWriter",
            b"ArrowWriter",
            b"ParquetWriter",
            b"make_builder",
        ),
    ),
    (
        (b"load_dataset",),
        (b"accuracy", b"exact_match", b"metric", b"save", b"write", b"dump", b"to_json", b"to_parquet", b"push"),
    ),
)
SETTINGS = (b"learning_rate", b"learning-rate", b"learningRate", b"lr", b"distributed_type", b"zero_optimization")
GENERATES = (
    *(b"from_pretrained", b"load_", b"LLM(", b".load(", b"restore("),
    *(b"Module)", b"save_file", b"_params(", b"_weights("),
)
TRAINS = (b".backward(", b"optimizer.step", b"rainer.train(", b"rainer.fit(", b"apply_gradients")


def survey_tree(tree: SourceTree, names: Sequence[str] = ()) -> Survey:
    """Walk `tree` once. `names` are patterns of the model's name, to tell its own files from a framework's."""
    with no_collection():
        return walk(tree, re.compile("|".join(names), re.IGNORECASE) if names else None)


@contextmanager
def no_collection() -> Iterator[None]:
    """Syntax trees hold no cycles: looking for some while millions of nodes come and go costs a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def walk(tree: SourceTree, named: re.Pattern[str] | None) -> Survey:
    found = Survey(tree)
    running, enough = 0, RUNNING_ENOUGH
    folders: dict[str, set[str]] = {"package": set(), "license": set()}
    for file in tree.files():
        note_listing(found, file, folders)
        if named is not None and named.search(file.path):
            found.model_files.append(file.path)
        kind = language(file)
        if not kind:
            continue
        if kind not in ("docs", "config"):
            found.sources += 1
        if file.body is None:
            if kind not in ("docs", "config") and file.kind in ("file", "special", "lfs"):
                found.unread.append(file.path)
            continue
        found.languages[kind] += 1
        if kind == "docs":
            read_docs(found, file)
            continue
        role = places().role(file.path)
        if role in ("test", "vendored"):
            if holds(file.body, TRAINS):
                found.outside[role] += 1
            continue
        if silent(file, kind, running < enough):
            continue
        if named is not None and kind in ("config", "shell") and named.search(file.text):
            found.model_files.append(file.path)
        new = read_source(found, file, kind, role)
        running += any(f.match.stage in RUNNING_STAGES for f in new)
        if role == "own" and any(f.match.stage in TRAINING_STAGES and f.match.weight > 2 for f in new):
            enough = BESIDE_TRAINING
        found.findings += new
    found.environment.sort(key=lambda f: (f.path.count("/"), f.path))
    packages = {folder + "/" for folder in folders["package"] & folders["license"]}
    used = used_packages(found, packages)
    found.findings = [copied(f, used) for f in found.findings if not in_package(f, packages - used)]
    return found


def used_packages(found: Survey, packages: set[str]) -> set[str]:
    """Copied packages that scripts outside of them start, or that stand in a folder for training: there to be used."""
    started = [
        name
        for path, names in found.launches.items()
        if not any(path.startswith(package) for package in packages)
        for name in names
    ]
    return {
        package
        for package in packages
        if places().found("training", package)
        or any(name.startswith((package, package.rstrip("/").rsplit("/", 1)[-1] + "/")) for name in started)
    }


def copied(finding: Finding, packages: Iterable[str]) -> Finding:
    return replace(finding, role="copied") if any(finding.path.startswith(p) for p in packages) else finding


def speaking(path_signals: Iterable[str]) -> bool:
    """True for the path of a file that may prove data processing or evaluation by what every program does."""
    found = set(path_signals)
    return bool(found & {"data-name", "eval-words", "eval-name", "train-file"}) or found >= {"data-words", "data-place"}


def holds(body: bytes, words: Iterable[bytes]) -> bool:
    """Plain searches one by one: many times faster than one regular expression of alternatives."""
    for word in words:  # noqa: SIM110  # a generator for any() doubles the time of short searches
        if word in body:
            return True
    return False


def silent(file: TreeFile, kind: str, running: bool) -> bool:
    """True for a file for which no rule can hold, those for `running` the model left out where enough files show it."""
    body = file.body or b""
    if kind == "config":
        results = "eval-words" in rules().of_path(file.path)
        return results or len(body) > CONFIG_CAP or not holds(body, SETTINGS)
    if kind != "python":
        return False
    if speaking(rules().of_path(file.path)):
        return False
    if b"import" not in body:
        return True
    if any(all(holds(body, g) for g in line) for line in SPEAKS):
        return False
    return not running or not holds(body, GENERATES)


def in_package(finding: Finding, packages: Iterable[str]) -> bool:
    """True for training or data code of a copied package; to run and to evaluate, it is used wherever it came from."""
    return finding.match.stage not in RUNNING_STAGES | {"evaluation"} and any(
        finding.path.startswith(p) for p in packages
    )


def note_listing(found: Survey, file: TreeFile, folders: dict[str, set[str]]) -> None:
    """What the name alone tells: README, environment, packages inside, submodules, copies of frameworks."""
    folder, _, name = file.path.rpartition("/")
    if folder:
        for kind, seen in folders.items():
            if places().compiled[kind].search(name):
                seen.add(folder)
    if file.kind == "submodule":
        line = Line(file.path, found.tree.source, None, None)
        if all(known.path != file.path for known, _ in found.submodules):
            found.submodules.append((Submodule(file.path, "", file.blob), line))
    if name.endswith((".encrypted", ".enc", ".gpg")):
        found.encrypted += 1
    if file.path.endswith(telling()) and len(found.framework_files) < FRAMEWORK_FILES:
        note_framework(found, file.path)
    if file.body is None:
        return
    if README_NAME.fullmatch(name) and (found.readme is None or file.path.count("/") < found.readme.path.count("/")):
        found.readme = file
    describes = places().describes_environment(file.path)
    if describes and places().role(file.path) == "own":
        found.environment.append(file)
    if file.path == ".gitmodules":
        found.submodules += [(module, first_line(file, module.url or module.path)) for module in submodules(file.text)]


def note_framework(found: Survey, path: str) -> None:
    """A path that tells a copy of a framework, but for one that tests, is vendored or trains a helper."""
    if places().role(path) not in ("test", "vendored") and not places().found("helpers", path):
        found.framework_files.append(path)


def read_docs(found: Survey, file: TreeFile) -> None:
    for fact in facts("docs", file.text[:KEPT_TEXT]):
        if len(found.named) < 3000:
            found.named.append((fact.name, line_of(file, fact.line)))
            signals = rules().signals_of([fact])
            found.findings += [Finding(m, found.named[-1][1], "own", "docs") for m in rules().matches(signals)]


NEEDS = "needs-"
NEEDS_SHOWN = 20  # files that are kept for each thing that training again needs
RUNNING_STAGES = frozenset({"inference", "conversion", "quantisation", "model"})
TRAINING_STAGES = frozenset({"pretraining", "finetuning", "preference", "training"})
DOCUMENTED_STAGES = TRAINING_STAGES | {"data_processing"}  # whose docstrings are counted later


def read_source(found: Survey, file: TreeFile, kind: str, role: str) -> list[Finding]:
    """Findings of one file: every rule that holds for it. One that trains also tells what training again needs."""
    read = facts(kind, file.text)
    signals = rules().signals_of([Fact("path", plain_path(file.path), 1), *read])
    if kind == "shell" and "launches-training" in signals:
        found.launches[file.path] = [name for fact in read if fact.kind == "run" for name in scripts_in(fact.name)]
    matches = rules().matches(signals)
    trains = any(match.stage in TRAINING_STAGES for match in matches) and not places().found("helpers", file.path)
    if trains and kind in ("config", "shell"):
        note_need(found, file, "run_configuration", min(match.line for match in matches))
    launches = "launch-settings" in signals
    if launches:
        note_need(found, file, "launch", signals["launch-settings"])
    for signal, line in signals.items():
        if signal.startswith(NEEDS) and (trains or (launches and signal == "needs-hyperparameters")):
            note_need(found, file, signal.removeprefix(NEEDS), line)
    if any(match.stage in DOCUMENTED_STAGES for match in matches):
        found.tree.keep(file)
    lines = {match.line: line_of(file, match.line) for match in matches}
    return [Finding(match, lines[match.line], role, kind) for match in matches]


def note_need(found: Survey, file: TreeFile, need: str, line: int) -> None:
    seen = found.needed.setdefault(need, [])
    if len(seen) < NEEDS_SHOWN and (not seen or seen[-1].path != file.path):
        seen.append(line_of(file, line))


def line_of(file: TreeFile, number: int) -> Line:
    """The line of a file as a quote; line 1 of a file without text where it has fewer."""
    text = file.text
    start = line_start(text, number)
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    while start < end and text[start] in " \t":
        start += 1
    end = len(text[:end].rstrip()) if end - start < 5000 else end
    return line_between(file, start, end)


def line_start(text: str, number: int) -> int:
    """Where a line of a text begins, counted from 1; the last one where there are fewer."""
    start = 0
    for _ in range(number - 1):
        following = text.find("\n", start)
        if following < 0:
            break
        start = following + 1
    return start


def line_between(file: TreeFile, start: int, end: int) -> Line:
    """What stands between two positions of a file as a quote; no quote where nothing does."""
    if end <= start:
        return Line(file.path, file.source, None, None)
    quote, selector = quote_span(file.text, start, end)
    return Line(file.path, file.source, quote, selector)


def first_line(file: TreeFile, word: str) -> Line:
    """The first line of a file that holds a word."""
    position = file.text.find(word)
    return line_of(file, file.text.count("\n", 0, max(position, 0)) + 1)


def scripts_in(line: str) -> list[str]:
    """Paths of scripts that a line of documentation or a command names; `-m a.b` is `a/b.py`."""
    modules = [name.replace(".", "/") + ".py" for name in MODULE_NAME.findall(line)]
    return [name.lstrip("./") for name in SCRIPT_NAME.findall(line)] + modules
