"""The farm at a glance: what waits, what was made, and rings that stay bounded."""

import httpx

from jobs.ledger.rings import Sample, Window, points, sample, samples
from tests.api.conftest import Hands, accepted


def test_the_overview_counts_what_waits_and_what_is_in_work_by_lane(http: httpx.Client, hands: Hands) -> None:
    first = accepted(http, run={"priority": "urgent"})
    accepted(http)
    hands.plan(first)
    lease = hands.lease(chunk=8)
    hands.leasing.settle(lease, [0, 1, 2])

    told = http.get("/v1/overview").json()

    lanes = {lane["lane"]: lane for lane in told["lanes"]}
    assert lanes["urgent"] == {"lane": "urgent", "jobs": 1, "queued": 2, "leased": 5}
    assert lanes["normal"] == {"lane": "normal", "jobs": 0, "queued": 0, "leased": 0}
    assert (told["jobs"]["running"], told["jobs"]["planning"]) == (1, 1)
    assert told["counted"]
    assert told["oldest_waiting_s"] >= 0
    assert told["images_per_minute"] is None
    assert told["workers"] == {"all": 0, "busy": 0, "idle": 0, "drained": 0}


def test_the_rings_hold_what_was_made_and_never_more_than_they_should(http: httpx.Client, hands: Hands) -> None:
    book = hands.desk.book
    job = accepted(http)
    hands.plan(job)
    sample(book, workers=1)
    hands.render(hands.lease(), refuse=(3,))
    key = book.keys.named(f"ring:{Window.HOUR}")
    book.redis.delete(book.keys.named(f"lock:ring:{Window.HOUR}"))
    sample(book, workers=2)
    sample(book, workers=9)  # not due: somebody has just done it
    taken = samples(book, Window.HOUR)
    book.redis.rpush(key, *[book.redis.lindex(key, 0)] * 1000)
    book.redis.delete(book.keys.named(f"lock:ring:{Window.HOUR}"))
    sample(book, workers=2)

    past = http.get("/v1/overview/history", params={"window": "day"}).json()

    assert [(one.settled, one.refused, one.queued, one.workers) for one in taken] == [(0, 0, 10, 1), (9, 1, 0, 2)]
    assert len(samples(book, Window.HOUR)) == Window.HOUR.size
    assert past["step_s"] == 300
    assert http.get("/v1/overview/history", params={"window": "year"}).status_code == 422


def test_a_chart_shows_a_gap_where_nobody_took_a_sample() -> None:
    taken = [Sample(at, made, 0, 5, 1, 1) for at, made in ((0, 0), (10, 4), (20, 9), (500, 1000), (510, 1007))]

    found = points(taken, Window.HOUR)

    assert [(point.at, point.rendered) for point in found] == [
        (10, 4), (20, 5), (260, None), (500, None), (510, 7),
    ]  # fmt: skip
    assert found[2].queued is None
    assert found[3].queued == 5


def test_jobs_are_found_by_label_and_words_and_counted_by_state(http: httpx.Client, hands: Hands) -> None:
    red = accepted(http, name="Autumn <b>Boots</b>", labels={"season": "autumn", "team": "x"})
    blue = accepted(http, name="winter boots", labels={"season": "winter"})
    plain = accepted(http, name="hats")
    http.post(f"/v1/jobs/{blue}/cancel")
    hands.plan(red)

    def ids(**asked: str | list[str]) -> list[str]:
        return [job["id"] for job in http.get("/v1/jobs", params=asked).json()["jobs"]]

    assert ids(text="BOOTS") == [blue, red]
    assert ids(text="<b>") == [red]
    assert ids(text=plain[:20], state="planning") == [plain]
    assert ids(label="season") == [blue, red]
    assert ids(label="season=winter") == [blue]
    assert ids(label=["season=autumn", "team"]) == [red]
    assert ids(label=["season", "shape"]) == []
    answer = http.get("/v1/jobs", params={"text": "boots", "state": "cancelled", "limit": 1}).json()
    assert [job["labels"] for job in answer["jobs"]] == [{"season": "winter"}]
    assert {state: count for state, count in answer["counts"].items() if count} == {"cancelled": 1, "queued": 1}
    assert answer["counted"]
    assert answer["next_cursor"] is None


def test_pages_of_found_jobs_neither_skip_nor_repeat(http: httpx.Client) -> None:
    made = [accepted(http, name="odd" if k % 2 else "even") for k in range(7)]

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/v1/jobs", params={"text": "even", "limit": 2, "cursor": cursor}).json()
        seen += [job["id"] for job in page["jobs"]]
        cursor = page["next_cursor"]

    assert seen == made[::-2]
