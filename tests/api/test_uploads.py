"""Init images that callers bring along."""

import hashlib

import httpx
import pytest

from jobs.settings import Settings
from jobs.uris import upload_uri
from tests.api.conftest import PNG, Hands, running


@pytest.mark.parametrize("data", [PNG, b"\xff\xd8\xff\xe0 and more", b"RIFF\x10\x00\x00\x00WEBPVP8 "])
def test_an_upload_is_kept_under_its_content(http: httpx.Client, hands: Hands, data: bytes) -> None:
    answer = http.post("/v1/uploads", content=data)

    sha256 = hashlib.sha256(data).hexdigest()
    assert answer.status_code == 201
    assert answer.json() == {"uri": f"upload://{sha256}", "size": len(data), "sha256": sha256}
    stored = upload_uri(hands.desk.settings.output_uri, "default", sha256)
    assert hands.desk.storage.read(stored, limit=1000) == data


def test_the_same_bytes_twice_are_the_same_upload(http: httpx.Client) -> None:
    answers = [http.post("/v1/uploads", content=PNG) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"%!PS", b"<svg>", b"RIFF\x10\x00\x00\x00WAVE", b"\x89PN", b"\x00" * 99]
)
def test_what_is_surely_no_picture_is_refused(http: httpx.Client, data: bytes) -> None:
    answer = http.post("/v1/uploads", content=data)

    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_image"


def test_a_form_is_refused_and_told_why(http: httpx.Client) -> None:
    answer = http.post("/v1/uploads", files={"file": ("a.png", PNG, "image/png")})

    assert answer.status_code == 422
    assert "not a form" in answer.json()["remedy"]


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_above_the_bound_is_refused_announced_or_not(settings: Settings, chunked: bool) -> None:
    small = settings.model_copy(update={"max_image_bytes": 2048})
    data = PNG.ljust(2049, b"x")

    with running(small) as served:
        answer = httpx.post(f"{served.url}/v1/uploads", content=iter([data]) if chunked else data, timeout=60)
        fits = httpx.post(f"{served.url}/v1/uploads", content=data[:2048], timeout=60)

    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert fits.status_code == 201


def test_storage_that_is_away_is_an_answer_and_not_an_accident(settings: Settings) -> None:
    away = settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})

    with running(away) as served:
        answer = httpx.post(f"{served.url}/v1/uploads", content=PNG, timeout=60)

    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_unavailable"
    assert answer.headers["retry-after"]
