"""Pages in a real Chromium over a real farm; whatever the console says against them fails the test that opened them."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.api.conftest import deployment, empty, http, served
from tests.stories.conftest import Farm, farm_of

__all__ = ["deployment", "empty", "http", "served"]  # fixtures of the API's room

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
WAIT_MS = 30_000
"""For what a busy machine may take its time over; a test that is well waits for a fraction of it."""


@dataclass
class View:
    """A page that is open, of the API at `url`. faults: what the console, the policy and scripts complained of."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen from the first page on."""
        self.page.on("console", self.heard)
        self.page.on("pageerror", self.thrown)

    def go(self, path: str) -> Page:
        """Open a path of the dashboard, by the address bar."""
        self.page.goto(f"{self.url}{path}", wait_until="domcontentloaded")
        return self.page

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text} {message.location}")

    def thrown(self, error: Error) -> None:
        self.faults.append(str(error))


@dataclass
class Window(View):
    """A page that is open, and the farm behind it."""

    farm: Farm = field(kw_only=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once a file: as long as its driver runs, so does an event loop in this thread."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        # No sandbox: CI runs as root, and nothing but our own pages is opened.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def blank(browser: Browser, **options: object) -> Iterator[Page]:
    """An empty page with cookies of its own; `options` as `Browser.new_context` takes them."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(WAIT_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def opened(browser: Browser, farm: Farm, **options: object) -> Iterator[Window]:
    """A window of its own on a farm."""
    with blank(browser, **options) as page:
        yield Window(page, farm.stack.api_url, farm=farm)


def serious_faults(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe finds on the page that is serious or worse: rule, impact, the first elements."""
    page.evaluate(AXE)
    found: Mapping[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (fault["id"], fault["impact"], [node["html"][:200] for node in fault["nodes"]][:3])
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


def overhang(page: Page) -> int:
    """Pixels that the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.fixture(scope="session")
def pages_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm whose worker gives the init image back after a twentieth of a second."""
    yield from farm_of(tmp_path_factory.mktemp("pages"), PENTIMENTO_BACKEND="paced", PENTIMENTO_PACED_SECONDS="0.05")


@pytest.fixture
def window(browser: Browser, pages_farm: Farm) -> Iterator[Window]:
    """A window whose console stays empty."""
    with opened(browser, pages_farm, viewport={"width": 1280, "height": 900}) as window:
        yield window
    # Whatever a test leaves at work takes its time from the next one's jobs.
    window.farm.http.post("/v1/jobs/bulk", json={"action": "cancel", "where": {}, "dry_run": False}).raise_for_status()
    assert window.faults == []


def index_of(page: Page) -> int:
    """The variant that a picture's page shows."""
    found = re.search(r"/jobs/[^/]+/(\d+)", page.url)
    assert found, page.url
    return int(found[1])
