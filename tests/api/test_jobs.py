"""Submitting, looking and listing."""

import json

import httpx
import pytest

from api.desk import Desk
from api.web.examples import SPEC_EXAMPLES
from jobs.ids import new_job_id
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.sweep import Sweep
from tests.api.conftest import SPEC, Hands, accepted

UNKNOWN = new_job_id(0, bytes(10))


def test_a_submitted_job_is_there_and_says_where(http: httpx.Client) -> None:
    answer = http.post("/v1/jobs", json=SPEC)

    assert answer.status_code == 201, answer.text
    found = http.get(answer.headers["location"])
    assert found.json() == answer.json()
    assert found.json()["state"] == "planning"
    assert (found.json()["count"], found.json()["open"], found.json()["models"]) == (10, 10, ["tiny"])
    assert found.json()["started_at"] is None


@pytest.mark.parametrize("media_type", ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml"])
def test_yaml_is_read_as_well_as_json(http: httpx.Client, media_type: str) -> None:
    text = "images: [https://example.org/a.png]\nmodel: tiny\nprompt: a boot\nstrength: [0.1, 0.2, 0.3]\n"

    answer = http.post("/v1/jobs", content=text, headers={"Content-Type": media_type})

    assert answer.status_code == 201, answer.text
    assert answer.json()["count"] == 3


def test_all_problems_come_at_once_with_their_lines(http: httpx.Client) -> None:
    text = "images: [https://example.org/a.png]\nmodel: tiny\nprompt: a boot\nstrenght: 0.5\nsteps: 0\n"

    answer = http.post("/v1/jobs", content=text, headers={"Content-Type": "application/yaml"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "invalid_spec"
    found = {problem["path"]: problem for problem in body["problems"]}
    assert found["strenght"]["line"] == 4
    assert "strength" in found["strenght"]["remedy"]
    assert (found["steps"]["line"], found["steps"]["value"]) == (5, "0")


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b'{"images": "\\ud800"}', b"1", b"null"])
def test_what_is_no_spec_is_a_problem_and_never_an_accident(http: httpx.Client, text: bytes) -> None:
    answer = http.post("/v1/jobs", content=text, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["problems"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_other_media_types_are_refused(http: httpx.Client, media_type: str) -> None:
    answer = http.post("/v1/jobs", content=b"{}", headers={"Content-Type": media_type})

    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


def test_a_compressed_body_is_refused(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    answer = http.post("/v1/jobs", content=b"\x1f\x8b", headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_bound_is_refused_announced_or_not(
    http: httpx.Client, settings: Settings, chunked: bool
) -> None:
    body = b" " * (settings.max_body_bytes + 1)
    headers = {"Content-Type": "application/json"}

    answer = http.post("/v1/jobs", content=iter([body]) if chunked else body, headers=headers)

    assert answer.status_code == 413
    assert str(settings.max_body_bytes) in answer.json()["detail"]


def test_the_same_key_and_body_give_the_same_job_again(http: httpx.Client) -> None:
    first = http.post("/v1/jobs", json=SPEC, headers={"Idempotency-Key": "k1"})
    again = http.post("/v1/jobs", json=SPEC, headers={"Idempotency-Key": "k1"})
    other = http.post("/v1/jobs", json=SPEC, headers={"Idempotency-Key": "k2"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert again.headers["location"] == first.headers["location"]


def test_the_same_key_with_another_body_is_a_conflict(http: httpx.Client) -> None:
    http.post("/v1/jobs", json=SPEC, headers={"Idempotency-Key": "k1"})

    answer = http.post("/v1/jobs", json=SPEC | {"steps": 7}, headers={"Idempotency-Key": "k1"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"


@pytest.mark.parametrize("key", ["", "k" * 256, "a b", "a\tb"])
def test_a_key_that_is_none_is_refused(http: httpx.Client, key: str) -> None:
    answer = http.post("/v1/jobs", json=SPEC, headers={"Idempotency-Key": key})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "Idempotency-Key"


def test_jobs_are_listed_newest_first_page_by_page(http: httpx.Client) -> None:
    jobs = [accepted(http, name=f"job {k}") for k in range(5)]

    pages: list[list[str]] = []
    cursor = ""
    while not pages or cursor:
        answer = http.get("/v1/jobs", params={"limit": 2, "cursor": cursor}).json()
        pages.append([job["id"] for job in answer["jobs"]])
        cursor = answer["next_cursor"]

    newest = jobs[::-1]
    assert pages == [newest[:2], newest[2:4], newest[4:]]


def test_jobs_are_listed_by_state(http: httpx.Client) -> None:
    kept, gone = accepted(http), accepted(http)
    http.post(f"/v1/jobs/{gone}/cancel")

    answers = {state: http.get("/v1/jobs", params={"state": state}) for state in ("planning", "cancelled", "nonsense")}

    assert [job["id"] for job in answers["planning"].json()["jobs"]] == [kept]
    assert [job["id"] for job in answers["cancelled"].json()["jobs"]] == [gone]
    assert answers["nonsense"].status_code == 422


@pytest.mark.parametrize("cursor", ["x", UNKNOWN, "../../etc", "\x00"])
def test_a_forged_cursor_of_jobs_is_not_found(http: httpx.Client, cursor: str) -> None:
    assert http.get("/v1/jobs", params={"cursor": cursor}).status_code == 404


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e9", "x"])
def test_a_page_has_a_bound(http: httpx.Client, limit: str) -> None:
    answer = http.get("/v1/jobs", params={"limit": limit})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "query.limit"


def test_the_manifest_is_the_frozen_spec_before_and_after_planning(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    before = http.get(f"/v1/jobs/{job}/manifest")
    hands.plan(job)
    hands.desk.book.redis.delete(hands.desk.book.keys.job(job, "spec"))

    after = http.get(f"/v1/jobs/{job}/manifest")

    assert before.content == after.content
    again = parse_manifest(after.content, source="", format="json")
    assert again.seed.base is not None
    assert (
        http.post("/v1/jobs", json=json.loads(after.content)).json()["spec_hash"]
        == (http.get(f"/v1/jobs/{job}").json()["spec_hash"])
    )


def test_the_examples_in_the_documents_are_job_specs() -> None:
    for is_yaml, examples in SPEC_EXAMPLES.items():
        for example in examples.values():
            text = example["value"] if is_yaml else json.dumps(example["value"])

            spec = parse_manifest(text, source="", format="yaml" if is_yaml else "json")

            assert Sweep(spec).count == 6


def test_accepting_a_million_variants_costs_no_more_than_ten(desk: Desk, empty: None) -> None:
    many = SPEC | {"strength": {"linspace": [0.1, 0.9, 1000]}, "samples": 1000}

    submission = desk.submit_text(json.dumps(many).encode(), form="json", caller="default", idempotency_key=None)

    assert submission.job.count == 1_000_000
    spec = desk.book.spec(submission.job.id)
    assert spec is not None
    assert len(spec) < 20_000
