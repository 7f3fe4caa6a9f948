"""One verb for many jobs: first what it would touch, in words and numbers, then the deed, if that is still the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from jobs.errors import CallersFault, Conflict, NotFound
from jobs.ledger.finding import Wanted, find
from jobs.ledger.views import JobView
from jobs.state import Lane, State

if TYPE_CHECKING:
    from api.desk import Desk

MAX_JOBS = 1000
"""Jobs of one call; whoever has more asks again."""
SHOWN = 100


class Action(StrEnum):
    """What can be done to many jobs."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    PRIORITY = "priority"


_POSSIBLE: Mapping[Action, Callable[[JobView], bool]] = {
    Action.CANCEL: lambda job: not job.state.terminal,
    Action.PAUSE: lambda job: not job.state.terminal and not job.held,
    Action.RESUME: lambda job: job.held,
    Action.RETRY: lambda job: job.state in {State.PARTIAL, State.FAILED},
    Action.PRIORITY: lambda job: not job.state.terminal,
}
_WORDS: Mapping[Action, str] = {
    Action.CANCEL: "Cancel",
    Action.PAUSE: "Pause",
    Action.RESUME: "Resume",
    Action.RETRY: "Try the refused variants again of",
    Action.PRIORITY: "Move to the lane {lane}",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What to do, and to which jobs: those of `ids`, or where it is empty those that match `wanted`."""

    action: Action
    wanted: Wanted
    ids: tuple[str, ...] = ()
    lane: Lane = Lane.NORMAL
    whose: str = ""
    """The caller that was asked for by name; for the sentence."""

    @property
    def sentence(self) -> str:
        """In words; a name or a label of the caller's stands in it as it is."""
        verb = _WORDS[self.action].format(lane=self.lane)
        if self.ids:
            return f"{verb} {len(self.ids)} chosen jobs"
        every = f"{verb} every job of {self.whose}" if self.whose else f"{verb} every job"
        said = [f"in the state {self.wanted.state}"] if self.wanted.state else []
        said += [f"labelled {label}" for label in self.wanted.labels]
        said += [f"named like “{self.wanted.text}”"] if self.wanted.text else []
        return f"{every} {' and '.join(said)}" if said else every


@dataclass(frozen=True, slots=True)
class Failure:
    """A job to which it could not be done, and why."""

    job: str
    code: str
    message: str


@dataclass(slots=True)
class Bulk:
    """What it came to, or would. possible: those whose state allows it. more: there are more than one call takes."""

    matched: tuple[str, ...]
    possible: int
    more: bool
    done: int = 0
    failed: list[Failure] = field(default_factory=list)


def bulk(desk: "Desk", scope: Scope, *, caller: str | None, dry_run: bool, expected: int | None) -> Bulk:
    """Do it, or with `dry_run` only say to what; every verb may be repeated.

    caller: whose jobs, None for everybody's. expected: how many jobs the dry run matched.

    Raises:
        Conflict: another number matches now.
        LedgerUnavailable: some may be done; ask again.

    """
    ids = scope.ids or find(desk.book, scope.wanted, before="", limit=MAX_JOBS + 1)
    views = [view for job in ids[:MAX_JOBS] if (view := _mine(desk, job, caller)) is not None]
    possible = [view for view in views if _POSSIBLE[scope.action](view)]
    made = Bulk(tuple(view.id for view in views), len(possible), more=len(ids) > MAX_JOBS)
    if dry_run:
        return made
    if expected is not None and expected != len(views):
        message = f"{len(views)} jobs match now, where {expected} were expected"
        raise Conflict(message, remedy="Look at what it would touch now, with dry_run.")
    act = _verb(desk, scope)
    for view in possible:
        try:
            act(view)
        except CallersFault as error:
            made.failed.append(Failure(view.id, error.code, str(error)))
        else:
            made.done += 1
    return made


def _mine(desk: "Desk", job: str, caller: str | None) -> JobView | None:
    try:
        return desk.book.describe(job, caller=caller)
    except NotFound:
        return None


def _verb(desk: "Desk", scope: Scope) -> Callable[[JobView], object]:
    control = desk.control
    verbs: Mapping[Action, Callable[[JobView], object]] = {
        Action.CANCEL: lambda job: control.cancel(job.id, caller=job.caller),
        Action.PAUSE: lambda job: control.pause(job.id, caller=job.caller),
        Action.RESUME: lambda job: control.resume(job.id, caller=job.caller),
        Action.RETRY: lambda job: control.retry(job.id, caller=job.caller),
        Action.PRIORITY: lambda job: control.prioritise(job.id, scope.lane, caller=job.caller),
    }
    return verbs[scope.action]
