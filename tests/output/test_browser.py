"""The report in a real browser: layout, filters, keyboard, hostile text, no requests, no script but its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from output.report import write_site
from output.run import load_run
from tests.output.builder import full_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
PAGES = ("index.html", "maker-one.html", "compare.html")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: pages are not seen in a browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    runs = [load_run(full_run(folder / name, root=f"hf:model:maker/{name}")) for name in ("one", "two")]
    write_site(runs, folder / "out")
    return folder / "out"


class Problems(list[str]):
    """What a page said or asked for that it should not."""

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.append(message.text))
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("dialog", lambda dialog: self.append(dialog.message))
        page.on("request", lambda request: None if request.url.startswith("file:") else self.append(request.url))


@pytest.fixture
def problems() -> Problems:
    return Problems()


@pytest.fixture
def page(browser: Browser, problems: Problems) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems.watch(page)
    yield page
    context.close()
    assert problems == []


def shown(page: Page, selector: str) -> int:
    return page.locator(f"{selector}:visible").count()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_window(page: Page, site: Path, name: str) -> None:
    page.goto((site / name).as_uri())
    for width in (320, 390, 800, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_text_has_enough_contrast(page: Page, site: Path, name: str) -> None:
    page.goto((site / name).as_uri())
    assert page.evaluate(CONTRAST) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgba(getComputedStyle(node).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest('.spoken, .skip')) continue;
    const pair = [light(rgba(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    const contrast = (pair[0] + .05) / (pair[1] + .05);
    if (contrast < 4.5) low.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return [...new Set(low)];
}"""


def test_hostile_text_runs_nothing(page: Page, site: Path) -> None:
    page.goto((site / "maker-one.html").as_uri())
    assert page.locator("blockquote", has_text="onerror=").count() == 1
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.evaluate("document.body.innerHTML.slice(0, 100)")


def test_the_policy_stops_an_inline_script(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto((site / "maker-one.html").as_uri())
    page.evaluate("const s = document.createElement('script'); s.textContent = 'ran = 1'; document.body.append(s)")
    assert page.evaluate("window.ran") is None
    page.evaluate("() => { document.body.insertAdjacentHTML('beforeend', '<img src=https://example.org/x.png>'); }")
    page.wait_for_timeout(100)
    page.close()
    assert sum("Content Security Policy" in text for text in refused) == 2


def test_facts_are_filtered_by_words_and_shape(page: Page, site: Path) -> None:
    page.goto((site / "maker-one.html").as_uri())
    every = shown(page, ".fact")
    page.get_by_label("Find in the facts").fill("A100 GPUs")
    assert shown(page, ".fact") == 1
    assert page.locator(".filter output").inner_text() == f"1 of {every} shown"
    assert shown(page, "section.parameter:has(.group)") == 1
    page.get_by_label("Find in the facts").fill("")
    page.locator("label.chip", has_text="could not look").click()
    assert shown(page, ".fact") == 2
    assert page.locator(".fact:visible .points").first.inner_text() == "could not look"


def test_everything_works_from_the_keyboard(page: Page, site: Path) -> None:
    page.goto((site / "maker-one.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the facts"
    page.get_by_label("Find in the facts").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("input[value=open]").is_checked()
    assert shown(page, ".fact") == shown(page, ".fact[data-mark=open]") > 0
    page.keyboard.press("Space")
    summary = page.locator("details.place > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.place[open] mark").first.is_visible()


def test_a_record_address_opens_what_it_is_folded_into(page: Page, site: Path) -> None:
    page.goto((site / "maker-one.html").as_uri())
    ident = page.locator("#paper .fact").get_attribute("id")
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = false; })")
    page.evaluate("id => { location.hash = id; }", ident)
    page.wait_for_timeout(100)
    assert page.locator(f"#{ident}").is_visible()


def test_note_and_link_are_copied(browser: Browser, site: Path) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto((site / "maker-one.html").as_uri())
    fact = page.locator("#hardware_architecture .fact")
    fact.get_by_role("button", name="Copy note").click()
    fact.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "Training hardware: 64 A100 GPUs for 21 days."
    fact.get_by_role("button", name="Copy link").click()
    page.wait_for_timeout(100)
    assert page.evaluate("navigator.clipboard.readText()").endswith("/README.md#L16")
    context.close()


def test_systems_are_filtered_and_sorted(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.get_by_label("Find a system").fill("two")
    assert page.locator(".systems tbody tr:visible th").all_inner_texts() == ["maker/two"]
    page.get_by_label("Find a system").fill("")
    page.locator("select[name=parameter]").select_option(label="Paper")
    page.locator("select[name=points]").select_option("open")
    assert shown(page, ".systems tbody tr") == 0
    page.locator("select[name=points]").select_option("closed")
    assert shown(page, ".systems tbody tr") == 2
    page.get_by_role("button", name="System").click()
    page.get_by_role("button", name="System").click()
    assert page.locator(".systems tbody th").all_inner_texts() == ["maker/two", "maker/one"]
    assert page.locator(".systems thead th").first.get_attribute("aria-sort") == "descending"


def test_pages_can_be_read_without_script(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "maker-one.html").as_uri())
    assert shown(page, ".fact") > 10
    assert shown(page, ".filter") == shown(page, ".fact button") == 0
    context.close()


def test_print_opens_what_is_folded_and_leaves_out_the_tools(page: Page, site: Path) -> None:
    page.goto((site / "maker-one.html").as_uri())
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open], .place)").count() == 0
    assert shown(page, ".filter") == shown(page, ".contents") == shown(page, "button") == shown(page, ".place") == 0


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_in_print(page: Page, site: Path, name: str) -> None:
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 without its margins
    page.emulate_media(media="print")
    page.goto((site / name).as_uri())
    boxes = "[...document.querySelectorAll('main, .scroll, table')]"
    assert page.evaluate(f"{boxes}.filter((box) => box.scrollWidth > box.clientWidth + 1).length") == 0


def test_landmarks_and_headings_are_in_order(page: Page, site: Path) -> None:
    for name in ("index.html", "maker-one.html", "compare.html"):
        page.goto((site / name).as_uri())
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => +h.tagName[1])")
        assert levels.count(1) == 1
        main = page.evaluate("[...document.querySelectorAll('main h2, main h3')].map((h) => +h.tagName[1])")
        assert all(b - a <= 1 for a, b in zip([1, *main], main, strict=False))
        assert page.locator("main").count() == 1
        assert page.evaluate(UNNAMED) == 0


UNNAMED = """[...document.querySelectorAll('button, input, select, a')]
  .filter((node) => !node.labels?.length && !node.textContent.trim() && !node.ariaLabel).length"""
