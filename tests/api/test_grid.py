"""The grid over a real connection: geometry, packed cells, and what a page computes from them."""

import gzip
import time
from itertools import product

import httpx
import pytest

from jobs.errors import BadImage
from jobs.ledger.views import GiveBack
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.sweep import Sweep
from tests.api.conftest import Hands, accepted, running

PENDING, LEASED, WAITING, SETTLED, STARRED, REJECTED, REFUSED, EXCLUDED = range(8)
SWEEP = {
    "images": [{"uri": "https://example.org/a.png", "name": "a"}, {"uri": "https://example.org/b.png", "name": "b"}],
    "strength": [0.3, 0.5, 0.7],
    "prompt": "a {look} boot",
    "matrix": {"look": ["<b>red</b>", "\u202eblue"]},
    "exclude": [{"strength": 0.5, "look": "<b>red</b>"}],
    "include": [{"strength": 0.9, "look": "green"}],
    "samples": 2,
}


def cells_of(answer: httpx.Response) -> list[int]:
    """The states in a packed answer, as its description says."""
    assert answer.status_code == 200, answer.text
    count = int(answer.headers["cells-count"])
    return [answer.content[k >> 1] >> (0 if k & 1 else 4) & 15 for k in range(count)]


def _ready(http: httpx.Client, hands: Hands, **said: object) -> str:
    job = accepted(http, **said)
    hands.plan(job)
    return job


def test_coordinates_and_strides_make_the_index_of_every_cell(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands, **SWEEP)
    sweep = Sweep(parse_manifest(http.get(f"/v1/jobs/{job}/manifest").content, source="", format="json"))

    grid = http.get(f"/v1/jobs/{job}/grid").json()

    axes = grid["axes"]
    assert [axis["kind"] for axis in axes] == ["image", "axis", "axis", "sample"]
    assert (grid["total"], grid["samples"], grid["count"]) == (len(sweep), 2, sweep.count)
    for at in product(*(range(axis["size"]) for axis in axes)):
        variant = sweep[sum(k * axis["stride"] for k, axis in zip(at, axes, strict=True))]
        said = {
            name: value
            for k, axis in zip(at, axes, strict=True)
            for name, value in zip(axis["names"], axis["values"][k], strict=True)
        }
        assert said == {"image": variant.image.name, "sample": variant.sample, **variant.coordinates}
    tail = grid["included"]
    assert sweep[axes[0]["stride"] + tail["offset"] + 1].coordinates == {"strength": 0.9, "look": "green"}
    assert tail["labels"] == ["look green, strength 0.9"]


def test_labels_are_the_users_own_text_and_never_longer_than_they_may_be(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands, matrix={"look": ["<script>alert(1)</script>", "x" * 1000]}, prompt="{look}")

    axes = {axis["key"]: axis for axis in http.get(f"/v1/jobs/{job}/grid").json()["axes"]}

    assert axes["look"]["labels"] == ["<script>alert(1)</script>", "x" * 199 + "…"]


def test_an_axis_of_many_is_told_in_pages(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands, cfg_scale={"linspace": [1, 9, 801]})
    grid = http.get(f"/v1/jobs/{job}/grid").json()
    place = next(n for n, axis in enumerate(grid["axes"]) if axis["key"] == "cfg_scale")

    rest = http.get(f"/v1/jobs/{job}/grid/axes/{place}", params={"from": 500}).json()

    assert not grid["axes"][place]["complete"]
    assert len(grid["axes"][place]["labels"]) == 500
    assert (rest["from"], len(rest["labels"]), rest["labels"][-1]) == (500, 301, "9")
    assert http.get(f"/v1/jobs/{job}/grid/axes/99").status_code == 404


