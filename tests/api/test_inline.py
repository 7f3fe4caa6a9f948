"""Pictures within a job spec: stored as uploads when the job is submitted, and nowhere else."""

import base64
import hashlib
import json

import httpx
import pytest

from api.desk import Desk
from jobs.settings import Settings
from jobs.uris import upload_uri
from tests.api.conftest import SPEC, Hands, running

CANARY = b"a picture's own bytes, which stand nowhere but in the store"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55") + CANARY
BODY = base64.b64encode(PNG).decode()
URI = f"data:image/png;base64,{BODY}"
UPLOAD = f"upload://{hashlib.sha256(PNG).hexdigest()}"


def stored(desk: Desk, settings: Settings) -> bool:
    return desk.storage.head(upload_uri(settings.output_uri, "default", UPLOAD.removeprefix("upload://"))) is not None


@pytest.fixture
def nothing_stored(desk: Desk, deployment: Settings) -> None:
    desk.storage.delete(upload_uri(deployment.output_uri, "default", UPLOAD.removeprefix("upload://")))


def test_a_picture_in_a_spec_is_stored_as_an_upload_and_the_job_names_it(
    http: httpx.Client, hands: Hands, deployment: Settings, nothing_stored: None
) -> None:
    spec = SPEC | {"images": [URI, {"uri": UPLOAD, "mask": URI}]}
    answer = http.post("/v1/jobs", json=spec, headers={"Idempotency-Key": "inline"})
    again = http.post("/v1/jobs", json=spec, headers={"Idempotency-Key": "inline"})
    job = answer.json()["id"]
    hands.plan(job)
    hands.render(hands.lease())
    frozen = http.get(f"/v1/jobs/{job}/manifest")

    assert (answer.status_code, again.status_code, again.json()["id"]) == (201, 200, job)
    assert [image["uri"] for image in frozen.json()["images"]] == [UPLOAD, UPLOAD]
    assert frozen.json()["images"][1]["set"]["mask"] == UPLOAD
    assert hands.desk.storage.read(
        upload_uri(deployment.output_uri, "default", UPLOAD.removeprefix("upload://")), limit=1000
    ) == PNG  # fmt: skip


def test_none_of_its_bytes_is_in_the_ledger_the_records_or_any_answer(
    http: httpx.Client, hands: Hands, deployment: Settings
) -> None:
    job = http.post("/v1/jobs", json=SPEC | {"images": [URI]}).json()["id"]
    hands.plan(job)
    hands.render(hands.lease())
    hands.finish()
    routes = ("", "/manifest", "/manifest?form=yaml", "/results", "/variants/0", "/variants/0/spec", "/grid", "/events")

    shown = "".join(http.get(f"/v1/jobs/{job}{route}").text for route in routes)
    redis = hands.desk.book.redis
    kept = [str(redis.dump(key)) for key in redis.scan_iter("*")]
    objects = [one.uri for one in hands.desk.storage.list(f"{deployment.output_uri}/default/{job}/")]
    records = [hands.desk.storage.read(uri, limit=1 << 20) for uri in objects]

    assert UPLOAD in shown
    assert records
    needles = (BODY[:24], BODY[-40:-8], CANARY[:24].decode())
    assert not [needle for needle in needles for text in (shown, *kept, *map(str, records)) if needle in text]


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"model": "nothing"}, {"images": [URI, "s3://somebody-elses/a.png"]}], ids=str
)
def test_a_job_that_is_refused_leaves_no_picture_behind(
    http: httpx.Client, desk: Desk, deployment: Settings, nothing_stored: None, wrong: dict[str, object]
) -> None:
    answer = http.post("/v1/jobs", json=SPEC | {"images": [URI]} | wrong)

    assert answer.status_code == 422
    assert BODY[:24] not in answer.text
    assert not stored(desk, deployment)


def test_a_plan_and_a_check_take_it_as_a_job_does_and_store_nothing(
    http: httpx.Client, desk: Desk, deployment: Settings, nothing_stored: None
) -> None:
    spec = SPEC | {"images": [URI]}

    planned, checked = http.post("/v1/plan", json=spec), http.post("/v1/lint", json=spec)
    wrong = http.post("/v1/lint", json=SPEC | {"images": [URI[:-9] + "!"]}).json()["problems"]

    assert planned.json()["count"] == 10
    assert checked.json() == {"problems": []}
    assert [problem["path"] for problem in wrong] == ["images[0]"]
    assert not stored(desk, deployment)


def test_the_bound_of_the_settings_holds_and_an_upload_is_the_way_out(settings: Settings) -> None:
    small = settings.model_copy(update={"max_data_bytes": len(PNG) - 1})
    with running(small) as run, httpx.Client(base_url=run.url, timeout=20, trust_env=False) as http:
        answer = http.post("/v1/jobs", json=SPEC | {"images": [URI]})
        uri = http.post("/v1/uploads", content=PNG).json()["uri"]
        other = http.post("/v1/jobs", json=SPEC | {"images": [uri]})

    problem = answer.json()["problems"][0]
    assert (answer.status_code, problem["path"]) == (422, "images[0]")
    assert f"of {len(PNG)} bytes, at most {len(PNG) - 1}" in problem["message"]
    assert "/v1/uploads" in problem["remedy"]
    assert other.status_code == 201


def test_the_body_bound_holds_the_default(settings: Settings) -> None:
    largest = json.dumps(SPEC | {"images": ["data:image/png;base64," + "A" * -(-settings.max_data_bytes // 3 * 4)]})

    assert len(largest) < settings.max_body_bytes
