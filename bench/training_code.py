"""Training code: stages found in real repositories against a reader's verdicts.

    OSAI_EVIDENCE_CORPUS=… OSAI_EVIDENCE_REPOSITORIES=… python bench/training_code.py [--stage STAGE] [--unseen SCOPE]

OSAI_EVIDENCE_CORPUS is the folder with `truth/training_code.tsv`. OSAI_EVIDENCE_REPOSITORIES is a folder of bare git
repositories, `OWNER+NAME/repo` or `OWNER/NAME`; what is not there is not measured and is said. Prints accuracy and F1
per stage, whether the first file named is one of the reader's (or lies in the same folder), disagreements, and the time
and memory for a tree. The rules were written while looking at these repositories: numbers are in-sample.
`--unseen SCOPE` measures on repositories labelled before any detector ran on them (`first` to `seventh`, `all`);
`?` in a cell means that a reader could say either, and is not counted. `--needs` measures instead what of the things
needed to train again was found in the repositories of `bench/training_code_needs.tsv`, labelled before the rules were
mended.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import resource
import subprocess
import sys
import tarfile
import time
from collections import Counter
from pathlib import Path, PurePosixPath

from output.record import Source
from pipelines.dossier import Dossier
from pipelines.readers.source_tree import source_tree
from pipelines.training_code.judge import TRAINING, Judgement, judge_survey
from pipelines.training_code.needs import environment, needs
from pipelines.training_code.survey import survey_tree
from spiders.document import Document

COLUMNS = {
    "pretraining": "has_pretraining_code",
    "finetuning": "has_finetuning_code",
    "preference": "has_rl_or_preference_code",
    "data_processing": "has_data_processing_code",
    "evaluation": "has_evaluation_code",
    "inference_only": "inference_only",
}
UNSEEN = Path(__file__).with_name("training_code_unseen.tsv")
NEEDS = Path(__file__).with_name("training_code_needs.tsv")

# Where the verdict itself can be doubted after reading the files; measured as it stands all the same.
NOTES = {
    "google-deepmind/gemma": "data: convert_sudoku.py and convert_pubmedqa.py do write data for a tuning example",
    "ali-vilab/VGen": "fine-tuning: subject learning from given weights; the scripts are the same as for training",
    "facebookresearch/audiocraft": "fine-tuning: by `continue_from=` on the command line of docs, no file of its own",
    "NVIDIA-NeMo/NeMo": "preference: only for speech synthesis, far from what the index asks",
}


def archive(git: Path) -> bytes:
    """HEAD of a bare repository as GitHub would pack it; a blob that the snapshot lacks becomes an empty file."""
    listing = subprocess.run(["git", "--git-dir", git, "ls-tree", "-r", "-z", "HEAD"], capture_output=True, check=True)
    entries = [record.split(b"\t", 1) for record in listing.stdout.split(b"\0") if record]
    blobs = [meta.split()[2] for meta, _ in entries if meta.split()[1] == b"blob"]
    batch = subprocess.run(
        ["git", "--git-dir", git, "cat-file", "--batch"],
        input=b"\n".join(blobs) + b"\n",
        capture_output=True,
        check=True,
    )
    answers, buffer = io.BytesIO(batch.stdout), io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=3, errors="surrogateescape") as tar:
        for meta, path in entries:
            mode, kind, _ = meta.split()
            info = tarfile.TarInfo("top/" + path.decode("utf-8", "surrogateescape"))
            if kind != b"blob":
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
                continue
            head = answers.readline().split()
            body = b"" if head[1] == b"missing" else answers.read(int(head[2]))
            answers.read(0 if head[1] == b"missing" else 1)
            if mode == b"120000":
                info.type, info.linkname = tarfile.SYMTYPE, body.decode("utf-8", "replace")
                tar.addfile(info)
            else:
                info.size = len(body)
                tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def judged(name: str, body: bytes) -> Judgement:
    source = Source("bench", "bench", revision="0" * 40, sha256=hashlib.sha256(body).hexdigest())
    document = Document("source_archive", f"github:{name}", source, body)
    tree = source_tree(Dossier(document.target, (document,)), document.target)
    assert tree is not None
    return judge_survey(survey_tree(tree))


def repository(folder: Path, name: str) -> Path | None:
    candidates = (folder / name.replace("/", "+") / "repo", folder / f"{name}.git", folder / name)
    return next((path for path in candidates if (path / "HEAD").exists()), None)


def near(path: str, proofs: list[str]) -> tuple[bool, bool]:
    """Is the file one of the reader's, and does it at least stand in the same folder as one?"""
    folders = {PurePosixPath(p).parent for p in proofs}
    return path in proofs, path in proofs or PurePosixPath(path).parent in folders


