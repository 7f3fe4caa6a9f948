"""What somebody does with the pages, in a real browser over a real farm."""

import re
import uuid

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.dashboard.conftest import Window, index_of, opened
from tests.stories.conftest import Farm, picture

pytestmark = pytest.mark.system("chromium")


def sweep(farm: Farm, **said: object) -> dict[str, object]:
    """A spec of two images, two prompts and two strengths, under a name of its own."""
    images = [{"uri": farm.upload(picture(hue)), "name": name} for hue, name in ((5, "dawn"), (140, "dusk"))]
    spec = {"name": f"job {uuid.uuid4().hex[:8]}", "images": images, "model": "tiny", "steps": 2}
    return {**spec, "prompt": ["one", "two"], "strength": [0.3, 0.6], **said}


def shown(page: Page, pictures: int) -> None:
    """Wait until the sheet shows so many pictures."""
    expect(page.locator(".sheet")).to_have_attribute("data-pictures", str(pictures))


def test_a_job_is_made_by_the_form_and_its_sheet_fills_without_a_reload(window: Window) -> None:
    loads: list[object] = []
    window.page.on("load", lambda page: loads.append(page))  # noqa: PLW0108 - it takes no built-in
    page = window.go("/submit")
    page.get_by_label("Choose pictures").set_input_files(
        [FilePayload(name=f"größe {hue}.png", mimeType="image/png", buffer=picture(hue)) for hue in (20, 90)]
    )
    page.get_by_label("Prompts, one a line").fill("a boat\na house")
    page.get_by_label("Strength").fill("0.3, 0.5, 0.7")
    page.get_by_label("Model").select_option("tiny")
    page.get_by_label("Name", exact=True).fill("by the form")
    expect(page.locator(".plan-count")).to_have_text("12 pictures")
    expect(page.get_by_label("Manifest as YAML")).to_have_value(re.compile(r"uri: \"upload://"))

    page.get_by_role("button", name="Submit 12 pictures").click()

    expect(page.get_by_role("heading", name="by the form")).to_be_visible()
    shown(page, 12)
    expect(page.locator(".job-head .state")).to_contain_text("succeeded")
    assert len(loads) == 1


def test_a_manifest_is_edited_as_text_and_wrong_at_the_line(window: Window) -> None:
    page = window.go("/submit")
    editor = page.get_by_label("Manifest as YAML")
    editor.fill("model: tiny\nimages: [https://example.org/a.png]\nprompt: a boat\nstrenght: 0.4\nsteps: [4, 8]\n")

    expect(page.locator(".gutter .wrong")).to_have_text("4")
    expect(page.locator(".problems")).to_contain_text("strength")
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()

    editor.fill(editor.input_value().replace("strenght", "strength"))
    expect(page.locator(".plan-count")).to_have_text("2 pictures")
    expect(page.locator(".problems")).to_have_count(0)


def test_what_is_typed_before_the_models_are_known_is_not_written_over(window: Window) -> None:
    waiting: list[Route] = []
    window.page.route("**/v1/models", lambda route: waiting.append(route))  # noqa: PLW0108 - it takes no built-in
    page = window.go("/submit")
    editor = page.get_by_label("Manifest as YAML")
    expect(page.get_by_label("Prompts, one a line")).to_be_visible()

    expect(editor).not_to_be_editable()
    expect(page.get_by_role("button", name="Try an example")).to_have_count(0)
    for route in waiting:
        route.continue_()

    expect(editor).to_be_editable()
    expect(editor).to_have_value(re.compile("model: "))
    expect(page.get_by_role("button", name="Try an example")).to_be_visible()


def test_a_picture_is_compared_walked_along_its_axes_and_marked(window: Window) -> None:
    job = window.farm.submit(sweep(window.farm))
    window.farm.finished(job)
    page = window.go(f"/jobs/{job}")
    shown(page, 8)
    page.locator(".sheet").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".compare")).to_be_visible()
    start = index_of(page)

    page.get_by_label("How much of the init image").fill("25")
    expect(page.locator(".compare .before")).to_have_attribute(
        "style", re.compile(r"inset\(0(px)? 75% 0(px)? 0(px)?\)")
    )
    page.locator("h1").focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_url(f"**/jobs/{job}/{start - 4}*")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")

    page.get_by_label("Show", exact=True).select_option("star")
    shown(page, 1)
    expect(page.locator(".sheet")).to_have_attribute("data-drawn", "1")
    assert window.farm.http.get(f"/v1/jobs/{job}/marks").json()["star"] == str(start - 4)


