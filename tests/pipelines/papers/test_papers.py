"""Known cases: a folder with a card and arXiv's answer, and the records that come of them. OSAI_REGEN=1 writes anew."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from crawler.run import choose_lookups
from output.record import EvidenceRecord, Source
from pipelines.dossier import Dossier
from pipelines.papers import detector, own_papers
from pipelines.papers.mentions import mentions
from pipelines.papers.own import OwnPaper
from pipelines.papers.preprint import listed_reports
from pipelines.papers.review import from_claims
from pipelines.readers.arxiv import find_ids
from spiders.document import ASKED_FOR, Document, Kind, Lead, Miss
from spiders.hub import may_be_report
from spiders.papers import report_ask
from spiders.release import Read
from tests.pipelines.readers.pdfs import column, make_pdf

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir())


def document(kind: Kind, target: str, url: str, body: bytes, path: str | None = None) -> Document:
    source = Source(url, url, path=path, sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    return Document(kind, target, source, body)


def dossier(folder: Path) -> Dossier:
    body = (folder / "card.md").read_bytes()
    name = body.decode().split("# ", 1)[1].split("\n")[0].strip()
    root = f"hf:model:weather/{name}"
    card = document("model_card", root, f"https://huggingface.co/weather/{name}/resolve/{'0' * 40}/README.md", body)
    documents = [card]
    if (folder / "feed.xml").exists():
        ids = ",".join(dict.fromkeys(found.id for found in find_ids(card.text)))
        url = f"https://export.arxiv.org/api/query?id_list={ids}&max_results=9"
        documents.append(document("arxiv_feed", "arxiv:*", url, (folder / "feed.xml").read_bytes()))
    return Dossier(root, tuple(documents))


def brief(record: EvidenceRecord) -> dict[str, object]:
    return {
        "indicator": record.indicator,
        "outcome": record.outcome,
        "points": record.points,
        "rule": record.detector.rule,
        "statement": record.statement,
        "quote": record.quote and record.quote.exact,
    }


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_case(folder: Path) -> None:
    found = [brief(record) for record in detector.detect(dossier(folder), ())]
    expected = folder / "expected.json"
    if os.environ.get("OSAI_REGEN"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert found == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("folder", CASES, ids=lambda p: p.name)
def test_quotes_stand_where_they_say(folder: Path) -> None:
    case = dossier(folder)
    texts = {d.source.sha256: d.text for d in case.documents}
    for record in detector.detect(case, ()):
        if record.quote and record.source and record.selector:
            text = texts[record.source.sha256]
            assert text[record.selector.start : record.selector.end] == record.quote.exact


def test_the_base_models_paper_is_the_bases() -> None:
    root, base = "hf:model:weather/Nimbus-R1", "hf:model:weather/Nimbus-V3-Base"
    url = "https://huggingface.co/weather/{}/resolve/0/README.md"
    own = b"# Nimbus-R1\n[Paper](https://arxiv.org/abs/2701.00011) on top of [V3](https://arxiv.org/abs/2612.00012)\n"
    other = b"# V3\n@misc{v3, title={Nimbus-V3 Technical Report}, eprint={2612.00012}}\n"
    case = Dossier(
        root,
        (document("model_card", root, url.format("r"), own), document("model_card", base, url.format("b"), other)),
        leads=(Lead(root, base, "base_model", "declared", followed=True),),
    )
    assert {(p.id, p.verdict, p.component_target) for p in own_papers(case)} == {
        ("2701.00011", "own", ""),
        ("2612.00012", "base", base),
    }


def test_a_report_in_a_repository_is_quoted_by_page() -> None:
    root = "hf:model:weather/Nimbus-R1"
    body = make_pdf([[(72, 780, 18, "Nimbus-R1: Weather by Reasoning"), *column(["We train."], top=700)]])
    url = f"https://raw.githubusercontent.com/weather/Nimbus-R1/{'0' * 40}/Nimbus_R1.pdf"
    pdf = document("paper", "github:weather/Nimbus-R1", url, body, "Nimbus_R1.pdf")
    (record,) = [r for r in detector.detect(Dossier(root, (pdf,)), ()) if r.indicator == "preprint.report"]
    assert (record.outcome, record.points) == ("present", "open")
    assert record.quote
    assert record.selector
    assert record.quote.exact == "Nimbus-R1: Weather by Reasoning"
    assert record.selector.page == 1


def test_a_damaged_report_is_an_error_and_no_absence() -> None:
    root = "hf:model:weather/Nimbus-R1"
    pdf = document("paper", "github:weather/Nimbus-R1", "https://raw.githubusercontent.com/a/b/0/x.pdf", b"%PDF-1.4 x")
    (record,) = [r for r in detector.detect(Dossier(root, (pdf,)), ()) if r.indicator == "preprint.report"]
    assert record.outcome == "error"


FOUND = "<entry><id>http://arxiv.org/abs/2701.00001v1</id><title>Other</title><summary>S</summary></entry>"


@pytest.mark.parametrize(
    ("asked", "counts", "entries", "outcome"),
    [
        ("2701.09999", (0, 0), "", "placeholder"),
        ("2701.00001,2701.09999", (1, 0), FOUND, "placeholder"),
        ("2701.00001,2701.09999", (2, 0), FOUND, "linked"),  # cut short: the answer may have named it
        ("2701.00001,2701.09999", (1, 1), "", "linked"),  # a later page
        ("2701.00001,2701.09999", None, FOUND, "linked"),  # does not say how many it found
        ("2701.00001", (1, 0), FOUND, "linked"),  # was not asked for
    ],
)
def test_only_a_whole_answer_says_that_arxiv_has_no_such_paper(
    asked: str, counts: tuple[int, int] | None, entries: str, outcome: str
) -> None:
    root = "hf:model:weather/Nimbus-7B"
    card = b"# Nimbus-7B\nIntroduced in the paper [Nimbus](https://arxiv.org/abs/2701.09999).\n"
    search = "<o:totalResults>{}</o:totalResults><o:startIndex>{}</o:startIndex>".format(*counts) if counts else ""
    url = f"https://export.arxiv.org/api/query?id_list={asked}&max_results=9"
    names = 'xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/"'
    feed = f"<feed {names}>{search}{entries}</feed>".encode()
    case = Dossier(
        root,
        (
            document("model_card", root, "https://huggingface.co/weather/Nimbus-7B/resolve/0/README.md", card),
            document("arxiv_feed", "arxiv:*", url, feed),
        ),
    )
    (record,) = [r for r in detector.detect(case, ()) if r.indicator == "preprint.archived"]
    assert record.outcome == outcome


@pytest.mark.parametrize(
    ("name", "card", "verdict"),
    [
        ("a/clouds", "# N\n* 2027.07.02 Our paper on rain, [Drops: a Model of any Rain](URL), is accepted.", "cited"),
        ("a/clouds", "# N\nOfficial implementation of _NIM: a Model that Reads the Sky_ ([article link](URL))", "own"),
        ("a/nimbus-7b", "# N\nThe model was introduced in\n[this paper](URL).", "own"),
        ("a/nimbus-7b", "# N\nTrained with the method described in [Clouds by Day](URL).", "cited"),
        ("a/nimbus-7b", "# N\n**Data**: The storm corpus is large (see [the paper](URL)).", "cited"),
        ("a/nimbus-7b", "# N\n- 3/4/2027: Release [Cirrus](https://a.org), a plugin. [Technical Report](URL)", "cited"),
        ("a/nimbus-7b", "# N\n- **Papers:**\n  - Clouds by Day: URL", "own"),
        ("a/nimbus-7b", "# N\nDescribed in our WEATHER-2027 Findings [paper](URL).", "own"),
        ("a/nimbus-7b", "# N\nSee their excellent paper on [arXiv](URL).", "cited"),
        ("a/nimbus-7b", "# N\n[Nimbus](URL) is a weather model.", "own"),
        ("a/nimbus-7b", "# N\nPlease cite Storm:\n```\n@article{s, title={Storm}, eprint={ID}}\n```", "cited"),
        ("a/nimbus-7b", "# N\nPlease cite us:\n```\n@article{s, title={Clouds by Day}, eprint={ID}}\n```", "own"),
        ("a/cloud2rain-7b", "# N\nIt was introduced in the paper [Cloud-attention for all](URL).", "own"),
        ("a/nimbus-7b", "# N\nNimbus was originally proposed by A. B. Writer in [Nimbus: a Model](URL).", "cited"),
        ("a/nimbus-7b", "# N\nPaper: [StormEval benchmark](URL)", "own"),
        ("a/nimbus-7b", "# N\n@article{s, title={The Storm corpus for Nimbus}, eprint={ID}}", "cited"),
    ],
)
def test_words_around_an_id(name: str, card: str, verdict: str) -> None:
    root = f"hf:model:{name}"
    body = card.replace("URL", "https://arxiv.org/abs/2701.00007").replace("ID", "2701.00007").encode()
    (paper,) = own_papers(Dossier(root, (document("model_card", root, "https://huggingface.co/x/README.md", body),)))
    assert paper.verdict == verdict, paper.reason


def feed_of(ident: str, title: str) -> Document:
    """arXiv's whole answer on one paper."""
    names = 'xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/"'
    entry = f"<entry><id>http://arxiv.org/abs/{ident}v1</id><title>{title}</title><summary>S</summary></entry>"
    body = f"<feed {names}><o:totalResults>1</o:totalResults>{entry}</feed>".encode()
    return document("arxiv_feed", "arxiv:*", f"https://export.arxiv.org/api/query?id_list={ident}&max_results=1", body)