def synthetic(files: int) -> bytes:
    """A tree of Python files of 4 kB to 16 kB, one in ten of which trains."""
    plain = "def f(x):\n    y = [x * n for n in range(10)]\n    return sum(y)\n\n\n"
    loop = "def train(model):\n    optimizer = torch.optim.AdamW(model.parameters())\n    model(1).backward()\n"
    loop = f"import torch\n\n\n{loop}    optimizer.step()\n\n\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for n in range(files):
            body = ((loop if n % 10 == 0 else "") + plain * (60 + n % 180)).encode()
            info = tarfile.TarInfo(f"top/area{n % 40}/module{n}.py")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def measure_speed() -> None:
    for files in (1000, 2000, 4000):
        body = synthetic(files)
        start = time.process_time()
        judged("bench/synthetic", body)
        print(f"synthetic tree of {files} files: {time.process_time() - start:.2f} s of one core")


def measure_needs(folder: Path) -> None:
    right: Counter[str] = Counter()
    told: Counter[str] = Counter()
    with NEEDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        name = row.pop("owner/name")
        where = repository(folder, name)
        if where is None:
            print(f"{name}: no repository here, not measured")
            continue
        survey = judged(name, archive(where)).survey
        fixed = environment(survey)
        found = {need: bool(seen) for need, seen in needs(survey).items()}
        found |= {
            "pinned": bool(fixed and fixed.pinned),
            "lock": bool(fixed and fixed.locks),
            "container": bool(fixed and fixed.containers),
        }
        for need, label in row.items():
            if label != "?":
                told[need] += 1
                right[need] += found[need] == (label == "y")
                if found[need] != (label == "y"):
                    print(f"{name}: {'+' if found[need] else '-'}{need}")
    for need in told:
        print(f"{need}: {right[need]} of {told[need]}")
    print(f"all: {right.total()} of {told.total()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", help="only this one, OWNER/NAME")
    parser.add_argument("--stage", choices=COLUMNS, help="list disagreements of one stage only")
    parser.add_argument("--unseen", help="instead, the rows of this scope in bench/training_code_unseen.tsv")
    parser.add_argument("--needs", action="store_true", help="instead, what training again needs")
    arguments = parser.parse_args()
    corpus, folder = os.environ.get("OSAI_EVIDENCE_CORPUS"), os.environ.get("OSAI_EVIDENCE_REPOSITORIES")
    if not corpus or not folder:
        print("OSAI_EVIDENCE_CORPUS or OSAI_EVIDENCE_REPOSITORIES is not set: no repositories to measure on")
        measure_speed()
        sys.exit(0)
    if arguments.needs:
        measure_needs(Path(folder))
        return
    truth = UNSEEN if arguments.unseen else Path(corpus) / "truth" / "training_code.tsv"
    with truth.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file, delimiter="\t")
            if arguments.repository in (None, row["owner/name"]) and arguments.unseen in (None, "all", row["scope"])
        ]
    counts: dict[str, Counter[str]] = {stage: Counter() for stage in COLUMNS}
    proof: Counter[str] = Counter()
    right = known = measured = 0
    for row in rows:
        name = row["owner/name"]
        where = repository(Path(folder), name)
        if where is None:
            print(f"{name}: no repository here, not measured")
            continue
        body = archive(where)
        start = time.process_time()
        result = judged(name, body)
        seconds = time.process_time() - start
        measured += 1
        wrong = []
        for stage, column in COLUMNS.items():
            if row[column] == "?":
                continue
            expected = row[column] == "y"
            found = result.inference_only if stage == "inference_only" else bool(result.stages.get(stage))
            counts[stage]["tp" if expected and found else "fp" if found else "fn" if expected else "tn"] += 1
            if expected != found and arguments.stage in (None, stage):
                wrong.append(("+" if found else "-") + stage)
        trains = any(row[COLUMNS[stage]] == "y" for stage in TRAINING)
        if trains or all(row[COLUMNS[stage]] == "n" for stage in TRAINING):
            known += 1
            right += trains == result.trains
        if trains and result.trains:
            first = next(result.stages[stage][0].path for stage in TRAINING if result.stages.get(stage))
            exact, same = near(first, row["proof_paths"].split("; "))
            proof.update(total=1, exact=exact, same=same)
            if not exact:
                wrong.append(f"first file {first}{'' if same else ' (another folder)'}")
        slow = f" {seconds:.1f} s for {result.survey.tree.listed} files" if seconds > 2 else ""
        if wrong or slow:
            note = f" (note: {NOTES[name]})" if name in NOTES and wrong else ""
            print(f"{name}: {', '.join(wrong)}{slow}{note}")
    if not measured:
        return
    print(f"\n{measured} repositories of {truth.name}")
    print(f"any training code: accuracy {right / max(known, 1):.3f} ({right} of {known})")
    for stage, count in counts.items():
        wrong_sum = count["fp"] + count["fn"]
        f1 = 2 * count["tp"] / (2 * count["tp"] + wrong_sum) if count["tp"] + wrong_sum else 1.0
        print(f"{stage}: F1 {f1:.3f} (right {count['tp']}, too many {count['fp']}, missed {count['fn']})")
    if proof["total"]:
        print(
            f"first file named: {proof['exact']} of {proof['total']} are the reader's own choice, "
            f"{proof['same']} stand in the same folder as one"
        )
    measure_speed()
    print(f"peak memory of the whole run: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
