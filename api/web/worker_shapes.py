"""Workers as the API shows them: what each is, how fast it is, what it holds, and what went wrong last."""

from collections.abc import Callable, Sequence
from typing import Self

from pydantic import BaseModel, Field

from jobs.ledger.holdings import Chunk
from jobs.ledger.views import Trouble, WorkerView, plain_models


class ChunkOf(BaseModel):
    """A lease that a worker holds."""

    job: str
    first: int
    last: int
    in_flight: int = Field(description="rows of it that are worked on now")
    held_s: float

    @classmethod
    def of(cls, chunk: Chunk) -> Self:
        """The ledger's view as the API shows it."""
        return cls(
            job=chunk.job,
            first=chunk.start,
            last=chunk.stop - 1,
            in_flight=chunk.in_flight,
            held_s=round(chunk.held_seconds, 1),
        )


class WorkerError(BaseModel):
    """What went wrong last at a worker. Whose job it was, and the words, are told to that job's caller only."""

    at: float = Field(description="Unix seconds")
    code: str
    job: str
    message: str

    @classmethod
    def of(cls, view: WorkerView, own: Callable[[str], bool]) -> Self:
        """The ledger's view as the API shows it; own: whether a job is the caller's."""
        trouble = view.trouble or Trouble("", "", "", 0.0)
        mine = own(trouble.job)
        return cls(
            at=view.seen_at - trouble.seconds_ago,
            code=trouble.code,
            job=trouble.job if mine else "",
            message=trouble.message if mine else "",
        )


class Worker(BaseModel):
    """A worker as it last announced itself."""

    id: str
    device: str = Field(examples=["cuda", "cpu"])
    backend: str
    models: list[str]
    slots: int = Field(description="tickets that it takes at once")
    busy: int = Field(description="tickets that it has now")
    seen_at: float = Field(description="Unix seconds")
    rendered: int = Field(description="pictures since it started")
    drained: bool = Field(description="it takes no more work until it is resumed")
    device_name: str = Field(
        description="what the device calls itself; empty where that is not known", examples=["H200"]
    )
    memory_used: int | None = Field(description="bytes of the device, by whoever uses them")
    memory_total: int | None
    images_per_minute: float = Field(description="over the last minute")
    in_flight: int = Field(description="rows that it works on now, of all callers")
    chunks: list[ChunkOf] = Field(description="what it holds of your jobs")
    other_chunks: int = Field(description="how many leases of other callers' jobs it holds")
    loading: dict[str, int] = Field(
        description="models that it loads now; bytes of each that came from a hub so far, 0 where none do"
    )
    last_error: WorkerError | None

    @classmethod
    def of(cls, view: WorkerView, chunks: Sequence[Chunk], *, caller: str | None, own: Callable[[str], bool]) -> Self:
        """The ledger's view as the API shows it to a caller (None: whoever runs it). own: whether a job is theirs."""
        return cls(
            id=view.id,
            device=view.device,
            backend=view.backend,
            models=list(plain_models(view.models)),
            slots=view.slots,
            busy=view.busy,
            seen_at=view.seen_at,
            rendered=view.rendered,
            drained=view.drained,
            device_name=view.device_name,
            memory_used=view.memory_used or None,
            memory_total=view.memory_limit or None,
            images_per_minute=view.per_minute,
            in_flight=sum(chunk.in_flight for chunk in chunks),
            chunks=[ChunkOf.of(chunk) for chunk in chunks if caller in {None, chunk.caller}],
            other_chunks=sum(caller not in {None, chunk.caller} for chunk in chunks),
            loading=dict(view.loading),
            last_error=WorkerError.of(view, own) if view.trouble else None,
        )


class WorkerList(BaseModel):
    """Who is there to render."""

    workers: list[Worker]
