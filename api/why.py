"""Why a job, or one variant of it, is where it is: the ledger's facts as sentences, most telling first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.ledger.insight import Holding, Situation, Standing, VariantFacts, Waiting, stands_still
from jobs.ledger.views import JobView, WorkerView
from jobs.state import State

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Why:
    """The answer. state: of the job, or the derived one of the variant. index: None for the whole job."""

    job: str
    index: int | None
    state: str
    sentences: tuple[str, ...]


def of_job(found: Situation, workers: Sequence[WorkerView]) -> Why:
    """Why the job is not over, or how it ended."""
    return Why(found.view.id, None, str(found.view.state), tuple(_job(found, workers)))


def of_variant(found: Situation, facts: VariantFacts, workers: Sequence[WorkerView], *, hole: bool) -> Why:
    """Why the variant has no picture yet, or what became of it. hole: the spec excludes it."""
    if hole:
        return Why(found.view.id, facts.index, "excluded", ("The spec excludes this variant: it is never made.",))
    return Why(found.view.id, facts.index, str(facts.standing), tuple(_variant(found, facts, workers)))


def _job(found: Situation, workers: Sequence[WorkerView]) -> Iterator[str]:
    view = found.view
    yield from _standing_still(view, workers)
    if view.causes:
        told = ", ".join(f"{count} {code}" for code, count in sorted(view.causes.items()))
        yield f"Refused: {told}; `pentimento results {view.id} --failed` tells each."
    if stands_still(view):
        return
    yield from _hands(view, workers)
    for holding in found.leases[:SHOWN]:
        yield _held(holding)
    if len(found.leases) > SHOWN:
        yield f"{len(found.leases) - SHOWN} more leases are out."
    for waiting in found.waiting[:SHOWN]:
        yield _waits(waiting)
    if len(found.waiting) > SHOWN:
        yield f"{len(found.waiting) - SHOWN} more ranges wait to be tried again."
    if view.cursor < view.total:
        yield f"Nobody has begun the variants from {view.cursor} on."
        yield from _queue(found)


def _standing_still(view: JobView, workers: Sequence[WorkerView]) -> Iterator[str]:
    if view.state is State.PLANNING:
        yield "The job is being planned: a worker freezes its manifest in storage before the first variant is leased."
        if not workers:
            yield "No worker is there to plan it: start one with `pentimento worker`."
        if view.held:
            yield f"Then it waits, {view.reason}: `pentimento resume {view.id}` lets it go on."
    elif view.state is State.PAUSED:
        yield f"The job is paused: {view.reason}. `pentimento resume {view.id}` lets it go on."
    elif view.state.terminal:
        yield f"The job is over: {view.state}{f' ({view.reason})' if view.reason else ''}."
        if not view.written:
            yield "Its results.jsonl, errors.jsonl and sheet are not written yet."


def _hands(view: JobView, workers: Sequence[WorkerView]) -> Iterator[str]:
    able = [worker for worker in workers if set(view.models) <= set(worker.models)]
    if not workers:
        yield "No worker is there: start one with `pentimento worker`."
    elif not able:
        there = "; ".join(f"{worker.id} has {', '.join(worker.models) or 'none'}" for worker in workers[:SHOWN])
        yield f"No worker has the model {' and '.join(view.models)}: {there}."
    elif all(worker.busy >= worker.slots for worker in able):
        busy, slots = sum(worker.busy for worker in able), sum(worker.slots for worker in able)
        yield f"All places of the workers that could do it are taken ({busy} of {slots})."
    yield from _loading(view, able)


def _loading(view: JobView, workers: Sequence[WorkerView]) -> Iterator[str]:
    for worker in workers:
        for alias, size in worker.loading:
            if alias in view.models:
                come = f", of which {size / 1e9:.1f} GB have come from the hub" if size else ""
                yield f"The worker {worker.id} loads the model {alias}{come}."


def _queue(found: Situation) -> Iterator[str]:
    if found.higher_leases:
        yield f"It is behind {found.higher_leases} leases of higher lanes."
    if found.callers_before:
        yield f"{found.callers_before} other callers of the lane {found.view.lane} have their turn first."
    if found.jobs_before:
        yield f"{found.jobs_before} older jobs of the same caller come first."


def _variant(found: Situation, facts: VariantFacts, workers: Sequence[WorkerView]) -> Iterator[str]:
    view = found.view
    if facts.standing is Standing.SETTLED:
        yield "Its picture is stored and settled."
    elif facts.standing is Standing.REFUSED:
        yield f"It was refused: {facts.code or 'for a reason that only its record tells'}."
        yield facts.message or f"`pentimento results {view.id} --failed` tells the whole reason."
    else:
        yield from _standing_still(view, workers)
        if view.state.terminal:
            yield "It has no picture, and will get none unless the job is tried again."
        else:
            yield from _open(found, facts, workers)


def _open(found: Situation, facts: VariantFacts, workers: Sequence[WorkerView]) -> Iterator[str]:
    view = found.view
    if facts.lost_alone:
        yield f"{facts.lost_alone} workers were lost while it ran alone; the third loss refuses it as poison."
    if facts.holding is not None:
        yield _held(facts.holding)
        if facts.index not in facts.holding.in_flight:
            yield "It is not in flight yet: others of the same lease come first."
        yield from _loading(view, [worker for worker in workers if worker.id == facts.holding.worker])
    elif not stands_still(view):
        yield from _hands(view, workers)
    if facts.waiting is not None:
        yield _waits(facts.waiting)
    elif facts.standing is Standing.REAPED:
        yield "Its lease was lost or given back; the ledger gives it out again."
    elif facts.standing is Standing.PENDING:
        yield f"Nobody has begun it: {facts.index - view.cursor} variants of the job come before it."
        if not stands_still(view):
            yield from _queue(found)


def _held(holding: Holding) -> str:
    alone = ", alone because a worker was lost on it" if holding.alone else ""
    late = "" if holding.left_seconds > 0 else "; it has expired, and the reaper gives it out again"
    return (
        f"The worker {holding.worker} holds {_range(holding.start, holding.stop)} since {holding.held_seconds:.0f} s"
        f"{alone} ({len(holding.in_flight)} in flight){late}."
    )


def _waits(waiting: Waiting) -> str:
    when = f"not before {waiting.in_seconds:.0f} s from now" if waiting.in_seconds > 0 else "now"
    tries = f" after {waiting.attempt} tries" if waiting.attempt else ""
    alone = ", alone because a worker was lost on it" if waiting.alone else ""
    return f"{_range(waiting.start, waiting.stop)} may be leased again {when}{tries}{alone}."


def _range(start: int, stop: int) -> str:
    return f"Variant {start}" if stop - start == 1 else f"Variants {start} to {stop - 1}"