def hub(files: list[str]) -> Document:
    root = "hf:model:weather/Nimbus-R1"
    body = json.dumps({"sha": "2" * 40, "siblings": [{"rfilename": file} for file in files]}).encode()
    return document("hub_model", root, "https://huggingface.co/api/models/weather/Nimbus-R1", body)


def test_reports_that_are_only_listed() -> None:
    card = document("model_card", "hf:model:weather/Nimbus-R1", "https://huggingface.co/x/README.md", b"# Nimbus-R1\n")
    listing = hub(["README.md", "LICENSE.pdf", "docs/tech_report.pdf", "Nimbus_R1.pdf", "assets/logo.pdf"])
    case = Dossier("hf:model:weather/Nimbus-R1", (card, listing))
    assert [(r.path, r.own) for r in listed_reports(case)] == [("Nimbus_R1.pdf", True), ("docs/tech_report.pdf", False)]
    said = [brief(r) for r in detector.detect(case, ()) if r.indicator == "preprint.report"]
    assert {s["outcome"] for s in said} == {"linked"}
    assert [s["quote"] for s in said] == ['"Nimbus_R1.pdf"', '"docs/tech_report.pdf"']


def test_a_dead_link_to_a_report_is_told() -> None:
    card = document("model_card", "hf:model:weather/Nimbus-R1", "https://huggingface.co/x/README.md", b"# Nimbus-R1\n")
    listing = hub(["Nimbus_R1.pdf"])
    address = "https://huggingface.co/weather/Nimbus-R1/resolve/2/Nimbus_R1.pdf"
    source = Source(address, address, path="Nimbus_R1.pdf")
    gone = Miss(listing.target, "paper", source, "unavailable", "not there (HTTP 404)")
    case = Dossier(listing.target, (card, listing), (gone,))
    (record,) = [r for r in detector.detect(case, ()) if r.indicator == "preprint.report"]
    assert record.statement == "Report listed on HuggingFace as Nimbus_R1.pdf, could not be read: not there (HTTP 404)."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Paper coming soon.", ["announces a report that is not there yet: Paper coming soon"]),
        ("## Original model card\n\nPaper coming soon.", []),
        (
            "Try [our service](https://weather.example/blog/prices). More in the [post](https://weather.example/blog/nimbus-r1).",
            ["leads to a blog post, no report: https://weather.example/blog/nimbus-r1"],
        ),
        ("See the [runtime](https://rain.example/blog/faster).", []),
        ("[Source](https://weather.example/blog/sizes-of-others) of the sizes.", []),
        (
            "We tell more in a [post](https://weather.example/blog/drizzle).",
            ["leads to a blog post, no report: https://weather.example/blog/drizzle"],
        ),
    ],
)
def test_what_stands_in_place_of_a_report(text: str, said: list[str]) -> None:
    body = f"# Nimbus-R1\n\n{text}\n".encode()
    card = document("model_card", "hf:model:weather/Nimbus-R1", "https://huggingface.co/x/README.md", body)
    found = [r for r in detector.detect(Dossier(card.target, (card,)), ()) if r.indicator == "preprint.report"]
    assert [r.statement.partition(" ")[2].partition(" ")[2] for r in found] == said


