"""The main job on real parts: from init images and a sweep to pictures in the store, and the account of them."""

import hashlib
import io
import json
import zlib
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.stories.conftest import Farm, picture

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def sweep(images: list[Any], **more: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "name": "story",
        "images": images,
        "model": "tiny",
        "prompt": "a {medium} of a {subject}",
        "matrix": {"medium": ["crayon drawing", "watercolour"], "subject": ["boat"]},
        "strength": [0.3, 0.6],
        "sampler": ["ddim", "dpmpp_2m"],
        "cfg_scale": 3,
        "steps": 6,
        "seed": {"policy": "per_variant", "base": 7},
    }
    return spec | more


@pytest.fixture(scope="module")
def job(farm: Farm) -> str:
    """One finished job of two images, eight variants each."""
    images = [{"uri": farm.upload(picture(hue)), "name": name} for hue, name in ((40, "one"), (90, "two"))]
    job = farm.submit(sweep(images))
    assert farm.finished(job)["state"] == "succeeded"
    return job


def test_every_variant_becomes_one_picture_that_decodes(farm: Farm, job: str) -> None:
    found = farm.pictures(job)

    assert len(found) == farm.job(job)["count"] == 16
    for path in found:
        with Image.open(path) as image:
            image.load()
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (64, 64))


def test_a_downloaded_picture_has_the_hash_and_the_parameters_of_its_record(farm: Farm, job: str) -> None:
    records = farm.records(job)
    assert [record["index"] for record in records] == list(range(16))

    for record in records:
        data = httpx.get(record["link"], trust_env=False, timeout=60).raise_for_status().content
        assert hashlib.sha256(data).hexdigest() == record["sha256"]
        with Image.open(io.BytesIO(data)) as image:
            own, a1111 = json.loads(image.info["pentimento"]), image.info["parameters"]
        assert own["fingerprint"] == record["fingerprint"]
        assert own["parameters"]["seed"] == record["seed"]
        assert f"Seed: {record['seed']}" in a1111
        assert a1111.startswith(f"a {record['coordinates']['medium']} of a boat")
        assert f"Denoising strength: {record['coordinates']['strength']}" in a1111


def test_results_jsonl_has_one_line_a_variant_in_order_and_errors_jsonl_is_empty(farm: Farm, job: str) -> None:
    lines = farm.lines(job, "results.jsonl")

    assert [line["index"] for line in lines] == list(range(16))
    assert {line["key"].rsplit("/pictures/")[1] for line in lines} == {
        str(path.relative_to(farm.stored(job) / "pictures")) for path in farm.pictures(job)
    }
    assert len({line["seed"] for line in lines}) == 16
    assert farm.lines(job, "errors.jsonl") == []


def test_the_frozen_manifest_lies_beside_the_pictures_and_makes_the_same_job_again(farm: Farm, job: str) -> None:
    frozen = json.loads((farm.stored(job) / "manifest.json").read_text())

    again = farm.submit(frozen)
    farm.finished(again)

    def hashes(of: str) -> list[str]:
        return [line["sha256"] for line in farm.lines(of, "results.jsonl")]

    assert hashes(again) == hashes(job)


def test_the_contact_sheet_shows_every_variant(farm: Farm, job: str) -> None:
    answer = farm.http.get(f"/v1/jobs/{job}/sheet", follow_redirects=True)

    with Image.open(io.BytesIO(answer.raise_for_status().content)) as sheet:
        sheet.load()
        assert sheet.width > 8 * 192
        assert sheet.height > 2 * 192


def test_a_watcher_sees_every_picture_and_can_come_back_where_it_left(farm: Farm, job: str) -> None:
    def events(**headers: str) -> list[tuple[str, str, dict[str, Any]]]:
        body = farm.http.get(f"/v1/jobs/{job}/events", headers=headers).text
        blocks = [dict(line.partition(": ")[::2] for line in block.splitlines()) for block in body.split("\n\n")]
        return [(b["id"], b["event"], json.loads(b["data"])) for b in blocks if "id" in b]

    whole = events()
    middle = whole[3][0]
    rest = events(**{"Last-Event-ID": middle})

    kinds = [kind for _, kind, _ in whole]
    assert kinds[:3] == ["accepted", "queued", "started"]
    assert kinds[-2:] == ["finished", "written"]
    settled = ",".join(str(data["indexes"]) for _, kind, data in whole if kind == "settled")
    runs = [run.partition("-")[::2] for run in settled.split(",")]
    assert sum(int(last or first) - int(first) + 1 for first, last in runs) == 16
    assert [name for name, _, _ in rest] == [name for name, _, _ in whole[4:]]


