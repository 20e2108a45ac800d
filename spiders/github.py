"""GitHub: facts, head revision, file list, and the source tree as one archive or a few raw files."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import msgspec
from github import Github
from github.Repository import Repository

from output.record import git_blob_id
from spiders.addresses import github_api, github_archive, github_page, github_raw
from spiders.document import Document, Kind, Miss
from spiders.hub import LICENSE_NAME, NOT_A_TEXT, README_NAME, card_file, may_be_report, new_leads, note_base_names
from spiders.leads import leads_of_text
from spiders.strict import issues
from spiders.submodules import Submodule, submodules
from spiders.training_pointers import submodule_leads, training_leads
from spiders.walk import ARCHIVE_CAP, PAPER_CAP, Ask, Walk

READ_ENDINGS = re.compile(
    r"(?i)\.(py|ipynb|sh|bash|slurm|sbatch|ya?ml|toml|json|gin|cfg|ini|md|rst|txt|rs|cc?|cpp|cu|go|jl|java|js|ts|lua|r|"
    r"scala|pdf)$|(?:^|/)(dockerfile|makefile|licen[cs]e|copying|notice)[^/]*$|^\.gitmodules$"
)
NOISE = re.compile(r"(?i)(?:^|/)(\.github|\.circleci|\.vscode|node_modules|assets?|figures?|images?)/")
NOT_OWN = re.compile(
    r"(?i)(?:^|/)(third[-_]?party|3rd[-_]?party|vendor(?:ed)?|externals?|node_modules|assets?|tests?)/"
)
FEW_FILES = 6
SOME_FILES = 15
SMALL_TREE = 10 * 1024 * 1024
TREE_CAP = 700 * 1024 * 1024
RAW_FILES_OVER_CAP = 40
MEMBER_CAP = 40 * 1024 * 1024
READ_CAP = 1536 * 1024 * 1024  # bytes of an archive that are looked through for licences, cards and papers


def repository(facts: dict[str, Any]) -> Repository:
    """GitHub's answer as PyGithub's typed object; it asks nothing by itself."""
    return Github(lazy=True).create_from_raw_data(Repository, facts)


def single_files(tree: list[dict[str, Any]]) -> list[tuple[str, Kind]]:
    """Files of a tree that are worth reading one by one, the telling ones first."""
    blobs = [e["path"] for e in tree if e.get("type") == "blob" and e.get("mode") != "120000"]
    wanted = [p for p in blobs if READ_ENDINGS.search(p) and not NOISE.search(p)]
    return [(p, file_kind(p)) for p in sorted(wanted, key=lambda p: (rank(p), p.count("/"), p))]


def rank(path: str) -> int:
    if file_kind(path) != "source_file" or re.match(r"(?i)^readme", path):
        return 0
    return 1 if re.search(r"(?i)train|pretrain|sft|dpo|rlhf|grpo|recipe|config|requirements|docker", path) else 2


def file_kind(path: str) -> Kind:
    """What a file of a repository is to the detectors, by its name alone."""
    name = path.rsplit("/", 1)[-1]
    if path.count("/") <= 2 and LICENSE_NAME.match(name) and not NOT_A_TEXT.search(name) and not NOT_OWN.search(path):
        return "license"
    if card := card_file(name):
        return card
    if may_be_report(path):
        return "paper"
    return "source_file"


def worth_a_document(path: str) -> bool:
    """Whether a file inside an archive is handed out as a document of its own beside the tree."""
    if file_kind(path) == "source_file":
        return bool(README_NAME.fullmatch(path)) or path == ".gitmodules"
    return file_kind(path) != "paper" or path.count("/") <= 1


async def walk_github(walk: Walk) -> None:
    answer = await walk.ask(Ask(github_api(walk.name), "github_repository", walk.target, github_page(walk.name)))
    if answer.document is None or not answer.facts:
        return
    walk.issues += issues("github_repository", walk.target, answer.facts)
    facts = repository(answer.facts)
    name = facts.full_name
    commit = await commit_of(walk, name, facts.default_branch or "HEAD")
    if commit is None:
        return
    tree_url = github_api(name, f"git/trees/{commit}?recursive=1")
    listing = await walk.ask(Ask(tree_url, "github_tree", walk.target, github_page(name, commit), commit))
    tree = listing.facts.get("tree") or []
    if not tree or (not await whole_tree(walk, name, commit, tree)):
        await raw_files(walk, name, commit, single_files(tree)[:RAW_FILES_OVER_CAP])
    await beside_parent(walk, answer.facts, name, commit, tree)
    modules = pinned_submodules(walk, tree)
    for document in list(walk.documents):
        if document.kind == "source_file" and re.match(r"(?i)^readme", document.source.path or ""):
            walk.leads += new_leads(walk.leads, leads_of_text(document, walk.target))
            walk.leads += new_leads(walk.leads, training_leads(document, walk.target))
            walk.leads += new_leads(walk.leads, submodule_leads(document, walk.target, modules))
            note_base_names(walk, document)


def pinned_submodules(walk: Walk, tree: list[dict[str, Any]]) -> list[Submodule]:
    """The submodules of a tree, each at the commit that the tree holds of it."""
    named = next((d.text for d in walk.documents if d.source.path == ".gitmodules"), "")
    pins = {entry["path"]: entry.get("sha") for entry in tree if entry.get("type") == "commit"}
    return [replace(module, revision=pins[module.path]) for module in submodules(named) if pins.get(module.path)]


async def beside_parent(walk: Walk, facts: dict[str, Any], name: str, commit: str, tree: list[dict[str, Any]]) -> None:
    """Of a fork: how many commits are its own, and its parent's README where the fork began. Two requests.

    https://docs.github.com/rest/commits/commits#compare-two-commits: `ahead_by`, `merge_base_commit`; commits come in
    pages, of which one commit is enough.
    """
    parent = facts.get("parent")
    if not facts.get("fork") or not isinstance(parent, dict) or not parent.get("full_name"):
        return
    origin = str(parent["full_name"])
    base = quote(f"{origin.partition('/')[0]}:{parent.get('default_branch') or 'HEAD'}", safe=":")
    url = github_api(name, f"compare/{base}...{commit}?per_page=1")
    page = f"{github_page(name)}/compare/{base}...{commit}"
    answer = await walk.ask(Ask(url, "github_compare", walk.target, page, commit))
    merge_base = answer.facts.get("merge_base_commit")
    began = merge_base.get("sha") if isinstance(merge_base, dict) else None
    readme = next((e["path"] for e in tree if README_NAME.fullmatch(str(e.get("path")))), None)
    if isinstance(began, str) and readme:
        raw, page = github_raw(origin, began, readme), github_page(origin, began, readme)
        await walk.ask(Ask(raw, "parent_readme", walk.target, page, began, readme))


async def commit_of(walk: Walk, name: str, default_branch: str) -> str | None:
    """The commit to read: of the branch, tag or commit that the link named, else of the default branch."""
    missed: list[Miss] = []
    named = named_refs(walk)
    for ref in dict.fromkeys([*named, default_branch]):
        url = github_api(name, f"commits/{quote(ref)}")
        answer = await walk.ask(Ask(url, "github_commit", walk.target, github_page(name, ref), revision_key="sha"))
        if sha := answer.facts.get("sha"):
            for miss in missed:
                walk.drop(miss)
            if missed and ref not in named:
                reason = f"no branch, tag or commit {walk.ref}, which a link names: the default branch was read instead"
                walk.missed("github_commit", missed[0].source, "unavailable", reason)
            return str(sha)
        if answer.miss is None or answer.status not in (404, 422):
            return None
        missed.append(answer.miss)
    return None


def named_refs(walk: Walk) -> list[str]:
    """The branch, tag or commit that a link may name: of `tree/user/topic` it is `user`, or else `user/topic`."""
    if not walk.ref:
        return []
    return [walk.ref, f"{walk.ref}/{walk.path.partition('/')[0]}"] if walk.path else [walk.ref]


async def whole_tree(walk: Walk, name: str, commit: str, tree: list[dict[str, Any]]) -> bool:
    """Read the tree as one archive where that asks for less than its files one by one; False where it did not work."""
    files = single_files(tree)
    size = sum(entry.get("size") or 0 for entry in tree)
    if len(files) <= FEW_FILES or (len(files) <= SOME_FILES and size > SMALL_TREE):
        await raw_files(walk, name, commit, files)
        return True
    if size > TREE_CAP:
        return False
    answer = await walk.ask(
        Ask(
            github_archive(name, commit), "source_archive", walk.target, github_page(name, commit), commit,
            cap=ARCHIVE_CAP, headers={"Accept-Encoding": "identity"},
        )
    )  # fmt: skip
    if answer.document is None:
        if answer.miss and answer.miss.reason.startswith("over the size cap"):
            walk.drop(answer.miss)
        return False
    walk.documents += await asyncio.to_thread(lambda: list(documents_inside(answer.document, name, commit)))  # type: ignore[arg-type]
    return True


async def raw_files(walk: Walk, name: str, commit: str, files: list[tuple[str, Kind]]) -> None:
    await walk.ask_all(
        Ask(
            github_raw(name, commit, path), kind, walk.target, github_page(name, commit, path), commit, path,
            PAPER_CAP if path.lower().endswith(".pdf") else 4 << 20,
        )
        for path, kind in files
    )  # fmt: skip


def documents_inside(archive: Document, name: str, commit: str) -> Iterator[Document]:
    """READMEs, licences, cards and reports of an archived tree, each with its own hash and place in the archive.

    Streams; stops at the byte cap; a broken archive yields what came before the break (the source-tree reader reports
    the break).
    """
    left = READ_CAP
    try:
        with archive.open() as packed, tarfile.open(fileobj=packed, mode="r|*") as tar:
            for member in tar:
                left -= member.size
                if left < 0:
                    return
                path = member.name.partition("/")[2]
                if member.isfile() and member.size <= MEMBER_CAP and worth_a_document(path):
                    file = tar.extractfile(member)
                    if file is not None:
                        yield member_document(archive, name, commit, path, file.read())
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError):
        return


def member_document(archive: Document, name: str, commit: str, path: str, body: bytes) -> Document:
    source = archive.source
    inside = msgspec.structs.replace(source.archive, member=path) if source.archive else None
    return Document(
        file_kind(path),
        archive.target,
        msgspec.structs.replace(
            source,
            url=github_raw(name, commit, path),
            view_url=github_page(name, commit, path),
            path=path,
            media_type=None,
            sha256=hashlib.sha256(body).hexdigest(),
            git_blob=git_blob_id(body),
            size=len(body),
            archive=inside,
        ),
        body,
    )
