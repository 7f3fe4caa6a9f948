"""The remote backend against a real server that fails as it is told: nothing is lost, nothing doubled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest

from api.stack.ports import free_port
from jobs.errors import BadAnswer, Filtered, PentimentoError, RemoteRefused, RemoteUnavailable
from jobs.models import ModelTable
from jobs.wire import generation_pb2 as wire
from tests.engine.orders import order, outcomes, picture, pictures
from tests.remote.wire_server import (
    Behaviour,
    WireServer,
    after_picture,
    answer,
    before_picture,
    echo,
    hang,
    image,
    init_of,
    other_picture,
    sends,
    status,
    verdict,
)
from worker.backends import Outcome, Refused, Rendered
from worker.backends.remote.backend import RemoteBackend
from worker.backends.remote.remotes import Remote
from worker.output.png import encode_png

Code = grpc.StatusCode
PATIENCE_SECONDS = 20


@contextmanager
def backend_for(server: WireServer | int, **said: object) -> Iterator[RemoteBackend]:
    """A backend that asks the server, with short waits."""
    port = server if isinstance(server, int) else server.port
    remote = Remote.model_validate(
        {"name": "r", "target": f"127.0.0.1:{port}", "backoff_seconds": 0.01, "patience_seconds": 2}
        | {"breaker_seconds": 0.02}
        | said
    )
    backend = RemoteBackend(ModelTable.load(), remote)
    try:
        yield backend
    finally:
        backend.close()


def rendered(*script: Behaviour, **said: object) -> tuple[Outcome, WireServer]:
    """The outcome of one order where the server behaves so, call after call, and then well."""
    with WireServer(script) as server, backend_for(server, **said) as backend:
        (found,) = outcomes(backend, [order(1, seed=5)])
        return found, server


def refusal(*script: Behaviour, **said: object) -> PentimentoError:
    found, _ = rendered(*script, **said)
    assert isinstance(found, Refused)
    return found.error


def test_a_picture_comes_back_pixel_for_pixel() -> None:
    found, server = rendered()

    assert isinstance(found, Rendered)
    assert (found.pixels == picture()).all()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        status(Code.UNAVAILABLE, "going down"),
        status(Code.RESOURCE_EXHAUSTED, "slow down", retry_after="0.02"),
        status(Code.RESOURCE_EXHAUSTED, "slow down", grpc_retry_pushback_ms="20"),
        status(Code.DEADLINE_EXCEEDED),
        status(Code.INTERNAL, "oops"),
        status(Code.CANCELLED),
        before_picture(status(Code.UNAVAILABLE, "in mid-stream")),
    ],
)
def test_a_fault_of_the_world_is_tried_again_until_the_picture_is_there_once(fault: Behaviour) -> None:
    found, server = rendered(fault, fault)

    assert isinstance(found, Rendered)
    assert len(server.requests) == 3
    assert len({request.request_id for request in server.requests}) == 1


def test_a_remote_that_hangs_is_left_at_its_deadline_and_asked_again() -> None:
    found, server = rendered(hang, deadline_seconds=0.3)

    assert isinstance(found, Rendered)
    assert len(server.requests) == 2


def test_what_breaks_off_behind_the_picture_does_not_ask_for_it_twice() -> None:
    found, server = rendered(after_picture(status(Code.UNAVAILABLE)))

    assert isinstance(found, Rendered)
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.UNIMPLEMENTED])
def test_what_the_remote_calls_wrong_is_refused_in_its_words_and_asked_once(code: grpc.StatusCode) -> None:
    found, server = rendered(status(code, "steps: 151 is above 150"))

    assert isinstance(found, Refused)
    assert isinstance(found.error, RemoteRefused)
    assert "steps: 151 is above 150" in str(found.error)
    assert len(server.requests) == 1


def test_a_remote_that_stays_away_ends_in_a_retryable_refusal_that_names_it() -> None:
    port = free_port()
    with backend_for(port, patience_seconds=0.3) as backend:
        (found,) = outcomes(backend, [order()])

    assert isinstance(found, Refused)
    assert isinstance(found.error, RemoteUnavailable)
    assert found.error.retryable
    assert f"127.0.0.1:{port}" in str(found.error)


@pytest.mark.parametrize(
    "answers",
    [
        sends(lambda r: answer(image(init_of(r), r.image.seed[0], finish_reason=wire.FILTER))),
        sends(lambda _: answer(wire.Artifact(type=wire.ARTIFACT_TEXT, text="banned", finish_reason=wire.FILTER))),
        sends(lambda r: answer(image(init_of(r), r.image.seed[0]), verdict(wire.ACTION_OBFUSCATE))),
    ],
)
def test_a_picture_that_a_filter_held_back_is_refused_and_says_so(answers: Behaviour) -> None:
    error = refusal(answers)

    assert isinstance(error, Filtered)
    assert not error.retryable
    assert "filter" in str(error)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (sends(), "0 different pictures"),
        (sends(lambda _: answer(), lambda _: answer(verdict())), "0 different pictures"),
        (sends(lambda r: answer(image(b"no picture at all", r.image.seed[0]))), "can't be read"),
        (sends(lambda r: answer(image(init_of(r)[:-30], r.image.seed[0]))), "can't be read"),
        (sends(lambda r: answer(image(b"", r.image.seed[0]))), "can't be read"),
        (sends(lambda r: answer(image(init_of(r), 6))), "seed 6 where 5"),
        (sends(lambda r: answer(image(init_of(r), 5), image(other_picture(), 5))), "2 different pictures"),
        (sends(lambda _: answer(image(encode_png(picture(32), text={}), 5))), "32 × 32 pixels"),
        (sends(lambda _: answer(wire.Artifact(type=wire.ARTIFACT_TEXT, text="oom", finish_reason=wire.ERROR))), "oom"),
        (sends(*(lambda r, n=n: answer(image(init_of(r), n)) for n in range(40))), "more than 16"),
    ],
)
def test_an_answer_that_is_not_the_picture_asked_for_is_refused_and_may_be_tried_again(
    answers: Behaviour, says: str
) -> None:
    error = refusal(answers)

    assert isinstance(error, BadAnswer)
    assert error.retryable
    assert says in str(error)


def test_a_picture_that_is_sent_twice_and_signs_of_life_around_it_are_one_picture() -> None:
    def one(request: wire.Request) -> wire.Answer:
        return answer(image(init_of(request), 5, index=0), verdict())

    found, server = rendered(sends(lambda _: answer(), one, lambda _: answer(), one, lambda _: answer(verdict())))

    assert isinstance(found, Rendered)
    assert len(server.requests) == 1


def test_a_server_that_is_killed_in_mid_stream_and_comes_back_loses_and_doubles_nothing() -> None:
    port = free_port()
    orders = [order(index, seed=index + 1) for index in range(12)]
    with backend_for(port, calls=4, patience_seconds=PATIENCE_SECONDS, breaker_failures=3) as backend:
        with WireServer([echo, echo, hang, hang], otherwise=hang, port=port) as first:
            stop = threading.Event()
            found = backend.render(iter(orders), stop=stop, on_step=lambda _: None)
            early = [next(found), next(found)]
            first.kill()
        with WireServer(port=port):
            late = list(found)

    assert sorted(pictures([*early, *late])) == list(range(12))


def test_no_more_calls_are_in_flight_than_the_remote_allows() -> None:
    with WireServer(seconds=0.02) as server, backend_for(server, calls=3) as backend:
        found = outcomes(backend, [order(index, seed=index + 1) for index in range(15)])

    assert len(pictures(found)) == 15
    assert server.most_at_once == 3


def test_a_rate_spaces_the_calls() -> None:
    with WireServer() as server, backend_for(server, images_per_second=50) as backend:
        outcomes(backend, [order(seed=1)])
        begun = threading.Event()
        found = backend.render(
            iter([order(index, seed=index + 1) for index in range(10)]), stop=begun, on_step=lambda _: None
        )
        seconds = [outcome.seconds for outcome in found if isinstance(outcome, Rendered)]

    assert len(seconds) == 10
    assert server.most_at_once < 8


def test_leaving_ends_the_call_at_the_server() -> None:
    with WireServer(otherwise=hang) as server, backend_for(server) as backend:
        stop, stepped = threading.Event(), threading.Event()
        with_it = backend.render(iter([order(seed=1)]), stop=stop, on_step=lambda _: stepped.set())
        waiter = threading.Thread(target=lambda: list(with_it))
        waiter.start()
        assert stepped.wait(PATIENCE_SECONDS)
        stop.set()
        waiter.join(PATIENCE_SECONDS)
        ended = threading.Event()
        for _ in range(200):
            if server.requests and not server.at_once:
                break
            ended.wait(0.05)

    assert server.at_once == 0
    assert len(server.requests) == 1


def test_progress_is_reported_while_the_remote_is_silent() -> None:
    heard = threading.Event()
    with WireServer(otherwise=hang) as server, backend_for(server, deadline_seconds=5) as backend:
        stop = threading.Event()

        def step(index: int) -> None:
            assert index == 9
            heard.set()
            stop.set()

        assert list(backend.render(iter([order(9, seed=1)]), stop=stop, on_step=step)) == []

    assert heard.is_set()


def test_a_key_and_metadata_travel_over_tls_and_a_wrong_authority_is_refused(
    tmp_path: Path, certificate: tuple[bytes, bytes]
) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate[1])
    said = {"tls": True, "key": "s3cret", "metadata": {"stability-client-id": "pentimento"}}
    with WireServer(tls=certificate) as server:
        target = {"target": f"localhost:{server.port}"}
        with backend_for(server, **said, **target, ca_file=tmp_path / "ca.pem") as backend:
            (found,) = outcomes(backend, [order(seed=1)])
        with backend_for(server, **said, **target, patience_seconds=0.2) as stranger:
            (refused,) = outcomes(stranger, [order(seed=1)])

    assert isinstance(found, Rendered)
    assert server.metadata[0]["authorization"] == "Bearer s3cret"
    assert server.metadata[0]["stability-client-id"] == "pentimento"
    assert len(server.requests) == 1
    assert isinstance(refused, Refused)
    assert "s3cret" not in str(refused.error)


def test_a_picture_of_many_megabytes_passes() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (1536, 1536, 3), np.uint8)
    big = order(1, seed=5, pixels=noise)

    with WireServer() as server, backend_for(server) as backend:
        (found,) = outcomes(backend, [big])

    assert isinstance(found, Rendered)
    assert len(init_of(server.requests[0])) > 4 << 20
