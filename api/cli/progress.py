"""How far a job is, folded from its events: counts, speed, what is left. Pure: the clock is passed in."""

from collections import deque
from dataclasses import dataclass, field

from api.cli.answers import Job
from jobs.events import Event
from jobs.state import State

# Speed is measured over this many seconds: long enough to smooth chunks, short enough to notice a lost worker.
WINDOW_SECONDS = 60.0

STATES = {
    "queued": State.QUEUED,
    "started": State.RUNNING,
    "paused": State.PAUSED,
}


@dataclass(slots=True)
class Progress:
    """A job as a watcher sees it. Feed it events in order; `now` is any steady clock, in seconds."""

    job: str
    state: State
    count: int
    settled: int
    refused: int
    reason: str = ""
    causes: dict[str, int] = field(default_factory=dict)
    last_refusal: str = ""
    _marks: deque[tuple[float, int]] = field(default_factory=deque)

    _behind: bool = False

    @classmethod
    def of(cls, job: Job, *, now: float) -> "Progress":
        """Where `job` stands, with no speed known yet."""
        progress = cls(job.id, job.state, job.count, job.settled, job.refused, job.reason, dict(job.causes))
        progress._behind = progress.done > 0
        progress._mark(now)
        return progress

    @property
    def done(self) -> int:
        """Variants that have an outcome."""
        return self.settled + self.refused

    @property
    def per_second(self) -> float:
        """Outcomes a second lately; 0 while unknown."""
        if len(self._marks) < 2:
            return 0.0
        (then, before), (now, after) = self._marks[0], self._marks[-1]
        return (after - before) / (now - then) if now > then else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The rest at this speed; None while unknown."""
        speed = self.per_second
        return (self.count - self.done) / speed if speed > 0 and self.count else None

    def see(self, job: Job) -> None:
        """Take over what the API says of the whole job."""
        self.state, self.reason, self.causes = job.state, job.reason, dict(job.causes)
        self.count, self.settled, self.refused = job.count, job.settled, job.refused

    def fold(self, event: Event, *, now: float) -> None:
        """Take in one event. Counts in events are totals, so an event seen twice changes nothing."""
        data = event.data
        if self._behind:
            # A feed that is read from its start tells what was, until it has told of as much as is known.
            told = int(data.get("settled", 0)) + int(data.get("refused", 0))
            self._behind = told < self.done and event.kind != "finished"
            if self._behind:
                return
        self.count = int(data.get("count", self.count))
        self.settled = int(data.get("settled", self.settled))
        self.refused = int(data.get("refused", self.refused))
        self.state = STATES.get(event.kind, self.state)
        if event.kind == "paused":
            self.reason = data.get("reason", "")
        elif event.kind == "resumed":
            self.state, self.reason = State.RUNNING if self.done else State.QUEUED, ""
        elif event.kind == "finished":
            self.state, self.reason = State(data.get("state", self.state)), data.get("reason", "")
        elif event.kind == "refused":
            self.last_refusal = f"{data.get('code', '')}: {data.get('message', '')}"
        self._mark(now)

    def _mark(self, now: float) -> None:
        if not self.done or (self._marks and self._marks[-1][1] == self.done):
            return  # until the first outcome it was planned, waited and loaded, which says nothing of the speed
        self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[0][0] > WINDOW_SECONDS:
            self._marks.popleft()


def duration(seconds: float) -> str:
    """`seconds` as people say it: "8.3 s", "4 min 10 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
