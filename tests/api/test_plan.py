"""A plan counts what a job would make, estimates from what was measured, and makes nothing."""

from typing import Any

import httpx

from api.desk import Desk
from jobs.ledger.leasing import Leasing
from jobs.ledger.speeds import RECENT_STEPS, Speeds, Work
from jobs.ledger.views import WorkerView
from tests.api.conftest import SPEC, Hands, accepted

PLAIN = {**SPEC, "width": 512, "height": 512, "steps": 20, "exclude": [{"strength": 0.3}], "strength": [0.3, 0.5, 1.0]}


def test_a_plan_counts_exactly_and_makes_no_job(http: httpx.Client) -> None:
    answer = http.post("/v1/plan", json=PLAIN, params={"show": 3})

    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["count"], body["excluded"], body["images"], body["open"]) == (10, 5, 1, False)
    assert body["axes"] == [{"key": "strength", "names": ["strength"], "size": 3, "values": ["0.3", "0.5", "1"]}]
    assert [variant["index"] for variant in body["variants"]] == [5, 6, 7]
    assert http.get("/v1/jobs").json()["jobs"] == []


def test_time_is_not_known_before_something_was_measured(http: httpx.Client) -> None:
    body = http.post("/v1/plan", json=PLAIN).json()

    assert (body["gpu_seconds"], body["measured"]) == (None, "nothing was measured yet for tiny")
    assert body["storage_bytes"] == round(512 * 512 * 1.7 * 10)


def test_time_follows_from_what_settles_have_measured(http: httpx.Client, desk: Desk) -> None:
    Speeds(desk.book).add([Work("tiny", 512, 512, 10.0, 50), Work("tiny", 512, 512, 10.0, 50)])
    Leasing(desk.book).announce(WorkerView("w", "cpu", "local", ("tiny",), 4, 0, 0.0, 0))
    Leasing(desk.book).announce(WorkerView("v", "cpu", "local", ("tiny",), 4, 0, 0.0, 0))

    body = http.post("/v1/plan", json=PLAIN).json()
    larger = http.post("/v1/plan", json={**PLAIN, "width": 1024, "height": 512}).json()

    assert body["gpu_seconds"] == 0.2 * (10 + 20) * 5
    assert body["finish_seconds"] == body["gpu_seconds"] / 2
    assert body["measured"] == "as measured on this farm at these sizes"
    assert larger["gpu_seconds"] == 2 * body["gpu_seconds"]
    assert larger["measured"] == "as measured on this farm from other sizes than these"


def test_old_measurements_fade(desk: Desk) -> None:
    speeds = Speeds(desk.book)
    speeds.add([Work("tiny", 64, 64, RECENT_STEPS, int(RECENT_STEPS))])
    for _ in range(6):
        speeds.add([Work("tiny", 64, 64, RECENT_STEPS / 10, int(RECENT_STEPS))])

    assert 0.1 <= speeds.seconds_a_step("tiny")[64, 64] < 0.12


def test_what_is_listed_later_has_no_count_yet(http: httpx.Client) -> None:
    body = http.post("/v1/plan", json={**PLAIN, "images": ["s3://bucket/*.png"]}).json()

    assert (body["count"], body["open"], body["variants_of_an_image"]) == (None, True, 15)


def test_rows_are_read_by_their_content_type(http: httpx.Client) -> None:
    csv = "image,model,prompt\nhttps://example.org/a.png,tiny,x\nhttps://example.org/b.png,tiny,y\n"
    lines = '{"custom_id": "a", "image": "https://example.org/a.png", "model": "tiny", "prompt": "x"}\n'

    assert http.post("/v1/plan", content=csv, headers={"Content-Type": "text/csv"}).json()["count"] == 2
    assert http.post("/v1/plan", content=lines, headers={"Content-Type": "application/jsonl"}).json()["count"] == 1
    assert http.post("/v1/jobs", content=csv, headers={"Content-Type": "text/csv"}).json()["count"] == 2


def test_a_spec_that_is_wrong_has_no_plan(http: httpx.Client) -> None:
    assert http.post("/v1/plan", json={**PLAIN, "steps": 0}).status_code == 422
    assert http.post("/v1/plan", json={**PLAIN, "model": "nope"}).status_code == 422


