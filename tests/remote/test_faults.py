"""Decisions about a remote, without a network: what is tried again, when it is left alone, how fast it is asked."""

import pytest

from jobs.errors import RemoteRefused, RemoteUnavailable
from worker.backends.remote.faults import Breaker, Failure, Later, Metronome, decide
from worker.backends.remote.remotes import Remote

REMOTE = Remote(name="upstairs", target="localhost:1", backoff_seconds=1, patience_seconds=20)


def asked(failure: Failure, *, attempt: int = 0, waited: float = 0.0, random: float = 1.0) -> object:
    return decide(failure, REMOTE, attempt=attempt, waited_seconds=waited, random=random)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "INTERNAL", "ABORTED"])
def test_faults_of_the_world_are_tried_again_with_growing_waits(code: str) -> None:
    delays = [asked(Failure(code, ""), attempt=attempt) for attempt in range(4)]

    assert delays == [Later(1), Later(2), Later(4), Later(8)]


def test_waits_are_spread_but_never_below_half() -> None:
    assert asked(Failure("UNAVAILABLE", ""), random=0.0) == Later(0.5)


def test_waiting_is_bounded_by_patience() -> None:
    said = asked(Failure("UNAVAILABLE", "going down"), attempt=3, waited=15.0)

    assert isinstance(said, RemoteUnavailable)
    assert said.retryable
    assert "going down" in str(said)


def test_a_servers_hint_is_honoured_where_it_is_longer_and_where_it_says_never() -> None:
    assert asked(Failure("UNAVAILABLE", "", 7.0)) == Later(7.0)
    assert asked(Failure("UNAVAILABLE", "", 0.1)) == Later(1.0)
    assert isinstance(asked(Failure("RESOURCE_EXHAUSTED", "", -0.001)), RemoteUnavailable)
    assert isinstance(asked(Failure("RESOURCE_EXHAUSTED", "", 60.0)), RemoteUnavailable)


@pytest.mark.parametrize(
    "code", ["INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "FAILED_PRECONDITION", "OUT_OF_RANGE"]
)
def test_what_the_remote_calls_wrong_is_refused_in_its_words(code: str) -> None:
    said = asked(Failure(code, "cfg_scale must be below 35"))

    assert isinstance(said, RemoteRefused)
    assert not said.retryable
    assert "cfg_scale must be below 35" in str(said)


def test_a_message_that_is_too_large_is_not_sent_again() -> None:
    said = asked(Failure("RESOURCE_EXHAUSTED", "Received message larger than max (6712565 vs. 4194304)"))

    assert isinstance(said, RemoteRefused)


def test_a_refused_key_is_the_operators_and_not_asked_again_at_once() -> None:
    said = asked(Failure("UNAUTHENTICATED", "who are you"))

    assert isinstance(said, RemoteUnavailable)
    assert "key" in said.remedy


def test_the_breaker_opens_after_failures_in_a_row_and_lets_one_try_at_a_time() -> None:
    breaker = Breaker(limit=2, rest_seconds=10)
    assert breaker.failed(0.0, random=1.0).wait_seconds(0.0) == 0

    opened = breaker.failed(0.0, random=1.0).failed(1.0, random=1.0)
    trying = opened.called(11.0)

    assert (opened.healthy, opened.wait_seconds(1.0), opened.wait_seconds(11.0)) == (False, 10.0, 0.0)
    assert trying.wait_seconds(12.0) == 9.0
    assert trying.succeeded().wait_seconds(12.0) == 0.0
    assert trying.failed(12.0, random=1.0).wait_seconds(12.0) == 20.0


def test_an_answer_between_two_failures_keeps_the_breaker_closed() -> None:
    breaker = Breaker(limit=2, rest_seconds=10).failed(0.0, random=1.0).succeeded().failed(0.0, random=1.0)

    assert breaker.healthy


def test_the_metronome_spaces_calls_and_a_rate_of_none_does_not() -> None:
    beat = Metronome(4.0).called(10.0).called(10.0)

    assert beat.wait_seconds(10.0) == 0.5
    assert beat.wait_seconds(11.0) == 0.0
    assert Metronome(0.0).called(10.0).wait_seconds(10.0) == 0.0
