"""Quotas: each says its limit, how much is used and when to come back; a caller's own go before the deployment's."""

from collections.abc import Iterator

import httpx
import pytest

from api.access import Scope
from api.desk import Desk
from jobs.settings import Settings
from tests.api.conftest import PNG, SPEC, Hands
from tests.api.test_callers import bearer, client_of, key_of, problem

ALL = {"quota_requests": 50, "quota_upload_bytes": 1000, "quota_active_jobs": 5, "quota_queued_variants": 100}
OF_ALL = {"calls_per_minute": 50, "upload_bytes_per_day": 1000, "active_jobs": 5, "open_variants": 100}


@pytest.fixture
def limited(deployment: Settings, empty: None) -> Iterator[httpx.Client]:
    """A client of an API with a quota on everything."""
    with client_of(deployment.model_copy(update=ALL)) as client:
        yield client


def over(answer: httpx.Response) -> tuple[int, str, int, int]:
    """Status, code, limit and what is used; the sentences must say the same, and when to come back."""
    body = answer.json()
    assert str(body["limit"]) in body["detail"]
    assert str(body["used"]) in body["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Retry-After"] in body["remedy"]
    return (*problem(answer), body["limit"], body["used"])


def test_each_of_the_four_quotas_is_a_callers_own_where_one_is_said(limited: httpx.Client, desk: Desk) -> None:
    admin, studio = bearer(key_of(desk, "ops", Scope.ADMIN)), bearer(key_of(desk, "studio", Scope.SUBMIT, Scope.READ))
    own = {"upload_bytes_per_day": len(PNG) + 10, "active_jobs": 1, "open_variants": 15}
    said = limited.patch("/v1/limits/studio", json=own, headers=admin).json()

    answers = [
        limited.post("/v1/uploads", content=PNG, headers=studio),
        limited.post("/v1/uploads", content=PNG, headers=studio),
        limited.post("/v1/jobs", json=SPEC | {"samples": 8}, headers=studio),
        limited.post("/v1/jobs", json=SPEC, headers=studio),
        limited.post("/v1/jobs", json=SPEC, headers=studio),
    ]
    limited.patch("/v1/limits/studio", json={"calls_per_minute": 1}, headers=admin)
    calls = [limited.get("/v1/jobs", headers=studio) for _ in range(2)]

    assert said["own"] == own | {"calls_per_minute": None}
    assert said["holds"] == OF_ALL | own
    assert [answer.status_code for answer in answers] == [201, 429, 429, 201, 429]
    assert over(answers[1]) == (429, "quota", len(PNG) + 10, len(PNG))
    assert over(answers[2]) == (429, "quota", 15, 0)
    assert over(answers[4]) == (429, "quota", 1, 1)
    assert over(calls[1]) == (429, "quota", 1, 1)


def test_one_callers_limits_are_no_one_elses_and_a_caller_sees_its_own(limited: httpx.Client, desk: Desk) -> None:
    admin = bearer(key_of(desk, "ops", Scope.ADMIN))
    order = {"caller": "tight", "scopes": ["submit", "read"], "active_jobs": 1}
    tight = {"Authorization": f"Bearer {limited.post('/v1/keys', json=order, headers=admin).json()['key']}"}
    other = bearer(key_of(desk, "other", Scope.SUBMIT, Scope.READ))

    made = [limited.post("/v1/jobs", json=SPEC, headers=who).status_code for who in (tight, tight, other, other)]
    me = [limited.get("/v1/me", headers=who).json()["limits"] for who in (tight, other)]
    keys = limited.get("/v1/keys", headers=admin).json()["keys"]
    listed = {one["caller"]: one["limits"]["active_jobs"] for one in keys}

    assert made == [201, 429, 201, 201]
    assert me == [OF_ALL | {"active_jobs": 1}, OF_ALL]
    assert listed == {"ops": None, "tight": 1, "other": None}


def test_a_limit_may_be_lifted_and_taken_back(limited: httpx.Client, desk: Desk) -> None:
    admin = bearer(key_of(desk, "ops", Scope.ADMIN))

    lifted = limited.patch("/v1/limits/guild", json={"open_variants": 0, "active_jobs": 7}, headers=admin).json()
    back = limited.patch("/v1/limits/guild", json={"open_variants": None}, headers=admin).json()
    looked = limited.get("/v1/limits/guild", headers=admin).json()

    assert lifted["holds"] == OF_ALL | {"open_variants": 0, "active_jobs": 7}
    assert back["holds"] == OF_ALL | {"active_jobs": 7}
    assert looked == back


@pytest.mark.parametrize(
    ("caller", "body", "code"),
    [
        ("studio", {"active_jobs": -1}, "invalid_spec"),
        ("studio", {"active_jobs": 1 << 60}, "invalid_spec"),
        ("studio", {"active_jobs": "many"}, "invalid_spec"),
        ("studio", {"scopes": ["admin"]}, "invalid_spec"),
        ("Studio", {"active_jobs": 1}, "not_found"),
        ("all", {"active_jobs": 1}, "not_found"),
    ],
)
def test_limits_that_are_none_are_refused(http: httpx.Client, caller: str, body: dict[str, object], code: str) -> None:
    assert problem(http.patch(f"/v1/limits/{caller}", json=body))[1] == code


def test_a_callers_own_limits_are_not_its_own_to_change(limited: httpx.Client, desk: Desk) -> None:
    studio = bearer(key_of(desk, "studio", Scope.SUBMIT, Scope.READ))

    answers = [
        limited.patch("/v1/limits/studio", json={}, headers=studio),
        limited.get("/v1/limits/studio", headers=studio),
    ]

    assert [problem(answer) for answer in answers] == [(403, "forbidden")] * 2


def test_images_that_are_listed_later_count_for_the_quota_too(limited: httpx.Client, hands: Hands) -> None:
    folder = f"{hands.desk.settings.output_uri}/default/in/"
    small = limited.post("/v1/jobs", json=SPEC).json()["id"]
    listed = limited.post("/v1/jobs", json=SPEC | {"images": [folder]})
    assert listed.status_code == 201, listed.text
    job = listed.json()["id"]

    state = hands.leasing.ready(job, count=91, total=91, span=10, manifest_uri="s3://somewhere/manifest.json")
    failed = limited.get(f"/v1/jobs/{job}").json()

    assert (state, failed["state"]) == ("failed", "failed")
    assert "91 variants" in failed["reason"]
    assert "may have 100 without an outcome, and has 10 of other jobs" in failed["reason"]
    assert limited.get(f"/v1/jobs/{small}").json()["state"] == "planning"


def test_too_many_wrong_keys_from_one_address_have_to_wait(http: httpx.Client, desk: Desk) -> None:
    key = key_of(desk, "studio", Scope.READ)
    good = [http.post("/login", data={"key": key.text}) for _ in range(3)]
    wrong = [http.post("/login", data={"key": "wrong"}) for _ in range(11)]
    late = http.post("/login", data={"key": key.text})

    assert {answer.status_code for answer in good} == {303}
    assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in late.headers
    assert late.headers["Content-Security-Policy"].startswith("default-src 'none'")