def test_bad_images_are_refused_by_name_and_their_neighbours_are_rendered(farm: Farm) -> None:
    whole = picture(10)
    huge = bytearray(whole)
    huge[16:24] = (60_000).to_bytes(4) * 2
    huge[29:33] = zlib.crc32(bytes(huge[12:29])).to_bytes(4)
    images = [
        {"uri": farm.upload(whole), "name": "good"},
        {"uri": farm.upload(whole[: len(whole) // 2]), "name": "truncated"},
        {"uri": farm.upload(bytes(huge)), "name": "huge"},
        {"uri": "http://127.0.0.1:9/nobody-listens.png", "name": "unreachable"},
        {"uri": f"{farm.stack.api_url}/livez", "name": "not-an-image"},
        {"uri": f"{farm.stack.api_url}/v1/nothing-here.png", "name": "missing"},
    ]

    job = farm.submit(sweep(images, strength=0.5, sampler="ddim", matrix={"medium": ["crayon"], "subject": ["boat"]}))
    view = farm.finished(job)

    assert (view["state"], view["settled"], view["refused"]) == ("partial", 1, 5)
    codes = {line["image"]["name"]: line["error"]["code"] for line in farm.lines(job, "errors.jsonl")}
    assert codes == {
        "truncated": "bad_image",
        "huge": "bad_image",
        "unreachable": "unreachable",
        "not-an-image": "bad_image",
        "missing": "image_not_found",
    }
    assert [line["image"]["name"] for line in farm.lines(job, "results.jsonl")] == ["good"]


def test_two_jobs_at_once_render_the_same_bytes_as_one_alone(farm: Farm) -> None:
    image = farm.upload(picture(120))
    alone = farm.submit(sweep([image]))
    farm.finished(alone)

    together = [farm.submit(sweep([image])), farm.submit(sweep([farm.upload(picture(200))], strength=[0.2, 0.9]))]
    for job in together:
        farm.finished(job)

    first, second = (
        {line["index"]: line["sha256"] for line in farm.lines(of, "results.jsonl")} for of in (alone, together[0])
    )
    assert first == second


def test_every_picture_and_init_image_has_a_small_copy_that_pages_load(farm: Farm, job: str) -> None:
    thumbs = [farm.http.get(f"/v1/jobs/{job}/variants/{index}/thumb").raise_for_status() for index in range(16)]
    inits = [farm.http.get(f"/v1/jobs/{job}/inits/{image}/thumb").raise_for_status() for image in range(2)]

    for answer in (*thumbs, *inits):
        assert answer.headers["content-type"] == "image/webp"
        assert "sandbox" in answer.headers["content-security-policy"]
        with Image.open(io.BytesIO(answer.content)) as image:
            assert (image.format, image.size) == ("WEBP", (64, 64))
    assert len({answer.content for answer in thumbs}) > 8
    assert farm.http.get(f"/v1/jobs/{job}/thumbs", params={"indexes": "0-16"}).json()["thumbs"] == {
        str(index): f"/v1/jobs/{job}/variants/{index}/thumb" for index in range(16)
    }


def test_a_page_finds_everything_about_one_picture_and_its_bytes(farm: Farm, job: str) -> None:
    record = farm.records(job)[11]

    told = farm.http.get(f"/v1/jobs/{job}/variants/11").json()

    assert (told["state"], told["mark"], told["position"]) == ("settled", None, [1, 0, 1, 1, 0, 0])
    assert (told["seed"], told["sha256"], told["image"]["name"]) == (record["seed"], record["sha256"], "two")
    assert told["parameters"]["prompt"] == record["parameters"]["prompt"]
    shown = farm.http.get(told["result_url"])
    assert hashlib.sha256(shown.content).hexdigest() == record["sha256"]
    assert shown.headers["content-type"] == "image/png"
    assert hashlib.sha256(farm.http.get(told["init_url"]).content).hexdigest() == record["init_sha256"]
    saved = farm.http.get(told["result_url"], params={"download": True}).headers["content-disposition"]
    assert saved == f'attachment; filename="{told["download_name"]}"'
    assert farm.http.get(f"/v1/jobs/{job}/variants/16").status_code == 404
