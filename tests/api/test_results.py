"""Outcomes, page by page."""

import base64

import httpx
import pytest

from api.results import cursor_of, index_of
from jobs.errors import Poison
from jobs.keys import sheet_uri
from tests.api.conftest import Hands, accepted


def _pages(http: httpx.Client, job: str, limit: int) -> list[list[dict[str, object]]]:
    pages: list[list[dict[str, object]]] = []
    cursor = ""
    while not pages or cursor:
        answer = http.get(f"/v1/jobs/{job}/results", params={"limit": limit, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["records"])
        cursor = answer.json()["next_cursor"]
    return pages


def test_every_outcome_is_on_exactly_one_page(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, samples=500)
    hands.plan(job)
    for _ in range(2):
        hands.render(hands.lease(), refuse=(7, 600), part=100)

    pages = _pages(http, job, 300)

    assert [len(page) for page in pages] == [300, 300, 300, 100]
    records = [record for page in pages for record in page]
    assert [record["index"] for record in records] == list(range(1000))
    assert [record["index"] for record in records if record["state"] == "refused"] == [7, 600]


def test_a_record_says_everything_about_its_picture(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease(), refuse=(4,), pictures=True)

    records = http.get(f"/v1/jobs/{job}/results").json()["records"]

    assert records[3]["coordinates"] == {"strength": 0.3}
    assert records[3]["parameters"]["strength"] == 0.3
    assert records[3]["image"] == "boot"
    assert isinstance(records[3]["seed"], int)
    assert httpx.get(records[3]["link"], timeout=60).content == b"3"
    assert records[4]["error"]["code"] == "bad_image"
    assert "link" not in records[4] or not records[4]["link"]


def test_a_page_shows_what_has_an_outcome_now(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    nothing = http.get(f"/v1/jobs/{job}/results").json()
    hands.plan(job)
    hands.lease(chunk=8)
    hands.render(hands.lease(chunk=8))

    some = http.get(f"/v1/jobs/{job}/results").json()

    assert nothing == {"records": [], "next_cursor": None}
    assert [record["index"] for record in some["records"]] == [8, 9]


def test_a_variant_that_was_tried_again_has_its_latest_record(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease(), refuse=(4, 5))
    http.post(f"/v1/jobs/{job}/retry")
    hands.render(hands.lease(), refuse=(5,))

    records = http.get(f"/v1/jobs/{job}/results").json()["records"]

    assert [record["state"] for record in records[3:7]] == ["settled", "settled", "refused", "settled"]
    assert records[4]["error"] is None


def test_a_refusal_that_no_worker_lived_to_record_is_told_by_the_ledger(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    lease = hands.lease()
    hands.leasing.refuse(lease, 2, code=Poison.code, message="three workers died on it")

    records = http.get(f"/v1/jobs/{job}/results").json()["records"]

    assert [record["index"] for record in records] == [2]
    assert records[0]["error"]["code"] == "poison"
    assert records[0]["error"]["message"] == "three workers died on it"


@pytest.mark.parametrize(
    "cursor", ["x", "9", "i5", base64.urlsafe_b64encode(b"i-1").decode(), cursor_of(5) + "=", cursor_of(10**12), "é"]
)
def test_a_forged_cursor_is_refused(http: httpx.Client, cursor: str) -> None:
    job = accepted(http)

    answer = http.get(f"/v1/jobs/{job}/results", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "cursor"


@pytest.mark.parametrize("index", [0, 1, 511, 999_999_999_999])
def test_a_cursor_comes_back_as_its_index(index: int) -> None:
    assert index_of(cursor_of(index)) == index


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_of_results_has_a_bound(http: httpx.Client, limit: int) -> None:
    assert http.get(f"/v1/jobs/{accepted(http)}/results", params={"limit": limit}).status_code == 422


def test_the_sheet_is_not_there_until_it_is_written(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease())
    before = http.get(f"/v1/jobs/{job}/sheet")
    uri = sheet_uri(hands.desk.book.describe(job).results_uri)
    hands.desk.storage.write(uri, b"a sheet", "image/png", if_absent=False)
    hands.finish()

    after = http.get(f"/v1/jobs/{job}/sheet")

    assert before.status_code == 404
    assert after.status_code == 307
    assert httpx.get(after.headers["location"], timeout=60).content == b"a sheet"
