"""The ledger's face to the hands: lease, beat, settle, refuse, release, reap, and the duties about whole jobs."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Final

from jobs.ledger.book import Book
from jobs.ledger.keyspace import WORKER_SECONDS
from jobs.ledger.scripts import speaking_to_redis
from jobs.ledger.speeds import Speeds
from jobs.ledger.views import GiveBack, Lease, Trouble, WorkerView
from jobs.state import Lane, State

MAX_MESSAGE: Final = 300
"""Characters of an error message that the ledger keeps; the records keep the whole text."""


class Beat(StrEnum):
    """What a beat answers: go on, give back what is not begun (urgent work waits), or end at once and why."""

    GO = "go"
    YIELD = "yield"
    LOST = "lost"
    CANCELLED = "cancelled"
    PAUSED = "paused"


class Drain(StrEnum):
    """Nothing to lease now, because a suspect waits to run alone in an idle process."""

    DRAIN = "drain"


@dataclass(frozen=True, slots=True)
class Reaped:
    """leases: that had expired. poisoned: variants that were refused, because workers died on them."""

    leases: int
    poisoned: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Tickets that there is work for."""

    render: int
    urgent: int
    duties: int


@dataclass(frozen=True, slots=True)
class Duty:
    """Work about a whole job: plan, finish, hook or marks. `token`: until when it is held, as the ledger spells it."""

    kind: str
    job: str
    token: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.job}"


