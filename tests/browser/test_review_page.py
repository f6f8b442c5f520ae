"""The review page in a real browser: by keyboard, through a killed server, two people at once, safe and accessible."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accord.app.review.material import read_material
from accord.data import standing_choices
from accord.optimizers import trace_id
from accord.programs import Rater
from worlds.browser import Watched
from worlds.review_world import PROBE, ServedReview, compile_run

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    compile_run(folder)
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedReview]:
    """Serve a run that several tests look at, each under a name of its own."""
    folder = tmp_path_factory.mktemp("shared") / "run"
    compile_run(folder)
    with ServedReview(folder) as served:
        yield served


def press(page: Any, key: str) -> None:
    """Press a key that leads to another page, and wait for it."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_picks_survive_a_killed_server_and_are_in_the_new_rater(run: Path, watched: Watched) -> None:
    page = watched.page
    total = len(read_material(run).traced)
    assert total > 22
    with ServedReview(run, "--reviewer", "ana") as server:
        page.goto(server.url)
        press(page, "n")
        for number in range(20):
            assert page.locator("h1").inner_text() == f"Item {number + 1} of {total}"
            press(page, str(number % 4 + 1))
        port = str(server.port)
        # A choice that the server never sees is not lost either: the page keeps it and sends it again.
        server.signal(signal.SIGKILL)
        server.wait()
        page.keyboard.press("2")
        page.get_by_text("Not saved yet. The server cannot be reached.").wait_for()
    kept = standing_choices(run / "review.sqlite")
    assert len(kept) == 20 and {one.reviewer for one in kept} == {"ana"}
    with ServedReviewAt(run, port) as server:
        page.wait_for_url(f"{server.url}/by/ana/traces/22")
        page.goto(server.url)
        assert page.locator(".parts").inner_text().count(f"21 of {total}") == 1
        press(page, "n")
        for _ in range(21, total - 1):
            press(page, "1")
        page.keyboard.press("w")
        page.keyboard.type("I went by the figure in the text.")
        press(page, "Control+Enter")
        assert page.url.endswith("/by/ana")
    kept = standing_choices(run / "review.sqlite")
    assert len(kept) == total
    report = compile_run(run)
    picked = {one.subject: one.choice["trace"] for one in kept if "trace" in one.choice}
    (own,) = [one.subject for one in kept if "text" in one.choice]
    used = Rater.load(run / "rater", lm="openai/none").provenance["review"]
    assert {one["item_id"]: one["trace"] for one in used["picks"]} == picked and len(picked) == total - 1
    assert (used["written"], used["gone"]) == ([own], 0)
    assert report.extra["review"]["traces"]["recognised"]["value"] == pytest.approx((total - 1) / total)
    rationales = read_rationales(run)
    assert {id: trace_id(id, rationales[id]) for id in picked} == picked
    assert rationales[own] == "I went by the figure in the text."
    assert not [error for error in watched.errors if "ERR_CONNECTION" not in error] and watched.outside == []


class ServedReviewAt(ServedReview):
    """A review at the port where another one was."""

    def __init__(self, folder: Path, port: str) -> None:
        super().__init__(folder, "--port", port, "--reviewer", "ana")


def read_rationales(run: Path) -> dict[str, str]:
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(run / "traces.parquet").to_pylist()
    return {row["item_id"]: row["rationale"] for row in rows}


def test_two_reviewers_at_once_lose_no_choice(shared: ServedReview, open_page: Callable[..., Watched]) -> None:
    both = {name: open_page().page for name in ("Zoë Müller", "ben")}
    for name, page in both.items():
        page.goto(shared.url)
        page.get_by_label("Your name").fill(name)
        press(page, "Enter")
        press(page, "n")
    for number in range(8):
        for page in both.values():  # both pages are open all the time
            press(page, str((number + len(page.url)) % 4 + 1))
    kept = standing_choices(shared.folder / "review.sqlite")
    assert all(sum(one.reviewer == name for one in kept) == 8 for name in both)
    for page in both.values():
        page.goto(f"{shared.url}/?other=true")
        assert "Zoë Müller" in page.locator(".names").inner_text()


def test_texts_of_items_run_nothing(shared: ServedReview, watched: Watched) -> None:
    page = watched.page
    for part in ("traces", "labels"):
        page.goto(f"{shared.url}/by/cleo/{part}/1")
        assert PROBE in page.locator(".item").inner_text()
        assert page.evaluate("window.stolen") is None and page.locator(".item img, .item script").count() == 0
    blocked = page.evaluate(
        "() => { const made = document.createElement('script'); made.textContent = 'window.stolen = 3';"
        " document.body.append(made); return window.stolen === undefined; }"
    )
    assert blocked, "the policy runs no script without the page's nonce"
    assert any("Content Security Policy" in error for error in watched.errors) and watched.outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nobody_is_shut_out(shared: ServedReview, open_page: Callable[..., Watched], width: int, scheme: str) -> None:
    watched = open_page(width=width, scheme=scheme)
    page = watched.page
    for path in ("/", "/by/dan", "/by/dan/traces/1", "/by/dan/labels/1", "/by/dan/rules/1", "/sign-in"):
        page.goto(shared.url + path)
        assert (path, watched.violations()) == (path, [])
        assert not watched.scrolls_sideways()
    page.goto(shared.url + "/by/dan/labels/1")
    page.keyboard.press("r")
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    assert watched.violations() == [] and watched.errors == [] and watched.outside == []


def test_everything_is_reached_by_keyboard_and_focus_is_seen(shared: ServedReview, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{shared.url}/by/eli/traces/1")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const here = document.activeElement; const style = getComputedStyle(here);"
            " return [here.className || here.textContent.trim().slice(0, 8), style.outlineStyle, style.outlineWidth]; }"
        )
        reached.append(found)
        if found[0].startswith("Keys"):
            break
    assert [name for name, _, _ in reached].count("option") == 4 and reached[-1][0].startswith("Keys")
    assert all((style, width) == ("solid", "3px") for _, style, width in reached)
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    page.get_by_label("Single keys choose and move").uncheck()
    page.keyboard.press("Escape")
    before = len(standing_choices(shared.folder / "review.sqlite"))
    page.keyboard.press("1")
    page.reload()
    page.keyboard.press("1")
    assert page.url.endswith("/traces/1") and len(standing_choices(shared.folder / "review.sqlite")) == before


def test_what_was_written_is_still_there_after_a_refusal_and_a_reload(run: Path, watched: Watched) -> None:
    page = watched.page
    with ServedReview(run) as server:
        page.goto(f"{server.url}/by/fay/traces/1")
        page.keyboard.press("w")
        page.keyboard.type("Half a thought 1 2 3")
        page.reload()
        assert page.get_by_label("In my own words").input_value() == "Half a thought 1 2 3"
        (run / "journal.sqlite").unlink()
        compile_run(run, ways=("Another teacher says something else altogether here.",))
        page.locator(".option").first.click()
        page.get_by_text("That trace does not exist any more: the run was compiled again.").wait_for()
        assert page.get_by_label("In my own words").input_value() == "Half a thought 1 2 3"
        assert standing_choices(run / "review.sqlite") == []
        page.reload()
        assert "Another teacher says" in page.locator(".options").inner_text()
        press(page, "1")
    assert len(standing_choices(run / "review.sqlite")) == 1