def test_every_cell_says_where_its_variant_stands(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands, **SWEEP)
    sweep = Sweep(parse_manifest(http.get(f"/v1/jobs/{job}/manifest").content, source="", format="json"))
    holes = [index for index in range(len(sweep)) if sweep.is_hole(index)]
    first = hands.lease(chunk=8)
    made = [index for index in range(first.start, first.stop) if index not in holes]
    hands.leasing.settle(first, made[:3])
    hands.leasing.refuse(first, made[3], code=BadImage.code, message="no")
    later = GiveBack(made[4], made[4] + 1, delay_seconds=600.0, attempt=1)
    hands.leasing.release(first, [(later, "unreachable", "away")], chunk=None)
    second = hands.lease(chunk=8)
    http.put(f"/v1/jobs/{job}/variants/{made[0]}/mark", json={"mark": "star"})
    http.put(f"/v1/jobs/{job}/variants/{made[1]}/mark", json={"mark": "reject"})

    found = cells_of(http.get(f"/v1/jobs/{job}/cells"))

    wanted = dict.fromkeys(range(len(sweep)), PENDING) | dict.fromkeys(range(second.start, second.stop), LEASED)
    wanted |= {made[0]: STARRED, made[1]: REJECTED, made[2]: SETTLED, made[3]: REFUSED, made[4]: WAITING}
    wanted |= dict.fromkeys(holes, EXCLUDED)
    assert found == [wanted[index] for index in range(len(sweep))]
    for start, count in [(0, 1), (1, 7), (3, 9), (8, 8), (13, 100)]:
        part = http.get(f"/v1/jobs/{job}/cells", params={"from": start, "count": count})
        assert cells_of(part) == found[start : start + count]


def test_cells_that_did_not_change_are_not_sent_again(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands)
    seen = http.get(f"/v1/jobs/{job}/cells").headers["etag"]

    same = http.get(f"/v1/jobs/{job}/cells", headers={"If-None-Match": seen})
    hands.render(hands.lease())
    other = http.get(f"/v1/jobs/{job}/cells", headers={"If-None-Match": seen})

    assert (same.status_code, same.content) == (304, b"")
    assert cells_of(other) == [SETTLED] * 10


def test_events_after_the_cells_are_those_that_the_cells_lack(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands)
    lease = hands.lease()
    hands.leasing.settle(lease, [0, 1])
    seen = http.get(f"/v1/jobs/{job}/cells").headers["event-id"]
    hands.leasing.settle(lease, [2])

    with http.stream("GET", f"/v1/jobs/{job}/events", params={"after": seen}) as events:
        data = next(line for line in events.iter_lines() if line.startswith("data:"))

    assert '"indexes":"2"' in data.replace(" ", "")


def test_a_hundred_thousand_cells_are_a_bounded_answer(http: httpx.Client, hands: Hands) -> None:
    job = _ready(
        http,
        hands,
        strength={"linspace": [0.1, 0.9, 100]},
        cfg_scale={"linspace": [1, 9, 100]},
        samples=10,
        exclude=[{"cfg_scale": 1.0}],
    )
    hands.leasing.settle(hands.lease(), [*range(100, 300, 2)])

    began = time.process_time()
    plain = http.get(f"/v1/jobs/{job}/cells", headers={"Accept-Encoding": "identity"})
    spent = time.process_time() - began
    packed = http.get(f"/v1/jobs/{job}/cells", headers={"Accept-Encoding": "gzip"})

    found = cells_of(plain)
    assert (len(found), len(plain.content)) == (100_000, 50_000)
    assert found[:10] == [EXCLUDED] * 10
    assert (found[100], found[101]) == (SETTLED, LEASED)
    assert packed.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(plain.content)) < 5_000
    assert spent < 5  # of the processor; it takes some hundredths


@pytest.mark.parametrize("asked", [{"from": -1}, {"count": 0}, {"count": 1 << 20}, {"from": "x"}])
def test_cells_that_nobody_can_mean_are_refused(http: httpx.Client, hands: Hands, asked: dict[str, str]) -> None:
    job = _ready(http, hands)

    assert http.get(f"/v1/jobs/{job}/cells", params=asked).status_code == 422
    assert http.get(f"/v1/jobs/{job}/cells", params={"from": 10}).status_code == 404


def test_a_job_whose_images_are_not_listed_has_no_grid_yet(http: httpx.Client) -> None:
    answer = http.post(
        "/v1/jobs", json={"images": [{"table": "https://example.org/t.csv"}], "model": "tiny", "prompt": "x"}
    )
    job = answer.json()["id"]

    assert http.get(f"/v1/jobs/{job}/grid").status_code == 409
    assert http.get(f"/v1/jobs/{job}/cells").json()["code"] == "conflict"


