"""Every route that there is, found by introspection, and how one is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args, get_origin

import httpx
from fastapi import FastAPI
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from api.stability.door import Door
from api.web.callers import PUBLIC, identity, onlooker, operator
from api.web.metrics import monitor
from tests.tenants.conftest import Tenants

MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one route. dependants: everything that its dependencies ask, itself first; none for a mount."""

    method: str
    path: str
    dependants: tuple[Dependant, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def asks(self) -> bool:
        """Whether somebody is asked who calls."""
        return bool({identity, onlooker, monitor} & {one.call for one in self.dependants})

    @property
    def for_operators(self) -> bool:
        """Whether the scope `admin` is needed."""
        return bool({operator, onlooker, monitor} & {one.call for one in self.dependants})

    @property
    def public(self) -> bool:
        """Whether the list of public paths has it."""
        return self.path in PUBLIC

    def url(self, **ids: str) -> str:
        """The path with these ids in it, and something that fits for whatever else it wants."""
        names = {field.alias: _fitting(field) for one in self.dependants for field in one.path_params}
        filled = self.path
        for name, value in (names | ids).items():
            filled = filled.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
        return filled

    @property
    def query(self) -> dict[str, str]:
        """What the route can't be called without."""
        wanted = (field for one in self.dependants for field in one.query_params)
        return {field.alias: _fitting(field) for field in wanted if field.field_info.is_required()}


def _fitting(field: ModelField) -> str:
    """The first of the words that a parameter takes; "0", which is a number and a text, where it takes no words."""
    return str(next(iter(get_args(field.field_info.annotation)), "0")) if _worded(field) else "0"


def _worded(field: ModelField) -> bool:
    return get_origin(field.field_info.annotation) is Literal


def _flat(dependant: Dependant | None) -> Iterator[Dependant]:
    if dependant is not None:
        yield dependant
        for below in dependant.dependencies:
            yield from _flat(below)


def calls_of(tenants: Tenants) -> list[Call]:
    found = []
    for route in iter_route_contexts(app_of(tenants).routes):
        dependants = tuple(_flat(getattr(route, "dependant", None)))
        original = getattr(route, "original_route", None) or getattr(route, "route", None)
        methods = ["GET"] if isinstance(original, Mount) else sorted(set(route.methods or {"GET"}) - {"HEAD"})
        found += [Call(method, str(route.path), dependants) for method in methods]
    assert len(found) > 30, "the walk found fewer routes than there are: has FastAPI changed how it keeps them?"
    return found


def app_of(tenants: Tenants) -> FastAPI:
    return cast("FastAPI", tenants.run.server.config.app)


def door_of(tenants: Tenants) -> Door:
    return cast("Door", app_of(tenants).state.door)


def sent(http: httpx.Client, call: Call, url: str) -> tuple[int, str, str]:
    """Status, body (the first of it, where it streams) and where it leads to."""
    body: dict[str, Any] = {} if call.method in {"GET", "HEAD"} else {"content": b"{}"}
    headers = {"Content-Type": "application/json"}
    with http.stream(call.method, url, params=call.query, headers=headers, **body) as answer:
        text = bytearray()
        for piece in answer.iter_raw():
            text += piece
            if len(text) > MOST_BYTES or b"event: written" in text:
                break
    return answer.status_code, text.decode("latin-1"), answer.headers.get("location", "")
