"""What to do about a call that failed, and when a remote is left alone: decisions without clock, chance or network."""

from dataclasses import dataclass, replace

from jobs.errors import PentimentoError, RemoteRefused, RemoteUnavailable
from jobs.retry import wait_seconds
from worker.backends.remote.remotes import Remote

MAX_WAIT_SECONDS = 60.0
_AWAY = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED", "DATA_LOSS"})
_BUSY = frozenset({"RESOURCE_EXHAUSTED", "ABORTED"})
_NO_ENTRY = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
_TOO_LARGE = "larger than max"


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call ended. code: gRPC's name. hint_seconds: when the server wants to be asked again; below 0 never."""

    code: str
    words: str
    hint_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Ask again, no sooner than after so long."""

    delay_seconds: float


def decide(
    failure: Failure, remote: Remote, *, attempt: int, waited_seconds: float, random: float
) -> Later | PentimentoError:
    """What follows from a failure: another call, or the error that the picture is refused with.

    attempt: calls for this picture before this one. waited_seconds: time that it has spent here already. random: 0..1.
    """
    said = f"{remote.name} ({remote.target}) answered {failure.code}: {failure.words[:500]}"
    if failure.code in _NO_ENTRY:
        return RemoteUnavailable(said, remedy=f"Look at the key of remotes.{remote.name}.")
    if failure.code not in _AWAY | _BUSY or _TOO_LARGE in failure.words:
        return RemoteRefused(said, remedy="The remote says what is wrong with the request.")
    delay = min(MAX_WAIT_SECONDS, wait_seconds(attempt, base_seconds=remote.backoff_seconds, random=random))
    hint = failure.hint_seconds
    if hint is not None:
        delay = max(delay, hint)
    if (hint is not None and hint < 0) or waited_seconds + delay > remote.patience_seconds:
        return RemoteUnavailable(said, remedy=f"It was asked {attempt + 1} times; the job asks again later.")
    return Later(delay)


def counts_as_down(code: str) -> bool:
    """Whether such a failure says that the remote as a whole is away (and not busy, or unhappy with one request)."""
    return code in _AWAY | _NO_ENTRY


@dataclass(frozen=True, slots=True)
class Breaker:
    """A remote's health. Closed: calls go out. Open, after failures in a row: none do. Then one at a time tries."""

    limit: int
    rest_seconds: float
    failures: int = 0
    open_until: float = float("-inf")

    @property
    def healthy(self) -> bool:
        """Closed."""
        return self.failures < self.limit

    def wait_seconds(self, now: float) -> float:
        """Until a call may go out; 0 for now."""
        return 0.0 if self.healthy else max(0.0, self.open_until - now)

    def called(self, now: float) -> "Breaker":
        """A call goes out; where the breaker is not closed, the others wait for what becomes of it."""
        return self if self.healthy else replace(self, open_until=now + self.rest_seconds)

    def succeeded(self) -> "Breaker":
        """The remote answered."""
        return replace(self, failures=0, open_until=float("-inf"))

    def failed(self, now: float, *, random: float) -> "Breaker":
        """The remote is away, as far as one call can tell. random: 0..1."""
        failures = self.failures + 1
        rest = wait_seconds(max(0, failures - self.limit), base_seconds=self.rest_seconds, random=random)
        return replace(self, failures=failures, open_until=now + min(MAX_WAIT_SECONDS, rest))


@dataclass(frozen=True, slots=True)
class Metronome:
    """Spaces calls evenly. per_second: 0 for no bound."""

    per_second: float
    next_at: float = float("-inf")

    def wait_seconds(self, now: float) -> float:
        """Until the next call's turn."""
        return max(0.0, self.next_at - now) if self.per_second else 0.0

    def called(self, now: float) -> "Metronome":
        """A call goes out now."""
        return replace(self, next_at=max(self.next_at, now) + 1 / self.per_second) if self.per_second else self
