"""Two tenants never meet: a walk over every route, stream and page that there is, found by introspection.

A route that is added later is walked as well. It fails here until it says who may call it (`Caller`, `Whose`,
`Operator`, or a line in `PUBLIC`), and answers for another's job as for one that nobody has.
"""

from typing import Any

import pytest

from jobs.ids import new_job_id
from tests.tenants.conftest import CANARY, Tenants
from tests.tenants.walk import Call, calls_of, sent

NOBODYS = new_job_id(1_700_000_000_000, bytes(10))


def test_every_route_says_who_may_call_it(tenants: Tenants) -> None:
    silent = [str(call) for call in calls_of(tenants) if not call.asks and not call.public]
    both = [str(call) for call in calls_of(tenants) if call.asks and call.public and call.path != "/logout"]

    assert not silent, "declare Caller, Whose or Operator, or name the path in PUBLIC of api/web/callers.py"
    assert not both


def test_public_pages_are_the_same_for_every_id(tenants: Tenants) -> None:
    about_jobs = [call for call in calls_of(tenants) if "{job}" in call.path and call.public]
    with tenants.http("") as nobody:
        pages = {
            str(call): {sent(nobody, call, call.url(job=job)) for job in (tenants.job, NOBODYS)} for call in about_jobs
        }

    assert not {call: found for call, found in pages.items() if len(found) > 1}


def test_without_a_key_every_route_answers_the_same(tenants: Tenants) -> None:
    with tenants.http("") as nobody:
        answers = {
            str(call): sent(nobody, call, call.url(job=job))[:2]
            for job in (tenants.job, NOBODYS)
            for call in calls_of(tenants)
            if call.asks
        }

    assert not {call: answer for call, answer in answers.items() if answer[0] != 401}
    assert len({body for _, body in answers.values()}) == 1


def test_a_key_that_may_only_read_changes_nothing(tenants: Tenants) -> None:
    with tenants.http(tenants.reader) as reader:
        answers = {
            str(call): sent(reader, call, call.url(job=tenants.job))[0]
            for call in calls_of(tenants)
            if call.asks and (call.for_operators or call.method != "GET") and call.path != "/logout"
        }

    assert not {call: status for call, status in answers.items() if status != 403}


def test_anothers_job_is_answered_as_one_that_nobody_has(tenants: Tenants) -> None:
    about_jobs = [call for call in calls_of(tenants) if "{job}" in call.path and call.asks and not call.for_operators]
    before = tenants.desk.book.describe(tenants.job)
    with tenants.http(tenants.birch) as birch:
        theirs = {str(call): sent(birch, call, call.url(job=tenants.job)) for call in about_jobs}
        nobodys = {str(call): sent(birch, call, call.url(job=NOBODYS)) for call in about_jobs}

    assert len(about_jobs) > 10
    assert not {call: answer for call, answer in theirs.items() if answer[0] != 404}
    assert {call: (answer[0], answer[1].replace(tenants.job, NOBODYS)) for call, answer in theirs.items()} == {
        call: answer[:2] for call, answer in nobodys.items()
    }
    assert tenants.desk.book.describe(tenants.job) == before


def test_the_owner_and_an_admin_find_what_the_other_does_not(tenants: Tenants) -> None:
    about_jobs = [call for call in calls_of(tenants) if "{job}" in call.path and call.asks and call.method == "GET"]
    with tenants.http(tenants.birch) as birch:
        hidden = {str(call): sent(birch, call, call.url(job=tenants.job))[:2] for call in about_jobs}
    for key in (tenants.alder, tenants.admin):
        with tenants.http(key) as http:
            seen = {str(call): sent(http, call, call.url(job=tenants.job))[:2] for call in about_jobs}

        assert not [call for call, answer in seen.items() if answer == hidden[call] or answer[0] in {401, 403}]
        assert sum(answer[0] < 400 for answer in seen.values()) >= 6


def test_no_list_page_or_stream_shows_what_another_has(tenants: Tenants) -> None:
    secrets = (CANARY, tenants.job, "alder", tenants.upload.removeprefix("upload://"))
    with tenants.http(tenants.birch) as birch:
        shown = {
            str(call): sent(birch, call, call.url(job=NOBODYS)) for call in calls_of(tenants) if call.method == "GET"
        }
    with tenants.http(tenants.alder) as alder:
        own = sent(alder, Call("GET", "/v1/jobs", ()), "/v1/jobs")[1]

    assert tenants.job in own
    assert CANARY in own
    assert not [(call, secret) for call, answer in shown.items() for secret in secrets if secret in str(answer)]
    assert not {call: answer for call, answer in shown.items() if answer[0] >= 500}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"images": ["{upload}"]}, "invalid_spec"),
        ({"images": ["{picture}"]}, "invalid_spec"),
        ({"images": ["{folder}*.png"]}, "invalid_spec"),
        ({"mask": "{upload}"}, "invalid_spec"),
        ({"extends": "{job}"}, "invalid_spec"),
    ],
    ids=["an upload", "a picture", "a folder", "a mask", "a job to extend"],
)
def test_a_spec_can_not_name_what_another_has(tenants: Tenants, change: dict[str, Any], code: str) -> None:
    folder = tenants.desk.book.describe(tenants.job).results_uri
    picture = next(one.uri for one in tenants.desk.storage.list(f"{folder}pictures/"))
    known = {"upload": tenants.upload, "folder": folder, "picture": picture, "job": tenants.job}
    said = {
        key: [text.format(**known) for text in value] if isinstance(value, list) else value.format(**known)
        for key, value in change.items()
    }
    with tenants.http(tenants.birch) as birch:
        answer = birch.post("/v1/jobs", json=tenants.spec | said)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert not [job for job in tenants.desk.book.jobs(caller="birch") if job.name == CANARY]


