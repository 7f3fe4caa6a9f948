"""One Generate call: the request becomes a job, and what the job's feed tells becomes answers, as it is told."""

import asyncio
import functools
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Protocol, TypeVar

from grpc import StatusCode

from api.desk import Desk
from api.stability.answers import Sender
from api.stability.attachments import Attachment, Attachments
from api.stability.engines import EngineIds
from api.stability.status import Ended, status_of_code
from api.stability.translate import Asked, translate
from jobs.errors import Filtered, PentimentoError, WorldsFault
from jobs.events import Event
from jobs.keys import picture_uri
from jobs.ledger.views import JobView
from jobs.ledger.waits import Waits
from jobs.presets import Preset
from jobs.spec import JobSpec, parse_spec
from jobs.state import State
from jobs.sweep import Sweep
from jobs.wire import generation_pb2 as wire

_log = logging.getLogger(__name__)
_THREADS = 32
_TURNS = 50  # jobs of one request id that were cancelled or failed, before a new one is no longer begun
_PICTURE_BYTES = 256 << 20

T = TypeVar("T")


class Watched(Protocol):
    """Whoever tells a job's events as they happen."""

    def events(self, job: str, *, after: str) -> AsyncGenerator[Event]:
        """From the one behind `after` on; ends with the job, or when this process goes down."""
        ...


class Generation:
    """Answers Generate for one deployment; lives on the event loop, blocks in threads of its own."""

    def __init__(self, desk: Desk, watched: Watched, engines: EngineIds, presets: dict[str, Preset]) -> None:
        self._desk = desk
        self._watched = watched
        self._engines = engines
        self._presets = presets
        self._alive_seconds = desk.settings.door_alive_seconds
        self._waits = Waits(desk.book)
        self._attachments = Attachments(self, grace_seconds=desk.settings.door_grace_seconds)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="door")

    async def answers(self, request: wire.Request, caller: str) -> AsyncGenerator[wire.Answer]:
        """The answers to one request; a sign of life first, and whenever nothing else was sent for a while.

        Raises:
            PentimentoError: nothing was begun. Ended: the job came to an end without a single picture.

        """
        received = self._now_ms()
        salt, key = self._identity(request, caller)
        asked = translate(
            request, self._engines.model(request.engine_id), self._presets, draw=functools.partial(_drawn, salt)
        )
        # Where an earlier process was asked, the ledger knows for whom it waited.
        known = (self._attachments.job_of(key) or await self._call(self._waits.job_of, key)) if key else None
        view, spec = await self._begun(asked, caller, key if request.request_id else "", known, key)
        sender = Sender(view.id, request.request_id or view.id, request.engine_id, received)
        with self._attachments.attached(view.id, key=key) as attachment:
            async with aclosing(self._told(view, spec, asked, sender, attachment)) as told:
                async for answer in told:
                    yield answer

    async def _told(
        self, view: JobView, spec: JobSpec, asked: Asked, sender: Sender, attachment: Attachment
    ) -> AsyncGenerator[wire.Answer]:
        yield sender.alive(self._now_ms(), 0)
        sweep, done, failed, alive = Sweep(spec), set[int](), list[Event](), 0
        events = self._watched.events(view.id, after="0")
        async with aclosing(_paused(events, self._alive_seconds)) as found:
            async for event in found:
                if event is None:
                    alive += 1
                    yield sender.alive(self._now_ms(), alive)
                elif event.kind == "settled":
                    for index in sorted(_indexes(event.data["indexes"]) - done):
                        done.add(index)
                        uri = picture_uri(view.results_uri, spec, sweep[index])
                        png = await self._call(self._desk.storage.read, uri, limit=_PICTURE_BYTES)
                        yield sender.picture(index, asked.seeds[index], png, self._now_ms())
                elif event.kind == "refused" and int(event.data["index"]) not in done:
                    failed.append(event)
                    if event.data["code"] == Filtered.code:
                        done.add(int(event.data["index"]))
                        yield sender.filtered(index := int(event.data["index"]), asked.seeds[index], self._now_ms())
                elif event.kind == "finished":
                    attachment.finished = True
                    _check_end(view.id, event, failed, got=len(done))
                    for event_ in failed:
                        if (index := int(event_.data["index"])) not in done:
                            yield sender.failed(index, asked.seeds[index], event_.data["message"], self._now_ms())
                    return
        raise WorldsFault("the API is going down", remedy="Send the same request again.")

    async def _begun(
        self, asked: Asked, caller: str, durable: str, known: str | None, key: str
    ) -> tuple[JobView, JobSpec]:
        """The job, attached or, where the call ends before it is there, left to its grace: none is forgotten."""
        making = asyncio.ensure_future(self._call(self._job, asked, caller, durable, known))

        def left(made: asyncio.Future[tuple[JobView, JobSpec]]) -> None:
            if not made.cancelled() and made.exception() is None:
                with self._attachments.attached(made.result()[0].id, key=key):
                    pass

        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(left)
            raise

    def _job(self, asked: Asked, caller: str, key: str, known: str | None) -> tuple[JobView, JobSpec]:
        """The job of a request: the one that is known, or waits under its key, or a new one."""
        uri = self._desk.upload(asked.init, caller=caller).uri
        mask = {"mask": self._desk.upload(asked.mask, caller=caller).uri} if asked.mask else {}
        pictures: dict[str, object] = {"images": [{"uri": uri, "name": "init"}], **mask}
        spec = parse_spec({**pictures, **asked.document}, source="the request")
        if known is not None:
            view = self._desk.get(known, caller=caller)
            if view.state not in {State.CANCELLED, State.FAILED}:
                return view, spec
        for turn in range(_TURNS):
            made = self._desk.submit(spec, caller=caller, idempotency_key=f"grpc-{key}-{turn}" if key else None)
            if made.created or made.job.state not in {State.CANCELLED, State.FAILED}:
                return made.job, spec
        raise Ended(StatusCode.ABORTED, f"the request id was used {_TURNS} times in vain; use a new one")

    def _identity(self, request: wire.Request, caller: str) -> tuple[bytes, str]:
        """What seeds are drawn from, and the key by which a request that is sent again is known; "" where it isn't."""
        known = bool(request.request_id) or (bool(request.image.seed) and 0 not in request.image.seed)
        if not known:
            return self._desk.entropy(16), ""
        digest = hashlib.sha256(caller.encode() + b"\0" + request.SerializeToString(deterministic=True))
        return digest.digest(), digest.hexdigest()

    async def cancel(self, job: str) -> None:
        """End a job that nobody waits for; where that fails, a worker does it when its time is over."""
        try:
            view = await self._call(self._desk.book.describe, job)
            await self._call(self._desk.control.cancel, job, caller=view.caller)
        except PentimentoError as error:
            _log.warning("the job %s, which nobody waits for, was not cancelled: %s", job, error)
        else:
            await self.forget(job, ())

    async def hold(self, jobs: Mapping[str, Collection[str]], *, seconds: float) -> None:
        """Tell the ledger that somebody waits for these."""
        try:
            await self._call(self._waits.hold, jobs, seconds=seconds)
        except PentimentoError as error:
            _log.warning("the ledger was not told who waits: %s", error)

    async def forget(self, job: str, keys: Collection[str]) -> None:
        """Tell the ledger that nobody needs to."""
        try:
            await self._call(self._waits.forget, job, keys)
        except PentimentoError as error:
            _log.warning("the ledger was not told that %s is over: %s", job, error)

    async def _call(self, act: Callable[..., T], *args: object, **kwargs: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, functools.partial(act, *args, **kwargs))

    def _now_ms(self) -> int:
        return int(self._desk.clock() * 1000)


