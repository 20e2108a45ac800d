"""Source trees: what a tarball or a list of files holds, and how little a hostile one gets."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from output.archive import ArchiveWriter
from output.positions import ArchiveError, payload
from output.record import ArchivePosition, Source
from pipelines.dossier import Dossier
from pipelines.readers import source_tree as reader
from spiders.document import Document, stored_tree
from spiders.submodules import Submodule, submodules

TARGET = "github:maker/model"
REVISION = "0123456789abcdef0123456789abcdef01234567"


def tar_bytes(members: list[tarfile.TarInfo | tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        for member in members:
            if isinstance(member, tuple):
                info = tarfile.TarInfo(f"model-0123456/{member[0]}")
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
            else:
                tar.addfile(member)
    return buffer.getvalue()


def archive(members: list[tarfile.TarInfo | tuple[str, bytes]]) -> Document:
    return archive_document(gzip.compress(tar_bytes(members), mtime=0))


def archive_document(body: bytes) -> Document:
    source = Source(
        f"https://codeload.github.com/maker/model/legacy.tar.gz/{REVISION}",
        f"https://github.com/maker/model/tree/{REVISION}",
        revision=REVISION,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        retrieved_at="2026-01-01T00:00:00Z",
        status=200,
        archive=ArchivePosition("a.warc.gz", "<urn:uuid:1>", 7),
    )
    return Document("source_archive", TARGET, source, body)


def tree_of(document: Document) -> reader.SourceTree:
    tree = reader.source_tree(Dossier(TARGET, (document,)), TARGET)
    assert tree is not None
    return tree


def test_member_has_address_hash_and_position() -> None:
    body = b"print('hello')\n"
    (file,) = tree_of(archive([("src/a b+c.py", body)])).files()
    assert file.text == body.decode()
    assert file.source.url == f"https://raw.githubusercontent.com/maker/model/{REVISION}/src/a%20b%2Bc.py"
    assert file.source.view_url == f"https://github.com/maker/model/blob/{REVISION}/src/a%20b%2Bc.py"
    assert file.source.sha256 == hashlib.sha256(body).hexdigest()
    assert file.source.git_blob == hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    assert file.source.archive == ArchivePosition("a.warc.gz", "<urn:uuid:1>", 7, "src/a b+c.py")
    assert (file.source.status, file.source.retrieved_at) == (200, "2026-01-01T00:00:00Z")
    assert file.document("license").body == body


def test_a_tree_in_the_archive_is_read_from_there_and_held_by_nobody(tmp_path: Path) -> None:
    held = archive([("README.md", b"# Model\n"), ("train.py", b"train()\n")])
    writer = ArchiveWriter(tmp_path / "archive", "test")
    position, _ = writer.exchange(held.source.url, "GET", [], "200 OK", [], held.body)
    writer.close()
    stored = stored_tree(TARGET, held.source, partial(payload, tmp_path, position))
    assert stored.body == b""
    assert list(tree_of(stored).files()) == list(tree_of(held).files())
    (tmp_path / position.file).write_bytes(b"")
    gone = tree_of(stored)
    assert (list(gone.files()), gone.problem) == ([], "archive broken after 0 files: ArchiveError")
    with pytest.raises(ArchiveError):
        stored_tree(TARGET, held.source, partial(payload, tmp_path, position))


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"model-0123456/{name}")
    info.type, info.linkname = kind, to
    return info


def test_what_is_not_read_is_named() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"
    tree = tree_of(
        archive(
            [
                link("out", "../../etc/passwd"),
                link("hard", "model-0123456/a.py", tarfile.LNKTYPE),
                link("dev", "", tarfile.CHRTYPE),
                ("../../etc/cron.d/x", b"up"),
                ("caf\udce9.py", b"latin"),
                ("weights.bin", pointer),
                ("picture.png", b"\x89PNG\0\0"),
                ("big.ipynb", b" " * (reader.MAX_FILE + 1)),
                ("a.py", b"pass\n"),
            ]
        )
    )
    kinds = {file.path: (file.kind, file.unread) for file in tree.files()}
    assert kinds == {
        "out": ("link", ""),
        "hard": ("link", ""),
        "dev": ("special", ""),
        "../../etc/cron.d/x": ("special", "name"),
        "caf\ufffd.py": ("special", "name"),
        "weights.bin": ("lfs", ""),
        "picture.png": ("file", "binary"),
        "big.ipynb": ("file", "too large"),
        "a.py": ("file", ""),
    }
    assert (tree.listed, tree.read, tree.problem) == (9, 1, "")
    assert tree.searched().what == "source tree: 9 files, 1 read"


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.999])
def test_truncated_archive_is_told_and_the_rest_read(keep: float) -> None:
    import random

    noise = random.Random(1)
    body = archive([(f"f{n}.py", noise.randbytes(40_000).hex().encode()) for n in range(20)]).body
    tree = tree_of(archive_document(body[: int(len(body) * keep)]))
    read = len(list(tree.files()))
    assert 0 < read <= 20
    assert tree.problem.startswith("archive broken")
    assert reader.tree_outcome(tree) == "error"


def test_tar_cut_inside_a_whole_gzip_stream_is_told() -> None:
    whole = tar_bytes([("a.py", b"pass\n"), ("b.py", b"pass\n" * 500)])
    for cut in (1024 + 512 + 100, 1024 + 512 + 1024, 512 + 512):
        tree = tree_of(archive_document(gzip.compress(whole[:cut])))
        list(tree.files())
        assert tree.problem, cut


def test_damaged_header_in_the_middle_is_told() -> None:
    raw = bytearray(tar_bytes([("a.py", b"pass\n"), ("b.py", b"pass\n"), ("c.py", b"pass\n")]))
    second = raw.index(b"model-0123456/b.py")
    raw[second + 150] ^= 0xFF
    tree = tree_of(archive_document(gzip.compress(bytes(raw))))
    assert [f.path for f in tree.files()] == ["a.py"]
    assert "broken" in tree.problem


def test_not_an_archive() -> None:
    for body in (b"", b"<html>rate limited</html>", gzip.compress(b""), gzip.compress(b"x" * 2000)):
        tree = tree_of(archive_document(body))
        assert list(tree.files()) == []
        assert tree.problem


def test_bomb_stops_at_its_ratio() -> None:
    info = tarfile.TarInfo("model/zeros")
    info.size = 512 * 1024 * 1024
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9) as packed:
        packed.write(info.tobuf())
        for _ in range(512):
            packed.write(bytes(1024 * 1024))
    tree = tree_of(archive_document(raw.getvalue()))
    list(tree.files())
    assert "times its size" in tree.problem
    assert reader.tree_outcome(tree) == "unavailable"


def test_header_that_claims_gigabytes_is_not_held() -> None:
    info = tarfile.TarInfo("model/header")
    info.type, info.size = tarfile.XHDTYPE, 1 << 32
    body = gzip.compress(info.tobuf() + b"1" * (8 * 1024 * 1024))
    tree = tree_of(archive_document(body))
    assert list(tree.files()) == []
    assert "extended header" in tree.problem


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_MEMBERS", 50)
    tree = tree_of(archive([(f"{n}.py", b"") for n in range(60)]))
    assert len(list(tree.files())) == 50
    assert tree.problem == "more than 50 members"


def listing(entries: list[dict[str, object]], **more: object) -> Document:
    body = json.dumps({"sha": REVISION, "tree": entries, **more}).encode()
    url = f"https://api.github.com/repos/maker/model/git/trees/{REVISION}?recursive=1"
    return Document("github_tree", TARGET, Source(url, url, revision=REVISION, sha256="0" * 64), body)


def test_list_of_files_with_single_files() -> None:
    body = b"import torch\n"
    url = f"https://raw.githubusercontent.com/maker/model/{REVISION}/train.py"
    own = Source(url, url, revision=REVISION, path="train.py", sha256=hashlib.sha256(body).hexdigest())
    tree = reader.source_tree(
        Dossier(
            TARGET,
            (
                listing(
                    [
                        {"path": "train.py", "type": "blob", "mode": "100644", "sha": "ab", "size": 13},
                        {"path": "other.py", "type": "blob", "mode": "100644", "sha": "cd", "size": 9},
                        {"path": "data", "type": "tree", "sha": "ef"},
                        {"path": "lib/engine", "type": "commit", "mode": "160000", "sha": "12"},
                        {"path": "latest", "type": "blob", "mode": "120000", "sha": "34", "size": 3},
                    ]
                ),
                Document("source_file", TARGET, own, body),
            ),
        ),
        TARGET,
    )
    assert tree is not None
    files = {file.path: file for file in tree.files()}
    assert {p: (f.kind, f.unread) for p, f in files.items()} == {
        "train.py": ("file", ""),
        "other.py": ("file", "not fetched"),
        "lib/engine": ("submodule", ""),
        "latest": ("link", ""),
    }
    assert files["train.py"].source == Source(
        url, url, revision=REVISION, path="train.py", sha256=own.sha256, git_blob="ab"
    )
    assert tree.partial


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"tree": 3}', b"\xff", b'{"tree": [3, {"path": 4}, {}]}'])
def test_broken_list(body: bytes) -> None:
    document = Document("github_tree", TARGET, Source("u", "u"), body)
    assert list(tree_of(document).files()) == []


def test_list_cut_short_by_the_service() -> None:
    tree = tree_of(listing([{"path": "a", "type": "blob"}], truncated=True))
    list(tree.files())
    assert "cut" in tree.problem


def test_submodules() -> None:
    text = (
        '[submodule "engine"]\n\tpath = lib/engine\n\turl = https://github.com/maker/engine.git\n[submodule "x"]\nurl='
    )
    assert submodules(text) == [Submodule("lib/engine", "https://github.com/maker/engine.git")]
    assert submodules("path = outside\n[submodule") == []


def test_local_folder(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_bytes(b"pass\r\n")
    (tmp_path / "weights.bin").write_bytes(b"\0\1")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("secret")
    target = f"url:{tmp_path}"
    tree = reader.source_tree(Dossier(target, reader.local_tree(tmp_path, target)), target)
    assert tree is not None
    files = {file.path: (file.kind, file.unread, file.body) for file in tree.files()}
    assert files == {
        "loop": ("link", "", None),
        "src/a.py": ("file", "", b"pass\r\n"),
        "weights.bin": ("file", "binary", None),
    }
    assert not tree.partial


@given(st.binary(max_size=4000))
@settings(max_examples=60, deadline=None)
def test_any_bytes_end_in_an_answer(body: bytes) -> None:
    for whole in (body, gzip.compress(body)):
        tree = tree_of(archive_document(whole))
        for file in tree.files():
            json.dumps(file.path).encode()
    list(tree_of(Document("github_tree", TARGET, Source("u", "u"), body)).files())
    submodules(body.decode("utf-8", "replace"))


@given(st.integers(0, 5000), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_one_wrong_byte_in_the_tar_is_read_or_told(position: int, value: int) -> None:
    raw = bytearray(tar_bytes([("a.py", b"a = 1\n"), ("é" * 80 + ".py", b"b = 2\n"), ("c.py", b"c" * 700)]))
    raw[position % len(raw)] = value
    tree = tree_of(archive_document(gzip.compress(bytes(raw))))
    files = list(tree.files())
    assert tree.problem or len(files) >= 2


@given(st.text(max_size=60))
def test_safe_paths_stay_inside_and_on_one_line(path: str) -> None:
    if reader.safe_path(path):
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert len(path.splitlines()) == 1
    json.dumps(reader.printable(path)).encode("utf-8")


def test_later_readers_get_small_documents_and_what_was_kept_and_the_rest_again() -> None:
    tree = tree_of(archive([("README.md", b"# Plover\n"), ("a.py", b"a = 1\n"), ("b.py", b"b = 2\n")]))
    for file in tree.files():
        if file.path == "a.py":
            tree.keep(file)
    held = {file.path: file for file in tree.index()}
    assert [path for path, file in held.items() if file.body is not None] == ["README.md", "a.py"]
    assert held["b.py"].readable
    assert [file.body for file in tree.whole([held["a.py"], held["b.py"]])] == [b"a = 1\n", b"b = 2\n"]
    assert (tree.listed, tree.read) == (3, 3)
