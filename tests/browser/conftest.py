"""What the browser tests share: a headless Chromium of the system, and pages whose errors and requests are recorded."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from worlds.browser import Watched, find_chromium, launched, watch

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Give a browser that the tests of a module share; each page has a context, cookies and storage of its own.

    Playwright keeps an event loop running in the thread that started it, in which no test of other modules could start
    one of its own: so it ends with its module.
    """
    path = find_chromium()
    if path is None:
        if os.environ.get("ACCORD_NEED_BROWSER") == "1":
            pytest.fail("there is no Chromium: apt-get install chromium, or 'make browser-check' as root")
        pytest.skip("there is no Chromium (make browser-check installs it)")
    with launched(path) as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Watched]]:
    """Return a maker of pages: ``open_page(width=390, scheme="dark")``; all are closed in the end."""
    contexts: list[Any] = []

    def make(*, width: int = 1280, height: int = 900, scheme: str = "light", touch: bool = False) -> Watched:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=touch, reduced_motion="reduce"
        )
        contexts.append(context)
        return watch(context)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def watched(open_page: Callable[..., Watched]) -> Watched:
    """Return a page of desktop width in a light scheme, with what it said and asked for."""
    return open_page()


@pytest.fixture
def page(watched: Watched) -> Any:
    """Return the Playwright page of `watched`."""
    return watched.page
