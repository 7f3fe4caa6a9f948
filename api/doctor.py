"""Looks at everything that a job needs, says what is wrong and what to do, and repairs what is safe to repair."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from api.desk import Desk
from jobs.broker import LIGHT_QUEUE
from jobs.errors import ForbiddenUri, PentimentoError
from jobs.ledger.fitness import check_fitness
from jobs.ledger.health import broken, overdue, server, wanted_models
from jobs.ledger.leasing import Leasing
from jobs.ledger.wanted import FIRST_CHUNK
from jobs.telemetry.redaction import redact

Status = Literal["ok", "warn", "bad"]
SKEW_SECONDS = 60.0
FULL = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. remedy: what to do, empty where nothing is wrong; repaired: what was done."""

    name: str
    status: Status
    detail: str
    remedy: str = ""
    repaired: str = ""


def examine(desk: Desk, *, repair: bool = False) -> tuple[Finding, ...]:
    """Every finding, in the order in which one would look. Never raises: what can't be asked is a finding."""
    looks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("redis", lambda: _redis(desk)),
        ("storage", lambda: _storage(desk)),
        ("workers", lambda: _workers(desk)),
        ("tickets", lambda: _tickets(desk, repair=repair)),
        ("leases", lambda: _leases(desk, repair=repair)),
        ("jobs", lambda: _jobs(desk, repair=repair)),
    )
    found: list[Finding] = []
    for name, look in looks:
        try:
            found += look()
        except PentimentoError as error:
            found.append(Finding(name, "bad", str(error), error.remedy))
    return tuple(replace(one, detail=redact(one.detail), remedy=redact(one.remedy)) for one in found)


def _redis(desk: Desk) -> Iterator[Finding]:
    began = time.perf_counter()
    said = check_fitness(desk.book, require_aof=desk.settings.require_aof)
    about = server(desk.book)
    took = (time.perf_counter() - began) * 1000
    yield Finding("redis", "ok", f"{about.name} {about.version}: {said} (asked five times in {took:.0f} ms)")
    used = (
        f"{about.used_bytes >> 20} MiB used of {about.limit_bytes >> 20} MiB" if about.limit_bytes else "no limit set"
    )
    if about.limit_bytes and about.used_bytes > FULL * about.limit_bytes:
        yield Finding("redis memory", "bad", used, "Raise maxmemory, or `pentimento prune` finished jobs.")
    else:
        yield Finding("redis memory", "ok", used)
    if about.evicted:
        said = f"{about.evicted} keys were evicted since the server started"
        yield Finding("redis memory", "warn", said, "Set maxmemory-policy to noeviction; then `pentimento recover`.")
    yield Finding("instance", "ok", f"this deployment's ledger: {desk.instance.require()}")


def _storage(desk: Desk) -> Iterator[Finding]:
    desk.storage.ensure_bucket()
    uri = f"{desk.settings.output_uri}/_doctor-{secrets.token_hex(4)}.json"
    desk.storage.write(uri, b"{}", "application/json", if_absent=False)
    try:
        if desk.storage.read(uri, limit=64) != b"{}":
            yield Finding("storage", "bad", f"what was written to {uri} reads otherwise", "Look at the store.")
        yield _skew(desk, uri)
    finally:
        desk.storage.delete(uri)
    yield Finding("storage", "ok", f"writes, reads and deletes below {desk.settings.output_uri}")
    if desk.storage.conditional_put:
        yield Finding("storage promise", "ok", "conditional writes: exactly one object for each key")
    else:
        said = "no conditional writes: it is looked before it is written, with a narrow race between two workers"
        yield Finding("storage promise", "ok", said)