def test_a_plan_that_extends_a_job_counts_what_that_has_made(http: httpx.Client, hands: Hands) -> None:
    first = accepted(http, strength=[0.3, 0.6], samples=2)
    hands.plan(first)
    hands.render(hands.lease(), refuse=(1,))
    grown = {**SPEC, "strength": [0.3, 0.4, 0.6], "samples": 2, "extends": first}

    changes: dict[str, dict[str, Any]] = {
        "grown": {}, "other seeds": {"seed": {"base": 99}}, "other steps": {"steps": 7},
        "rolled again": {"reroll": [{"strength": 0.6}]}, "alone": {"extends": None},
    }  # fmt: skip
    told = {what: http.post("/v1/plan", json={**grown, **more}).json()["linked"] for what, more in changes.items()}

    assert told == {"grown": 3, "other seeds": 0, "other steps": 0, "rolled again": 1, "alone": None}


def test_a_plan_of_what_is_half_made_costs_half(http: httpx.Client, hands: Hands) -> None:
    first = accepted(http, **PLAIN, seed={"base": 1})
    hands.plan(first)
    hands.render(hands.lease())
    Speeds(hands.desk.book).add([Work("tiny", 512, 512, 10.0, 50)])

    whole = http.post("/v1/plan", json=PLAIN).json()
    rest = http.post("/v1/plan", json={**PLAIN, "cfg_scale": [7, 8], "extends": first}).json()
    same = http.post("/v1/plan", json={**PLAIN, "extends": first}).json()

    assert (same["count"], same["linked"], same["gpu_seconds"], same["storage_bytes"]) == (10, 10, 0, 0)
    assert (rest["count"], rest["linked"]) == (20, 0)  # a new axis: other cells, other seeds
    assert rest["gpu_seconds"] == 2 * whole["gpu_seconds"]


def test_a_style_that_the_deployment_does_not_know_is_refused(http: httpx.Client) -> None:
    plan, job = (http.post(path, json={**SPEC, "style_preset": "anmie"}) for path in ("/v1/plan", "/v1/jobs"))
    good = http.post("/v1/jobs", json={**SPEC, "style_preset": "anime"}).json()["links"]["manifest"]

    for answer in (plan, job):
        (problem,) = answer.json()["problems"]
        assert (answer.status_code, problem["path"], problem["remedy"]) == (422, "style_preset", "Did you mean anime?")
    assert http.get(good).json()["style_presets"]["anime"]["prompt"].startswith("anime still of {prompt}")


def test_a_plan_extends_no_job_of_others(http: httpx.Client) -> None:
    answer = http.post("/v1/plan", json={**SPEC, "extends": "0" * 26})

    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, "extends")


def test_what_a_spec_leaves_out_is_its_models_and_the_frozen_spec_says_so(http: httpx.Client) -> None:
    bare = {key: value for key, value in SPEC.items() if key not in {"steps", "cfg_scale", "sampler", "strength"}}
    several = {**bare, "model": ["tiny", "demo"], "steps": 7}

    plan = http.post("/v1/plan", json=several).json()
    one, many = (
        http.get(http.post("/v1/jobs", json=spec).json()["links"]["manifest"]).json() for spec in (bare, several)
    )

    told = {(left["model"], left["field"]): (left["value"], left["origin"]) for left in plan["left_out"]}
    assert told["tiny", "cfg_scale"] == (5, "model")
    assert told["demo", "cfg_scale"] == (2, "model")
    assert {variant["parameters"]["cfg_scale"] for variant in plan["variants"]} == {5, 2}
    assert (one["cfg_scale"], one["sampler"], one["steps"], one["strength"]) == (5, "ddim", 20, 0.5)
    assert (many["sampler"], many["steps"]) == ("ddim", 7)
    assert many["model_defaults"] == {
        "tiny": {"cfg_scale": 5, "strength": 0.5},
        "demo": {"cfg_scale": 2, "strength": 0.6},
    }
    assert "cfg_scale" not in many