class Leasing:
    """Thread-safe; every method raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._script = book.script
        self.speeds = Speeds(book)

    def lease(  # noqa: PLR0913 - what one script is told
        self,
        worker: str,
        *,
        models: Iterable[str],
        lease_seconds: float,
        slots: int,
        first_chunk: int,
        urgent_only: bool,
        alone_allowed: bool,
        loaded: Collection[str] = (),
    ) -> Lease | Drain | None:
        """The best chunk for this worker now.

        slots: leases that all workers together may hold; a job's tail is shared out over them.
        first_chunk: variants, where a job's speed was not measured yet.
        alone_allowed: this process holds no other lease, so a suspect may run.
        loaded: those of `models` that it need not load first, and prefers for a while; empty: there is no difference.
        """
        found = self._script(
            "lease",
            worker,
            _spaced(models),
            int(urgent_only),
            int(alone_allowed),
            lease_seconds,
            slots,
            first_chunk,
            _spaced(loaded) if loaded else "",
        )
        if not found:
            return None
        if len(found) == 1:
            return Drain.DRAIN
        job, fence, epoch, start, stop, again, alone, attempt, caller, manifest, results, closed, lane = found
        return Lease(
            job=job,
            fence=fence,
            epoch=epoch,
            start=start,
            stop=stop,
            again=bool(again),
            alone=bool(alone),
            attempt=attempt,
            caller=caller,
            manifest_uri=manifest,
            results_uri=results,
            closed=frozenset(closed),
            urgent=lane == Lane.URGENT,
        )

    def beat(
        self,
        lease: Lease,
        *,
        in_flight: Collection[int],
        lease_seconds: float,
        max_age_seconds: float,
    ) -> Beat:
        """Extend a live lease and leave word of the rows in flight."""
        flight = " ".join(map(str, sorted(in_flight)))
        return Beat(self._script("beat", lease.job, lease.fence, flight, lease_seconds, max_age_seconds))

    def settle(self, lease: Lease, indexes: Sequence[int], *, seconds: float = 0.0) -> int:
        """Count pictures whose bytes and records are stored; returns how many were new.

        seconds: of the device, for all of them.
        """
        return int(self._script("settle", lease.job, lease.epoch, f"{seconds:.6f}", *indexes)[0]) if indexes else 0

    def refuse(self, lease: Lease, index: int, *, code: str, message: str) -> bool:
        """Record that a variant has no picture; False when the lease is lost or it was recorded before."""
        return bool(
            self._script(
                "refuse",
                lease.job,
                lease.epoch,
                lease.fence,
                index,
                code,
                message[:MAX_MESSAGE],
            )[0]
        )

    def release(
        self,
        lease: Lease,
        gives: Sequence[tuple[GiveBack, str, str]],
        *,
        chunk: int | None,
    ) -> str:
        """Give the lease up with what is unfinished: ranges, each with the error code and message of a postponement.

        chunk: variants that a lease of this job should cover, by its measured speed.
        """
        args: list[str | float] = []
        for give, code, message in gives:
            args += [
                give.start,
                give.stop,
                give.delay_seconds,
                give.attempt,
                code,
                message[:MAX_MESSAGE],
            ]
        return str(self._script("release", lease.job, lease.fence, "" if chunk is None else chunk, *args))

    def reap(self, *, limit: int = 100) -> Reaped:
        """Give out again what expired leases left open."""
        return Reaped(*map(int, self._script("reap", limit)))

    def ready(
        self,
        job: str,
        *,
        count: int,
        total: int,
        span: int,
        manifest_uri: str,
        max_failures: int | None = None,
        hold: str = "",
    ) -> State:
        """Planning is done. span: raw positions of one init image; chunks end on its borders where they can.

        max_failures: by the count that is known now; None leaves what was accepted.
        hold: why the job is paused before anything of it is leased, empty where it is not.
        """
        limit = "" if max_failures is None else max_failures
        return State(self._script("ready", job, count, total, span, manifest_uri, limit, hold))

    def note_linked(self, job: str, *, count: int) -> None:
        """How many of the job's pictures are another's that it extends."""
        with speaking_to_redis():
            if self._book.redis.exists(self._book.keys.job(job)):
                self._book.redis.hset(self._book.keys.job(job), "linked", count)

    def fail(self, job: str, *, reason: str) -> None:
        """Planning found that nothing can be rendered."""
        self._script("control", job, "fail", reason[:MAX_MESSAGE])

    def take_duty(self, *, hold_seconds: float) -> Duty | None:
        """What is to be planned, else what has waited longest.

        It comes again after `hold_seconds` unless it is held on to, or done.
        Each time that a duty is taken again it is held twice as long, up to ten minutes.
        """
        found = self._script("duty", "take", hold_seconds)
        if not found:
            return None
        kind, job = str(found[0]).split(" ")
        return Duty(kind, job, token=str(found[1]))

    def hold_duty(self, duty: Duty, *, hold_seconds: float) -> Duty | None:
        """The same duty, held from now on; None when it was given to somebody else, or is over."""
        token = str(self._script("duty", "hold", str(duty), duty.token, hold_seconds))
        return replace(duty, token=token) if token else None

    def duty_done(self, duty: Duty) -> bool:
        """The duty is done; finishing also marks the job's results as written. False when it was held too short."""
        return bool(self._script("duty", "done", str(duty), duty.token))

    def duty_later(self, duty: Duty, *, delay_seconds: float) -> None:
        """The world was at fault: the duty comes again after a while."""
        self._script("duty", "later", str(duty), delay_seconds)

    def hook_told(self, job: str, *, state: str, said: str) -> None:
        """A webhook was tried. state: pending (it is tried again), delivered, failed; said: why, where it failed."""
        self._script("hook", job, "told", state, said[:MAX_MESSAGE])

    def demand(self, *, models: Iterable[str], limit: int, first_chunk: int) -> Demand:
        """How much work there is for workers with these models, up to `limit` tickets."""
        render, urgent, duties = self._script("demand", _spaced(models), limit, first_chunk)
        return Demand(render=render, urgent=urgent, duties=duties)

    def announce(self, view: WorkerView) -> bool:
        """This worker lives; it counts as gone when it doesn't say so again within `WORKER_SECONDS`.

        Returns whether somebody has drained it: it shall take no more work.
        """
        with speaking_to_redis():
            seconds, micros = self._book.redis.time()
            pipe = self._book.redis.pipeline(transaction=True)
            pipe.zadd(self._book.keys.named("workers"), {view.id: seconds + micros / 1e6})
            pipe.zremrangebyscore(self._book.keys.named("workers"), "-inf", seconds - 3600)
            fields = {
                "device": view.device,
                "backend": view.backend,
                "models": " ".join(view.models),
                "slots": view.slots,
                "busy": view.busy,
                "rendered": view.rendered,
                "device_name": view.device_name,
                "memory_used": view.memory_used,
                "memory_limit": view.memory_limit,
                "per_minute": f"{view.per_minute:.2f}",
                "trouble": _trouble(view.trouble),
                "queue": view.queue,
                "loading": json.dumps(view.loading),
            }
            pipe.hset(self._book.keys.worker(view.id), mapping=fields)
            pipe.expire(self._book.keys.worker(view.id), WORKER_SECONDS)
            pipe.exists(self._book.keys.named(f"drain:{view.id}"))
            return bool(pipe.execute()[-1])

    def leave(self, worker: str) -> None:
        """This worker goes away in good order."""
        with speaking_to_redis():
            self._book.redis.zrem(self._book.keys.named("workers"), worker)
            self._book.redis.delete(self._book.keys.worker(worker), self._book.keys.named(f"drain:{worker}"))

    def alone_at(self, name: str, *, seconds: float) -> bool:
        """True for the one process that does the recurring duty `name` in the next `seconds`."""
        with speaking_to_redis():
            key = self._book.keys.named(f"lock:{name}")
            return bool(self._book.redis.set(key, "1", nx=True, px=max(1, int(seconds * 1000))))

    def queue_length(self, queue: str) -> int:
        """Tickets that wait in a Celery queue, by the key that kombu's Redis transport gives it."""
        with speaking_to_redis():
            return int(self._book.redis.llen(self._book.keys.named(queue)))


def _trouble(trouble: Trouble | None) -> str:
    return json.dumps(asdict(trouble) | {"message": trouble.message[:MAX_MESSAGE]}) if trouble else ""


def _spaced(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "
