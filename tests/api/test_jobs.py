"""Submitting, looking and controlling."""

import json

import httpx
import pytest

from api.desk import Desk
from api.web.examples import SPEC_EXAMPLES
from jobs.ids import new_job_id
from jobs.ledger.book import Book
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.state import Lane
from jobs.sweep import Sweep
from tests.api.conftest import PNG, SPEC, Hands, accepted, running

UNKNOWN = new_job_id(0, bytes(10))
ROUTES = [
    ("GET", ""), ("GET", "/manifest"), ("GET", "/results"), ("GET", "/sheet"), ("GET", "/events"),
    ("POST", "/cancel"), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/retry"),
]  # fmt: skip


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


def test_a_model_that_is_not_in_the_table_is_refused_at_the_door(http: httpx.Client) -> None:
    answer = http.post("/v1/jobs", json=SPEC | {"model": ["tiny", "tinny"]})

    assert answer.status_code == 422
    assert answer.json()["code"] == "unknown_model"
    assert "did you mean 'tiny'" in answer.json()["detail"]


def test_models_are_recorded_by_their_canonical_alias(http: httpx.Client) -> None:
    answer = http.post("/v1/jobs", json=SPEC | {"model": ["stable-diffusion-v1-5", "sd15", "tiny"]})

    assert answer.json()["models"] == ["sd15", "tiny"]


def test_more_variants_than_the_bound_are_refused_and_counted(settings: Settings) -> None:
    small = settings.model_copy(update={"max_variants": 9})

    with running(small) as served:
        answer = httpx.post(f"{served.url}/v1/jobs", json=SPEC)

    assert answer.status_code == 413
    assert "10 variants" in answer.json()["detail"]


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


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("s3://somebody-elses/boot.png", "bucket"),
        ("s3://{own}/else/boot.png", "bucket"),
        ("file:///etc/passwd", "folder"),
        ("upload://" + "0" * 64, "never uploaded"),
        ("gopher://example.org/a", "gopher"),
        ("http://example.org@evil/a", "user"),
        ("boot.png", "local paths"),
    ],
)
def test_images_that_are_never_read_here_are_refused_with_their_place(
    http: httpx.Client, settings: Settings, uri: str, told: str
) -> None:
    named = uri.replace("{own}", settings.output_uri.removeprefix("s3://"))

    answer = http.post("/v1/jobs", json=SPEC | {"images": ["https://example.org/a.png", named]})

    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["path"].startswith("images[1]")
    assert told in problem["message"]


@pytest.mark.parametrize(
    "place", ["s3://somebody-elses/{job}/", "file:///tmp/{job}", "s3://", "https://example.org/{job}"]
)
def test_results_are_only_written_where_the_deployment_writes(http: httpx.Client, place: str) -> None:
    answer = http.post("/v1/jobs", json=SPEC | {"output": {"uri": place}})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "output.uri"


def test_results_may_lie_elsewhere_in_the_deployments_bucket_below_the_caller(
    http: httpx.Client, settings: Settings
) -> None:
    bucket = settings.output_uri.split("/")[2]

    answer = http.post("/v1/jobs", json=SPEC | {"output": {"uri": f"s3://{bucket}/shoes/{{job}}/"}})

    assert answer.status_code == 201, answer.text
    assert answer.json()["results_uri"] == f"s3://{bucket}/default/shoes/{answer.json()['id']}/"


def test_images_are_read_from_the_buckets_and_folders_that_the_settings_name(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("pictures")
    allowed = settings.model_copy(update={"input_buckets": ("shoes",), "input_roots": (root,)})
    images = [f"file://{root}/a.png", "s3://shoes/a.png", settings.output_uri + "/default/a.png"]

    with running(allowed) as served:
        answer = httpx.post(f"{served.url}/v1/jobs", json=SPEC | {"images": images})
        beside = httpx.post(f"{served.url}/v1/jobs", json=SPEC | {"images": [f"file://{root}-beside/a.png"]})

    assert answer.status_code == 201, answer.text
    assert beside.status_code == 422


def test_an_upload_may_be_named_by_a_job(http: httpx.Client) -> None:
    uri = http.post("/v1/uploads", content=PNG).json()["uri"]

    answer = http.post("/v1/jobs", json=SPEC | {"images": [uri]})

    assert answer.status_code == 201, answer.text


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


def test_a_page_of_another_site_changes_nothing(http: httpx.Client) -> None:
    job = accepted(http)

    answer = http.post(f"/v1/jobs/{job}/cancel", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert http.get(f"/v1/jobs/{job}", headers={"Sec-Fetch-Site": "cross-site"}).json()["state"] == "planning"


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


def test_a_job_is_paused_resumed_and_cancelled_as_often_as_one_likes(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)

    said = [http.post(f"/v1/jobs/{job}/{verb}") for verb in ("pause", "pause", "resume", "resume", "cancel", "cancel")]

    assert [answer.status_code for answer in said] == [200] * 6
    assert [answer.json()["state"] for answer in said] == ["paused"] * 2 + ["queued"] * 2 + ["cancelled"] * 2


def test_retry_reopens_what_was_refused(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease(), refuse=(1, 4))
    assert http.get(f"/v1/jobs/{job}").json()["causes"] == {"bad_image": 2}

    answer = http.post(f"/v1/jobs/{job}/retry")

    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["open"], answer.json()["refused"]) == ("queued", 2, 0)


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_what_a_state_does_not_allow_is_a_conflict(http: httpx.Client, verb: str) -> None:
    job = accepted(http)
    http.post(f"/v1/jobs/{job}/cancel")

    answer = http.post(f"/v1/jobs/{job}/{verb}")

    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("job", [UNKNOWN, "x", "a" * 5000, "..%2f..", "%00"])
def test_a_job_that_nobody_has_is_not_found_on_every_route(
    http: httpx.Client, method: str, path: str, job: str
) -> None:
    answer = http.request(method, f"/v1/jobs/{job}{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_callers_job_is_not_found_on_every_route(
    http: httpx.Client, settings: Settings, method: str, path: str
) -> None:
    job = new_job_id(1, bytes(10))
    Book.open(settings).accept(
        job=job, caller="somebody", lane=Lane.NORMAL, name="", spec=b"{}", spec_hash="", count=1, total=1,
        models=["tiny"], results_uri="s3://x/", max_failures=None, idempotency_key=None, body_hash="",
    )  # fmt: skip

    answer = http.request(method, f"/v1/jobs/{job}{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert job not in http.get("/v1/jobs").text


def test_the_examples_in_the_documents_are_job_specs() -> None:
    for is_yaml, examples in SPEC_EXAMPLES.items():
        for example in examples.values():
            text = example["value"] if is_yaml else json.dumps(example["value"])

            spec = parse_manifest(text, source="", format="yaml" if is_yaml else "json")

            assert Sweep(spec).count == 6


def test_accepting_a_million_variants_costs_no_more_than_ten(desk: Desk, redis_url: str) -> None:
    many = SPEC | {"strength": {"linspace": [0.1, 0.9, 1000]}, "samples": 1000}

    submission = desk.submit_text(json.dumps(many).encode(), form="json", caller="default", idempotency_key=None)

    assert submission.job.count == 1_000_000
    spec = desk.book.spec(submission.job.id)
    assert spec is not None
    assert len(spec) < 20_000
