"""Who may call: keys, sessions, scopes, quotas, and what an API without keys refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.access import Scope
from api.desk import Desk
from api.gate import NewKey
from api.web.__main__ import refuse_unguarded
from api.web.callers import COOKIE
from jobs.settings import Settings
from tests.api.conftest import PNG, SPEC, Hands, accepted, running

ADMIN_KEY = "a" * 32


def key_of(desk: Desk, caller: str, *scopes: Scope, seconds: float = 0) -> NewKey:
    """A key for `caller`, after one for an admin where there is none."""
    if Scope.ADMIN not in scopes and not desk.gate.keyring.has_any():
        desk.gate.create("ops", {Scope.ADMIN}, label="", expires_seconds=0)
    return desk.gate.create(caller, set(scopes), label="of a test", expires_seconds=seconds)


def bearer(key: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.text}"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


@contextmanager
def client_of(settings: Settings) -> Iterator[httpx.Client]:
    """A client of an API of its own."""
    with running(settings) as run, httpx.Client(base_url=run.url, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def limited(deployment: Settings, empty: None) -> Iterator[httpx.Client]:
    """A client of an API with a quota on everything."""
    quotas = {"quota_requests": 6, "quota_upload_bytes": 100, "quota_active_jobs": 2, "quota_queued_variants": 15}
    with client_of(deployment.model_copy(update=quotas)) as client:
        yield client


def test_without_any_key_everybody_here_is_the_default_caller(http: httpx.Client) -> None:
    me = http.get("/v1/me", headers={"Authorization": "Bearer whatever-a-client-sends"}).json()

    assert me == {
        "caller": "default",
        "scopes": ["admin", "read", "submit"],
        "key": "",
        "keys_required": False,
        "csrf": None,
        "limits": dict.fromkeys(("calls_per_minute", "upload_bytes_per_day", "active_jobs", "open_variants"), 0),
    }


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "127.0.0.1.evil.example", "", "[::1"])
def test_an_open_api_answers_under_names_of_this_machine_only(http: httpx.Client, host: str) -> None:
    answer = http.get("/v1/jobs", headers={"Host": host})

    assert answer.status_code in {400, 403}, answer.text


def test_the_first_key_must_be_an_admins(http: httpx.Client) -> None:
    answer = http.post("/v1/keys", json={"caller": "studio", "scopes": ["submit"]})

    assert problem(answer) == (409, "conflict")
    assert http.get("/v1/keys").json() == {"keys": []}


def test_a_key_is_made_shown_once_used_listed_and_revoked(http: httpx.Client, hands: Hands) -> None:
    made = http.post("/v1/keys", json={"caller": "ops", "scopes": ["admin"], "label": "first"}).json()
    shown = {"Authorization": f"Bearer {made['key']}"}
    without = http.get("/v1/jobs")
    other = http.post("/v1/keys", json={"caller": "studio", "scopes": ["read"]}, headers=shown).json()
    me = http.get("/v1/me", headers={"Authorization": f"Bearer {other['key']}"}).json()
    listed = http.get("/v1/keys", headers=shown)
    revoked = [http.delete(f"/v1/keys/{other['about']['id']}", headers=shown).json()["state"] for _ in range(2)]
    after = http.get("/v1/me", headers={"Authorization": f"Bearer {other['key']}"})

    assert problem(without) == (401, "unauthenticated")
    assert without.headers["WWW-Authenticate"] == "Bearer"
    assert (me["caller"], me["scopes"], me["key"]) == ("studio", ["read"], other["about"]["id"])
    assert [(one["caller"], one["state"], bool(one["used_at"])) for one in listed.json()["keys"]] == [
        ("studio", "active", True),
        ("ops", "active", True),
    ]
    assert revoked == ["revoked", "revoked"]
    assert problem(after) == (401, "unauthenticated")
    assert other["key"] not in listed.text
    kept = "".join(str(hands.desk.book.redis.hgetall(key)) for key in hands.desk.book.redis.keys("pm:key:*"))
    assert kept
    assert not [made for made in (made["key"], other["key"]) if made[-64:] in kept]


def test_an_open_api_stays_closed_once_its_last_key_is_revoked(http: httpx.Client, desk: Desk) -> None:
    key = key_of(desk, "ops", Scope.ADMIN)
    http.delete(f"/v1/keys/{key.view.id}", headers=bearer(key)).raise_for_status()

    assert problem(http.get("/v1/jobs")) == (401, "unauthenticated")


def test_an_expired_key_opens_nothing(http: httpx.Client, desk: Desk) -> None:
    key = key_of(desk, "studio", Scope.READ, seconds=1e-9)

    answer = http.get("/v1/jobs", headers=bearer(key))

    assert problem(answer) == (401, "unauthenticated")
    assert "expired" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [({Scope.READ}, "read"), ({Scope.SUBMIT}, "submit"), ({Scope.ADMIN}, "read submit admin")],
    ids=["read", "submit", "admin"],
)
def test_a_key_is_good_for_its_scopes_only(http: httpx.Client, desk: Desk, scopes: set[Scope], allowed: str) -> None:
    key = bearer(key_of(desk, "studio", *scopes))

    statuses = {
        "read": http.get("/v1/jobs", headers=key).status_code,
        "submit": http.post("/v1/jobs", json=SPEC, headers=key).status_code,
        "admin": http.get("/v1/doctor", headers=key).status_code,
    }

    assert {name for name, status in statuses.items() if status < 300} == set(allowed.split())
    assert {status for status in statuses.values() if status >= 300} <= {403}


def test_an_admin_acts_for_the_owner_of_a_job(http: httpx.Client, desk: Desk) -> None:
    theirs, admin = key_of(desk, "studio", Scope.SUBMIT, Scope.READ), key_of(desk, "ops", Scope.ADMIN)
    job = http.post("/v1/jobs", json=SPEC, headers=bearer(theirs)).json()["id"]

    paused = http.post(f"/v1/jobs/{job}/cancel", headers=bearer(admin))

    assert paused.json()["state"] == "cancelled"
    assert http.get(f"/v1/jobs/{job}", headers=bearer(theirs)).json()["state"] == "cancelled"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_session_stands_for_its_key_until_either_ends(http: httpx.Client, desk: Desk, as_json: bool) -> None:
    key = key_of(desk, "studio", Scope.SUBMIT, Scope.READ)
    sent: dict[str, Any] = {"json": {"key": key.text}} if as_json else {"data": {"key": key.text}}
    with httpx.Client(base_url=http.base_url, trust_env=False) as page:
        entered = page.post("/login?next=/v1/me", **sent)
        me = page.get("/v1/me").json()
        bare = page.post("/v1/jobs", json=SPEC)
        shown = {"X-CSRF-Token": me["csrf"]}
        made = page.post("/v1/jobs", json=SPEC, headers=shown)
        foreign = page.post("/v1/jobs", json=SPEC, headers=shown | {"Sec-Fetch-Site": "same-site"})
        token = page.cookies[COOKIE]
        left = page.post("/logout", headers=shown)
        again = page.get("/v1/me", headers={"Cookie": f"{COOKIE}={token}"})
        page.post("/login", **sent)
        desk.gate.keyring.revoke(key.view.id, 1.0)
        revoked = page.get("/v1/me")

    cookie = entered.headers["Set-Cookie"]
    assert (entered.status_code, entered.headers["Location"]) == (303, "/v1/me")
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert me["caller"] == "studio"
    assert problem(bare) == (403, "forbidden")
    assert made.status_code == 201
    assert foreign.status_code == 403
    assert left.status_code == 204
    assert problem(again) == problem(revoked) == (401, "unauthenticated")


def test_a_wrong_key_logs_nobody_in_and_is_not_shown(http: httpx.Client, desk: Desk) -> None:
    key_of(desk, "studio", Scope.READ)

    answers = [http.post("/login", content=body) for body in (b"key=<script>", b"", b"{", b'{"key": 3}', b"\xff")]

    assert {answer.status_code for answer in answers} == {401}
    assert not [answer for answer in answers if "<script>" in answer.text or "Set-Cookie" in answer.headers]
    assert http.get("/login").headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("there", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb: c"])
def test_a_login_leads_nowhere_else(http: httpx.Client, desk: Desk, there: str) -> None:
    key = key_of(desk, "studio", Scope.READ)

    answer = http.post("/login", params={"next": there}, data={"key": key.text})

    assert answer.headers["Location"] == "/"


def test_the_key_of_the_settings_is_an_admins(deployment: Settings, empty: None) -> None:
    with client_of(deployment.model_copy(update={"admin_key": SecretStr(ADMIN_KEY)})) as page:
        without = page.get("/v1/jobs")
        found = page.get("/v1/me", headers={"Authorization": f"Bearer {ADMIN_KEY}"}).json()
        page.post("/login", data={"key": ADMIN_KEY})
        in_session = page.get("/v1/me").json()

    assert problem(without) == (401, "unauthenticated")
    assert found["scopes"] == in_session["scopes"] == ["admin", "read", "submit"]
    assert in_session["csrf"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "farm.example"])  # noqa: S104 - nothing is bound
def test_an_api_without_keys_is_not_served_beyond_this_machine(settings: Settings, desk: Desk, host: str) -> None:
    beyond = settings.model_copy(update={"host": host})

    with pytest.raises(SystemExit, match=r"host: .*keys create --direct --scope admin.*PENTIMENTO_ADMIN_KEY"):
        refuse_unguarded(beyond)
    refuse_unguarded(beyond.model_copy(update={"admin_key": SecretStr(ADMIN_KEY)}))
    refuse_unguarded(beyond.model_copy(update={"auth": "keys"}))
    refuse_unguarded(settings)
    key_of(desk, "ops", Scope.ADMIN)
    refuse_unguarded(beyond)


def test_a_quota_says_its_limit_and_when_to_come_back(limited: httpx.Client) -> None:
    first = limited.post("/v1/uploads", content=PNG)
    uploads = limited.post("/v1/uploads", content=PNG + bytes(80))
    calls = [limited.get("/v1/me") for _ in range(5)]

    assert first.status_code == 201
    for answer, limit in ((uploads, "100 bytes a day"), (calls[-1], "6 calls a minute")):
        assert problem(answer) == (429, "quota")
        assert limit in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Retry-After"] in answer.json()["remedy"]


def test_the_doctor_answers_here_while_redis_is_away(deployment: Settings) -> None:
    away = deployment.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    with running(away) as run:
        answers = [httpx.get(f"{run.url}{path}", trust_env=False) for path in ("/v1/doctor", "/v1/jobs")]

    assert answers[0].json()["well"] is False
    assert problem(answers[1]) == (503, "ledger_unavailable")


def test_an_admin_sees_everybodys_jobs_and_others_their_own(http: httpx.Client, desk: Desk) -> None:
    here = accepted(http)  # of `default`, before there was a key
    theirs, admin = key_of(desk, "studio", Scope.SUBMIT, Scope.READ), key_of(desk, "ops", Scope.ADMIN)
    job = http.post("/v1/jobs", json=SPEC, headers=bearer(theirs)).json()["id"]

    listed = {
        name: [one["id"] for one in http.get("/v1/jobs", headers=bearer(key)).json()["jobs"]]
        for name, key in (("studio", theirs), ("ops", admin))
    }

    assert listed == {"studio": [job], "ops": [job, here]}


def test_jobs_and_variants_have_quotas_that_are_given_back(limited: httpx.Client, hands: Hands) -> None:
    first = accepted(limited)  # 10 variants each
    second = limited.post("/v1/jobs", json=SPEC)
    small = accepted(limited, samples=1)
    third = limited.post("/v1/jobs", json=SPEC | {"samples": 1})
    hands.desk.control.cancel(first, caller="default")
    again = limited.post("/v1/jobs", json=SPEC)

    assert small
    for answer, limit in ((second, "15 variants without an outcome"), (third, "2 jobs that are not over")):
        assert problem(answer) == (429, "quota")
        assert limit in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) == 30
    assert again.status_code == 201
