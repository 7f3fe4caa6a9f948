"""Calls of the native door, from request to answers, with hands in place of a worker."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from api.desk import Desk
from api.stability.generate import Generation
from api.submission import Submission
from jobs.settings import Settings
from jobs.state import Lane, State
from jobs.wire import generation_pb2 as wire
from tests.api.conftest import Hands, running
from tests.stability.conftest import do_it, job_of, port_of
from tests.stability.requests import GENERATE, artifact, generate, images, request, text
from tests.stories.conftest import picture

PATIENCE_SECONDS = 20


def status_of(call: Iterator[wire.Answer]) -> tuple[grpc.StatusCode, str]:
    """How a call ends."""
    with pytest.raises(grpc.RpcError) as ended:
        list(call)
    error: Any = ended.value
    return error.code(), error.details()


def has_wait(hands: Hands, job: str) -> bool:
    """Whether the ledger was told that somebody waits for the job."""
    book = hands.desk.book
    return book.redis.zscore(book.keys.named("waited"), job) is not None


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_request_is_an_urgent_job_and_each_picture_comes_with_its_verdict(
    channel: grpc.Channel, hands: Hands
) -> None:
    call = generate(channel, request(seeds=[5], samples=2, request_id="mine"))
    first = next(call)
    job = do_it(hands)
    answers = list(call)

    assert not first.artifacts
    assert hands.desk.book.describe(job).lane is Lane.URGENT
    filled = [answer for answer in answers if answer.artifacts]
    assert [[one.type for one in answer.artifacts] for answer in filled] == [
        [wire.ARTIFACT_IMAGE, wire.ARTIFACT_CLASSIFICATIONS]
    ] * 2
    found = images(filled)
    assert [(one.index, one.seed, one.binary, one.mime) for one in found] == [
        (0, 5, b"0", "image/png"),
        (1, 6, b"1", "image/png"),
    ]
    assert {one.finish_reason for one in found} == {wire.NULL}
    ids = [answer.answer_id for answer in [first, *answers]]
    assert len(set(ids)) == len(ids)
    assert {answer.request_id for answer in [first, *answers]} == {"mine"}
    assert all(answer.received <= answer.created for answer in answers)


def test_a_waiting_client_hears_signs_of_life(channel: grpc.Channel, hands: Hands) -> None:
    call = generate(channel, request())

    alive = [next(call) for _ in range(4)]
    do_it(hands)

    assert not images(alive)
    assert len(images(call)) == 1


def test_a_sample_that_fails_does_not_take_the_others_with_it(channel: grpc.Channel, hands: Hands) -> None:
    call = generate(channel, request(samples=3))
    next(call)
    do_it(hands, refuse=(1,))

    answers = list(call)

    assert [one.index for one in images(answers)] == [0, 2]
    (failed,) = [one for answer in answers for one in answer.artifacts if one.finish_reason == wire.ERROR]
    assert (failed.type, failed.index, failed.text) == (wire.ARTIFACT_TEXT, 1, "no picture")


def test_a_job_without_a_picture_ends_with_the_status_of_its_error(channel: grpc.Channel, hands: Hands) -> None:
    call = generate(channel, request())
    next(call)
    do_it(hands, refuse=(0,))

    assert status_of(call) == (grpc.StatusCode.INVALID_ARGUMENT, "no picture")


def test_a_call_that_ends_cancels_its_job_after_the_grace(channel: grpc.Channel, hands: Hands) -> None:
    call = generate(channel, request())
    next(call)
    job = job_of(hands)
    call.cancel()

    until(lambda: hands.desk.book.describe(job).state is State.CANCELLED)


def test_the_same_request_within_the_grace_finds_its_job_again(channel: grpc.Channel, hands: Hands) -> None:
    asked = request(seeds=[9])
    first = generate(channel, asked)
    next(first)
    first.cancel()
    again = generate(channel, asked)
    next(again)
    time.sleep(0.5)  # longer than the grace of the first call
    job = do_it(hands)

    assert len(images(again)) == 1
    assert [view.id for view in hands.desk.book.jobs(caller="default", limit=9)] == [job]


def test_a_call_that_ends_before_its_job_is_there_does_not_leave_it_behind(
    channel: grpc.Channel, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, entered, ended = Desk.submit, threading.Event(), threading.Event()

    def slow(*args: Any, **kwargs: Any) -> Submission:
        entered.set()
        assert ended.wait(PATIENCE_SECONDS)
        return submit(*args, **kwargs)

    monkeypatch.setattr(Desk, "submit", slow)
    call = generate(channel, request())
    assert entered.wait(PATIENCE_SECONDS)
    call.cancel()
    time.sleep(0.2)  # for the server to hear of it
    ended.set()

    until(lambda: [view.state for view in hands.desk.book.jobs(caller="default", limit=9)] == [State.CANCELLED])


def test_the_same_request_id_and_body_get_the_same_pictures_later(channel: grpc.Channel, hands: Hands) -> None:
    asked = request(seeds=[0], samples=2, request_id="again")
    call = generate(channel, asked)
    next(call)
    do_it(hands)
    before = images(call)

    after = images(generate(channel, asked))

    assert [(one.seed, one.binary) for one in after] == [(one.seed, one.binary) for one in before]
    assert len(hands.desk.book.jobs(caller="default", limit=9)) == 1


def test_a_request_id_whose_job_was_cancelled_begins_another(channel: grpc.Channel, hands: Hands) -> None:
    asked = request(request_id="twice")
    call = generate(channel, asked)
    next(call)
    hands.desk.control.cancel(job_of(hands), caller="default")
    assert status_of(call)[0] is grpc.StatusCode.CANCELLED

    again = generate(channel, asked)
    next(again)
    do_it(hands)

    assert len(images(again)) == 1
    assert len(hands.desk.book.jobs(caller="default", limit=9)) == 2


def test_requests_that_leave_the_seed_to_us_are_jobs_of_their_own(channel: grpc.Channel, hands: Hands) -> None:
    calls = [generate(channel, request(seeds=[0])) for _ in range(2)]
    for call in calls:
        next(call)

    assert len(hands.desk.book.jobs(caller="default", limit=9)) == 2


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        (request(engine_id="nobody"), "NOT_FOUND", "engine_id: 'nobody'"),
        (request(init=b"GIF89a"), "INVALID_ARGUMENT", "no picture that is read here"),
        (request(steps=100_000), "INVALID_ARGUMENT", "steps"),
        (request(start=1.5), "INVALID_ARGUMENT", "strength"),
        (request(width=63), "INVALID_ARGUMENT", "width"),
        (request(text("a", 11)), "INVALID_ARGUMENT", "prompt[0].weight"),
        (request(samples=1000), "INVALID_ARGUMENT", "image.samples: must be 1 to 100"),
        (request(text("a"), artifact(b"GIF89a", wire.ARTIFACT_MASK)), "INVALID_ARGUMENT", "no picture that is read"),
        (wire.Request(prompt=[text("a")], image=wire.ImageParameters()), "UNIMPLEMENTED", "init image"),
        (wire.ChainRequest(), "INVALID_ARGUMENT", "stages"),
    ],
)
def test_what_is_wrong_ends_with_a_status_that_names_it(
    channel: grpc.Channel, asked: wire.Request | wire.ChainRequest, code: str, says: str
) -> None:
    status, details = status_of(generate(channel, asked))

    assert status is grpc.StatusCode[code]
    assert says in details


def test_every_problem_of_a_request_is_told_at_once(channel: grpc.Channel) -> None:
    _, details = status_of(generate(channel, request(steps=0, width=1, height=1)))

    assert all(field in details for field in ("steps", "width", "height"))


def test_a_chain_streams_through_the_asset_stage(channel: grpc.Channel, hands: Hands) -> None:
    main = wire.Stage(
        id="Main", request=request(), on_status=[wire.OnStatus(action=[wire.STAGE_ACTION_PASS], target="Asset")]
    )
    asset = wire.Stage(
        id="Asset",
        request=wire.Request(engine_id="asset-service"),
        on_status=[wire.OnStatus(action=[wire.STAGE_ACTION_RETURN])],
    )
    call = generate(channel, wire.ChainRequest(request_id="c", stage=[main, asset]))
    next(call)
    do_it(hands)

    assert [one.binary for one in images(call)] == [b"0"]


def test_bytes_that_are_no_message_are_refused(channel: grpc.Channel) -> None:
    method: Any = channel.unary_stream(GENERATE)

    status, details = status_of(method(b"\xff\xff\xff", timeout=10))

    assert status is grpc.StatusCode.INVALID_ARGUMENT
    assert "not a message" in details


def test_a_request_above_the_bound_is_refused_in_the_words_that_clients_look_for(
    door_settings: Settings, empty: None
) -> None:
    small = door_settings.model_copy(update={"max_image_bytes": 1024})
    with running(small) as run, grpc.insecure_channel(f"127.0.0.1:{port_of(run)}") as channel:
        status, details = status_of(generate(channel, request(init=picture(1) + bytes(2 << 20))))
        image_status, image_details = status_of(generate(channel, request(init=picture(1) + bytes(2000))))

    assert (status, "larger than max" in details) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True)
    assert image_status is grpc.StatusCode.INVALID_ARGUMENT
    assert "1024 bytes" in image_details


def test_a_request_that_is_sent_again_after_a_restart_finds_its_job(
    door_settings: Settings, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(seeds=[5], samples=2)  # without an id: only the door itself knows that these are the same
    with running(door_settings) as run, grpc.insecure_channel(f"127.0.0.1:{port_of(run)}") as channel:
        next(generate(channel, asked))
        job = job_of(hands)
        until(lambda: has_wait(hands, job))
        monkeypatch.setattr(Generation, "cancel", lambda *_: asyncio.sleep(0))  # as if it were killed
    with running(door_settings) as run, grpc.insecure_channel(f"127.0.0.1:{port_of(run)}") as channel:
        call = generate(channel, asked)
        next(call)
        do_it(hands)
        found = images(call)
        until(lambda: not has_wait(hands, job))

    assert [one.seed for one in found] == [5, 6]
    assert [view.id for view in hands.desk.book.jobs(caller="default", limit=9)] == [job]


def test_an_api_that_goes_down_tells_its_clients_to_come_back(door_settings: Settings, empty: None) -> None:
    with running(door_settings) as run, grpc.insecure_channel(f"127.0.0.1:{port_of(run)}") as channel:
        call = generate(channel, request())
        next(call)
        run.stop()
        status, _ = status_of(call)

    assert status is grpc.StatusCode.UNAVAILABLE
