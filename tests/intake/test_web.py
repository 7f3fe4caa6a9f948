"""The guarded fetch: no address that is not allowed is ever connected to, and no server holds a worker for long."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from jobs.errors import ForbiddenUri, ImageNotFound, PentimentoError, TooLarge, Unreachable
from jobs.uris import WebUri, parse
from tests.intake import pages
from tests.intake.pages import Site
from worker.intake.web import Web, WebRules

LIMIT = 100_000
HERE = WebRules(private=True, connect_seconds=2, total_seconds=5)


@pytest.fixture
def site() -> Iterator[Site]:
    with pages.serving() as running:
        yield running


def _get(web: Web, url: str, limit: int = LIMIT) -> bytes:
    at = parse(url)
    assert isinstance(at, WebUri)
    return web.get(at, limit=limit)


TRICKS = [
    "http://localhost:{port}/",
    "http://127.0.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://0:{port}/",
    "http://[::]:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[64:ff9b::a9fe:a9fe]:{port}/",
    "http://[::7f00:1]:{port}/",
    "http://[fd00:ec2::254]:{port}/",
    "http://169.254.43518:{port}/",
    "http://169.254.169.254:{port}/",
    "http://100.100.100.200:{port}/",
    "http://168.63.129.16:{port}/",
    "http://224.0.0.1:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://example.com\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://127.0.0.1:{port}?@example.com/",
    "http://127.1:{port}/",
    "https://127.0.0.1:{port}/",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_spelling_of_this_machine_reaches_it(site: Site, trick: str) -> None:
    web = Web(WebRules(private=False, ports=(site.port,), connect_seconds=1, total_seconds=2))

    with pytest.raises(ForbiddenUri):
        _get(web, trick.format(port=site.port))

    assert site.connections == 0


@pytest.mark.parametrize("port", [22, 25, 6379, 7801])
def test_ports_that_are_not_listed_are_refused_before_the_name_is_asked_for(port: int) -> None:
    asked: list[str] = []

    def asking(host: str, _: int) -> list[str]:
        asked.append(host)
        return []

    web = Web(WebRules(), resolver=asking)

    with pytest.raises(ForbiddenUri, match=f"port {port}"):
        _get(web, f"http://example.org:{port}/")

    assert asked == []


def test_one_private_answer_among_public_ones_is_enough_to_refuse(site: Site) -> None:
    web = Web(WebRules(ports=(site.port,)), resolver=lambda _, __: ["8.8.8.8", "127.0.0.1"])

    with pytest.raises(ForbiddenUri, match="not public"):
        _get(web, f"http://pictures.example:{site.port}/a.png")

    assert site.connections == 0


def test_the_address_that_was_checked_is_the_one_connected_to(site: Site) -> None:
    site.pages["/a.png"] = pages.body(b"picture")
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    web = Web(HERE, resolver=lambda _, __: next(answers))

    found = _get(web, f"http://pictures.example:{site.port}/a.png")

    assert found == b"picture"
    assert site.seen == [("/a.png", f"pictures.example:{site.port}")]
    assert next(answers) == ["169.254.169.254"]


def test_a_second_address_is_tried_where_the_first_takes_no_connection(site: Site) -> None:
    site.pages["/a.png"] = pages.body(b"picture")
    web = Web(HERE, resolver=lambda _, __: ["127.0.0.2", "127.0.0.1"])

    assert _get(web, f"http://pictures.example:{site.port}/a.png") == b"picture"


def test_redirects_are_followed_three_times_and_not_four(site: Site) -> None:
    for step in range(4):
        site.pages[f"/{step}"] = pages.status(302, location=f"/{step + 1}")
    site.pages["/4"] = pages.body(b"picture")

    assert _get(Web(HERE), site.url("/1")) == b"picture"
    with pytest.raises(ForbiddenUri, match="more than 3 times"):
        _get(Web(HERE), site.url("/0"))


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "file:///etc/passwd",
        "s3://bucket/key",
        "http://user:password@127.0.0.1/",
        "//0/x",
        "http://exa\tmple.org/",
        "",
    ],
)
def test_a_redirect_leads_nowhere_that_could_not_be_asked_for(site: Site, target: str) -> None:
    site.pages["/go"] = pages.status(302, location=target)

    with pytest.raises(ForbiddenUri):
        _get(Web(HERE), site.url("/go"))


def test_a_public_host_cannot_redirect_to_this_machine(site: Site) -> None:
    """The first host passes the guard (it is called public here); its redirect meets the guard again."""
    with pages.serving() as canary:
        site.pages["/go"] = pages.status(302, location=f"http://127.0.0.1:{canary.port}/secret")
        rules = WebRules(private=True, ports=(), total_seconds=5)
        answers = {"public.example": ["127.0.0.1"], "127.0.0.1": ["169.254.1.1"]}
        web = Web(rules, resolver=lambda host, _: answers[host])

        with pytest.raises(ForbiddenUri, match="not public"):
            _get(web, f"http://public.example:{site.port}/go")

        assert canary.connections == 0
        assert site.connections == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (pages.status(404), ImageNotFound),
        (pages.status(410), ImageNotFound),
        (pages.body(b""), ImageNotFound),
        (pages.status(401), ForbiddenUri),
        (pages.status(403), ForbiddenUri),
        (pages.status(204), ForbiddenUri),
        (pages.status(206), ForbiddenUri),
        (pages.status(429), Unreachable),
        (pages.status(500), Unreachable),
        (pages.status(503), Unreachable),
        (pages.broken_off(b"half"), Unreachable),
        (pages.body(b"x", Content_Encoding="br"), ForbiddenUri),
        (pages.body(b"no gzip at all", Content_Encoding="gzip"), Unreachable),
        (pages.body(b"x" * (LIMIT + 1)), TooLarge),
        (pages.endless(b"x" * 65_536), TooLarge),
        (pages.zipped(b"x" * (LIMIT + 1)), TooLarge),
        (pages.zipped(bytes(100 << 20)), TooLarge),
    ],
)
def test_each_answer_has_its_own_error(site: Site, answer: pages.Answer, kind: type[PentimentoError]) -> None:
    site.pages["/a.png"] = answer

    with pytest.raises(kind) as caught:
        _get(Web(HERE), site.url("/a.png"))

    assert caught.value.remedy
    assert str(site.port) in str(caught.value)


def test_a_body_is_taken_up_to_the_bound_and_gzip_is_undone(site: Site) -> None:
    site.pages["/plain"] = pages.body(b"x" * LIMIT)
    site.pages["/zipped"] = pages.zipped(b"picture" * 1000)

    assert len(_get(Web(HERE), site.url("/plain"))) == LIMIT
    assert _get(Web(HERE), site.url("/zipped")) == b"picture" * 1000


def test_a_gzip_bomb_is_unpacked_no_further_than_the_bound(site: Site) -> None:
    site.pages["/bomb"] = pages.zipped(bytes(100 << 20))
    web = Web(HERE)

    tracemalloc.start()
    with pytest.raises(TooLarge):
        _get(web, site.url("/bomb"))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 4 << 20


@pytest.mark.parametrize("answer", [pages.silent, pages.dripping], ids=["says nothing", "drips its head"])
def test_a_slow_server_holds_a_fetch_no_longer_than_the_deadline(site: Site, answer: pages.Answer) -> None:
    site.pages["/slow"] = answer
    web = Web(WebRules(private=True, total_seconds=0.4))
    started = time.monotonic()

    with pytest.raises(Unreachable, match="in time"):
        _get(web, site.url("/slow"))

    assert time.monotonic() - started < 3


def test_a_host_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        with pytest.raises(Unreachable):
            _get(Web(HERE), f"http://127.0.0.1:{bound.getsockname()[1]}/a.png")

    def unknown(_: str, __: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unreachable, match="resolved"):
        _get(Web(HERE, resolver=unknown), "http://nowhere.example/a.png")


def test_proxies_in_the_environment_are_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/a.png"] = pages.body(b"picture")
    with pages.serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        assert _get(Web(HERE), site.url("/a.png")) == b"picture"

        assert proxy.connections == 0


def test_many_threads_fetch_at_once(site: Site) -> None:
    site.pages["/a.png"] = pages.body(b"picture")
    web, found = Web(HERE), []
    threads = [threading.Thread(target=lambda: found.append(_get(web, site.url("/a.png")))) for _ in range(12)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [b"picture"] * 12
