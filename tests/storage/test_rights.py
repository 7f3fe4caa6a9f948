"""Allow-lists by caller: hosts, webhooks, buckets with prefixes and folders, asked at the door and at each fetch."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.errors import ForbiddenUri, InvalidSpec
from jobs.settings import Settings
from jobs.storage import open_storage
from jobs.storage.rights import MAY, Rights
from jobs.uris import WebUri, parse, parse_s3
from tests.intake import pages
from worker.intake.fetch import Fetcher

GRANTS = """
[default]
hosts = ["*.example.org"]

[callers.ann]
hosts = ["cdn.example", "*.pictures.example", "odd.example:8443", "127.0.0.1"]
webhooks = ["hooks.example"]
buckets = ["catalogue/shoes/", "archive"]

[callers.nobody]
hosts = []
webhooks = []
buckets = []
"""

Make = Callable[..., Rights]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(text: str = GRANTS, **settings: object) -> Rights:
        path = tmp_path / "grants.toml"
        path.write_text(text)
        return Rights(Settings.model_validate({"grants_file": path, "output_uri": "s3://out", **settings}))

    return made


@pytest.mark.parametrize(
    ("caller", "uri", "may"),
    [
        ("bob", "https://a.example.org/x.png", True),
        ("bob", "https://a.b.example.org/x.png", True),
        ("bob", "https://example.org/x.png", False),
        ("bob", "https://notexample.org/x.png", False),
        ("bob", "https://cdn.example/x.png", False),
        ("ann", "https://CDN.example/x.png", True),
        ("ann", "https://cdn.example./x.png", True),
        ("ann", "https://cdn.example.evil/x.png", False),
        ("ann", "https://a.example.org/x.png", False),
        ("ann", "https://odd.example:8443/x.png", True),
        ("ann", "https://odd.example/x.png", False),
        ("ann", "s3://catalogue/shoes/a.png", True),
        ("ann", "s3://catalogue/shoes-secret/a.png", False),
        ("ann", "s3://catalogue/hats/a.png", False),
        ("ann", "s3://archive/any/a.png", True),
        ("ann", "s3://archives/a.png", False),
        ("ann", "s3://out/ann/job/a.png", True),
        ("ann", "s3://out/bob/job/a.png", False),
        ("bob", "s3://listed/a.png", True),
        ("bob", "s3://half/open/a.png", True),
        ("bob", "s3://half/shut/a.png", False),
        ("bob", "s3://catalogue/shoes/a.png", False),
        ("nobody", "https://a.example.org/x.png", False),
        ("nobody", "s3://listed/a.png", False),
    ],
)
def test_each_caller_has_a_list_of_their_own(make: Make, caller: str, uri: str, may: bool) -> None:
    rights = make(input_buckets="listed, half/open/")

    assert (rights.why_never_read(parse(uri), caller=caller) == MAY) is may


def test_a_folder_is_listed_only_where_all_of_it_may_be_read(make: Make) -> None:
    rights = make()

    def may(uri: str) -> bool:
        return rights.why_never_read(parse_s3(uri, folder=True), caller="ann") == MAY

    assert may("s3://catalogue/shoes/")
    assert may("s3://catalogue/shoes/red/")
    assert not may("s3://catalogue/shoes")
    assert not may("s3://catalogue/")
    assert not may("s3://catalogue")


def test_webhooks_have_a_list_of_their_own(make: Make) -> None:
    rights = make()

    def may(caller: str, uri: str) -> bool:
        at = parse(uri)
        assert isinstance(at, WebUri)
        return rights.why_never_told(at, caller=caller) == MAY

    assert may("ann", "https://hooks.example/x")
    assert not may("ann", "https://cdn.example/x")
    assert may("bob", "https://anywhere.example/x")
    assert not may("nobody", "https://hooks.example/x")


def test_a_granted_name_makes_no_address_public(make: Make) -> None:
    rights = make()

    why, _ = rights.why_never_read(parse("http://127.0.0.1/x.png"), caller="ann")

    assert "not public" in why


def test_a_grant_narrows_the_folders_and_never_widens_them(make: Make, tmp_path: Path) -> None:
    for name in ("ann", "bob", "elsewhere"):
        (tmp_path / "in" / name).mkdir(parents=True)
    grants = f'[callers.ann]\nroots = ["{tmp_path}/in/ann", "/etc"]\n'
    rights = make(grants, input_roots=str(tmp_path / "in"))

    def may(caller: str, path: str) -> bool:
        return rights.why_never_read(parse(f"file://{path}"), caller=caller) == MAY

    assert may("ann", f"{tmp_path}/in/ann/a.png")
    assert not may("ann", f"{tmp_path}/in/bob/a.png")
    assert not may("ann", "/etc/passwd")
    assert may("bob", f"{tmp_path}/in/ann/a.png")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[callers.ann]\nhost = ['x']", "callers.ann.host"),
        ("[callers.ann]\nhosts = ['https://x/']", "no host"),
        ("[callers.ann]\nhosts = ['a*.x']", "no host"),
        ("[callers.ann]\nbuckets = ['bucket/prefix']", "no bucket"),
        ("[caller.ann]\nhosts = ['x']", "unknown key"),
        ("[callers.ann", "not TOML"),
        ("callers = 3", "callers"),
    ],
)
def test_a_grants_file_that_says_something_else_stops_the_start(make: Make, text: str, told: str) -> None:
    with pytest.raises(InvalidSpec, match=told):
        make(text)


@pytest.fixture
def site() -> Iterator[pages.Site]:
    with pages.serving() as running:
        yield running


def test_a_redirect_leads_only_to_hosts_that_the_caller_is_granted(tmp_path: Path, site: pages.Site) -> None:
    grants = tmp_path / "grants.toml"
    grants.write_text('[default]\nhosts = ["127.0.0.1"]\n')
    settings = Settings(grants_file=grants, fetch_private=True, output_uri=f"file://{tmp_path}/out")
    fetcher = Fetcher(open_storage(settings), settings, sleep=lambda _: None)
    site.pages["/go"] = pages.status(302, location=f"http://localhost:{site.port}/a.png")
    site.pages["/a.png"] = pages.body(b"picture")

    assert fetcher.fetch(site.url("/a.png"), caller="ann") == b"picture"
    with pytest.raises(ForbiddenUri, match="the host 'localhost'"):
        fetcher.fetch(site.url("/go"), caller="ann")

    assert [path for path, _ in site.seen] == ["/a.png", "/go"]
