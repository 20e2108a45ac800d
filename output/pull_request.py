"""Proposals as a pull request: a branch, one commit for each entry, and the evidence in its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from github import Auth, Github, GithubException

from output.line_patch import PatchError, data
from output.propose import EntryProposals, described, patched

BODY_CAP = 60_000  # GitHub takes 65,536 characters


class PullRequestError(Exception):
    """GitHub refused, in its own words."""


@dataclass(frozen=True)
class Opened:
    """The pull request, and the entries that had changed in the meantime and were left out."""

    url: str
    branch: str
    left_out: tuple[str, ...]


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
    `pause` are the seconds between two writes that GitHub asks for.
    """
    github = Github(base_url=api_url, auth=Auth.Token(token), retry=None, seconds_between_writes=pause)
    try:
        repo = github.get_repo(repository)
        texts = {}
        left_out = []
        for entry in made:
            name = entry.entry.path.name
            remote = repo.get_contents(name, ref=base)
            assert not isinstance(remote, list)
            text = remote.decoded_content.decode("utf-8")
            new = patched_there(entry, text)
            if new is None:
                left_out.append(name)
            else:
                texts[name] = (entry, new, remote.sha)
        if not texts:
            raise PullRequestError("every entry has changed there since; nothing was pushed")
        repo.create_git_ref(f"refs/heads/{branch}", repo.get_branch(base).commit.sha)
        for name, (entry, new, sha) in texts.items():
            repo.update_file(name, message(entry), new.encode("utf-8"), sha, branch=branch)
        kept = [entry for entry, _, _ in texts.values()]
        pull = repo.create_pull(base, branch, title=title(kept), body=body(kept))
        return Opened(pull.html_url, branch, tuple(left_out))
    except GithubException as error:
        detail = error.data.get("message") if isinstance(error.data, dict) else error.data
        raise PullRequestError(f"GitHub answered {error.status}: {detail}") from error
    finally:
        github.close()


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
    head = (
        "Single-line changes with the evidence behind them. Classes are not changed; where the evidence points to "
        'another one, it says so with the word "proposed". Each record names its source at a revision.\n\n'
    )
    text = head + "\n".join(described(entry) for entry in made)
    return (
        text if len(text) <= BODY_CAP else text[:BODY_CAP] + "\n\n(cut here: the whole text is in `propose`'s output)\n"
    )
