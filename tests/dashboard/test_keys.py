"""The pages where keys are asked for: logging in, a tenant's view, a reader's, an admin's, a first visitor's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from api.access import Scope
from tests.dashboard.conftest import View, blank, overhang, serious_faults
from tests.tenants.conftest import CANARY, Tenants, tenants

__all__ = ["tenants"]  # a fixture
pytestmark = pytest.mark.system("chromium")


@contextmanager
def looking(browser: Browser, tenants: Tenants, key: str = "", **options: object) -> Iterator[View]:
    """A window of somebody who logged in with `key`, or of nobody.

    Its console says nothing but that a 401 was one, and that pictures which nobody painted have no thumbnails.
    """
    with blank(browser, **options) as page:
        if key:
            assert page.request.post(f"{tenants.run.url}/login", form={"key": key}).ok
        view = View(page, tenants.run.url)
        yield view
    assert [fault for fault in view.faults if "status of 401" not in fault and "/thumb'" not in fault] == []


def test_whoever_has_no_key_is_asked_for_one_and_brought_back(browser: Browser, tenants: Tenants) -> None:
    with looking(browser, tenants) as view:
        page = view.go(f"/jobs?text={CANARY}")
        expect(page).to_have_url(re.compile(r"/login\?next="))
        page.get_by_label("API key").fill("pentimento_wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not one that this server takes")
        page.get_by_label("API key").fill(tenants.alder)
        page.get_by_role("button", name="Log in").click()

        expect(page).to_have_url(re.compile(rf"/jobs\?text={CANARY}$"))
        expect(page.locator(".who")).to_contain_text("alder")
        expect(page.locator(".job")).to_contain_text(CANARY)
        assert page.evaluate("document.cookie") == "", "scripts see no session"
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(re.compile("/login$"))
        assert page.context.cookies() == []
        view.go("/jobs")
        expect(page).to_have_url(re.compile(r"/login\?next="))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_page_is_for_everybody(browser: Browser, tenants: Tenants, scheme: str) -> None:
    with looking(browser, tenants, color_scheme=scheme, viewport={"width": 360, "height": 640}) as view:
        page = view.go("/login")

        expect(page.get_by_label("API key")).to_be_focused()
        assert (serious_faults(page), overhang(page)) == ([], 0)
        assert page.evaluate("document.styleSheets.length") == 2
        assert view.faults == []


def test_a_tenant_sees_and_changes_what_is_theirs_and_nothing_else(browser: Browser, tenants: Tenants) -> None:
    with looking(browser, tenants, tenants.alder) as view:
        page = view.go(f"/jobs/{tenants.job}/0")
        page.get_by_role("button", name="Star").click()
        expect(page.get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
        forged = page.evaluate(
            "(job) => fetch(`/v1/jobs/${job}/variants/0/mark`, {method: 'PUT', body: '{\"mark\": null}'})"
            ".then((answer) => answer.status)",
            tenants.job,
        )
        view.go("/jobs")
        expect(page.locator(".job").first).to_be_visible()
        expect(page.get_by_label("Filter by caller")).to_have_count(0)
        view.faults[:] = [fault for fault in view.faults if "status of 403" not in fault]
    with looking(browser, tenants, tenants.birch) as other:
        page = other.go(f"/jobs/{tenants.job}")
        expect(page.get_by_role("alert")).to_contain_text("there is no job")

        assert CANARY not in page.content()
        page.remove_listener("console", other.heard)  # it asks again, and is told the same
        faults, other.faults[:] = other.faults[:], []
    assert forged == 403, "without the word that only our own pages can know"
    assert all("status of 404" in fault for fault in faults)


def test_a_key_that_may_only_read_is_shown_no_buttons(browser: Browser, tenants: Tenants) -> None:
    key = tenants.desk.gate.create("alder", {Scope.READ}, label="", expires_seconds=0).text
    with looking(browser, tenants, key) as view:
        page = view.go(f"/jobs/{tenants.job}")
        expect(page.locator(".who")).to_be_visible()

        expect(page.get_by_role("group", name="Controls")).to_have_count(0)
        expect(page.get_by_role("link", name="New job")).to_have_count(0)
        view.go(f"/jobs/{tenants.job}/0")
        expect(page.locator(".who")).to_be_visible()
        expect(page.locator(".facts")).to_be_visible()
        expect(page.get_by_role("button", name="Star")).to_have_count(0)


def test_an_admin_looks_at_one_caller_after_the_other(browser: Browser, tenants: Tenants) -> None:
    with tenants.http(tenants.birch) as birch:
        birch.post("/v1/jobs", json=tenants.spec | {"name": "a job of birch"}).raise_for_status()
    with looking(browser, tenants, tenants.admin) as view:
        page = view.go("/jobs")
        lines = page.locator(".job")
        expect(lines.filter(has_text="a job of birch")).to_have_count(1)
        page.get_by_role("link", name="of alder: only these").first.click()
        expect(page).to_have_url(re.compile(r"/jobs\?caller=alder$"))
        expect(lines.filter(has_text="a job of birch")).to_have_count(0)
        expect(lines.filter(has_text=CANARY).first).to_be_visible()

        page.get_by_label("Choose all shown").check()
        page.get_by_label("Scope").select_option("all")
        page.get_by_role("button", name="Cancel…").click()
        expect(page.get_by_role("dialog")).to_contain_text("Cancel every job of alder: ")
        page.get_by_role("button", name="Leave it").click()
        page.get_by_label("Filter by caller").fill("birch")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/jobs\?caller=birch$"))
        expect(lines.filter(has_text="a job of birch")).to_have_count(1)
        page.get_by_role("link", name="Remove the caller birch").click()
        expect(lines.filter(has_text=CANARY).first).to_be_visible()


def test_a_first_visitor_is_led_to_a_job(browser: Browser, tenants: Tenants) -> None:
    key = tenants.desk.gate.create("cedar", {Scope.READ, Scope.SUBMIT}, label="", expires_seconds=0).text
    with looking(browser, tenants, key) as view:
        page = view.go("/")
        page.get_by_role("link", name="Make the first one").click()
        page.get_by_role("button", name="Try an example").click()
        expect(page.get_by_label("Manifest as YAML")).to_have_value(re.compile("model: demo"))
        page.get_by_role("button", name="Submit 6 pictures").click()

        expect(page.get_by_role("heading", name="first look")).to_be_visible()
        expect(page.get_by_role("heading", name="The job is being planned")).to_be_visible()
