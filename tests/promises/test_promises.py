"""The promises of the ledger, a test each that bears its name; P4, P5, P10 and P13 are put to real processes.

Those four are in tests/drills/test_short_forms.py, P14 (webhooks) is beside the webhooks. Workers in here are forked
lives (`tests.faults.lives`) over real files and a real Redis.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.desk import Desk
from api.recovery import recover_all
from jobs.errors import Conflict
from jobs.keys import picture_uri
from jobs.ledger.feed import Feed
from jobs.ledger.leasing import Beat, Leasing
from jobs.ledger.views import GiveBack, JobView, Lease
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.spec import JobSpec
from jobs.state import State
from jobs.sweep import Sweep
from tests.faults.lives import live
from tests.faults.night import picture
from tests.faults.redis_control import RedisControl
from tests.faults.tally import Tally, Watch, count
from tests.ledger.conftest import Clock
from worker.crash_points import EXIT_CODE

LEASE_SECONDS = 1.0
CALLER = "ann"


class House:
    """A desk over real files, and workers that live when asked to."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        (folder / "good.png").write_bytes(picture())
        (folder / "bad.png").write_bytes(b"no picture")
        self.settings = Settings.model_validate(
            {
                "redis_url": redis_url,
                "output_uri": f"file://{folder}/out",
                "input_roots": (folder,),
                "backend": "paced",
                "paced_seconds": 0.01,
                "lease_seconds": LEASE_SECONDS,
                "tick_seconds": 0.1,
                "retry_base_seconds": 0.1,
                "concurrency": 2,
                "cache_dir": folder / "cache",
                "log_level": "error",
            }
        )
        self.desk = Desk.open(self.settings)
        self.leasing = Leasing(self.desk.book)

    def spec(self, samples: int = 8, *images: str) -> JobSpec:
        listed = ", ".join(f'"file://{self.folder}/{name}"' for name in images or ("good.png",))
        text = f"{{images: [{listed}], model: tiny, prompt: a boat, steps: 4, samples: {samples}, seed: 7}}"
        return parse_manifest(text, source="a promise", format="yaml")

    def submit(self, spec: JobSpec, *, key: str | None = None) -> JobView:
        return self.desk.submit(spec, caller=CALLER, idempotency_key=key).job

    def live(self, job: JobView, **settings: object) -> int:
        return live(self.settings.model_copy(update=settings), job.id)

    def tally(self, job: JobView) -> Tally:
        with Watch(job.id, Feed(self.desk.book.redis)) as watch:
            watch.catch_up()
        return count(self.desk.book, job.id, Path(job.results_uri.removeprefix("file://")), watch)

    def lease(self) -> Lease | None:
        found = self.leasing.lease(
            "w", models=["tiny"], lease_seconds=30, slots=1, first_chunk=4, urgent_only=False, alone_allowed=True
        )
        return found if isinstance(found, Lease) else None

    def ready(self, size: int) -> JobView:
        """A job that can be leased, planned by nobody."""
        job = self.submit(self.spec(size))
        self.leasing.ready(job.id, count=size, total=size, span=1, manifest_uri="file:///none.json")
        return job


@pytest.fixture
def house(tmp_path: Path, redis_url: str) -> Iterator[House]:
    made = House(tmp_path, redis_url)
    yield made
    made.desk.book.redis.close()
    made.desk.feed._redis.close()


def test_p1_an_accepted_job_survives_a_kill_of_redis_at_once(tmp_path: Path) -> None:
    with RedisControl(tmp_path) as control:
        house = House(tmp_path, control.url)
        job = house.submit(house.spec())

        control.kill()
        control.start()

        assert house.desk.book.describe(job.id).state == State.PLANNING
        assert house.desk.book.spec(job.id)
        house.desk.book.redis.close()
        house.desk.feed._redis.close()


def test_p2_every_variant_ends_settled_or_refused_with_a_reason(house: House) -> None:
    job = house.submit(house.spec(3, "good.png", "bad.png"))

    assert house.live(job) == 0

    tally = house.tally(job)
    assert (tally.settled, tally.refused, tally.lost, tally.doubled) == (3, 3, 0, 0)
    refusals = house.desk.book.refusals(job.id)
    assert [refusal.index for refusal in refusals] == [3, 4, 5]
    assert all(refusal.code and refusal.message for refusal in refusals)


def test_p3_a_strangers_object_at_a_key_is_never_overwritten(house: House) -> None:
    spec = house.spec(3)
    job = house.submit(spec)
    uri = picture_uri(job.results_uri, spec, Sweep(spec)[1])
    house.desk.storage.write(uri, b"somebody else's", "image/png", if_absent=True)

    assert house.live(job) == 0

    assert house.desk.storage.read(uri, limit=100) == b"somebody else's"
    view = house.desk.book.describe(job.id)
    assert (view.settled, dict(view.causes)) == (2, {"foreign_object": 1})


