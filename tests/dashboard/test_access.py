"""Everybody can use every page: by keys and screen readers, in light and dark, on a phone; and no text is ever code."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dashboard.conftest import Window, opened, overhang, serious_faults
from tests.stories.conftest import Farm, picture

pytestmark = pytest.mark.system("chromium")

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> <b>bold</b> {{7*7}} שלום עולם \u202eabc"
PAGES = (
    "/",
    "/jobs",
    "/jobs?text=no-job-is-called-like-this",
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

    wide, found = overhang(page), serious_faults(page)

    assert page.locator('img[src="x"]').count() == 0
    assert page.locator("#app b").filter(has_text="bold").count() == 0
    assert page.title() != "owned"
    if path.startswith("/jobs/{job}") and not path.endswith(("/0", "/4")):
        expect(page.locator("main h1")).to_have_text(HOSTILE)
    assert wide <= 0
    assert found == []
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


FOCUSABLE = "a[href], button:not(:disabled), input, select, textarea, summary, [tabindex]"
STOPS = f"""() => [...document.querySelectorAll({FOCUSABLE!r})].filter((one) => one.tabIndex >= 0
  && one.checkVisibility() && !one.closest('dialog')).length"""
OUTLINED = """() => { const one = document.activeElement, style = getComputedStyle(one.closest('.compare') || one);
  return one === document.body ? 'body' : style.outlineStyle !== 'none' || style.boxShadow !== 'none'
    || one.matches('input, select, textarea') ? 'seen' : one.outerHTML.slice(0, 200); }"""


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/{job}", "/jobs/{job}/0", "/submit", "/workers"])
def test_every_control_is_reached_by_the_tab_key_and_shows_that_it_has_it(window: Window, job: str, path: str) -> None:
    page = window.go(path.format(job=job))
    arrived(page)
    page.locator("body").press("Tab")
    page.evaluate("window.met = new Set()")

    unseen = []
    for _ in range(200):
        if (where := page.evaluate(OUTLINED)) == "body":
            break
        unseen += [where] if where != "seen" else []
        page.evaluate("window.met.add(document.activeElement)")
        page.keyboard.press("Tab")

    assert unseen == []
    assert page.evaluate("window.met.size") >= page.evaluate(STOPS)


def test_screen_readers_are_told_what_happens(window: Window, job: str) -> None:
    page = window.go(f"/jobs/{job}")
    expect(page.get_by_role("status", name="How current this page is")).to_have_text("Finished")
    sheet = page.get_by_role("grid", name="Sweep of 8 variants")
    sheet.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("gridcell")).to_contain_text("whole")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Star").click()

    expect(page.get_by_role("status", name="Notices")).to_have_text("Starred.")
    page.get_by_role("button", name="Star").click()
    expect(page.get_by_role("status", name="Notices")).to_have_text("No longer marked.")


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, pages_farm: Farm) -> None:
    with opened(browser, pages_farm, reduced_motion="reduce") as window:
        window.page.route("**/v1/workers", lambda _: None)  # an answer that never comes
        page = window.go("/workers")
        expect(page.get_by_role("status").filter(has_text="Loading")).to_be_attached()

        moving = page.evaluate("document.getAnimations().length")
        page.emulate_media(reduced_motion="no-preference")

        assert moving == 0
        assert page.evaluate("document.getAnimations().length") > 0
        page.unroute_all(behavior="ignoreErrors")
