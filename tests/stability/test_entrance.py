"""Who may enter, over what, and what is on the sign: keys, TLS, engines, the purse."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from jobs.settings import Settings
from jobs.wire import dashboard_pb2 as people
from jobs.wire import engines_pb2 as engines
from tests.api.conftest import Hands, Running, running
from tests.stability.conftest import KEY, do_it, port_of
from tests.stability.requests import generate, images, request
from tests.stability.test_door import status_of


def unary(channel: grpc.Channel, path: str, asked: Any, answer: Any, **how: Any) -> Any:
    method = channel.unary_unary(
        path, request_serializer=type(asked).SerializeToString, response_deserializer=answer.FromString
    )
    return method(asked, timeout=10, **how)


def test_clients_see_the_models_and_the_ids_that_the_settings_give_them(channel: grpc.Channel) -> None:
    found = unary(channel, "/gooseai.EnginesService/ListEngines", engines.ListEnginesRequest(), engines.Engines)

    listed = {one.id: one for one in found.engine}
    assert {"tiny", "sd15", "stable-diffusion-v1-5", "stable-diffusion-xl-1024-v0-9"} <= listed.keys()
    assert all(one.ready and one.type == engines.PICTURE for one in listed.values())


def test_clients_that_look_into_their_purse_find_it_full(channel: grpc.Channel) -> None:
    user = unary(channel, "/gooseai.DashboardService/GetMe", people.EmptyRequest(), people.User)
    organization = user.organizations[0].organization
    asked = people.GetOrganizationRequest(id=organization.id)
    again = unary(channel, "/gooseai.DashboardService/GetOrganization", asked, people.Organization)

    assert organization.payment_info.balance == again.payment_info.balance > 0


def test_a_method_that_is_not_there_is_unimplemented(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError, match="UNIMPLEMENTED"):
        unary(channel, "/gooseai.DashboardService/GetMetrics", people.EmptyRequest(), people.User)


def test_a_key_is_asked_for_by_name_and_only_the_right_one_opens(keyed: Running, hands: Hands) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port_of(keyed)}") as channel:
        ends = [
            status_of(generate(channel, request(), metadata=metadata))
            for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", f"Basic {KEY}"),))
        ]
        call = generate(channel, request(), metadata=(("authorization", f"Bearer {KEY}"),))
        next(call)
        do_it(hands)
        found = images(call)

    assert {code for code, _ in ends} == {grpc.StatusCode.UNAUTHENTICATED}
    assert all("authorization" in words and KEY not in words for _, words in ends)
    assert len(found) == 1


def test_the_native_door_speaks_tls_where_it_has_a_certificate(
    door_settings: Settings, empty: None, certificate: tuple[bytes, bytes], tmp_path: Path
) -> None:
    for name, data in zip(("key", "certificate"), certificate, strict=True):
        (tmp_path / name).write_bytes(data)
    files = {"grpc_tls_key": tmp_path / "key", "grpc_tls_certificate": tmp_path / "certificate"}
    with running(door_settings.model_copy(update=files)) as run:
        credentials = grpc.ssl_channel_credentials(certificate[1])
        with grpc.secure_channel(f"localhost:{port_of(run)}", credentials) as channel:
            found = unary(channel, "/gooseai.EnginesService/ListEngines", engines.ListEnginesRequest(), engines.Engines)

    assert found.engine
