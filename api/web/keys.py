"""API keys over HTTP: made, listed and revoked by whoever holds one with the scope `admin`."""

from dataclasses import asdict
from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Scope
from api.desk import Desk
from api.gate import MOST_LABEL
from api.web.bodies import OrderText
from api.web.callers import Operator
from api.web.depends import TheDesk
from api.web.limits import Bounds, LimitOrder
from api.web.orders import body_of, read
from api.web.problems import documented
from jobs.ledger.keyring import KeyView
from jobs.ledger.limits import Limits

router = APIRouter(prefix="/v1/keys", tags=["keys"])
KeyId = Annotated[str, Path(max_length=200, description="as `GET /v1/keys` lists it", examples=["9f86d081884c7d65"])]


class KeyOrder(LimitOrder):
    """A key to make, and quotas of its caller, which hold for all keys of that caller."""

    caller: str = Field(max_length=200, description="whose jobs: 1 to 40 of a-z, 0-9, '-'", examples=["studio"])
    scopes: list[Scope] = Field(max_length=10, description="what it is good for", examples=[["submit", "read"]])
    label: str = Field(default="", max_length=MOST_LABEL, description="for the list", examples=["the night job"])
    expires_seconds: float = Field(default=0, ge=0, le=1e10, description="from now; 0: never")


class Key(BaseModel):
    """A key without its secret. Times are Unix seconds, null for never."""

    id: str
    caller: str
    label: str
    scopes: list[str]
    state: str = Field(description="active, expired or revoked")
    created_at: float
    expires_at: float | None
    used_at: float | None = Field(description="the last use, to within a minute")
    revoked_at: float | None
    limits: Bounds = Field(description="what was said of its caller's quotas; null where the settings hold")

    @classmethod
    def of(cls, view: KeyView, now: float, limits: Limits) -> Self:
        """The ledger's view as the API shows it."""
        return cls(
            id=view.id,
            caller=view.caller,
            label=view.label,
            scopes=list(view.scopes),
            state=view.state(now),
            created_at=view.created_at,
            expires_at=view.expires_at or None,
            used_at=view.used_at or None,
            revoked_at=view.revoked_at or None,
            limits=Bounds(**asdict(limits)),
        )


class MadeKey(BaseModel):
    """A key that was just made, with the one text of it that there will ever be."""

    key: str = Field(description="shown this once", examples=["pentimento_9f86d081884c7d65_…"])
    about: Key


class KeyList(BaseModel):
    """Every key, newest first."""

    keys: list[Key]


@router.post(
    "",
    summary="Make a key",
    status_code=201,
    openapi_extra=body_of(KeyOrder, required=True),
    responses=documented(400, 408, 409, 413, 415, 422, 503),
)
def create(text: OrderText, desk: TheDesk, _operator: Operator, response: Response) -> MadeKey:
    """The first one must have the scope `admin`; from then on every call needs a key."""
    order = read(KeyOrder, text)
    made = desk.gate.create(order.caller, set(order.scopes), label=order.label, expires_seconds=order.expires_seconds)
    desk.limits.change(order.caller, order.changes())
    response.headers["Cache-Control"] = "no-store"
    return MadeKey(key=made.text, about=_shown(desk, made.view)[0])


@router.get("", summary="List keys", responses=documented(503))
def keys(desk: TheDesk, _operator: Operator) -> KeyList:
    """With those that expired or were revoked."""
    return KeyList(keys=_shown(desk, *desk.gate.keyring.all()))


@router.delete("/{key}", summary="Revoke a key", responses=documented(404, 422, 503))
def revoke(key: KeyId, desk: TheDesk, _operator: Operator) -> Key:
    """It opens nothing any more, nor do sessions that it began; their streams end soon. Again: no change."""
    return _shown(desk, desk.gate.keyring.revoke(key, desk.clock()))[0]


def _shown(desk: Desk, *views: KeyView) -> list[Key]:
    limits = {caller: desk.limits.of(caller) for caller in {view.caller for view in views}}
    return [Key.of(view, desk.clock(), limits[view.caller]) for view in views]
