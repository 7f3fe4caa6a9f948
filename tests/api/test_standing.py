"""Streams end with the key or session that they were asked for with."""

import asyncio
import threading
from collections.abc import Callable

import httpx
import pytest

from api.access import Identity, Scope
from api.desk import Desk
from api.web import standing, watches
from api.web.standing import Standing
from jobs.errors import LedgerUnavailable
from tests.api.conftest import SPEC
from tests.api.test_callers import bearer, key_of

STUDIO = Identity("studio", frozenset(), key="k1")
OTHER = Identity("studio", frozenset(), key="k1", session="s1")


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream asks each time that it says something, and says something all the time."""
    monkeypatch.setattr(watches, "QUIET_SECONDS", 0.02)
    monkeypatch.setattr(standing, "RECHECK_SECONDS", 0.0)


def _ends(http: httpx.Client, job: str, headers: dict[str, str], end: Callable[[], object]) -> bool:
    """Whether a stream of the job ends once `end` was called."""
    over = threading.Event()
    begun = threading.Event()

    def watch() -> None:
        with http.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer:
            for _ in answer.iter_lines():
                begun.set()
        over.set()

    threading.Thread(target=watch, daemon=True).start()
    assert begun.wait(20)
    assert not over.wait(0.2)
    end()
    return over.wait(20)


def test_a_revoked_key_ends_the_streams_that_it_opened(http: httpx.Client, desk: Desk, prompt: None) -> None:
    admin, theirs = bearer(key_of(desk, "ops", Scope.ADMIN)), key_of(desk, "studio", Scope.SUBMIT, Scope.READ)
    job = http.post("/v1/jobs", json=SPEC, headers=bearer(theirs)).json()["id"]

    ended = _ends(
        http, job, bearer(theirs), lambda: http.delete(f"/v1/keys/{theirs.view.id}", headers=admin).raise_for_status()
    )

    assert ended
    assert http.get(f"/v1/jobs/{job}/events", headers=bearer(theirs)).status_code == 401


def test_a_session_that_is_left_ends_its_streams_and_no_others(http: httpx.Client, desk: Desk, prompt: None) -> None:
    theirs = key_of(desk, "studio", Scope.SUBMIT, Scope.READ)
    job = http.post("/v1/jobs", json=SPEC, headers=bearer(theirs)).json()["id"]
    token, _ = desk.gate.log_in(theirs.text)
    cookie = {"Cookie": f"pentimento_session={token}"}

    ended = _ends(http, job, cookie, lambda: desk.gate.log_out(token))
    with http.stream("GET", f"/v1/jobs/{job}/events", headers=bearer(theirs)) as other:
        lines = other.iter_lines()
        still = [next(lines) for _ in range(20)]

    assert ended
    assert len(still) == 20


def test_a_key_is_looked_up_once_in_a_while_however_many_streams_it_has() -> None:
    now, asked = [0.0], list[Identity]()

    def stands(who: Identity) -> bool:
        asked.append(who)
        return True

    one = Standing(stands, lambda: now[0])

    async def streams() -> list[bool]:
        first = [await one.good(STUDIO) for _ in range(100)] + [await one.good(OTHER)]
        now[0] = standing.RECHECK_SECONDS
        return [*first, await one.good(STUDIO)]

    assert all(asyncio.run(streams()))
    assert asked == [STUDIO, OTHER, STUDIO]


def test_while_the_ledger_is_away_streams_go_on_and_nobody_without_a_key_is_asked_about() -> None:
    def away(_: Identity) -> bool:
        raise LedgerUnavailable("away")

    nobody = Identity("default", frozenset())

    assert asyncio.run(Standing(away, lambda: 0.0).good(STUDIO))
    assert asyncio.run(Standing(lambda _: False, lambda: 0.0).good(nobody))
    assert not asyncio.run(Standing(lambda _: False, lambda: 0.0).good(STUDIO))
