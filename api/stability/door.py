"""The door without a transport: what can be called under which path, who may, and how every call ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from google.protobuf.message import DecodeError, Message
from grpc import StatusCode

from api.access import Identity, Scope
from api.desk import Desk
from api.stability.chain import run
from api.stability.engines import ORGANIZATION, EngineIds, me, organization
from api.stability.generate import Generation, Watched
from api.stability.status import Ended, ended_by
from jobs.errors import NotFound, PentimentoError
from jobs.presets import load_presets
from jobs.settings import Settings
from jobs.wire import dashboard_pb2 as people
from jobs.wire import engines_pb2 as engines
from jobs.wire import generation_pb2 as wire

PREFIX = "/gooseai."
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Method:
    """What can be called: bytes in, messages out. scope: what a key must have. streams: whether several may come."""

    read: Callable[[bytes], Message]
    answer: Callable[[Message, str], AsyncGenerator[Message]]
    scope: Scope
    streams: bool


class Door:
    """One deployment's door. `methods` by path, such as `/gooseai.GenerationService/Generate`."""

    def __init__(self, desk: Desk, watched: Watched, good: Callable[[Identity], Awaitable[bool]]) -> None:
        """Raises InvalidSpec where engines or presets of the settings are wrong. good: whether a call may go on."""
        self.settings: Settings = desk.settings
        self._gate = desk.gate
        self._good = good
        self._engines = EngineIds(desk.table, desk.settings.engines)
        self._generation = Generation(desk, watched, self._engines, dict(load_presets(desk.settings.presets_file)))
        self.methods: Mapping[str, Method] = {
            f"{PREFIX}GenerationService/Generate": Method(
                wire.Request.FromString, self._generate, Scope.SUBMIT, streams=True
            ),
            f"{PREFIX}GenerationService/ChainGenerate": Method(
                wire.ChainRequest.FromString, self._chain, Scope.SUBMIT, streams=True
            ),
            f"{PREFIX}EnginesService/ListEngines": Method(
                engines.ListEnginesRequest.FromString, self._list, Scope.READ, streams=False
            ),
            f"{PREFIX}DashboardService/GetMe": Method(
                people.EmptyRequest.FromString, self._me, Scope.READ, streams=False
            ),
            f"{PREFIX}DashboardService/GetOrganization": Method(
                people.GetOrganizationRequest.FromString, self._organization, Scope.READ, streams=False
            ),
        }

    @property
    def message_bytes(self) -> int:
        """The largest request: an init image and a mask, and room for words."""
        return 2 * self.settings.max_image_bytes + (1 << 20)

    async def call(self, path: str, body: bytes, authorization: str) -> AsyncGenerator[bytes]:
        """The answers of one call.

        Raises:
            Ended: any other end than a good one.

        """
        method = self.methods.get(path)
        if method is None:
            raise Ended(StatusCode.UNIMPLEMENTED, f"{ascii(path)[:200]} can't be called here")
        try:
            who = await asyncio.to_thread(self._who, authorization, method.scope)
            async with aclosing(method.answer(method.read(body), who.caller)) as answers:
                async for answer in answers:
                    if not await self._good(who):
                        raise Ended(StatusCode.UNAUTHENTICATED, f"authorization: the key {who.key} is over")
                    yield answer.SerializeToString()
        except DecodeError as error:
            raise Ended(StatusCode.INVALID_ARGUMENT, "the request is not a message of this protocol") from error
        except PentimentoError as error:
            raise ended_by(error) from error

    def _who(self, authorization: str, scope: Scope) -> Identity:
        key = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else ""
        return self._gate.identify(key, scope=scope, door=True)

    def _generate(self, request: Message, caller: str) -> AsyncGenerator[Message]:
        return self._generation.answers(cast("wire.Request", request), caller)

    def _chain(self, request: Message, caller: str) -> AsyncGenerator[Message]:
        chain = cast("wire.ChainRequest", request)
        return run(chain, lambda stage: self._generation.answers(stage, caller))

    async def _list(self, _: Message, caller: str) -> AsyncGenerator[Message]:
        del caller
        yield self._engines.listed()

    async def _me(self, _: Message, caller: str) -> AsyncGenerator[Message]:
        yield me(caller)

    async def _organization(self, request: Message, caller: str) -> AsyncGenerator[Message]:
        del caller
        asked = cast("people.GetOrganizationRequest", request).id
        if asked not in {"", ORGANIZATION}:
            raise NotFound(f"id: there is no organization {asked[:100]!a}", remedy=f"There is {ORGANIZATION}.")
        yield organization()