def test_thumbnails_are_linked_where_browsers_reach_the_store_and_the_links_stay(
    settings: Settings, hands: Hands
) -> None:
    public = settings.model_copy(update={"s3_public_endpoint": "https://pictures.example.org"})
    with running(public) as served, httpx.Client(base_url=served.url, timeout=20, trust_env=False) as http:
        job = _ready(http, hands)
        hands.leasing.settle(hands.lease(), [1, 2])

        links = http.get(f"/v1/jobs/{job}/thumbs", params={"indexes": "0-3"}).json()
        again = http.get(f"/v1/jobs/{job}/thumbs", params={"indexes": "2"}).json()
        inits = http.get(f"/v1/jobs/{job}/inits", params={"images": "0-4"}).json()["inits"]

    assert sorted(links["thumbs"]) == ["1", "2"]
    assert all(link.startswith("https://pictures.example.org/") for link in links["thumbs"].values())
    assert again["thumbs"] == {"2": links["thumbs"]["2"]}
    assert sorted(inits) == ["0"]


def test_more_thumbnails_than_a_page_holds_and_no_numbers_are_refused(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands)

    many = http.get(f"/v1/jobs/{job}/thumbs", params={"indexes": "0-200"})
    wrong = http.get(f"/v1/jobs/{job}/thumbs", params={"indexes": "a"})
    before = http.get(f"/v1/jobs/{job}/inits/-49201312/thumb")

    assert (many.status_code, many.json()["code"]) == (413, "too_large")
    assert (wrong.status_code, before.status_code) == (422, 422)


def test_nobody_elses_job_has_a_grid_cells_or_pictures(http: httpx.Client) -> None:
    strange = "/v1/jobs/01k8q4zj6m0v3n7x2b5c9d1f8g"
    asked = ["grid", "grid/axes/0", "cells", "thumbs?indexes=0", "inits?images=0", "inits/0/thumb", "marks"]
    asked += [f"variants/0{part}" for part in ("", "/thumb", "/picture", "/init", "/spec")]

    found = {path: http.get(f"{strange}/{path}").status_code for path in asked}

    assert set(found.values()) == {404}, found
    assert http.put(f"{strange}/marks", json={"mark": "star", "indexes": "1"}).status_code == 404


def test_marks_count_each_picture_once_and_only_pictures(http: httpx.Client, hands: Hands) -> None:
    job = _ready(http, hands)
    hands.leasing.settle(hands.lease(), [1, 2, 3, 5])

    some = http.put(f"/v1/jobs/{job}/marks", json={"mark": "star", "indexes": "0-3,5"}).json()
    again = http.put(f"/v1/jobs/{job}/variants/3/mark", json={"mark": "star"}).json()
    other = http.put(f"/v1/jobs/{job}/variants/3/mark", json={"mark": "reject"}).json()
    none = http.put(f"/v1/jobs/{job}/variants/1/mark", json={"mark": None}).json()
    early = http.put(f"/v1/jobs/{job}/variants/0/mark", json={"mark": "star"})

    assert some == {"star": 4, "reject": 0, "changed": 4}
    assert again == {"star": 4, "reject": 0, "changed": 0}
    assert other == {"star": 3, "reject": 1, "changed": 1}
    assert none == {"star": 2, "reject": 1, "changed": 1}
    assert early.status_code == 409
    assert http.get(f"/v1/jobs/{job}/marks").json() == {"star": "2,5", "reject": "3", "stars": 2, "rejects": 1}
    told = http.get(f"/v1/jobs/{job}").json()
    assert (told["stars"], told["rejects"]) == (2, 1)


@pytest.mark.parametrize(
    "body",
    [{}, {"mark": "great", "indexes": "1"}, {"mark": "star", "indexes": "0-20000"}, {"mark": "star", "indexes": ""}],
)
def test_marks_that_say_nothing_or_too_much_are_refused(
    http: httpx.Client, hands: Hands, body: dict[str, object]
) -> None:
    job = _ready(http, hands)

    assert http.put(f"/v1/jobs/{job}/marks", json=body).status_code == 422