def test_failures_stand_by_cause_with_a_remedy_and_are_tried_again(window: Window) -> None:
    spec = sweep(window.farm)
    whole = picture(77)
    spec["images"] = [*spec["images"], {"uri": window.farm.upload(whole[: len(whole) // 2]), "name": "torn"}]  # type: ignore[misc]
    job = window.farm.submit(spec)
    window.farm.finished(job)
    page = window.go(f"/jobs/{job}?tab=failures")
    group = page.locator('[data-cause="bad_image"]')
    expect(group).to_contain_text("4 × bad image")
    expect(group.locator(".remedy")).not_to_be_empty()
    expect(group.get_by_role("link", name="torn")).to_have_count(4)

    group.get_by_role("button", name="Retry 4").click()

    expect(page.get_by_role("status").filter(has_text="4 variants will be tried again")).to_be_visible()
    page.get_by_role("link", name="Timeline").click()
    expect(page.locator('.timeline [data-kind="resumed"]')).to_contain_text("4 refused variants reopened")


def test_filters_are_addresses_and_the_back_button_undoes_them(window: Window) -> None:
    word = uuid.uuid4().hex[:8]
    for name, team in ((f"{word} red", "north"), (f"{word} blue", "south")):
        window.farm.finished(window.farm.submit(sweep(window.farm, name=name, labels={"team": f"{team}-{word}"})))
    page = window.go(f"/jobs?text={word}")
    lines = page.locator(".job")
    expect(lines).to_have_count(2)

    page.get_by_role("link", name=f"team: north-{word}").click()
    expect(lines).to_have_count(1)
    assert f"label=team%3Dnorth-{word}" in page.url
    page.go_back()
    expect(lines).to_have_count(2)
    page.get_by_label("Search names and ids").fill(f"{word} bl")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text(f"{word} blue")
    page.goto(page.url)
    expect(lines).to_contain_text(f"{word} blue")


def test_an_address_without_a_page_says_so_and_leads_back(window: Window) -> None:
    page = window.go("/jobz")

    expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Overview").click()

    expect(page.get_by_role("heading", name="Nothing here")).to_have_count(0)
    assert ["404" in fault for fault in window.faults] == [True]  # which the browser itself says of the address
    window.faults.clear()


def test_an_action_on_several_jobs_says_how_many_before_it_acts(window: Window) -> None:
    word = uuid.uuid4().hex[:8]
    jobs = [window.farm.submit(sweep(window.farm, name=f"{word} {n}", samples=500)) for n in range(2)]
    page = window.go(f"/jobs?text={word}")
    expect(page.locator(".job")).to_have_count(2)
    page.get_by_label("Choose all shown").check()
    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancel 2 jobs?")

    dialog.get_by_role("button", name="Cancel 2 jobs").click()

    expect(page.locator(".job .state").filter(has_text="cancelled")).to_have_count(2)
    assert [window.farm.job(job)["state"] for job in jobs] == ["cancelled", "cancelled"]


def test_a_page_goes_on_by_itself_after_the_api_was_away(browser: Browser, pages_farm: Farm) -> None:
    with opened(browser, pages_farm) as window:
        job = pages_farm.submit(sweep(pages_farm, samples=3))
        page = window.go(f"/jobs/{job}")
        standing = page.locator(".standing")
        expect(standing).to_have_attribute("data-standing", re.compile("live|over"))
        expect(page.locator(".sheet[data-painted]")).to_be_visible()
        pages_farm.stack.kill("api")
        try:
            expect(page.get_by_role("alert").first).to_contain_text("The API does not answer.")
        finally:  # the farm is also the other tests'
            pages_farm.stack.restart("api")

        expect(page.locator(".job-head .state")).to_contain_text("succeeded")
        shown(page, 24)
        expect(page.get_by_role("alert")).to_have_count(0)
    assert [fault for fault in window.faults if "net::ERR" not in fault] == []


def test_thumbnails_that_could_not_be_had_come_later_by_themselves(browser: Browser, pages_farm: Farm) -> None:
    job = pages_farm.submit(sweep(pages_farm))
    pages_farm.finished(job)
    failing = iter(range(2))

    def answer(route: Route) -> None:
        route.continue_() if next(failing, None) is None else route.abort()

    with opened(browser, pages_farm) as window:
        window.page.route("**/thumbs?*", answer)
        page = window.go(f"/jobs/{job}")

        shown(page, 8)  # nobody moves, and the job has no more news

    assert next(failing, None) is None
    assert [fault for fault in window.faults if "net::ERR" not in fault] == []


def test_a_worker_is_drained_and_resumed(window: Window) -> None:
    page = window.go("/workers")
    worker = page.locator(".worker")
    expect(worker).to_contain_text("paced")
    worker.get_by_role("button", name="Drain…").click()
    page.get_by_role("dialog").get_by_role("button", name="Drain it").click()
    expect(worker.locator(".state")).to_contain_text("drained")

    worker.get_by_role("button", name="Resume").click()

    expect(worker.locator(".state")).to_contain_text("idle")


def test_nothing_is_asked_while_the_tab_is_hidden(window: Window) -> None:
    page = window.page
    page.add_init_script(
        "Object.defineProperty(document, 'hidden', {get: () => Boolean(window.away), configurable: true})"
    )
    window.go("/workers")
    expect(page.locator(".worker")).to_be_visible()
    turn = "(away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); }"
    asked: list[str] = []
    page.evaluate(turn, True)
    page.wait_for_timeout(500)  # what was under way may end
    page.on("request", lambda request: asked.append(request.url))

    page.wait_for_timeout(2500)  # longer than the page's own pace of two seconds

    assert asked == []
    with page.expect_request("**/v1/workers"):
        page.evaluate(turn, False)
