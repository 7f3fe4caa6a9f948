"""Quotas and keys that end at the door, native and from a page: the same words as over HTTP, and when to come back."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import httpx
import pytest

from api.access import Scope
from api.web import standing
from jobs.settings import Settings
from tests.api.conftest import Hands, Running, running
from tests.stability.conftest import port_of
from tests.stability.requests import GENERATE, generate, request
from tests.stability.test_door import status_of
from tests.stability.test_grpc_web import framed, post, trailer

QUOTAS = {
    "quota_requests": (1, "1 calls a minute"),
    "quota_upload_bytes": (4000, "4000 bytes a day"),
    "quota_active_jobs": (1, "1 jobs that are not over"),
    "quota_queued_variants": (1, "1 variants without an outcome"),
}


@contextmanager
def channel_of(run: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{port_of(run)}") as found:
        yield found


@pytest.mark.parametrize("name", QUOTAS)
def test_a_quota_says_its_limit_and_when_to_come_back_on_both_transports(
    door_settings: Settings, empty: None, name: str
) -> None:
    bound, words = QUOTAS[name]
    with (
        running(door_settings.model_copy(update={name: bound, "door_grace_seconds": 60})) as run,
        channel_of(run) as native,
    ):
        first = generate(native, request(seeds=(5,)))
        next(first)
        second = generate(native, request(seeds=(6,)))
        code, said = status_of(second)
        told = dict(second.trailing_metadata())
        with httpx.Client(base_url=run.url, timeout=20, trust_env=False) as page:
            ended = trailer(post(page, GENERATE, framed(request(seeds=(7,)).SerializeToString())).content)
        first.cancel()

    assert code is grpc.StatusCode.UNAVAILABLE
    assert words in said
    assert f"Come back in {told['retry-after']} s" in said
    assert int(told["grpc-retry-pushback-ms"]) == 1000 * int(told["retry-after"]) > 0
    assert ended["grpc-status"] == str(grpc.StatusCode.UNAVAILABLE.value[0])
    assert words in ended["grpc-message"]
    assert f"Come back in {ended['retry-after']} s" in ended["grpc-message"]


def test_a_revoked_key_ends_the_calls_that_it_began(
    door_settings: Settings, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "RECHECK_SECONDS", 0.0)
    gate = hands.desk.gate
    gate.create("ops", {Scope.ADMIN}, label="", expires_seconds=0)
    key = gate.create("studio", {Scope.SUBMIT}, label="", expires_seconds=0)
    with running(door_settings) as run, channel_of(run) as native:
        call = generate(native, request(), metadata=(("authorization", f"Bearer {key.text}"),))
        next(call)
        gate.keyring.revoke(key.view.id, 1.0)
        code, said = status_of(call)

    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert key.view.id in said
