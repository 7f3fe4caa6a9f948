"""From a picture to the next job, from many jobs to one verb, and manifests checked while somebody types."""

import httpx
import pytest

from jobs.manifest import parse_manifest
from jobs.sweep import Sweep
from tests.api.conftest import Hands, accepted

SWEEP = {
    "name": "<b>boots</b>",
    "images": [{"uri": "https://example.org/a.png", "name": "a"}, {"uri": "https://example.org/b.png", "name": "b"}],
    "strength": [0.3, 0.5],
    "prompt": [{"text": "a {look} boot {{literally}}", "weight": 1.5}, {"text": "fog", "weight": -0.5}],
    "matrix": {"look": ["{red}", "blue: yes"]},
    "negative_prompt": "{{x}}",
    "labels": {"season": "autumn"},
    "samples": 2,
}
INDEX = 13  # image b, strength 0.5, the first look, the second sample


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_picture_alone_is_a_job_that_makes_it_again(http: httpx.Client, hands: Hands, form: str) -> None:
    job = accepted(http, **SWEEP)
    hands.plan(job)
    sweep = Sweep(parse_manifest(http.get(f"/v1/jobs/{job}/manifest").content, source="", format="json"))

    answer = http.get(f"/v1/jobs/{job}/variants/{INDEX}/spec", params={"like": "same", "form": form})

    again = Sweep(parse_manifest(answer.content, source="", format="yaml" if form == "yaml" else "json"))
    assert len(again) == 1
    assert again[0].parameters == sweep[INDEX].parameters
    assert again[0].image.uri == sweep[INDEX].image.uri
    assert "{red}" in again[0].parameters.prompt
    assert http.post("/v1/jobs", content=answer.content, headers=answer.headers).status_code == 201


def test_more_like_a_picture_is_the_same_with_seeds_of_its_own(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, **SWEEP)
    hands.plan(job)
    told = http.get(f"/v1/jobs/{job}/variants/{INDEX}").json()

    spec = http.get(f"/v1/jobs/{job}/variants/{INDEX}/spec").json()
    made = http.post("/v1/jobs", json=spec).json()

    hands.plan(made["id"])
    more = [http.get(f"/v1/jobs/{made['id']}/variants/{k}").json() for k in range(made["count"])]
    assert (made["count"], made["labels"]) == (4, {"season": "autumn"})
    assert {one["parameters"]["prompt"] for one in more} == {told["parameters"]["prompt"]}
    assert len({one["seed"] for one in more} - {told["seed"]}) == 4


def test_rerolling_a_cell_is_the_whole_job_with_another_seed_there(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, **SWEEP)
    hands.plan(job)
    before = Sweep(parse_manifest(http.get(f"/v1/jobs/{job}/manifest").content, source="", format="json"))

    spec = http.get(f"/v1/jobs/{job}/variants/{INDEX}/spec", params={"like": "reroll"}).json()

    after = Sweep(parse_manifest(http.post("/v1/plan", json=spec).request.content, source="", format="json"))
    changed = [k for k in range(len(before)) if before[k].parameters.seed != after[k].parameters.seed]
    assert spec["extends"] == job
    assert changed == [INDEX - 1, INDEX]


def test_a_manifest_comes_as_text_that_people_edit(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, **SWEEP)

    text = http.get(f"/v1/jobs/{job}/manifest", params={"form": "yaml"})

    frozen = http.get(f"/v1/jobs/{job}/manifest").content
    assert text.headers["content-type"].startswith("application/yaml")
    assert parse_manifest(text.content, source="", format="yaml") == parse_manifest(frozen, source="", format="json")


def test_an_editor_hears_every_problem_with_its_line_and_no_error(http: httpx.Client) -> None:
    wrong = "images: [https://example.org/a.png]\nmodel: tiny\nprompt: x\nstrenght: 0.4\nsteps: 0\n"

    told = http.post("/v1/lint", content=wrong, headers={"Content-Type": "application/yaml"})
    fine = http.post("/v1/lint", json={"images": ["https://example.org/a.png"], "model": "tiny", "prompt": "x"})

    assert [(one["path"], one["line"]) for one in told.json()["problems"]] == [("strenght", 4), ("steps", 5)]
    assert (told.status_code, fine.json()) == (200, {"problems": []})


def test_an_editor_hears_of_models_that_the_farm_lacks(http: httpx.Client) -> None:
    base = {"images": ["https://example.org/a.png"], "prompt": "x"}

    told = http.post("/v1/lint", json={**base, "model": ["tiny", "tinny"], "include": [{"model": "nope"}]})

    one, other = told.json()["problems"]
    assert (one["path"], one["value"], one["remedy"]) == ("model[1]", '"tinny"', "Did you mean 'tiny'?")
    assert (other["path"], other["value"]) == ("include[0].model", '"nope"')
    assert other["remedy"].startswith("The table has tiny, ")


