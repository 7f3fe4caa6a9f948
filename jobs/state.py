"""The states of a job, each with who moves a job in and who moves it out.

planning
    In: a door, by `Book.accept`. The spec is checked and durable in Redis; nothing has been listed or rendered.
    Out: a worker's planning duty (`Leasing.ready` → queued; `Leasing.fail` → failed), cancel.
queued
    In: planning. The frozen manifest is in storage. Out: the first lease → running; cancel; pause.
running
    In: the first lease. Out: the settle, refusal or release that leaves nothing open → succeeded, partial, failed.
paused
    Beside queued and running, with a reason. In: a person, a budget, planning (more variants than `run.confirm_above`,
    or a person who asked for it meanwhile). Out: resume (back to queued or running), cancel.
succeeded
    Every variant is settled. Terminal.
partial
    Some variants are settled and some refused. Terminal, except by retry.
failed
    Every variant was refused, it stopped at `max_failures`, or it could not be planned. Terminal, except by retry.
cancelled
    In: a person. No lease is given after the call returns; what was settled stays. Terminal.

A variant has no stored state until something happens to it: settled bit set → settled; refused bit set → refused; in a
live lease → leased; in the retry set → waiting; below the cursor and none of these → reaped; else pending.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a job stands; see the module's text for who moves it."""

    PLANNING = "planning"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Nothing more will happen unless somebody asks for it."""
        return self in {State.SUCCEEDED, State.PARTIAL, State.FAILED, State.CANCELLED}


class Lane(StrEnum):
    """How urgent a job is; a lower lane waits while a higher one has something to lease."""

    URGENT = "urgent"
    NORMAL = "normal"
    BACKGROUND = "background"