def _check_end(job: str, event: Event, failed: list[Event], *, got: int) -> None:
    if event.data["state"] == State.CANCELLED:
        raise Ended(StatusCode.CANCELLED, f"the job {job} was cancelled")
    if got == 0 and failed:
        first = failed[0].data
        raise Ended(status_of_code(first["code"]), first["message"])
    if got == 0:
        raise Ended(StatusCode.INTERNAL, f"the job {job} failed: {event.data.get('reason', '')}")


def _indexes(said: str) -> set[int]:
    """The indexes of a settled event, written as 0-63,70."""
    ends = (part.partition("-") for part in said.split(","))
    return {index for first, _, last in ends for index in range(int(first), int(last or first) + 1)}


def _drawn(salt: bytes, sample: int) -> int:
    """A uint32 other than 0 for a sample, the same for the same salt."""
    return int.from_bytes(hashlib.sha256(salt + sample.to_bytes(4)).digest()[:4]) or 1


async def _paused(events: AsyncGenerator[Event], seconds: float) -> AsyncGenerator[Event | None]:
    """The events, and None for each stretch of so many seconds without one."""
    waiting: asyncio.Future[Event] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events))
            await asyncio.wait({waiting}, timeout=seconds)
            if not waiting.done():
                yield None
                continue
            try:
                event = waiting.result()
            except StopAsyncIteration:
                return
            finally:
                waiting = None
            yield event
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait({waiting})
        await events.aclose()
