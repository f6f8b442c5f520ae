"""The page about a run in a real browser: quiet, whole, usable by keyboard and touch, at any width, and quick."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from worlds.browser import Watched
from worlds.report_runs import Kind, write_run

DEMO = Path(__file__).parent.parent.parent / "runs" / "demo"
SECTIONS = (
    "agreement errors differences length confidence audits traces suspects review training guideline cost basis words"
).split()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page about an invented run, with attacks on it in its texts."""
    folder = tmp_path_factory.mktemp("report")
    write_run(folder, Kind(distilled=True))
    return page_of(folder)


def page_of(run: Path) -> Path:
    done = CliRunner().invoke(app, ["report", str(run)])
    assert done.exit_code == 0, done.output
    return run / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_quiet_and_open_to_everybody(
    report: Path, open_page: Callable[..., Watched], width: int, scheme: str
) -> None:
    watched = open_page(width=width, scheme=scheme)
    watched.page.goto(report.as_uri())
    watched.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert watched.requests == [report.as_uri()] and watched.errors == []
    assert watched.violations() == []
    assert not watched.scrolls_sideways()
    assert watched.page.evaluate("window.attacked") is None
    assert [one.get_attribute("id") for one in watched.page.query_selector_all("main > section")] == SECTIONS
    assert all(watched.page.locator(f"#{name} h2").is_visible() for name in SECTIONS)


def test_every_plot_has_a_size(report: Path, watched: Watched) -> None:
    watched.page.goto(report.as_uri())
    boxes = [one.bounding_box() for one in watched.page.query_selector_all("svg.plot, table.dots svg.row")]
    assert len(boxes) > 20
    assert all(box is not None and box["width"] > 100 and box["height"] >= 20 for box in boxes)


def test_definitions_open_by_keyboard_by_pointer_and_by_touch(
    report: Path, watched: Watched, open_page: Callable[..., Watched]
) -> None:
    page = watched.page
    page.goto(report.as_uri())
    term = page.locator("#agreement .term", has_text="Alpha").first
    tip = term.locator(".tip")
    assert not tip.is_visible()
    term.hover()
    assert tip.is_visible()
    tip.hover()  # it can be read with the pointer on it
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    page.mouse.move(0, 0)
    term.locator("a").focus()
    assert tip.is_visible() and "agree beyond chance" in tip.inner_text()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    touched = open_page(width=390, touch=True)
    touched.page.goto(report.as_uri())
    term = touched.page.locator("#agreement .term", has_text="Alpha").first
    term.locator("a").tap()
    assert term.locator(".tip").is_visible()


def test_the_tab_key_reaches_everything_in_its_order(report: Path, watched: Watched) -> None:
    page = watched.page
    page.goto(report.as_uri())
    reached: list[int] = []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(400):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "document.activeElement === document.body ? -1 :"
            " [...document.querySelectorAll('*')].indexOf(document.activeElement)"
        )
        if place < 0:
            break
        reached.append(place)
    assert reached == sorted(reached) and len(set(reached)) == len(reached)
    wanted = page.evaluate(
        "[...document.querySelectorAll('nav a, main .term a, summary, .scroller')]"
        ".filter((one) => one.checkVisibility({contentVisibilityAuto: true}))"
        ".map((one) => [...document.querySelectorAll('*')].indexOf(one))"
    )
    assert set(wanted) <= set(reached)


def test_printing_opens_what_is_folded(report: Path, watched: Watched) -> None:
    page = watched.page
    page.goto(report.as_uri())
    assert page.locator("details[open]").count() == 0
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_about_the_demo(tmp_path: Path, open_page: Callable[..., Watched], width: int, scheme: str) -> None:
    """On what `make demo` left behind, where it was run; the page in it stays as it is."""
    if not (DEMO / "report.json").is_file():
        pytest.skip("runs/demo is not there: make demo")
    place = tmp_path / "demo.html"
    done = CliRunner().invoke(app, ["report", str(DEMO), "--out", str(place)])
    assert done.exit_code == 0, done.output
    watched = open_page(width=width, scheme=scheme)
    watched.page.goto(place.as_uri())
    watched.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert watched.requests == [place.as_uri()] and watched.errors == []
    assert watched.violations() == [] and not watched.scrolls_sideways()
    assert [one.get_attribute("id") for one in watched.page.query_selector_all("main > section")] == SECTIONS


@pytest.mark.slow
def test_a_page_about_twenty_thousand_items_is_small_and_opens_at_once(tmp_path: Path, watched: Watched) -> None:
    write_run(tmp_path / "run", Kind(train=40, test=20_000, scored=True))
    page = page_of(tmp_path / "run")
    assert page.stat().st_size < 2_000_000
    begun = time.monotonic()
    watched.page.goto(page.as_uri())
    assert watched.page.locator("#words").is_visible()
    assert time.monotonic() - begun < 2
    assert watched.errors == []
    assert "a sample of 800 of 19,500 test items" in watched.page.locator("#errors").inner_text()
    assert "Shown: the 20 that are furthest apart" in watched.page.locator("#differences").inner_text()
