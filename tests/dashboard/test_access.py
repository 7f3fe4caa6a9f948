"""Everybody can use every page: by keys and screen readers, in light and dark, on a phone; and no text is ever code."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.conftest import Window, opened
from tests.stories.conftest import Farm, picture

pytestmark = pytest.mark.system("chromium")

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> <b>bold</b> {{7*7}} שלום עולם \u202eabc"
PAGES = (
    "/",
    "/jobs",
    "/jobs/{job}",
    *(f"/jobs/{{job}}?tab={tab}" for tab in ("failures", "timeline", "why", "manifest")),
    "/jobs/{job}/0",
    "/jobs/{job}/4",
    "/submit",
    "/submit?from={job}",
    "/workers",
)


@pytest.fixture(scope="module")
def job(pages_farm: Farm) -> str:
    """A job whose every text is hostile; half of it done, half refused."""
    whole = picture(33)
    torn = whole[: len(whole) // 2]
    spec = {
        "name": HOSTILE,
        "labels": {"team": HOSTILE[:60]},
        "images": [
            {"uri": pages_farm.upload(whole), "name": "whole"},
            {"uri": pages_farm.upload(torn), "name": "torn"},
        ],
        "model": "tiny",
        "prompt": ["{medium}", HOSTILE.replace("{{7*7}}", "")],
        "negative_prompt": HOSTILE.replace("{{7*7}}", ""),
        "matrix": {"medium": [HOSTILE, "chalk"]},
        "steps": 2,
    }
    made = pages_farm.submit(spec)
    pages_farm.finished(made)
    return made


@pytest.fixture(scope="module", params=["a phone in light", "a desk in the dark"])
def walked(request: pytest.FixtureRequest, browser: Browser, pages_farm: Farm) -> Iterator[Window]:
    """One window that goes from page to page."""
    phone = "phone" in request.param
    size = {"width": 360, "height": 740} if phone else {"width": 1280, "height": 900}
    scheme = "light" if phone else "dark"
    with opened(browser, pages_farm, viewport=size, has_touch=phone, color_scheme=scheme) as window:
        yield window


def arrived(page: Page) -> None:
    """Wait until the page shows what it fetched, and nothing is still drawn as a placeholder."""
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator(".ghost")).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_texts_as_text_fits_its_window_and_axe_finds_no_serious_fault(
    walked: Window, job: str, path: str
) -> None:
    page = walked.go(path.format(job=job))
    arrived(page)

    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.evaluate(AXE)
    found: Mapping[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")

    assert page.locator('img[src="x"]').count() == 0
    assert page.locator("#app b").filter(has_text="bold").count() == 0
    assert page.title() != "owned"
    if path.startswith("/jobs/{job}") and not path.endswith(("/0", "/4")):
        expect(page.locator("main h1")).to_have_text(HOSTILE)
    assert wide <= 0
    assert [
        (fault["id"], fault["impact"], [node["html"][:200] for node in fault["nodes"]][:3])
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
    ] == []
    assert walked.faults == []


def test_a_page_is_walked_by_keys_alone(window: Window, job: str) -> None:
    page = window.go("/")
    arrived(page)
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.get_by_role("link", name="Jobs", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs")
    page.get_by_role("link", name=HOSTILE[:20]).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/jobs/{job}")
    page.locator(".sheet").focus()
    page.keyboard.press("ArrowDown")

    expect(page.locator("#sheet-cell")).to_contain_text("done")
    assert page.locator(".sheet").get_attribute("aria-activedescendant") == "sheet-cell"
