"""Bulk actions: what they would touch first, then the deed."""

from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.bulk import MAX_JOBS, SHOWN, Action, Bulk, Scope, bulk
from api.web.bodies import OrderText
from api.web.callers import CallerName, Whose, among
from api.web.depends import TheDesk
from api.web.orders import body_of, read
from api.web.problems import documented
from jobs.ids import is_job_id
from jobs.ledger.finding import Wanted
from jobs.state import Lane, State

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class Where(BaseModel):
    """Which jobs, as `GET /v1/jobs` takes it."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    labels: list[str] = Field(default=[], max_length=16, description="`key` or `key=value`; all of them")
    text: str = Field(default="", max_length=200)
    caller: CallerName = Field(default="", description="whose; another's only for `admin`")


class BulkOrder(BaseModel):
    """One verb for many jobs: those that are named, or those that match."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    lane: Lane = Field(default=Lane.NORMAL, description="for `priority`")
    ids: list[str] = Field(default=[], max_length=MAX_JOBS)
    where: Where | None = Field(default=None, description="`{}` is every job; not together with `ids`")
    dry_run: bool = Field(default=True, description="only say what it would touch")
    expected: int | None = Field(default=None, ge=0, description="as many as the dry run matched, or it is a conflict")

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if bool(self.ids) == (self.where is not None):
            raise ValueError("name jobs by `ids`, or say `where`; one of the two")
        for job in self.ids:
            if not is_job_id(job):
                raise ValueError(f"{ascii(job)[:40]} is no job id")
        return self

    def scope(self, caller: str | None) -> Scope:
        """As the desk takes it. caller: whose jobs may be touched, None for everybody's.

        Raises:
            Forbidden: another caller's are wanted.

        """
        where = self.where or Where()
        wanted = Wanted(among(caller, where.caller), where.state, where.text, tuple(where.labels))
        return Scope(self.action, wanted, tuple(dict.fromkeys(self.ids)), self.lane, where.caller)


class BulkFailure(BaseModel):
    """A job to which it could not be done."""

    job: str
    code: str
    message: str


class BulkAnswer(BaseModel):
    """What it came to, or with `dry_run` would."""

    action: Action
    scope: str = Field(description="in words", examples=["Cancel every job in the state queued"])
    matched: int
    possible: int = Field(description="those of them whose state allows it; the others stay as they are")
    jobs: list[str] = Field(description=f"the first {SHOWN} that match")
    done: int
    failed: list[BulkFailure]
    more: bool = Field(description=f"more than {MAX_JOBS} match: ask again")

    @classmethod
    def of(cls, scope: Scope, made: Bulk) -> Self:
        """The desk's answer as the API shows it."""
        failed = [BulkFailure(job=one.job, code=one.code, message=one.message) for one in made.failed]
        return cls(
            action=scope.action,
            scope=scope.sentence,
            matched=len(made.matched),
            possible=made.possible,
            jobs=list(made.matched[:SHOWN]),
            done=made.done,
            failed=failed,
            more=made.more,
        )


@router.post(
    "/bulk",
    summary="One verb for many jobs",
    openapi_extra=body_of(BulkOrder, required=True),
    responses=documented(403, 408, 409, 413, 415, 422, 503),
)
def many(text: OrderText, desk: TheDesk, caller: Whose) -> BulkAnswer:
    """Ask with `dry_run` (the default) what it would touch; then again without, with `expected` as it was `matched`."""
    order = read(BulkOrder, text)
    scope = order.scope(caller)
    return BulkAnswer.of(scope, bulk(desk, scope, caller=caller, dry_run=order.dry_run, expected=order.expected))
