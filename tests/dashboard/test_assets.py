"""What is served: small enough, under a strict policy."""

import re
from pathlib import Path

import httpx
import pytest

from api.dashboard import assets
from jobs.settings import Settings

ROOT = Path(__file__).parents[2]
MOST_BYTES = 100_000
PATHS = ["/", "/jobs", "/jobs/01k8q4zj6m0v3n7x2b5c9d1f8g", "/jobs/01k8q4zj6m0v3n7x2b5c9d1f8g/17", "/submit", "/workers"]


def test_all_scripts_and_styles_weigh_at_most_a_hundred_kilobytes() -> None:
    sizes = {name: len(asset.gzipped) for name, asset in assets().items() if name.endswith((".js", ".css"))}

    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_the_document_preloads_exactly_the_modules_that_there_are() -> None:
    document = assets()["index.html"].plain.decode()

    preloaded = re.findall(r'rel="modulepreload" href="/ui/([^"]+)"', document)

    assert sorted(preloaded) == sorted(name for name in assets() if name.endswith(".js"))


def test_modules_import_only_files_that_are_served() -> None:
    known = assets()
    for name, asset in ((name, asset) for name, asset in known.items() if name.endswith(".js")):
        folder = name.rpartition("/")[0]
        for wanted in re.findall(r'(?:^|[;}\n])(?:import|export)[^"\n;]*?from ?"([^"]+)"', asset.plain.decode()):
            assert wanted.startswith("./"), (name, wanted)
            assert "/".join(filter(None, [folder, wanted[2:]])) in known, (name, wanted)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_the_same_document_under_a_policy_without_inline_scripts(http: httpx.Client, path: str) -> None:
    answer = http.get(path)

    policy = answer.headers["content-security-policy"]
    assert (answer.status_code, answer.content) == (200, assets()["index.html"].plain)
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_browser_where_no_page_is_gets_the_frame_that_says_so_and_a_script_a_problem(http: httpx.Client) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    seen, told = http.get("/jobz", headers=browser), http.get("/jobz")
    routes = [http.get(path, headers=browser) for path in ("/v1/jobz", "/ui/nothing.js")]

    assert (seen.status_code, seen.content) == (404, assets()["index.html"].plain)
    assert "script-src 'self';" in seen.headers["content-security-policy"]
    assert [told.status_code, *(answer.status_code for answer in routes)] == [404] * 3
    assert {answer.headers["content-type"] for answer in (told, *routes)} == {"application/problem+json"}


def test_pictures_may_come_from_the_storage_that_presigned_links_lead_to(
    http: httpx.Client, deployment: Settings
) -> None:
    policy = http.get("/").headers["content-security-policy"]

    assert f" {deployment.s3_endpoint};" in policy


def test_a_file_is_sent_compressed_once_and_not_again_while_it_is_the_same(http: httpx.Client) -> None:
    first = http.get("/ui/app.js")
    again = http.get("/ui/app.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["content-encoding"] == "gzip"
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/ui/app.js", headers={"Accept-Encoding": "identity"}).content == assets()["app.js"].plain


@pytest.mark.parametrize("path", ["/ui/none.js", "/ui/../desk.py", "/ui/__init__.py", "/ui/%2e%2e/desk.py"])
def test_nothing_but_the_dashboards_own_files_is_served(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_every_vendored_file_says_where_it_is_from_and_notice_has_its_licence() -> None:
    notice = (ROOT / "NOTICE").read_text()

    for path in (ROOT / "api" / "dashboard" / "vendor").iterdir():
        package = re.search(r"^(?://|/\*) (@?[\w/-]+)@[\d.]+, from npm", path.read_text())
        assert package, path
        assert package[1].split("/")[0].removeprefix("@") in notice.lower(), package[1]
