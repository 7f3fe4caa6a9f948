"""Every way in which things go wrong, as one tree, so that each door answers each fault the same way.

::

    PentimentoError            code, blame, retryable, remedy
    ├── CallersFault           blame "caller": the same request will fail again
    │   ├── InvalidSpec        a job spec or manifest; carries every problem at once
    │   ├── UnknownModel       no such alias in the model table
    │   ├── NotFound           a job, upload or record that this caller has not got
    │   ├── Conflict           an idempotency key reused with another body, a wrong state
    │   ├── TooLarge           a bound was exceeded; the message says the bound and the value
    │   ├── ForbiddenUri       a scheme, root, bucket or address that this deployment does not read
    │   ├── ImageNotFound      the URI was reached, and there is nothing there
    │   ├── ImageChanged       not the object that planning listed
    │   ├── BadImage           bytes that are not a picture we decode, truncated, or too many pixels
    │   ├── ForeignObject      another object lies at the output key: never overwritten
    │   ├── Unsupported        a fine request for what this deployment can't do
    │   ├── Unauthenticated    no key, or not one that this door takes
    │   ├── Forbidden          a key that lacks the scope, or a page of another site
    │   ├── QuotaExceeded      the caller has as much as it may; says the limit and when to come back
    │   └── RemoteRefused      a remote engine says that the request is wrong; its words are the message
    ├── WorldsFault            blame "world": waiting may help; bounded retries
    │   ├── Unreachable        a host that an init image lies on
    │   ├── StorageUnavailable the object store
    │   ├── LedgerUnavailable  Redis
    │   │   ├── LedgerUnfit    Redis answers, but jobs would be lost in it
    │   │   └── LedgerLost     Redis has lost this deployment's state, or is another deployment's
    │   ├── DeviceLost         this worker's device, or the thread that drives it, is gone; the worker leaves
    │   ├── ModelUnavailable   weights that are missing or corrupt on this worker
    │   ├── RemoteUnavailable  a remote engine that is away, overloaded, or refuses our key
    │   └── BadAnswer          a remote engine's answer that is not the picture that was asked for
    └── RowsFault              blame "row": this variant cannot be made; its neighbours can
        ├── OutOfMemory        the row does not fit on the device even alone
        ├── BadLatents         NaN or infinite latents
        ├── Filtered           a safety checker, the model's or a remote engine's, held the picture back
        └── Poison             three workers died on it while it ran alone

`code` is the stable, machine-readable name (snake case, in records, problem+json and exit codes); HTTP status,
exit code and (later) gRPC status are tables over this tree, one at each door, and a test checks that none is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Blame = Literal["caller", "world", "row"]


class PentimentoError(Exception):
    """The root. `str(error)` is one sentence that names the field or thing, the value and what is wrong with it.

    `remedy` is one more sentence: what the reader can do about it.
    """

    code: ClassVar[str] = "internal"
    blame: ClassVar[Blame] = "world"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class CallersFault(PentimentoError):
    """The same request will fail again until the caller changes it."""

    code = "bad_request"
    blame = "caller"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a spec.

    `path` is where, in dots and brackets (`images[2].uri`); `line` is the 1-based line of the manifest, None where
    there is no text; `value` is the offending value as short JSON (at most 200 characters).
    """

    path: str
    message: str
    value: str = ""
    remedy: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}, {self.path}" if self.line is not None else self.path
        said = f"{where}: {self.message}"
        if self.value:
            said += f" (got {self.value})"
        return f"{said}. {self.remedy}" if self.remedy else said


