"""What is refused at the door, because the deployment knows that it can't be done."""

import httpx
import pytest

from jobs.ledger.views import WorkerView
from jobs.settings import Settings
from tests.api.conftest import PNG, SPEC, Hands, running


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
        answer = httpx.post(f"{served.url}/v1/jobs", json=SPEC, timeout=60)

    assert answer.status_code == 413
    assert "10 variants" in answer.json()["detail"]


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
        answer = httpx.post(f"{served.url}/v1/jobs", json=SPEC | {"images": images}, timeout=60)
        beside = httpx.post(
            f"{served.url}/v1/jobs", json=SPEC | {"images": [f"file://{root}-beside/a.png"]}, timeout=60
        )

    assert answer.status_code == 201, answer.text
    assert beside.status_code == 422


def test_an_upload_may_be_named_by_a_job(http: httpx.Client) -> None:
    uri = http.post("/v1/uploads", content=PNG).json()["uri"]

    answer = http.post("/v1/jobs", json=SPEC | {"images": [uri]})

    assert answer.status_code == 201, answer.text


def test_a_backend_that_no_worker_has_is_refused_with_those_that_there_are(http: httpx.Client, hands: Hands) -> None:
    hands.leasing.announce(WorkerView("w1", "cpu", "upstairs", ("tiny",), slots=2, busy=0, seen_at=0, rendered=0))

    refused = http.post("/v1/jobs", json=SPEC | {"run": {"backend": "downstairs"}})
    taken = http.post("/v1/jobs", json=SPEC | {"run": {"backend": "upstairs"}})

    assert (refused.status_code, taken.status_code) == (422, 201)
    assert refused.json()["problems"][0]["path"] == "run.backend"
    assert "upstairs" in refused.json()["problems"][0]["remedy"]
    assert taken.json()["models"] == ["tiny"]
