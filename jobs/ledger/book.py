"""The ledger's face to the doors: accept, describe, list, control. The hands' face is `leasing`."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import redis

from jobs.errors import Conflict, NotFound, QuotaExceeded
from jobs.ledger.keyspace import DRAIN_SECONDS, IDEMPOTENCY_SECONDS, WORKER_SECONDS, Keyspace
from jobs.ledger.reading import job_view, worker_view
from jobs.ledger.scripts import Client, Scripts, speaking_to_redis
from jobs.ledger.views import EVERY_REFUSAL, NO_QUOTA, Accepted, JobView, Quota, Refusal, Selection, WorkerView
from jobs.spec.model import Budget
from jobs.state import Lane, State

if TYPE_CHECKING:
    from jobs.settings import Settings

NO_BUDGET = Budget()
NO_LABELS: Mapping[str, str] = MappingProxyType({})
QUOTA_SECONDS = 30


def connect(settings: "Settings") -> Client:
    """A client that fails within seconds rather than hang: every wait is bounded."""
    return redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        socket_timeout=10,
        socket_connect_timeout=5,
        socket_keepalive=True,
        health_check_interval=15,
    )


class Book:
    """Job state. Thread-safe; every method raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(
        self,
        client: Client,
        prefix: str = "pm:",
        *,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.redis = client
        self.keys = Keyspace(prefix)
        self.script = Scripts(client, prefix, now)
        self.when_missing: Callable[[], object] = lambda: None
        """Asked before a job is called unknown: it raises where the whole ledger was lost."""

    @classmethod
    def open(cls, settings: "Settings") -> "Book":
        """The ledger that the settings name; connects at the first call."""
        return cls(connect(settings), settings.redis_prefix)

    def accept(  # noqa: PLR0913 - what one script writes at once
        self,
        *,
        job: str,
        caller: str,
        lane: Lane,
        name: str,
        spec: bytes,
        spec_hash: str,
        count: int,
        total: int,
        models: Sequence[str],
        results_uri: str,
        max_failures: int | None,
        idempotency_key: str | None,
        body_hash: str,
        budget: Budget = NO_BUDGET,
        webhook: str = "",
        labels: Mapping[str, str] = NO_LABELS,
        quota: Quota = NO_QUOTA,
    ) -> Accepted:
        """Make a job durable, in O(1) of its variants.

        spec: canonical JSON of the frozen spec. count, total: variants without and with holes.

        Raises:
            Conflict: the idempotency key was used before with another body.
            QuotaExceeded: the caller has as much as `quota` lets it.

        """
        limit = "" if max_failures is None else str(max_failures)
        found, created, *held = self.script(
            "accept", job, caller, str(lane), name, spec, spec_hash, count, total, " ".join(models),
            results_uri, limit, idempotency_key or "", body_hash, IDEMPOTENCY_SECONDS,
            _bound(budget.images), _bound(budget.gpu_seconds), webhook, json.dumps(dict(labels)),
            quota.active_jobs, quota.open_variants,
        )  # fmt: skip
        if held:
            raise _too_much(caller, quota, created, int(held[0]), count)
        if not found:
            said = f"the idempotency key {idempotency_key!r} was used before with another body"
            raise Conflict(said, remedy="Use a new key for a new job, or send the same body again.")
        return Accepted(job=found, created=bool(created))

    def describe(self, job: str, *, caller: str | None = None) -> JobView:
        """The job as it stands; `caller` None sees every caller's jobs (workers, operators).

        Raises:
            NotFound: no such job, or not this caller's.

        """
        with speaking_to_redis():
            pipe = self.redis.pipeline(transaction=True)
            pipe.hgetall(self.keys.job(job))
            pipe.hgetall(self.keys.job(job, "causes"))
            pipe.hvals(self.keys.job(job, "lease"))
            pipe.zrange(self.keys.job(job, "retry"), 0, 999)
            fields, causes, leases, retry = pipe.execute()
        if not fields:
            self._was_pruned(job, caller)
            self.when_missing()
        if not fields or (caller is not None and fields["caller"] != caller):
            said = f"there is no job {job!r}"
            raise NotFound(said, remedy="List your jobs with `pentimento jobs` or GET /v1/jobs.")
        return job_view(job, fields, causes, leases, retry)

    def owner(self, job: str) -> str:
        """The name of the job's caller; "" where there is no such job."""
        with speaking_to_redis():
            return str(self.redis.hget(self.keys.job(job), "caller") or "")

    def has(self, job: str) -> bool:
        """Whether the ledger knows the job, whoever's it is."""
        with speaking_to_redis():
            return bool(self.redis.exists(self.keys.job(job)))

    def pruned(self, job: str) -> bool:
        """Whether the job was there, and was taken out of the ledger."""
        with speaking_to_redis():
            return bool(self.redis.exists(self.keys.named(f"gone:{job}")))

    def spec(self, job: str) -> bytes | None:
        """The frozen spec as canonical JSON; None once planning has moved it to the manifest in storage."""
        with speaking_to_redis():
            text = self.redis.get(self.keys.job(job, "spec"))
        return None if text is None else str(text).encode()

    def jobs(
        self,
        *,
        caller: str | None,
        state: State | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> tuple[JobView, ...]:
        """The caller's jobs (None: everybody's), newest first; those accepted before the job `before`."""
        found: list[JobView] = []
        last = before
        while len(found) < limit:
            page = self._page(caller, last, limit)
            if not page:
                break
            views = (self.describe(job, caller=caller) for job in page)
            found += [view for view in views if state is None or view.state == state]
            last = page[-1]
        return tuple(found[:limit])

    def cancel(self, job: str, *, caller: str, reason: str = "cancelled by the caller") -> JobView:
        """No lease is given after this returns; what is settled stays. A finished job stays as it is."""
        return self._control(job, caller, "cancel", reason)

    def pause(self, job: str, *, caller: str, reason: str = "paused by the caller") -> JobView:
        """No lease is given until `resume`; running work is given back within a beat.

        A job that is being planned keeps its state and the reason until it is, and is paused then.
        """
        return self._control(job, caller, "pause", reason)

    def resume(self, job: str, *, caller: str, budget: Budget = NO_BUDGET) -> JobView:
        """Leases are given again, unless a budget is spent; those that are named in `budget` are set first."""
        return self._control(job, caller, "resume", "", _bound(budget.images), _bound(budget.gpu_seconds))

    def retry(self, job: str, *, caller: str, among: Selection = EVERY_REFUSAL) -> JobView:
        """Reopen a finished job's refused variants, those that are `among` the selection and no others."""
        ranges = " ".join(f"{start} {stop}" for start, stop in among.ranges)
        return self._control(job, caller, "retry", "", " ".join(among.causes), ranges)

    def prioritise(self, job: str, lane: Lane, *, caller: str) -> JobView:
        """Move a job that is not over to another lane; leases that are out go on."""
        return self._control(job, caller, "lane", str(lane))

    def done_after(self, job: str, index: int, limit: int) -> tuple[int, ...]:
        """The next `limit` indexes from `index` on that are settled or refused, in order."""
        return tuple(found for found, _ in self.outcomes_after(job, index, limit))

    def outcomes_after(self, job: str, index: int, limit: int) -> tuple[tuple[int, bool], ...]:
        """The same, each with whether it is refused."""
        found = [
            (at, is_refused)
            for stretches, is_refused in zip(self.script("done", job, index, limit), (False, True), strict=True)
            for first, behind in zip(stretches[::2], stretches[1::2], strict=True)
            for at in range(first, behind)
        ]
        return tuple(sorted(found)[:limit])

    def refused(self, job: str, indexes: Sequence[int]) -> frozenset[int]:
        """Those of `indexes` that are refused."""
        with speaking_to_redis():
            pipe = self.redis.pipeline(transaction=False)
            for index in indexes:
                pipe.getbit(self.keys.job(job, "refused"), index)
            bits = pipe.execute() if indexes else []
        return frozenset(index for index, bit in zip(indexes, bits, strict=True) if bit)

    def refusals(self, job: str, *, limit: int = 100) -> tuple[Refusal, ...]:
        """The first refusals by index, at most `limit`; the ledger keeps a thousand, the records keep all."""
        with speaking_to_redis():
            kept = self.redis.hgetall(self.keys.job(job, "refusals"))
        rows = sorted((int(index), text.partition(" ")) for index, text in kept.items())
        return tuple(Refusal(index, code, message) for index, (code, _, message) in rows[:limit])

    def workers(self) -> tuple[WorkerView, ...]:
        """The workers that were seen within the last seconds, by name."""
        with speaking_to_redis():
            seconds, micros = self.redis.time()
            since = seconds + micros / 1e6 - WORKER_SECONDS
            seen = dict(self.redis.zrangebyscore(self.keys.named("workers"), since, "+inf", withscores=True))
            pipe = self.redis.pipeline(transaction=False)
            for worker in seen:
                pipe.hgetall(self.keys.worker(worker))
                pipe.exists(self.keys.named(f"drain:{worker}"))
            rows = iter(pipe.execute() if seen else [])
        told = ((worker, next(rows), bool(next(rows))) for worker in seen)
        views = (worker_view(worker, seen[worker], row, drained=drained) for worker, row, drained in told if row)
        return tuple(sorted(views, key=lambda view: view.id))

    def resend_webhook(self, job: str, *, caller: str) -> JobView:
        """Tell the end of a job again, under the same id, with all tries anew.

        Raises:
            Conflict: it has no webhook, or is not over and written.

        """
        self.describe(job, caller=caller)
        if not self.script("hook", job, "resend"):
            said = f"the job {job} has no webhook to send again"
            raise Conflict(said, remedy="It is sent when the job is over, and its results are written.")
        return self.describe(job, caller=caller)

    def drain(self, worker: str, *, wanted: bool) -> None:
        """Have a worker finish what is in flight and take no more work, or take work again; within a tick.

        Raises:
            NotFound: no such worker was seen lately.

        """
        if worker not in {view.id for view in self.workers()}:
            said = f"there is no worker {worker[:80]!r}"
            raise NotFound(said, remedy="List the workers with `pentimento workers` or GET /v1/workers.")
        key = self.keys.named(f"drain:{worker}")
        with speaking_to_redis():
            self.redis.set(key, "1", ex=DRAIN_SECONDS) if wanted else self.redis.delete(key)

    def _was_pruned(self, job: str, caller: str | None) -> None:
        with speaking_to_redis():
            owner, _, results = str(self.redis.get(self.keys.named(f"gone:{job}")) or "").partition(" ")
        if results and caller in {None, owner}:
            raise NotFound(f"the job {job} was pruned", remedy=f"What is left of its results lies in {results}")

    def _control(self, job: str, caller: str, verb: str, word: str, *more: str) -> JobView:
        self.describe(job, caller=caller)
        self.script("control", job, verb, word, *more)
        return self.describe(job, caller=caller)

    def _page(self, caller: str | None, before: str | None, limit: int) -> list[str]:
        key = self.keys.named("jobs:all") if caller is None else self.keys.jobs(caller)
        with speaking_to_redis():
            start = 0
            if before is not None:
                rank = self.redis.zrevrank(key, before)
                if rank is None:
                    said = f"cursor={before!r} is not a job of this caller"
                    raise NotFound(said, remedy="Take the cursor from the page before, as it is.")
                start = int(rank) + 1
            return list(self.redis.zrevrange(key, start, start + limit - 1))


def _too_much(caller: str, quota: Quota, which: int, held: int, more: int) -> QuotaExceeded:
    most = quota.active_jobs if which == 1 else quota.open_variants
    if which == 1:
        said = f"the caller {caller} may have {most} jobs that are not over, and has {held}"
    else:
        said = f"the caller {caller} may have {most} variants without an outcome, and has {held}; here are {more} more"
    remedy = f"Come back in {QUOTA_SECONDS} s, when some of that may be done, or cancel what is not needed."
    return QuotaExceeded(said, remedy=remedy, retry_after_seconds=QUOTA_SECONDS, limit=most, used=held)


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"