def test_a_report_in_a_repository_is_fetched_where_arxiv_has_none() -> None:
    listing = hub(["Nimbus_R1.pdf"])
    read = Read(listing.target, None, (listing,), (), ())
    assert choose_lookups(read).reports == ((listing.target, "2" * 40, "Nimbus_R1.pdf"),)
    assert report_ask(choose_lookups(read).reports[0]).url == (
        f"https://huggingface.co/weather/Nimbus-R1/resolve/{'2' * 40}/Nimbus_R1.pdf"
    )
    card = b"# Nimbus-R1\n[Paper](https://arxiv.org/abs/2701.00001)\n"
    documents = (
        document("model_card", listing.target, "https://huggingface.co/x/README.md", card),
        feed_of("2701.00001", "Nimbus-R1: Clouds"),
        listing,
    )
    wanted = choose_lookups(Read(listing.target, None, documents, (), ()))
    assert (wanted.arxiv, wanted.reports) == (("2701.00001",), ())


def test_a_paper_that_only_an_index_entry_links() -> None:
    root = "hf:model:weather/Nimbus-3.1-8B"
    documents = (
        document("model_card", root, "https://huggingface.co/x/README.md", b"# Nimbus-3.1-8B\n"),
        feed_of("2701.00003", "The Nimbus 3 Flock of Models"),
    )
    asked = (Lead(root, "arxiv:2701.00003", "paper", ASKED_FOR),)
    (paper,) = own_papers(Dossier(root, documents, leads=asked, entry="nimbus"))
    assert (paper.verdict, paper.versioned) == ("own", "2701.00003v1")
    assert "index entry" in paper.reason
    assert own_papers(Dossier(root, documents, entry="nimbus")) == []  # an answer that other releases share
    assert own_papers(Dossier(root, documents, leads=asked)) == []


@pytest.mark.parametrize(
    ("said", "claimed"),
    [
        ("Our paper is accepted by NeurIPS 2027.", True),
        ("Clouds is accepted at ICML 2027 as oral.", True),
        ("Clouds is accepted at ICML 2026 as oral.", False),
        ("[Rain](https://arxiv.org/abs/2601.00001) is accepted at NeurIPS 2027 as oral.", False),
        ("Clouds-Med is accepted at NeurIPS 2027 as oral.", False),
        ("Clouds 2 is accepted at NeurIPS 2027 as oral.", False),
        ("Our **RainRL** paper has been accepted to NeurIPS 2027!", False),
    ],
)
def test_which_paper_is_accepted(said: str, claimed: bool) -> None:
    paper = OwnPaper("2701.12345", "v1", "own", "named", "Clouds: all of them", ())
    card = document("model_card", "hf:model:weather/clouds", "https://x.test", f"# Clouds\n\n{said}\n".encode())
    found = [r.quote.exact for r in from_claims(Dossier("hf:model:weather/clouds", (card,)), paper)]
    assert found == ([said] if claimed else [])


def test_a_repository_of_many_models_links_the_papers_of_each() -> None:
    root, code = "hf:model:weather/steady-rain-xl-refiner", "github:weather/models"
    link = "[{}](https://arxiv.org/abs/{})"
    texts = {
        root: "# Rain\n\n- **Paper:** " + link.format("SRXL: Improving Rain for Wide Valleys", "2401.00002"),
        code: "# Models\n\nHail is here, see the " + link.format("arxiv paper", "2501.00001") + ".\n",
    }
    documents = tuple(
        document(kind, target, f"https://x.test/{target}", texts[target].encode(), "README.md")
        for kind, target in (("model_card", root), ("source_file", code))
    )
    leads = (Lead(root, code, "repository", "link", followed=True),)
    verdicts = {paper.id: paper.verdict for paper in own_papers(Dossier(root, documents, (), leads))}
    assert verdicts == {"2401.00002": "own", "2501.00001": "cited"}


@pytest.mark.parametrize(
    ("lines", "claimed"),
    [
        ("<strong>at European Conference on Computer Vision (ECCV) 2027</strong>", "ECCV main 2027"),
        ("**ICML 2027, Oral Paper**", "ICML oral 2027"),
        ("We test it on CoNLL 2027.", None),
        ("* [Clouds](https://arxiv.org/abs/2701.12345) (SIGIR'27)", "SIGIR main 2027"),
        ("[_Clouds_ (Findings of EMNLP 2027)](https://arxiv.org/abs/2701.12345)", "EMNLP findings 2027"),
        ("* [Rain](https://arxiv.org/abs/2701.00001) (NAACL 2027)", None),
        ("[Clouds](https://arxiv.org/abs/2701.12345), [Rain](https://arxiv.org/abs/2701.00001) (NAACL 2027)", None),
        ("## News\n\nNeurIPS 2027", None),
    ],
)
def test_a_venue_beside_the_paper_or_below_the_title(lines: str, claimed: str | None) -> None:
    target = "hf:model:weather/clouds"
    title = "Clouds: all of them that a weather station sees"
    card = document("model_card", target, "https://x.test", f"# {title}\n\n{lines}\n\n## Use\n".encode())
    paper = OwnPaper("2701.12345", "v1", "own", "named", title, tuple(mentions(card)))
    found = [f"{s.review.venue} {s.review.track} {s.review.year}" for s in from_claims(Dossier(target, (card,)), paper)]
    assert found == ([claimed] if claimed else [])


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("assets/rain_report.pdf", True),
        ("imgs/Rain_paper.pdf", True),
        ("imgs/rain.pdf", False),
        ("plots/rain_by_month_paper.pdf", False),
        ("docs/figures/paper.pdf", False),
        ("rain_poster.pdf", False),
    ],
)
def test_which_pdf_may_be_a_report(path: str, may: bool) -> None:
    assert may_be_report(path) is may
