"""The report site: every fact is there with its quote in place, and no crawled character becomes markup."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from output.excerpt import excerpts
from output.record import INDEX_PARAMETERS, Source
from output.report import view, write, write_site
from output.report.overview import answers, coverage, triples
from output.report.view import pages, visible, web_address
from output.run import RunError, load_run
from tests.output.builder import CARD, RunBuilder, full_run


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_run(tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="module")
def page(run_folder: Path) -> BeautifulSoup:
    return BeautifulSoup(write(run_folder).read_text("utf-8"), "html.parser")


def test_every_record_has_its_own_address(run_folder: Path, page: BeautifulSoup) -> None:
    shown = [tag["id"] for tag in page.select("article.fact")]
    assert sorted(shown) == sorted(r.id for r in load_run(run_folder).records)


def test_parameters_stand_in_the_order_of_the_index(page: BeautifulSoup) -> None:
    shown = [tag["id"] for tag in page.select("section.parameter")]
    assert shown == [*INDEX_PARAMETERS, "claims", "missed", "sources", "leads"]


def test_quotes_are_shown_in_place(run_folder: Path, page: BeautifulSoup) -> None:
    for record in load_run(run_folder).records:
        if record.quote and record.selector and record.selector.start is not None:
            fact = page.find(id=record.id)
            assert fact is not None
            marked = fact.select(".lines mark")
            assert "".join(m.text for m in marked) == visible(record.quote.exact)


def test_lines_carry_the_numbers_of_the_document(run_folder: Path, page: BeautifulSoup) -> None:
    record = next(r for r in load_run(run_folder).records if r.indicator == "hardware.training")
    fact = page.find(id=record.id)
    assert fact is not None
    lines = CARD.split("\n")
    for item in fact.select(".lines li"):
        assert item.text == lines[int(str(item["data-n"])) - 1]


def test_json_is_shown_at_its_key(run_folder: Path, page: BeautifulSoup) -> None:
    record = next(r for r in load_run(run_folder).records if r.indicator == "weights.gated")
    fact = page.find(id=record.id)
    assert fact is not None
    assert [li["data-n"] for li in fact.select(".lines li:has(mark)")] == ["gated"]


def test_code_is_shown_in_fixed_width(page: BeautifulSoup) -> None:
    quotes = {section["id"]: section.select("blockquote.code") for section in page.select("section.parameter")}
    assert len(quotes["trainingcode"]) == 1
    assert not quotes["hardware_architecture"]


def test_papers_show_the_quote_and_nothing_else(page: BeautifulSoup) -> None:
    (fact,) = page.select("#preprint article")
    assert "page 2" in fact.text
    assert not fact.select(".lines")


def test_hostile_text_stays_text(page: BeautifulSoup) -> None:
    assert [s.get("src") for s in page.select("script")] == ["assets/report.js"]
    assert not page.select("img, iframe, object, embed, base, style, [style]")
    assert not [a for a in page.find_all(True) for name in a.attrs if name.startswith("on")]
    assert all(re.match("https?://|#|assets/", str(a["href"])) for a in page.select("[href]"))
    assert "⟨U+202E⟩gnp.exe" in page.text
    assert "{{ 7*7 }}" in page.text


def test_policy_forbids_inline_scripts_and_requests(page: BeautifulSoup) -> None:
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy is not None
    assert "default-src 'none'" in str(policy["content"])
    assert "unsafe" not in str(policy["content"])


def test_what_could_not_be_read_is_not_called_absent(page: BeautifulSoup) -> None:
    (summary,) = page.select("#weights_basemodel .group > summary")
    assert summary.text.endswith("base model: 1 could not be looked at")
    assert [str(fact["data-mark"]) for fact in page.select("#weights_basemodel .fact")] == ["unread"]
    assert "could not be looked at" in page.select_one("#weights_basemodel .tally").text  # type: ignore[union-attr]


def test_absence_lists_what_was_searched(page: BeautifulSoup) -> None:
    (fact,) = page.select("#paper article")
    assert "Searched 2 documents" in fact.text
    assert len(fact.select(".searched li")) == 2


def test_a_changed_archive_is_said(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    source = run.document("https://example.org/card", b"One line.\n")
    run.add("modelcard", "model_card.description", "present", "One line.", source=source, exact="One line.")
    folder = run.finish()
    line = (folder / "evidence.jsonl").read_text().replace('"exact":"One line."', '"exact":"Other line."')
    (folder / "evidence.jsonl").write_text(line)
    assert "does not confirm this quote" in write(folder).read_text("utf-8")


def test_an_incomplete_run_is_marked(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    run.add("paper", "paper.published", "error", "Could not look.", source=run.document("https://example.org/", b""))
    assert "marked incomplete" in write(run.finish("incomplete")).read_text("utf-8")


def test_many_systems_get_a_list_and_a_page_each(tmp_path: Path) -> None:
    runs = [load_run(full_run(tmp_path / name, root=f"hf:model:maker/{name}")) for name in ("one", "two")]
    first = BeautifulSoup(write_site(runs, tmp_path / "site").read_text("utf-8"), "html.parser")
    assert [a["href"] for a in first.select(".systems tbody th a")] == ["maker-one.html", "maker-two.html"]
    assert {p.name for p in (tmp_path / "site").glob("*.html")} >= {"index.html", "maker-one.html", "maker-two.html"}


def test_few_systems_stand_side_by_side(tmp_path: Path) -> None:
    runs = [load_run(full_run(tmp_path / name, root=f"hf:model:maker/{name}")) for name in ("one", "two")]
    write_site(runs, tmp_path / "site")
    table = BeautifulSoup((tmp_path / "site" / "compare.html").read_text("utf-8"), "html.parser")
    assert [th.text for th in table.select("thead th a")] == ["maker/one", "maker/two"]
    rows = {row.th.text: row.select("td") for row in table.select("tbody tr") if row.th}
    assert "No peer-reviewed paper found." in rows["Paper"][0].text
    links = [str(a["href"]) for a in table.select("td li a")]
    pages = {name: (tmp_path / "site" / name).read_text("utf-8") for name in ("maker-one.html", "maker-two.html")}
    assert links
    assert all(f'id="{link.partition("#")[2]}"' in pages[link.partition("#")[0]] for link in links)


def test_changes_since_earlier_runs(tmp_path: Path) -> None:
    """What changed since the last of them, with a link to the record; the licences of all of them, the oldest first."""
    earlier = []
    for n in (2, 1):
        builder = RunBuilder(tmp_path / f"earlier-{n}")
        builder.add("paper", "paper.published", "error", f"No answer {n}.", source=Source("https://a.org", ""))
        earlier.append(load_run(builder.finish(started_at=f"2026-0{n}-01T03:00:00Z")))
    now = load_run(full_run(tmp_path / "now"))
    site = write_site([now], tmp_path / "site", earlier)
    first = BeautifulSoup(site.read_text("utf-8"), "html.parser")
    changes = first.select_one("#changes")
    assert changes is not None
    assert "No answer 2." in changes.text
    assert "No answer 1." not in changes.text
    link = changes.find("a", string="No peer-reviewed paper found.")
    assert link is not None
    page, _, record = str(link["href"]).partition("#")
    assert f'id="{record}"' in (site.parent / page).read_text("utf-8")
    rows = first.select("#history tbody tr")
    assert [row.th.text for row in rows[:2] if row.th] == ["2026-01-01 03:00", "2026-02-01 03:00"]
    words = [row.select("td")[1].get_text(" ", strip=True) for row in rows]
    assert words == ["1 no record", "1 no record", "1 partial"]


def test_what_is_read_for_the_first_time_is_no_change(tmp_path: Path) -> None:
    other = RunBuilder(tmp_path / "other", entry="other")
    other.add("paper", "paper.published", "error", "No answer.", source=Source("https://a.org", ""))
    now = load_run(full_run(tmp_path / "now", entry="small"))
    first = write_site([now], tmp_path / "site", [load_run(other.finish())]).read_text("utf-8")
    assert f"Read for the first time: <bdi>small</bdi> ({len(now.records)})." in first


def test_a_release_without_an_entry_changes_as_one_system(tmp_path: Path) -> None:
    """What was read for its base model, datasets and repositories belongs to it."""
    old = load_run(full_run(tmp_path / "old", root="hf:model:maker/one"))
    new = load_run(full_run(tmp_path / "new", root="hf:model:maker/two"))
    first = write_site([new], tmp_path / "site", [old]).read_text("utf-8")
    assert f"Read for the first time: <bdi>maker/two</bdi> ({len(new.records)})." in first


def test_links_that_gave_nothing_stand_together_by_reason(tmp_path: Path) -> None:
    runs = [load_run(full_run(tmp_path / name)) for name in ("one", "two")]
    made = pages(runs)
    read, unanswered = answers(made)
    assert read == len({d.source.url for d in runs[0].listings[0].documents})
    assert sum(len(group.misses) for group in unanswered) == sum(len(page.misses) for page in made)
    assert all({m.reason for _, m in group.misses} == {group.reason} for group in unanswered)


def test_licence_parts_stand_apart(tmp_path: Path) -> None:
    (row,) = triples(pages([load_run(full_run(tmp_path / "run"))]))
    assert row.parts == ["other", "Apache-2.0", "not disclosed"]


def test_coverage_counts_every_system_once(tmp_path: Path) -> None:
    runs = [load_run(full_run(tmp_path / name)) for name in ("one", "two")]
    rows = {row.name: row.counts for row in coverage(pages(runs))}
    assert all(sum(counts.values()) == 2 for counts in rows.values())
    assert rows["Base model weights"] == {"unread": 2}
    assert rows["Datasheet"] == {"neutral": 2}
    assert rows["Model card"] == {"mixed": 2}


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    folder = full_run(tmp_path / "run")
    with (folder / "evidence.jsonl").open("a") as lines:
        lines.write('{"id": "ev9-00"}\n')
    with pytest.raises(RunError, match="line 20"):
        load_run(folder)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://[broken", ""),
        ("//example.org/", ""),
    ],
)
def test_only_web_addresses_become_links(url: str, address: str) -> None:
    assert web_address(url) == address


def test_several_processes_find_what_one_finds(run_folder: Path) -> None:
    (system,) = load_run(run_folder).systems
    many = [(load_run(run_folder), system)] * view.SEVERAL
    assert view.all_excerpts(many) == view.all_excerpts(many[:1]) * view.SEVERAL


def test_quoted_files_of_a_tree_are_kept_and_only_whole_copies_are_read(tmp_path: Path) -> None:
    folder = full_run(tmp_path / "run")
    first = write(folder).read_text("utf-8")
    (copy,) = (folder / "quoted").iterdir()
    record = next(r for r in load_run(folder).records if r.source and r.source.sha256 == copy.stem)
    assert record.source is not None
    assert record.source.archive is not None
    assert record.source.archive.member is not None

    (folder / record.source.archive.file).rename(tmp_path / "away")
    shown = excerpts(folder, [record])[record.id]
    assert shown.confirmation == "confirmed"
    assert shown.lines

    copy.write_bytes(gzip.compress(b"Something else."))
    assert excerpts(folder, [record])[record.id].confirmation == "not_archived"

    (tmp_path / "away").rename(folder / record.source.archive.file)
    assert write(folder).read_text("utf-8") == first


def test_a_run_that_cannot_be_written_to_keeps_no_copies(tmp_path: Path) -> None:
    folder = full_run(tmp_path / "run")
    (folder / "quoted").write_text("in the way")
    records = load_run(folder).records
    assert "confirmed" in {e.confirmation for e in excerpts(folder, records).values()}
    assert (folder / "quoted").read_text() == "in the way"


def test_a_quote_of_a_printed_page_runs_on_and_a_cut_one_says_so(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    paper = run.document("https://arxiv.org/pdf/2501.00001v1", b"%PDF")
    quote = "Trained with high\ufffe\nquality text."
    printed = run.add("preprint", "preprint.archived", "present", "Preprint.", source=paper, exact=quote, page=2)
    text = run.document("https://example.org/card", b"One sentence, cut.")
    cut = run.add("modelcard", "model_card.description", "present", "Card.", source=text, exact="One sen")
    folder = run.finish()
    line = (folder / "evidence.jsonl").read_text("utf-8").replace('"suffix":""', '"suffix":"tence"')
    (folder / "evidence.jsonl").write_text(line, "utf-8")
    shown = BeautifulSoup(write(folder).read_text("utf-8"), "html.parser")
    quotes = {r.id: shown.select_one(f"#{r.id} blockquote") for r in (printed, cut)}
    assert [tag["class"] for tag in quotes.values() if tag] == [["printed"], ["text", "cut"]]
    assert "high-\nquality" in str(quotes[printed.id])


def test_side_by_side_shows_what_points_somewhere(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    text = run.document("https://example.org/card", b"Context. Fact.")
    for n in range(8):
        run.add("claims", f"claims.n{n}", "present", f"Context {n}.", source=text, exact="Context.")
        run.add("paper", f"paper.n{n}", "present", f"Context {n}.", source=text, exact="Context.")
    run.add("paper", "paper.other", "present", "Fact.", source=text, exact="Fact.", points="closed")
    (page,) = pages([load_run(run.finish())])
    leading = {s.parameter.id: [f.record.statement for f in s.leading] for s in page.sections}
    assert leading["paper"] == ["Fact."]
    assert leading["claims"] == [f"Context {n}." for n in range(view.LEADING)]


def test_a_base_that_is_not_named_mirrors_the_end_model(tmp_path: Path) -> None:
    run = RunBuilder(tmp_path / "run")
    text = run.document("https://example.org/card", b"Weights.")
    run.add("weights_endmodel", "weights.files", "present", "Weights.", source=text, exact="Weights.")
    assert "the index mirrors the end model here" in write(run.finish()).read_text("utf-8")
    assert "the index mirrors" not in write(full_run(tmp_path / "full")).read_text("utf-8")
