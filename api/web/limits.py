"""Quotas of single callers, over HTTP: looked at and changed by whoever holds a key with the scope `admin`."""

from dataclasses import asdict
from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from api.access import is_caller
from api.desk import Desk
from api.web.bodies import OrderText
from api.web.callers import Operator
from api.web.depends import TheDesk
from api.web.orders import body_of, read
from api.web.problems import documented
from jobs.errors import NotFound

router = APIRouter(prefix="/v1/limits", tags=["keys"])
CallerName = Annotated[str, Path(max_length=200, description="the name of a caller", examples=["studio"])]
Bound = Annotated[int | None, Field(ge=0, le=1 << 50)]


class LimitOrder(BaseModel):
    """What one caller may, where that is other than the deployment says; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid")

    calls_per_minute: Bound = Field(default=None, description="0: no bound; null: as the deployment says")
    upload_bytes_per_day: Bound = Field(default=None, description="likewise")
    active_jobs: Bound = Field(default=None, description="jobs at a time that are not over; likewise")
    open_variants: Bound = Field(default=None, description="of all jobs, without an outcome; likewise")

    def changes(self) -> dict[str, int | None]:
        """What is named."""
        return self.model_dump(exclude_unset=True, include=set(LimitOrder.model_fields))


class Bounds(BaseModel):
    """What a caller may; null where nothing was said, 0 for no bound."""

    calls_per_minute: int | None
    upload_bytes_per_day: int | None
    active_jobs: int | None
    open_variants: int | None


class CallerLimits(BaseModel):
    """The quotas of one caller."""

    caller: str
    own: Bounds = Field(description="what was said of this caller; null where the deployment's settings hold")
    holds: Bounds = Field(description="what that comes to")

    @classmethod
    def of(cls, desk: Desk, caller: str) -> Self:
        """As they are now."""
        own, holds = desk.limits.of(caller), desk.limits.bounds(caller)
        return cls(caller=caller, own=Bounds(**asdict(own)), holds=Bounds(**asdict(holds)))


@router.get("/{caller}", summary="A caller's quotas", responses=documented(404, 422, 503))
def limits(caller: CallerName, desk: TheDesk, _operator: Operator) -> CallerLimits:
    """Of any name that a caller can have."""
    return CallerLimits.of(desk, _known(caller))


@router.patch(
    "/{caller}",
    summary="Change a caller's quotas",
    openapi_extra=body_of(LimitOrder, required=True),
    responses=documented(400, 404, 408, 413, 415, 422, 503),
)
def change(caller: CallerName, text: OrderText, desk: TheDesk, _operator: Operator) -> CallerLimits:
    """From the next call on; other processes of the API go by it within two seconds."""
    desk.limits.change(_known(caller), read(LimitOrder, text).changes())
    return CallerLimits.of(desk, caller)


def _known(caller: str) -> str:
    if not is_caller(caller):
        raise NotFound(f"{ascii(caller)[:80]} is no name of a caller", remedy="1 to 40 of a-z, 0-9 and '-'.")
    return caller