def _skew(desk: Desk, uri: str) -> Finding:
    try:
        answer = httpx.head(desk.storage.link(uri, ttl_seconds=60), timeout=10, trust_env=False)
        skew = parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
    except (httpx.HTTPError, httpx.InvalidURL, ForbiddenUri, KeyError, ValueError) as error:
        if uri.startswith("file:"):
            return Finding("storage clock", "ok", "files have this machine's clock")
        remedy = "Links in results may not work from here: look at PENTIMENTO_S3_PUBLIC_ENDPOINT."
        return Finding("storage clock", "warn", f"a link could not be followed ({type(error).__name__})", remedy)
    if abs(skew) > SKEW_SECONDS:
        remedy = "Set the clocks: at 15 minutes a store refuses every request, and links expire early."
        return Finding("storage clock", "bad", f"the store's clock is {skew:+.0f} s from ours", remedy)
    return Finding("storage clock", "ok", f"the store's clock is within {SKEW_SECONDS:.0f} s of ours")


def _workers(desk: Desk) -> Iterator[Finding]:
    workers, wanted = desk.workers(), wanted_models(desk.book)
    if not workers:
        status: Status = "bad" if wanted else "warn"
        yield Finding("workers", status, f"none, and {len(wanted)} jobs wait", "Start one: `pentimento worker`.")
        return
    told = "; ".join(f"{one.id} ({one.backend} on {one.device}, {one.busy} of {one.slots} busy)" for one in workers)
    yield Finding("workers", "ok", told)
    lacking = {job: models for job, models in wanted.items() if not any(set(models) <= set(w.models) for w in workers)}
    for job, models in sorted(lacking.items()):
        remedy = "Start a worker that has them, or cancel the job."
        yield Finding("models", "bad", f"no worker has all of {', '.join(models)}, which {job} needs", remedy)
    if not lacking:
        yield Finding("models", "ok", "every waiting job has a worker that could do it")


def _tickets(desk: Desk, *, repair: bool) -> Iterator[Finding]:
    leasing, workers = Leasing(desk.book), desk.workers()
    for queue in sorted({worker.queue for worker in workers if worker.queue}):
        mine = [worker for worker in workers if worker.queue == queue]
        free = sum(max(0, worker.slots - worker.busy) for worker in mine)
        models = sorted(set.union(*(set(worker.models) for worker in mine)))
        demand = leasing.demand(models=models, limit=max(1, free), first_chunk=FIRST_CHUNK)
        queued = leasing.queue_length(queue)
        said = f"{queue}: {demand.render} wanted now, {queued} queued, {free} places free"
        missing = min(free, demand.render) - queued
        if missing <= 0:
            yield Finding("tickets", "ok", said)
            continue
        done = f"sent {missing}" if repair and desk.tickets.render(queue, missing) else ""
        yield Finding("tickets", "warn", said, "A worker sends them at its next tick; --repair sends them now.", done)
    due = overdue(desk.book).duties
    if due:
        done = "sent a ticket" if repair and desk.tickets.light() else ""
        waiting = leasing.queue_length(LIGHT_QUEUE)
        said = f"{due} duties (planning, finishing) are overdue; {waiting} tickets for them are queued"
        yield Finding("duties", "bad", said, "Is a worker there, and does its log say why they fail?", done)
    else:
        yield Finding("duties", "ok", "none is overdue")


def _leases(desk: Desk, *, repair: bool) -> Iterator[Finding]:
    late = overdue(desk.book).leases
    if not late:
        yield Finding("leases", "ok", "none has expired without being reaped")
        return
    done = f"reaped {Leasing(desk.book).reap(limit=1000).leases}" if repair else ""
    said = f"{late} leases have expired and nobody reaped them"
    yield Finding("leases", "bad", said, "No worker ticks: start one; --repair reaps them now.", done)


def _jobs(desk: Desk, *, repair: bool) -> Iterator[Finding]:
    told = {"plan": "nobody would plan it", "finish": "nobody would finish it", "runnable": "nobody would lease of it"}
    sound = True
    for job, missing in broken(desk.book, repair=repair):
        sound = False
        done = "put back" if repair else ""
        yield Finding("jobs", "bad", f"{job}: {told[missing]}", "--repair puts back what is missing.", done)
    if sound:
        yield Finding("jobs", "ok", "every open job would be taken up")