def test_the_same_idempotency_key_of_two_tenants_makes_two_jobs(tenants: Tenants) -> None:
    with tenants.http(tenants.birch) as birch:
        made = birch.post("/v1/jobs", json=tenants.spec | {"name": "birches"}, headers={"Idempotency-Key": "same"})

    assert made.status_code == 201, "with another body, the same key would be a conflict for the same tenant"
    assert made.json()["id"] != tenants.job


def test_results_of_two_tenants_lie_in_folders_of_their_own(tenants: Tenants) -> None:
    spec = tenants.spec | {
        "name": "shared",
        "prompt": "a boot",
        "output": {"uri": f"{tenants.desk.settings.output_uri}/shared"},
    }
    with tenants.http(tenants.birch) as birch, tenants.http(tenants.alder) as alder:
        places = [http.post("/v1/jobs", json=spec).json()["results_uri"] for http in (alder, birch)]

    assert ["/alder/" in place for place in places] == [True, False]
    assert ["/birch/" in place for place in places] == [False, True]


def test_many_jobs_at_once_are_the_callers_own(tenants: Tenants) -> None:
    before = tenants.desk.book.describe(tenants.job)
    with tenants.http(tenants.birch) as birch:
        named = {"action": "cancel", "ids": [tenants.job], "dry_run": False}
        matched = {"action": "cancel", "where": {"text": CANARY}, "dry_run": False}
        answers = [birch.post("/v1/jobs/bulk", json=order) for order in (named, matched)]

    assert [answer.json().get("done", 0) for answer in answers] == [0, 0]
    assert [answer.json().get("jobs", []) for answer in answers] == [[], []]
    assert tenants.desk.book.describe(tenants.job) == before


def test_a_session_changes_nothing_anywhere_without_its_token(tenants: Tenants) -> None:
    changes = [call for call in calls_of(tenants) if call.asks and call.method not in {"GET", "HEAD"}]
    before = tenants.desk.book.describe(tenants.job)
    with tenants.http("") as page:
        assert page.post("/login", data={"key": tenants.admin}).status_code == 303
        answers = {
            (str(call), token): page.request(
                call.method,
                call.url(job=tenants.job),
                params=call.query,
                json={},
                headers={} if token is None else {"X-CSRF-Token": token},
            )
            for call in changes
            for token in (None, "", "0" * 64)
        }
        still = page.get("/v1/me").json()

    assert len(changes) > 15
    assert {answer.status_code for answer in answers.values()} == {403}, "declare Who, or what asks it"
    assert {answer.json()["code"] for answer in answers.values()} == {"forbidden"}
    assert tenants.desk.book.describe(tenants.job) == before
    assert still["csrf"]


def test_no_route_changes_anything_by_get(tenants: Tenants) -> None:
    before = tenants.desk.book.describe(tenants.job)
    keys = tenants.desk.gate.keyring.all()
    with tenants.http(tenants.admin) as admin:
        for call in calls_of(tenants):
            if call.method == "GET":
                sent(admin, call, call.url(job=tenants.job))

    assert tenants.desk.book.describe(tenants.job) == before
    assert [(key.id, key.revoked_at) for key in tenants.desk.gate.keyring.all()] == [
        (key.id, key.revoked_at) for key in keys
    ]


def test_an_admin_lists_and_acts_on_one_callers_jobs(tenants: Tenants) -> None:
    with tenants.http(tenants.birch) as birch:
        made = birch.post("/v1/jobs", json=tenants.spec | {"name": "birch's"}).json()["id"]
    order = {"action": "cancel", "where": {"caller": "alder", "text": CANARY}}
    with tenants.http(tenants.admin) as admin:
        shown = {one: admin.get("/v1/jobs", params={"caller": one}).json() for one in ("", "alder", "birch", "nobody")}
        touched = admin.post("/v1/jobs/bulk", json=order).json()

    found = {name: {job["id"] for job in page["jobs"]} for name, page in shown.items()}
    assert tenants.job in found["alder"]
    assert made in found["birch"]
    assert not found["alder"] & found["birch"]
    assert found["alder"] | found["birch"] <= found[""]
    assert found["nobody"] == set()
    assert sum(shown["alder"]["counts"].values()) == len(found["alder"])
    assert touched["scope"] == f"Cancel every job of alder named like “{CANARY}”"
    assert touched["matched"] >= 1


@pytest.mark.parametrize(
    ("name", "status"), [("birch", 200), ("alder", 403), ("nobody", 403), ("all", 422), ("A", 422)]
)
def test_a_tenant_asks_for_no_other_callers_jobs(tenants: Tenants, name: str, status: int) -> None:
    order = {"action": "cancel", "where": {"caller": name}}
    with tenants.http(tenants.birch) as birch:
        listed = birch.get("/v1/jobs", params={"caller": name})
        touched = birch.post("/v1/jobs/bulk", json=order)

    assert (listed.status_code, touched.status_code) == (status, status), (listed.text, touched.text)
    assert tenants.job not in listed.text + touched.text
