"""Every error as a gRPC status, by one table, so that both transports answer the same fault the same way.

Clients of this protocol differ from what one may expect: they take RESOURCE_EXHAUSTED for an empty purse and never ask
again, and retry everything but that and UNAUTHENTICATED. So what is too large is INVALID_ARGUMENT here, and whatever
waiting may mend is UNAVAILABLE.
"""

from collections.abc import Mapping

from grpc import StatusCode

from jobs import errors
from jobs.errors import InvalidSpec, PentimentoError, QuotaExceeded

GRPC: Mapping[type[PentimentoError], StatusCode] = {
    errors.PentimentoError: StatusCode.INTERNAL,
    errors.CallersFault: StatusCode.INVALID_ARGUMENT,
    errors.InvalidSpec: StatusCode.INVALID_ARGUMENT,
    errors.UnknownModel: StatusCode.NOT_FOUND,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.Conflict: StatusCode.ABORTED,
    errors.TooLarge: StatusCode.INVALID_ARGUMENT,
    errors.ForbiddenUri: StatusCode.INVALID_ARGUMENT,
    errors.ImageNotFound: StatusCode.INVALID_ARGUMENT,
    errors.ImageChanged: StatusCode.INVALID_ARGUMENT,
    errors.BadImage: StatusCode.INVALID_ARGUMENT,
    errors.ForeignObject: StatusCode.ALREADY_EXISTS,
    errors.Unsupported: StatusCode.UNIMPLEMENTED,
    errors.Unauthenticated: StatusCode.UNAUTHENTICATED,
    errors.Forbidden: StatusCode.PERMISSION_DENIED,
    errors.QuotaExceeded: StatusCode.UNAVAILABLE,
    errors.RemoteRefused: StatusCode.INVALID_ARGUMENT,
    errors.WorldsFault: StatusCode.UNAVAILABLE,
    errors.Unreachable: StatusCode.UNAVAILABLE,
    errors.StorageUnavailable: StatusCode.UNAVAILABLE,
    errors.LedgerUnavailable: StatusCode.UNAVAILABLE,
    errors.LedgerUnfit: StatusCode.UNAVAILABLE,
    errors.LedgerLost: StatusCode.UNAVAILABLE,
    errors.DeviceLost: StatusCode.UNAVAILABLE,
    errors.ModelUnavailable: StatusCode.UNAVAILABLE,
    errors.RemoteUnavailable: StatusCode.UNAVAILABLE,
    errors.BadAnswer: StatusCode.UNAVAILABLE,
    errors.RowsFault: StatusCode.INTERNAL,
    errors.OutOfMemory: StatusCode.INTERNAL,
    errors.BadLatents: StatusCode.INTERNAL,
    errors.Filtered: StatusCode.INVALID_ARGUMENT,
    errors.Poison: StatusCode.INTERNAL,
}

_BY_CODE = {kind.code: status for kind, status in GRPC.items()}
_LONGEST = 3000  # a status travels in headers, which clients bound at 8 kB


class Ended(Exception):
    """A call that ends with a status other than OK. retry_after_seconds: when to come again, 0 where nobody knows."""

    def __init__(self, status: StatusCode, words: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(words)
        self.status = status
        self.words = words[:_LONGEST]
        self.retry_after_seconds = retry_after_seconds

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """What goes beside the status: when to come back, for people and (the second) for gRPC's own retries."""
        wait = self.retry_after_seconds
        return (("retry-after", f"{wait}"), ("grpc-retry-pushback-ms", f"{1000 * wait}")) if wait else ()


def ended_by(error: PentimentoError) -> Ended:
    """The end that an error brings: what is wrong, all of it, and what to do."""
    status = next(GRPC[kind] for kind in type(error).__mro__ if kind in GRPC)
    words = "; ".join(map(str, error.problems)) if isinstance(error, InvalidSpec) else str(error)
    wait = error.retry_after_seconds if isinstance(error, QuotaExceeded) else 0
    return Ended(status, f"{words}. {error.remedy}" if error.remedy else words, retry_after_seconds=wait)


def described() -> str:
    """The table in Markdown, for people with clients."""
    codes: dict[str, list[str]] = {}
    for code, status in _BY_CODE.items():
        codes.setdefault(status.name, []).append(f"`{code}`")
    rows = (f"| `{status}` | {' '.join(found)} |" for status, found in sorted(codes.items()))
    return "\n".join(("| status | errors (`code` of a problem) |", "|---|---|", *rows))


def status_of_code(code: str) -> StatusCode:
    """The status of an error that is known by its machine-readable name only."""
    return _BY_CODE.get(code, StatusCode.INTERNAL)