def test_p4_work_resumes_within_the_lease_and_five_seconds(house: House) -> None:
    job = house.submit(house.spec(8))
    assert house.live(job, crash_at="before-record") == EXIT_CODE

    began = time.monotonic()
    assert house.live(job) == 0

    assert time.monotonic() - began < LEASE_SECONDS + 5
    tally = house.tally(job)
    assert (tally.settled, tally.lost, tally.doubled, tally.objects) == (8, 0, 0, 8)


def test_p6_losing_redis_is_recoverable_from_storage(house: House) -> None:
    job = house.submit(house.spec(8))
    assert house.live(job, crash_at="after-settle") == EXIT_CODE
    before = house.desk.book.describe(job.id).settled
    house.desk.book.redis.flushall()

    recover_all(house.desk)
    restored = house.desk.book.describe(job.id).settled
    assert house.live(job) == 0

    tally = house.tally(job)
    assert 0 < before <= restored
    assert (tally.settled, tally.lost, tally.doubled, tally.rerenders) == (8, 0, 0, 0)


def test_p7_after_cancel_there_is_no_lease_and_running_work_is_told(house: House) -> None:
    job = house.ready(8)
    held = house.lease()
    assert held is not None
    house.leasing.settle(held, [0])

    view = house.desk.control.cancel(job.id, caller=CALLER)
    said = house.leasing.beat(held, in_flight=[1], lease_seconds=30, max_age_seconds=300)

    assert (view.state, view.leased, view.settled) == (State.CANCELLED, 0, 1)
    assert (house.lease(), said, house.leasing.settle(held, [1])) == (None, Beat.CANCELLED, 0)


def test_p8_pause_resume_and_retry_lose_nothing_and_repeat_nothing(house: House) -> None:
    job = house.ready(4)
    held = house.lease()
    assert held is not None
    house.leasing.settle(held, [0, 1])
    house.leasing.refuse(held, 2, code="bad_image", message="no")

    house.desk.control.pause(job.id, caller=CALLER)
    said = house.leasing.beat(held, in_flight=[], lease_seconds=30, max_age_seconds=300)
    house.leasing.release(held, [(GiveBack(3, 4), "", "")], chunk=None)
    paused = house.lease()
    house.desk.control.resume(job.id, caller=CALLER)
    rest = house.lease()
    assert rest is not None
    house.leasing.settle(rest, [3])
    house.desk.control.retry(job.id, caller=CALLER)
    again = house.lease()
    assert again is not None
    house.leasing.settle(again, [2])

    assert (said, paused) == (Beat.PAUSED, None)
    assert [(rest.start, rest.stop), (again.start, again.stop)] == [(3, 4), (2, 3)]
    assert house.desk.book.describe(job.id).state == State.SUCCEEDED


def test_p9_accepting_a_million_takes_no_more_of_redis_than_accepting_ten(house: House) -> None:
    def cost(samples: int, strengths: int) -> tuple[int, int]:
        axis = f"{{linspace: [0.2, 0.9, {strengths}]}}"
        image = f"file://{house.folder}/good.png"
        text = f"{{images: ['{image}'], model: tiny, prompt: a, strength: {axis}, samples: {samples}, seed: 7}}"
        spec, client = parse_manifest(text, source="a promise", format="yaml"), house.desk.book.redis
        before = client.info("commandstats"), client.info("memory")["used_memory"]
        house.desk.submit(spec, caller=CALLER, idempotency_key=None)
        after = client.info("commandstats"), client.info("memory")["used_memory"]
        calls = [sum(stats["calls"] for stats in moment.values()) for moment in (before[0], after[0])]
        return calls[1] - calls[0], after[1] - before[1]

    cost(5, 2)  # scripts are loaded, lists begun
    small, large = cost(5, 2), cost(1000, 1000)

    assert abs(large[0] - small[0]) <= 2
    assert abs(large[1] - small[1]) < 4096


def test_p11_an_idempotency_key_gives_the_same_job_and_never_another(house: House) -> None:
    first = house.submit(house.spec(4), key="night-1")

    again = house.desk.submit(house.spec(4), caller=CALLER, idempotency_key="night-1")

    assert (again.job.id, again.created) == (first.id, False)
    with pytest.raises(Conflict):
        house.submit(house.spec(5), key="night-1")


def test_p12_a_poison_input_fails_alone(house: House) -> None:
    """Variant 5 kills every worker that begins it; nobody needs to know which it is."""
    clock = Clock()
    house.desk.book.script._clock = clock
    job = house.ready(8)

    deaths = 0
    while (lease := house.lease()) is not None:
        if lease.start <= 5 < lease.stop:
            deaths += 1
            house.leasing.beat(lease, in_flight=[5], lease_seconds=30, max_age_seconds=300)
            clock.now += 31
            house.leasing.reap()
        else:
            house.leasing.settle(lease, range(lease.start, lease.stop))
            house.leasing.release(lease, [], chunk=None)

    view = house.desk.book.describe(job.id)
    assert (view.state, view.settled, dict(view.causes)) == (State.PARTIAL, 7, {"poison": 1})
    assert deaths == 4  # once among others, then three times alone
