"""One glance at the farm: how fast, how much waits, who works, what fails, and when it will be done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from jobs.ledger.finding import Wanted, count
from jobs.ledger.rings import Now, Point, Sample, Window, look, points, sample, samples
from jobs.ledger.views import WorkerView
from jobs.state import Lane, State

if TYPE_CHECKING:
    from api.desk import Desk

MINUTE = 60.0
_SHORTEST = 8.0
"""Seconds that a rate is taken over at least: two samples."""


class LaneLine(BaseModel):
    """One lane of the queue."""

    lane: Lane
    jobs: int = Field(description="jobs that have something to lease")
    queued: int = Field(description="variants that wait")
    leased: int = Field(description="variants that workers have now")


class WorkerCounts(BaseModel):
    """Who is there."""

    all: int
    busy: int = Field(description="that have work now")
    idle: int
    drained: int = Field(description="that take no more work until they are resumed")


class Overview(BaseModel):
    """The farm as it stands; jobs are the caller's own, everything else is everybody's, without names."""

    at: float = Field(description="Unix seconds on the ledger's clock")
    images_per_minute: float | None = Field(description="over the last minute; null where that is not known")
    refused_per_minute: float | None
    failure_share: float | None = Field(description="refused of all outcomes of the last hour, 0 to 1; null for none")
    eta_s: float | None = Field(description="until everything is done at this pace; null where nothing moves or waits")
    oldest_waiting_s: float | None = Field(description="how long ago the oldest job was accepted that still waits")
    lanes: list[LaneLine]
    counted: bool = Field(description="false where there are too many jobs to look at all: the sums are of the first")
    workers: WorkerCounts
    jobs: dict[State, int] = Field(description="the caller's, by state")


class History(BaseModel):
    """Columns for a chart; null in a gap."""

    step_s: int
    at: list[float]
    rendered: list[int | None] = Field(description="pictures since the point before")
    refused: list[int | None]
    queued: list[int | None]
    leased: list[int | None]
    workers: list[int | None]


def overview(desk: "Desk", *, caller: str | None) -> Overview:
    """The farm as it stands. caller: whose jobs are counted, None for everybody's.

    Raises:
        LedgerUnavailable: try again.

    """
    there = desk.workers()
    sample(desk.book, workers=len(there))
    now, hour = look(desk.book), samples(desk.book, Window.HOUR)
    rate, refusals = _per_minute(now, hour)
    waits = sum(lane.queued + lane.leased for lane in now.lanes)
    oldest = [lane.oldest for lane in now.lanes if lane.oldest is not None]
    pace = (rate or 0.0) + (refusals or 0.0)
    return Overview(
        at=now.at,
        images_per_minute=rate,
        refused_per_minute=refusals,
        failure_share=_failures(now, hour),
        eta_s=waits / pace * MINUTE if waits and pace else None,
        oldest_waiting_s=max(0.0, now.at - min(oldest)) if oldest else None,
        lanes=[LaneLine(lane=one.lane, jobs=one.jobs, queued=one.queued, leased=one.leased) for one in now.lanes],
        counted=now.whole,
        workers=_counts(there),
        jobs=count(desk.book, Wanted(caller)).by_state,
    )


def history(desk: "Desk", window: Window) -> History:
    """What the farm did lately.

    Raises:
        LedgerUnavailable: try again.

    """
    found: Sequence[Point] = points(samples(desk.book, window), window)
    return History(
        step_s=window.step_seconds,
        at=[point.at for point in found],
        rendered=[point.rendered for point in found],
        refused=[point.refused for point in found],
        queued=[point.queued for point in found],
        leased=[point.leased for point in found],
        workers=[point.workers for point in found],
    )


def _per_minute(now: Now, hour: Sequence[Sample]) -> tuple[float | None, float | None]:
    """Pictures and refusals a minute, since the youngest sample that is a minute old, or the oldest that there is."""
    lately = [one for one in hour if one.at > now.at - 2 * MINUTE]
    before = next((one for one in reversed(lately) if one.at <= now.at - MINUTE), lately[0] if lately else None)
    if before is None or now.at - before.at < _SHORTEST:
        return None, None
    minutes = (now.at - before.at) / MINUTE
    return (
        round(max(0, now.settled - before.settled) / minutes, 2),
        round(max(0, now.refused - before.refused) / minutes, 2),
    )


def _failures(now: Now, hour: Sequence[Sample]) -> float | None:
    first = next((one for one in hour if one.at >= now.at - 60 * MINUTE), None)
    if first is None:
        return None
    settled, refused = now.settled - first.settled, now.refused - first.refused
    return refused / (settled + refused) if settled + refused > 0 else None


def _counts(there: Sequence[WorkerView]) -> WorkerCounts:
    busy = sum(worker.busy > 0 for worker in there)
    return WorkerCounts(
        all=len(there), busy=busy, idle=len(there) - busy, drained=sum(worker.drained for worker in there)
    )