class InvalidSpec(CallersFault):
    """A job spec or manifest with problems: all of them at once, never only the first."""

    code = "invalid_spec"

    def __init__(self, problems: Sequence[Problem], *, source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        head = f"{source or 'the job spec'} has {count} problem{'s' if count != 1 else ''}"
        super().__init__(f"{head}: {'; '.join(str(problem) for problem in self.problems[:3])}")


class UnknownModel(CallersFault):
    """No such alias in the model table; the message names the nearest one."""

    code = "unknown_model"


class NotFound(CallersFault):
    """A job, upload or record that this caller has not got (whether or not another caller has it)."""

    code = "not_found"


class Conflict(CallersFault):
    """The request is fine, but what it refers to is not in a state that allows it."""

    code = "conflict"


class TooLarge(CallersFault):
    """A bound was exceeded; nothing was truncated to fit."""

    code = "too_large"


class ForbiddenUri(CallersFault):
    """A URI that this deployment does not read or write."""

    code = "forbidden_uri"


class ImageNotFound(CallersFault):
    """The URI was reached, and there is nothing there."""

    code = "image_not_found"


class ImageChanged(CallersFault):
    """The object is not the one that planning listed: a sweep's pictures all come from the same bytes."""

    code = "image_changed"


class BadImage(CallersFault):
    """Bytes that are not a picture we decode, are truncated, or hold too many pixels."""

    code = "bad_image"


class ForeignObject(CallersFault):
    """Another object lies at the output key. It is never overwritten."""

    code = "foreign_object"


class Unsupported(CallersFault):
    """A fine request for something that this deployment can't do."""

    code = "unsupported"


class Unauthenticated(CallersFault):
    """No key, or not one that this door takes."""

    code = "unauthenticated"


class Forbidden(CallersFault):
    """Who calls is known, and may not do this: the key lacks the scope, or a page of another site calls."""

    code = "forbidden"


class QuotaExceeded(CallersFault):
    """The caller has, or asked for, as much as it may at a time. limit, used: how much, in the message's words."""

    code = "quota"
    retryable = True

    def __init__(
        self, message: str, *, remedy: str = "", retry_after_seconds: int = 30, limit: int = 0, used: int = 0
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds
        self.limit = limit
        self.used = used


class RemoteRefused(CallersFault):
    """A remote engine says that the request is wrong; the message holds its words."""

    code = "remote_refused"


class WorldsFault(PentimentoError):
    """Nobody's fault here: waiting may help, within bounds."""

    code = "unavailable"
    retryable = True


class Unreachable(WorldsFault):
    """A host that an init image lies on did not answer as it should."""

    code = "unreachable"


class StorageUnavailable(WorldsFault):
    """The object store did not answer, or refused our credentials."""

    code = "storage_unavailable"


class LedgerUnavailable(WorldsFault):
    """Redis did not answer."""

    code = "ledger_unavailable"


class LedgerUnfit(LedgerUnavailable):
    """Redis answers, but as it is set up jobs would be lost in it: nothing is begun until that is changed."""

    code = "ledger_unfit"
    retryable = False


class LedgerLost(LedgerUnavailable):
    """Redis has lost this deployment's state, or is another deployment's: never answered as "no such job"."""

    code = "ledger_lost"
    retryable = False


class DeviceLost(WorldsFault):
    """This worker's device is gone, or the thread that drives it: the worker leaves, another takes its work up."""

    code = "device_lost"


class ModelUnavailable(WorldsFault):
    """Weights that are missing or corrupt on this worker."""

    code = "model_unavailable"


class RemoteUnavailable(WorldsFault):
    """A remote engine is away, overloaded, late, or refuses our key."""

    code = "remote_unavailable"


class BadAnswer(WorldsFault):
    """A remote engine's answer is not the picture that was asked for: none, two, another seed or size, no picture."""

    code = "bad_answer"


class RowsFault(PentimentoError):
    """This one variant can't be made; its neighbours can."""

    code = "row_failed"
    blame = "row"


class OutOfMemory(RowsFault):
    """The row does not fit on the device even alone."""

    code = "out_of_memory"


class BadLatents(RowsFault):
    """The latents became NaN or infinite."""

    code = "bad_latents"


class Filtered(RowsFault):
    """A safety checker, the model's own or a remote engine's, held the picture back."""

    code = "filtered"


class Poison(RowsFault):
    """Three workers died on this variant while it ran alone."""

    code = "poison"
