"""Two tenants never meet over gRPC either, native or from a page; methods are found in the door's own table."""

import struct
from typing import Any

import grpc
import httpx

from api.access import Scope
from jobs.wire import dashboard_pb2 as people
from tests.stability.requests import request
from tests.tenants.conftest import CANARY, Tenants
from tests.tenants.walk import door_of


def _stream(channel: grpc.Channel, path: str, body: bytes, key: str) -> Any:
    method: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(path, bytes, bytes)
    return method(body, timeout=20, metadata=(("authorization", f"Bearer {key}"),) if key else ())


def _native(channel: grpc.Channel, path: str, body: bytes, key: str) -> tuple[str, bytes]:
    try:
        return "OK", b"".join(_stream(channel, path, body, key))
    except grpc.RpcError as error:
        return error.code().name, (error.details() or "").encode()


def _web(tenants: Tenants, path: str, body: bytes, key: str) -> tuple[str, bytes]:
    headers = {"Content-Type": "application/grpc-web+proto"} | ({"Authorization": f"Bearer {key}"} if key else {})
    frame = struct.pack(">BI", 0, len(body)) + body
    answer = httpx.post(f"{tenants.run.url}{path}", content=frame, headers=headers, trust_env=False, timeout=20)
    status = int(answer.content.rpartition(b"grpc-status: ")[2].partition(b"\r")[0])
    return next(code.name for code in grpc.StatusCode if code.value[0] == status), answer.content


def test_every_grpc_method_asks_for_a_key_with_its_scope_on_both_transports(
    tenants: Tenants, channel: grpc.Channel
) -> None:
    methods = door_of(tenants).methods
    strangers = ("", "pentimento_" + "0" * 16 + "_" + "0" * 64)
    ends = {
        (path, key): (_native(channel, path, b"", key)[0], _web(tenants, path, b"", key)[0])
        for path in methods
        for key in strangers
    }
    refused = {
        path: {_native(channel, path, b"", tenants.reader)[0], _web(tenants, path, b"", tenants.reader)[0]}
        for path, method in methods.items()
        if method.scope is not Scope.READ
    }

    assert set(ends.values()) == {("UNAUTHENTICATED", "UNAUTHENTICATED")}
    assert refused
    assert all(found == {"PERMISSION_DENIED"} for found in refused.values())


def test_a_grpc_method_tells_nobody_of_another(tenants: Tenants, channel: grpc.Channel) -> None:
    asked = request(request_id="of-both")
    for key in (tenants.alder, tenants.birch):
        call = _stream(channel, "/gooseai.GenerationService/Generate", asked.SerializeToString(), key)
        next(call)
        call.cancel()
    answers = [
        answer
        for path, method in door_of(tenants).methods.items()
        if method.scope is Scope.READ
        for answer in (_native(channel, path, b"", tenants.birch), _web(tenants, path, b"", tenants.birch))
    ]
    me = people.User.FromString(_native(channel, "/gooseai.DashboardService/GetMe", b"", tenants.birch)[1])

    own = {name: tenants.desk.book.jobs(caller=name) for name in ("alder", "birch")}
    assert {caller for name, jobs in own.items() for caller in {job.caller for job in jobs}} == {"alder", "birch"}
    assert not {job.id for job in own["alder"]} & {job.id for job in own["birch"]}
    assert own["birch"][0].name == own["alder"][0].name
    assert me.id == "birch"
    assert len(answers) >= 6
    assert not [text for _, text in answers if b"alder" in text or CANARY.encode() in text]
