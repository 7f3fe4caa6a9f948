"""The small JSON bodies that control routes take, and how they are read: bounded, strict, every problem at once."""

import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from api.pruning import Choice, states_of
from jobs.errors import InvalidSpec, Problem
from jobs.ledger.marks import MAX_MARKED, Mark
from jobs.ledger.views import Selection
from jobs.spec.model import Budget
from jobs.state import Lane, State

B = TypeVar("B", bound=BaseModel)
MAX_RANGES = 1000
_RANGE = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Retry(_Order):
    """Which refused variants to try again; without causes and indexes all of them."""

    causes: list[str] = Field(
        default=[], max_length=100, description="error codes, as in `causes` of the job", examples=[["unreachable"]]
    )
    indexes: str = Field(
        default="", max_length=20_000, description="indexes and ranges, both ends included", examples=["3-7,9"]
    )

    @field_validator("causes")
    @classmethod
    def _codes(cls, causes: Sequence[str]) -> Sequence[str]:
        for cause in causes:
            if not re.fullmatch(r"[a-z0-9_]{1,64}", cause):
                raise ValueError(f"{cause[:64]!r} is no error code")
        return causes

    @field_validator("indexes")
    @classmethod
    def _readable(cls, indexes: str) -> str:
        ranges_of(indexes)
        return indexes

    def selection(self) -> Selection:
        """As the ledger takes it."""
        return Selection(tuple(self.causes), ranges_of(self.indexes))


class Priority(_Order):
    """Where a job should wait."""

    lane: Lane


class Resume(_Order):
    """Budgets from now on, for the whole job; what is not named stays as it is."""

    images: int | None = Field(default=None, ge=1, le=1 << 40, description="pictures after which it pauses")
    gpu_seconds: float | None = Field(default=None, gt=0, le=1e12, description="of the device, likewise")

    def budget(self) -> Budget:
        """As the ledger takes it."""
        return Budget(self.images, self.gpu_seconds)


class MarkOne(_Order):
    """What to think of one picture."""

    mark: Mark | None = Field(description="null takes it away")


class MarkMany(_Order):
    """What to think of many pictures."""

    mark: Mark | None = Field(description="null takes it away")
    indexes: str = Field(
        min_length=1, max_length=20_000, description="indexes and ranges, both ends included", examples=["3-7,9"]
    )

    @field_validator("indexes")
    @classmethod
    def _bounded(cls, indexes: str) -> str:
        count = sum(stop - start for start, stop in ranges_of(indexes))
        if not 1 <= count <= MAX_MARKED:
            raise ValueError(f"{count} variants, 1 to {MAX_MARKED} are marked at once")
        return indexes

    def numbers(self) -> list[int]:
        """Each of the indexes."""
        return [index for start, stop in ranges_of(self.indexes) for index in range(start, stop)]


class Prune(_Order):
    """Which finished jobs to take away."""

    older_than_seconds: float = Field(ge=0, le=1e10, description="since they finished", examples=[2592000])
    states: list[State] = Field(default=[], description="only these ends; none for every end")
    objects: bool = Field(default=False, description="their pictures, records and lists go too, for good")
    dry_run: bool = Field(default=False, description="only say which would go")

    @field_validator("states")
    @classmethod
    def _ends(cls, states: Sequence[State]) -> Sequence[State]:
        states_of(states)
        return states

    def choice(self) -> Choice:
        """As the desk takes it."""
        return Choice(self.older_than_seconds, states_of(self.states), self.objects, self.dry_run)


class Recover(_Order):
    """What to bring back; without a URI everything below the output URI."""

    uri: str = Field(default="", max_length=2000, description="the folder of one job's results")
    cursor: str = Field(default="", max_length=2000, description="`next_cursor` of the round before")

    @field_validator("cursor")
    @classmethod
    def _readable(cls, cursor: str) -> str:
        if not cursor.isprintable():  # stores differ in what they say to such a place, some with a fault of their own
            raise ValueError("is not from a round before: it holds control characters")
        return cursor


def ranges_of(text: str) -> tuple[tuple[int, int], ...]:
    """Read `3-7,9` as half-open ranges, ((3, 8), (9, 10)); an empty text as none.

    Raises:
        ValueError: it reads otherwise, a range ends before it begins, or there are more than MAX_RANGES.

    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(parts) > MAX_RANGES:
        raise ValueError(f"{len(parts)} ranges, at most {MAX_RANGES} are taken")
    ranges = []
    for part in parts:
        found = _RANGE.fullmatch(part)
        if not found:
            raise ValueError(f"{part[:40]!r} is neither an index nor a range such as 3-7")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise ValueError(f"the range {part} ends before it begins")
        ranges.append((first, last + 1))
    return tuple(ranges)


def read(kind: type[B], text: bytes) -> B:
    """The body as its model; an empty one as `{}`.

    Raises:
        InvalidSpec: every problem at once.

    """
    try:
        return kind.model_validate_json(text or b"{}")
    except ValidationError as error:
        problems = [
            Problem(
                path=".".join(map(str, found["loc"])) or "body",
                message=found["msg"].removeprefix("Value error, "),
                value="" if found["type"] == "missing" else repr(found.get("input"))[:200],
            )
            for found in error.errors(include_url=False)
        ]
        raise InvalidSpec(problems, source="the body") from error


def body_of(kind: type[BaseModel], *, required: bool) -> dict[str, object]:
    """What OpenAPI says of a body that the route reads itself."""
    schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)  # what it refers to is a component already
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}
