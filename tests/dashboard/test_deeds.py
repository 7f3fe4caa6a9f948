"""Every button of the pages does what it says, on a real farm: jobs, pictures, files."""

import json
import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Window
from tests.dashboard.test_stories import shown, sweep
from tests.stories.conftest import Farm, picture

pytestmark = pytest.mark.system("chromium")

LONG = {"samples": 500}
"""Four thousand pictures: minutes, and so surely not over while a test looks."""


def torn_sweep(farm: Farm, **said: object) -> dict[str, object]:
    """As `sweep`, of one good image and one that is torn: four of each."""
    whole = picture(60)
    images = [
        {"uri": farm.upload(whole), "name": "whole"},
        {"uri": farm.upload(whole[: len(whole) // 2]), "name": "torn"},
    ]
    return {**sweep(farm, **said), "images": images}


def job_shown(page: Page, *, but: str) -> str:
    """The job whose page is open now, once that is another one."""
    page.wait_for_url(lambda url: bool(re.search(r"/jobs/[0-9a-z]{26}$", url)) and not url.endswith(but))
    return page.url.rsplit("/", 1)[1]


def test_a_job_is_paused_explained_resumed_moved_and_cancelled(window: Window) -> None:
    job = window.farm.submit(sweep(window.farm, **LONG))
    page = window.go(f"/jobs/{job}")
    state, controls = page.locator(".job-head .state"), page.get_by_role("group", name="Controls")

    controls.get_by_role("button", name="Pause").click()
    expect(state).to_contain_text("paused")
    page.get_by_role("link", name="Why").click()
    expect(page.locator(".sentences")).to_contain_text("paused by the caller")
    controls.get_by_role("button", name="Resume").click()
    expect(state).to_contain_text(re.compile("queued|running"))
    controls.get_by_label("Lane").select_option("urgent")
    page.get_by_role("link", name="Timeline").click()
    expect(page.locator(".timeline")).to_contain_text("moved to the lane urgent")
    controls.get_by_role("button", name="Cancel…").click()
    expect(page.get_by_role("dialog")).to_contain_text("will not be made")
    page.get_by_role("button", name="Leave it").click()
    expect(state).to_contain_text(re.compile("queued|running"))
    controls.get_by_role("button", name="Cancel…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the job").click()

    expect(state).to_contain_text("cancelled")
    assert (window.farm.job(job)["state"], window.farm.job(job)["lane"]) == ("cancelled", "urgent")


def test_what_matches_a_filter_is_moved_paused_and_cancelled_as_a_whole(window: Window) -> None:
    word = uuid.uuid4().hex[:8]
    jobs = [window.farm.submit(sweep(window.farm, name=f"{word} {n}", **LONG)) for n in range(3)]
    page = window.go(f"/jobs?text={word}")
    lines, dialog = page.locator(".job"), page.get_by_role("dialog")
    expect(lines).to_have_count(3)
    page.get_by_label(f"Choose {word} 1").check()
    page.get_by_role("button", name="Pause…").click()
    expect(dialog).to_contain_text("Pause 1 chosen jobs: 1 job, of which 1 can be.")
    dialog.get_by_role("button", name="Pause 1 job").click()
    expect(lines.filter(has_text=f"{word} 1")).to_contain_text("paused by the caller")

    page.get_by_label(f"Choose {word} 0").check()
    page.get_by_label("Scope").select_option("all")
    page.get_by_label("Lane").select_option("background")
    expect(dialog).to_contain_text(f"Move to the lane background every job named like “{word}”: 3 jobs")
    dialog.get_by_role("button", name="Move 3 jobs to background").click()
    expect(lines.filter(has_text="background")).to_have_count(3)
    page.get_by_role("button", name="Resume…").click()
    expect(dialog).to_contain_text("3 jobs, of which 1 can be.")
    dialog.get_by_role("button", name="Resume 1 job").click()
    expect(lines.filter(has_text="paused")).to_have_count(0)
    page.get_by_role("button", name="Cancel…").click()
    dialog.get_by_role("button", name="Cancel 3 jobs").click()

    expect(lines.locator(".state").filter(has_text="cancelled")).to_have_count(3)
    assert {window.farm.job(job)["lane"] for job in jobs} == {"background"}


def test_everything_about_a_job_is_downloaded(window: Window) -> None:
    job = window.farm.submit(torn_sweep(window.farm))
    window.farm.finished(job)
    page = window.go(f"/jobs/{job}")
    got: dict[str, bytes] = {}
    for name in ("results.jsonl", "errors.jsonl", "contact sheet", "manifest"):
        with page.expect_download() as download:
            page.locator(".downloads").get_by_role("link", name=name).click()
        got[name] = Path(download.value.path()).read_bytes()

    assert len(got["results.jsonl"].splitlines()) == 4
    assert [json.loads(line)["error"]["code"] for line in got["errors.jsonl"].splitlines()] == ["bad_image"] * 4
    assert got["contact sheet"].startswith(b"\x89PNG")
    assert json.loads(got["manifest"])["strength"] == [0.3, 0.6]
    assert page.url.endswith(f"/jobs/{job}")


def test_pictures_are_dropped_beside_addresses(window: Window) -> None:
    page = window.go("/submit")
    dropped = page.evaluate_handle(
        """(bytes) => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "a boat!.png", {type: "image/png"}));
        data.items.add(new File(["GIF89a"], "no.gif", {type: "image/gif"})); return data; }""",
        list(picture(33)),
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.locator('.previews [data-standing="here"]')).to_contain_text("a boat!.png")
    expect(page.locator('.previews [data-standing="bad"]')).to_contain_text("Only PNG, JPEG and WebP are read.")
    page.get_by_label("Remove no.gif").click()
    page.get_by_label("or addresses").fill("https://example.org/a.png\nhttps://example.org/b.png")
    page.get_by_label("Prompts, one a line").fill("a boat")

    expect(page.locator(".plan-count")).to_have_text("3 pictures")
    expect(page.get_by_label("Manifest as YAML")).to_have_value(re.compile("name: a-boat"))


def test_a_job_is_duplicated_and_tried_again(window: Window) -> None:
    first = window.farm.submit(torn_sweep(window.farm))
    window.farm.finished(first)
    page = window.go(f"/jobs/{first}")
    page.get_by_role("button", name="Retry 4 refused").click()
    expect(page.get_by_role("status", name="Notices")).to_contain_text("4 variants will be tried again")

    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_label("Manifest as YAML")).to_have_value(re.compile("name: torn"))
    page.get_by_role("button", name="Submit 8 pictures").click()

    second = job_shown(page, but=first)
    specs = [window.farm.http.get(f"/v1/jobs/{job}/manifest").json() for job in (first, second)]
    assert specs[0] == specs[1]


def test_a_cell_is_rerolled_into_a_job_that_links_all_others(window: Window) -> None:
    first = window.farm.submit(sweep(window.farm))
    window.farm.finished(first)
    page = window.go(f"/jobs/{first}/5")
    page.get_by_role("button", name="Reroll this cell…").click()
    page.get_by_role("dialog").get_by_role("button", name="Reroll it").click()

    second = job_shown(page, but=first)
    assert window.farm.finished(second)["linked"] == 7
    seeds = [window.farm.http.get(f"/v1/jobs/{job}/variants/5").json()["seed"] for job in (first, second)]
    assert seeds[0] != seeds[1]
    shown(page, 8)


def test_more_like_a_picture_is_a_job_of_four(window: Window) -> None:
    first = window.farm.submit(sweep(window.farm))
    window.farm.finished(first)
    page = window.go(f"/jobs/{first}/6")
    page.get_by_role("link", name="More like this").click()
    expect(page.get_by_role("heading", name="More like this")).to_be_visible()
    page.get_by_role("button", name="Submit 4 pictures").click()

    second = job_shown(page, but=first)
    shown(page, 4)
    told = [window.farm.http.get(f"/v1/jobs/{job}/variants/{n}").json() for job, n in ((first, 6), (second, 3))]
    assert told[0]["parameters"]["prompt"] == told[1]["parameters"]["prompt"]
    assert told[0]["seed"] != told[1]["seed"]


def test_the_sheet_is_turned_and_narrowed_by_its_address(window: Window) -> None:
    job = window.farm.submit(sweep(window.farm))
    window.farm.finished(job)
    loaded: list[str] = []
    window.page.on("request", lambda request: loaded.append(request.url))
    page = window.go(f"/jobs/{job}")
    shown(page, 8)
    assert not [url for url in loaded if "/picture?" in url or url.endswith("/picture") or ".png" in url], (
        "thumbnails are enough"
    )

    page.get_by_label("Only this strength").select_option("0.6")
    shown(page, 4)
    page.get_by_label("Down").select_option("prompt")
    page.get_by_label("Show", exact=True).select_option("refused")
    expect(page.get_by_role("heading", name="No cell is like that now")).to_be_visible()
    page.go_back()
    page.reload()

    shown(page, 4)
    expect(page.get_by_label("Down")).to_have_value("prompt")
    assert "at.strength=1" in page.url


def test_the_overview_shows_queues_workers_and_jobs_and_goes_on_by_itself(window: Window) -> None:
    page = window.go("/")
    job = window.farm.submit(sweep(window.farm, name=f"overview {uuid.uuid4().hex[:8]}", **LONG))
    card = page.locator(".card").filter(has=page.locator(f'a[href="/jobs/{job}"]'))
    expect(card.locator(".state")).to_contain_text("running")
    expect(card.locator(".strip img").first).to_be_visible()
    waiting = page.locator(".figure").filter(has_text="Waiting")
    expect(waiting).to_contain_text("normal")
    expect(page.locator(".worker-line")).to_contain_text("paced")
    expect(page.locator(".worker-line")).to_contain_text("tiny")
    expect(page.locator(".chart canvas")).to_have_count(2)
    page.get_by_role("link", name="Day", exact=True).click()
    expect(page.get_by_role("heading", name="The last day")).to_be_visible()

    window.farm.http.post(f"/v1/jobs/{job}/cancel").raise_for_status()

    expect(card.locator(".state")).to_contain_text("cancelled")
