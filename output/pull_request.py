"""Proposals as a pull request: a branch, one commit for each entry, and the evidence in its text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from github import Auth, Github, GithubException, UnknownObjectException
from github.Repository import Repository
from requests import RequestException

from output.line_patch import PatchError, data
from output.propose import EntryProposals, described, patched

BODY_CAP = 60_000  # GitHub takes 65,536 characters
BRANCHES = "evidence/"
PULLS_READ = 300
PROPOSAL = re.compile(r"\bp1-[0-9a-f]{12}\b")


class PullRequestError(Exception):
    """GitHub refused or could not be reached, in its own words."""


@dataclass(frozen=True)
class Opened:
    """The pull request, and the entries that had changed in the meantime and were left out.

    `url` is empty where there was nothing to open. `asked` are addresses of pull requests that hold proposals already.
    """

    url: str
    branch: str
    left_out: tuple[str, ...]
    asked: tuple[str, ...] = ()


def open_pull_request(
    made: Sequence[EntryProposals],
    *,
    api_url: str,
    token: str,
    repository: str,
    base: str,
    branch: str,
    pause: float = 1.0,
) -> Opened:
    """Push the patches to a new branch and open a pull request. Raises PullRequestError.

    Patches are made on the files as they are on `base` now; an entry whose value has changed there is left out.
    What a pull request from here proposes already, open or closed without being merged, is not proposed again.
    `pause` are the seconds between two writes that GitHub asks for.
    """
    github = Github(base_url=api_url, auth=Auth.Token(token), retry=None, seconds_between_writes=pause)
    try:
        repo = github.get_repo(repository)
        asked = asked_before(repo, base)
        new = [entry for m in made if (entry := without(m, asked))]
        known = tuple(dict.fromkeys(asked[p.id] for m in made for p in m.lines if p.id in asked))
        if not new:
            return Opened("", branch, (), known)
        texts, left_out = patched_files(repo, new, base)
        if not texts:
            raise PullRequestError("every entry has changed there since; nothing was pushed")
        return Opened(pushed(repo, texts, base, branch), branch, tuple(left_out), known)
    except GithubException as error:
        detail = error.data.get("message") if isinstance(error.data, dict) else error.data
        raise PullRequestError(f"GitHub answered {error.status}: {detail} ({repository})") from error
    except RequestException as error:
        raise PullRequestError(f"{api_url} could not be reached: {type(error).__name__}") from error
    finally:
        github.close()


def asked_before(repo: Repository, base: str) -> dict[str, str]:
    """Ids of proposals in pull requests from here that are open or were closed without being merged, with addresses."""
    return {
        ident: pull.html_url
        for pull in islice(repo.get_pulls(state="all", base=base, sort="created", direction="desc"), PULLS_READ)
        if pull.head.ref.startswith(BRANCHES) and (pull.state == "open" or pull.merged_at is None)
        for ident in PROPOSAL.findall(pull.body or "")
    }


def without(made: EntryProposals, asked: Mapping[str, str]) -> EntryProposals | None:
    """What is left of an entry's proposals, None where that is nothing that can be written."""
    left = replace(made, proposals=tuple(p for p in made.proposals if p.id not in asked))
    return left if left.lines else None


def patched_files(
    repo: Repository, made: Sequence[EntryProposals], base: str
) -> tuple[list[tuple[EntryProposals, str, str]], list[str]]:
    """Each entry with its new text and the hash of its file there, and the names of those that differ there."""
    texts, left_out = [], []
    for entry in made:
        name = entry.entry.path.name
        try:
            remote = repo.get_contents(name, ref=base)
        except UnknownObjectException:
            remote = []
        new = None if isinstance(remote, list) else patched_there(entry, remote.decoded_content.decode("utf-8"))
        if isinstance(remote, list) or new is None:
            left_out.append(name)
        else:
            texts.append((entry, new, remote.sha))
    return texts, left_out


def pushed(repo: Repository, texts: Sequence[tuple[EntryProposals, str, str]], base: str, branch: str) -> str:
    """Make the branch, a commit for each entry and the pull request; a branch without one does not stay."""
    ref = repo.create_git_ref(f"refs/heads/{branch}", repo.get_branch(base).commit.sha)
    try:
        for entry, new, sha in texts:
            repo.update_file(entry.entry.path.name, message(entry), new.encode("utf-8"), sha, branch=branch)
        kept = [entry for entry, _, _ in texts]
        return repo.create_pull(base, branch, title=title(kept), body=body(kept)).html_url
    except (GithubException, RequestException):
        with suppress(GithubException, RequestException):
            ref.delete()
        raise


def patched_there(entry: EntryProposals, text: str) -> str | None:
    """The patched text of another version of the file, or None where a value differs from the one that was judged."""
    try:
        there = data(text)
        for proposal in entry.lines:
            block = there.get(proposal.parameter)
            if not isinstance(block, dict) or block.get(proposal.key) != proposal.old:
                return None
        return patched(text, entry.lines)
    except PatchError:
        return None


def message(entry: EntryProposals) -> str:
    """Commit message: what changes, and the ids of the evidence."""
    what = ", ".join(dict.fromkeys(p.parameter for p in entry.lines))
    ids = dict.fromkeys(i for p in entry.lines for i in p.evidence)
    return f"{entry.entry.id}: {what}\n\nEvidence:\n" + "\n".join(ids)


def title(made: Sequence[EntryProposals]) -> str:
    names = [entry.entry.id for entry in made]
    return f"Evidence for {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"


def body(made: Sequence[EntryProposals]) -> str:
    """The text of the pull request; ids come first, as a later run looks for them."""
    ids = ", ".join(p.id for entry in made for p in entry.lines)
    head = (
        "Single-line changes with the evidence behind them. Classes are not changed; where the evidence points to "
        'another one, it says so with the word "proposed". Each record names its source at a revision.\n\n'
        f"Proposals: {ids}\n\n"
    )
    text = head + "\n".join(described(entry) for entry in made)
    return (
        text if len(text) <= BODY_CAP else text[:BODY_CAP] + "\n\n(cut here: the whole text is in `propose`'s output)\n"
    )