def test_a_bulk_action_says_what_it_would_touch_before_it_does(http: httpx.Client, hands: Hands) -> None:
    jobs = [accepted(http, name="boots", labels={"season": "autumn"}) for _ in range(3)]
    other = accepted(http, name="boots")
    http.post(f"/v1/jobs/{jobs[0]}/cancel")
    order = {"action": "cancel", "where": {"labels": ["season=autumn"], "text": "BOOTS"}}

    dry = http.post("/v1/jobs/bulk", json=order).json()
    states = [http.get(f"/v1/jobs/{job}").json()["state"] for job in jobs]
    stale = http.post("/v1/jobs/bulk", json=order | {"dry_run": False, "expected": 2})
    done = http.post("/v1/jobs/bulk", json=order | {"dry_run": False, "expected": dry["matched"]}).json()

    assert dry["scope"] == "Cancel every job labelled season=autumn and named like “BOOTS”"
    assert (dry["matched"], dry["possible"], dry["done"], dry["jobs"]) == (3, 2, 0, jobs[::-1])
    assert states == ["cancelled", "planning", "planning"]
    assert stale.status_code == 409
    assert (done["matched"], done["done"], done["failed"]) == (3, 2, [])
    assert http.get(f"/v1/jobs/{other}").json()["state"] == "planning"


def test_a_bulk_action_on_chosen_jobs_touches_only_the_callers_own(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    strange = "01k8q4zj6m0v3n7x2b5c9d1f8g"
    order = {"action": "priority", "lane": "urgent", "ids": [job, strange, job], "dry_run": False}

    done = http.post("/v1/jobs/bulk", json=order).json()

    assert (done["scope"], done["matched"], done["done"]) == ("Move to the lane urgent 2 chosen jobs", 1, 1)
    assert http.get(f"/v1/jobs/{job}").json()["lane"] == "urgent"


@pytest.mark.parametrize(
    "order",
    [
        {"action": "cancel"},
        {"action": "burn", "where": {}},
        {"action": "cancel", "where": {}, "ids": ["01k8q4zj6m0v3n7x2b5c9d1f8g"]},
        {"action": "cancel", "ids": ["../x"]},
    ],
)
def test_a_bulk_action_without_a_clear_scope_is_refused(http: httpx.Client, order: dict[str, object]) -> None:
    assert http.post("/v1/jobs/bulk", json=order).status_code == 422


def test_results_are_told_by_mark(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease())
    http.put(f"/v1/jobs/{job}/marks", json={"mark": "star", "indexes": "2-4,8"})
    http.put(f"/v1/jobs/{job}/marks", json={"mark": "reject", "indexes": "3"})

    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get(f"/v1/jobs/{job}/results", params={"mark": "star", "limit": 2, "cursor": cursor}).json()
        assert {record["mark"] for record in page["records"]} == {"star"}
        seen += [record["index"] for record in page["records"]]
        cursor = page["next_cursor"]

    whole = http.get(f"/v1/jobs/{job}/results").json()["records"]
    assert seen == [2, 4, 8]
    assert [record["mark"] for record in whole] == [
        None,
        None,
        "star",
        "reject",
        "star",
        None,
        None,
        None,
        "star",
        None,
    ]


def test_a_variant_tells_why_it_has_no_picture(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, strength=[0.3, 0.5], exclude=[{"strength": 0.5}])
    hands.plan(job)
    hands.render(hands.lease(chunk=2), refuse=(1,))

    done, refused, waits, hole = (http.get(f"/v1/jobs/{job}/variants/{k}").json() for k in (0, 1, 4, 5))

    assert (done["state"], done["seconds"], done["mark"]) == ("settled", 0.5, None)
    assert (refused["state"], refused["error"]["code"], refused["result_url"]) == ("refused", "bad_image", None)
    assert "bad_image" in " ".join(refused["sentences"])
    assert (waits["state"], waits["error"], waits["thumb_url"]) == ("pending", None, None)
    assert hole["state"] == "excluded"
    # On the web, and nobody has rendered it here: there is no copy to show.
    assert done["init_url"] is None
    assert http.get(f"/v1/jobs/{job}/variants/0/init").status_code == 404
    assert http.get(f"/v1/jobs/{job}/variants/4/picture").status_code == 404


@pytest.mark.parametrize("index", [10, 1 << 32])
def test_a_picture_beyond_the_job_bears_no_mark(http: httpx.Client, hands: Hands, index: int) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease())

    one = http.put(f"/v1/jobs/{job}/variants/{index}/mark", json={"mark": "star"})
    many = http.put(f"/v1/jobs/{job}/marks", json={"mark": "star", "indexes": f"{index}"})

    assert {(answer.status_code, answer.json()["code"]) for answer in (one, many)} == {(409, "conflict")}
