"""A sweep that grows: what is the same is linked, what is new is rendered, and chosen cells are rolled again."""

from typing import Any

from jobs.settings import Settings
from jobs.storage import open_storage
from tests.stories.conftest import Farm, picture


def test_a_grown_sweep_renders_only_what_is_new(farm: Farm) -> None:
    uris = [farm.upload(picture(hue)) for hue in (10, 200)]
    spec: dict[str, Any] = {"images": [{"uri": uris[0], "id": "one"}], "model": "tiny", "prompt": "a {red|blue} boat",
                            "strength": [0.4, 0.6], "steps": 4, "width": 64, "height": 64}  # fmt: skip
    first = farm.submit(spec)
    assert farm.finished(first)["settled"] == 4

    grown = {**spec, "images": [*spec["images"], {"uri": uris[1], "id": "two"}], "strength": [0.4, 0.5, 0.6],
             "extends": first, "reroll": [{"image": "one", "strength": 0.4, "prompt": "a red boat"}]}  # fmt: skip
    second = farm.submit(grown)
    view = farm.finished(second)

    records = farm.lines(second, "results.jsonl")
    linked = [record for record in records if record.get("linked")]
    assert (view["settled"], view["linked"]) == (12, 3)
    assert {record["linked"] for record in linked} == {first}
    old = {record["key"]: record for record in farm.lines(first, "results.jsonl")}
    assert all(old[record["key"]]["fingerprint"] == record["fingerprint"] for record in linked)
    assert len(farm.pictures(second)) == 9
    again = next(r for r in records if r["coordinates"] == {"prompt": "a red boat", "strength": 0.4})
    assert again["seed"] not in {record["seed"] for record in old.values()}
    assert (farm.stored(second) / "sheet.png").stat().st_size > 1000
    small = [farm.http.get(f"/v1/jobs/{second}/variants/{record['index']}/thumb") for record in records]
    assert {answer.headers["content-type"] for answer in small} == {"image/webp"}  # the linked ones' too
    shown = farm.http.get(f"/v1/jobs/{second}/variants/{linked[0]['index']}").json()
    assert (shown["linked"], shown["sha256"]) == (first, linked[0]["sha256"])
    assert (
        farm.http.get(shown["result_url"]).content
        == (farm.stored(first) / linked[0]["key"].partition(f"{first}/")[2]).read_bytes()
    )


def test_only_a_job_of_ones_own_can_be_extended(farm: Farm) -> None:
    spec = {"images": [farm.upload(picture(1))], "model": "tiny", "prompt": "x", "extends": "0" * 26}

    answer = farm.http.post("/v1/jobs", json=spec)

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "extends"


def test_images_are_listed_once_and_come_from_the_store(farm: Farm) -> None:
    # Through the store, as anybody's objects come: what is written behind its back it may see a second later.
    known = {name.removeprefix("PENTIMENTO_").lower(): value for name, value in farm.stack.environment.items()}
    store = open_storage(Settings.model_validate(known))
    rows = b'{"image": "s3://pentimento/default/in/hat.png", "custom_id": "h/1", "what": "x"}'
    objects = {name: picture(len(name) * 9) for name in ("boat.png", "hat.png", "more/sun.png")} | {"rows.jsonl": rows}
    for name, data in objects.items():
        store.write(f"s3://pentimento/default/in/{name}", data, "application/octet-stream", if_absent=False)

    job = farm.submit({
        "images": [{"uri": "s3://pentimento/default/in/**/*.png", "set": {"what": "a thing"}},
                   {"table": "s3://pentimento/default/in/rows.jsonl"}],
        "model": "tiny", "prompt": "{what}", "strength": 0.5, "steps": 2, "samples": 2, "width": 64, "height": 64,
        "run": {"max_failures": "50%"}})  # fmt: skip
    view = farm.finished(job)

    assert (view["state"], view["count"], view["settled"]) == ("succeeded", 8, 8)
    records = farm.lines(job, "results.jsonl")
    names = [record["image"]["name"] for record in records[::2]]
    assert names[:3] == ["boat", "hat", "more-sun"]
    assert names[3].startswith("hat-")
    assert [record.get("custom_id") for record in records[5:]] == [None, "h/1", "h/1"]
    assert farm.records(job)[7]["custom_id"] == "h/1"
    assert farm.http.get(f"/v1/jobs/{job}/why", params={"index": 7}).status_code == 200


def test_more_pictures_than_may_begin_unasked_wait_to_be_resumed(farm: Farm) -> None:
    known = {name.removeprefix("PENTIMENTO_").lower(): value for name, value in farm.stack.environment.items()}
    store = open_storage(Settings.model_validate(known))
    for number in range(3):
        uri = f"s3://pentimento/default/many/{number}.png"
        store.write(uri, picture(number * 50), "image/png", if_absent=False)

    job = farm.submit({"images": ["s3://pentimento/default/many/"], "model": "tiny", "prompt": "x", "strength": 0.5,
                       "steps": 2, "width": 64, "height": 64, "run": {"confirm_above": 2}})  # fmt: skip
    held = farm.until(job, lambda view: view["state"] != "planning")
    farm.http.post(f"/v1/jobs/{job}/resume").raise_for_status()

    assert (held["state"], held["count"], held["settled"]) == ("paused", 3, 0)
    assert "comes to 3 pictures, more than the 2 that may begin unasked" in held["reason"]
    assert farm.finished(job)["settled"] == 3
