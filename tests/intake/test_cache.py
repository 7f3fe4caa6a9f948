"""One making for each picture, however many ask at once; bounded; an error is told to all who waited, and forgotten."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.intake.cache import OnceCache


def _never() -> bytes:
    raise AssertionError("was made again")


def test_what_was_made_is_not_made_again() -> None:
    cache = OnceCache[str, bytes](100, len)

    first = cache.get("a", lambda: b"xxx")

    assert cache.get("a", _never) is first


def test_threads_that_ask_at_once_share_one_making() -> None:
    cache = OnceCache[str, bytes](100, len)
    started, go, made = threading.Event(), threading.Event(), []

    def slow() -> bytes:
        made.append(1)
        started.set()
        assert go.wait(10)
        return b"picture"

    with ThreadPoolExecutor(8) as pool:
        leader = pool.submit(cache.get, "a", slow)
        assert started.wait(10)
        others = [pool.submit(cache.get, "a", slow) for _ in range(7)]
        other_key = pool.submit(cache.get, "b", lambda: b"not held up")
        del other_key
        go.set()
        answers = {id(future.result(10)) for future in (leader, *others)}

    assert len(answers) == 1
    assert made == [1]


def test_a_slow_making_holds_up_nobody_else() -> None:
    cache = OnceCache[str, bytes](100, len)
    started, go = threading.Event(), threading.Event()

    def slow() -> bytes:
        started.set()
        assert go.wait(10)
        return b"slow"

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(cache.get, "slow", slow)
        assert started.wait(10)
        quick = cache.get("quick", lambda: b"quick")
        go.set()

        assert quick == b"quick"
        assert waiting.result(10) == b"slow"


def test_an_error_reaches_everyone_who_waited_and_the_next_tries_again() -> None:
    cache = OnceCache[str, bytes](100, len)
    started, go = threading.Event(), threading.Event()

    def failing() -> bytes:
        started.set()
        assert go.wait(10)
        raise OSError("away")

    def ask(make: Callable[[], bytes]) -> str:
        try:
            return cache.get("a", make).decode()
        except OSError as error:
            return str(error)

    with ThreadPoolExecutor(3) as pool:
        leader = pool.submit(ask, failing)
        assert started.wait(10)
        waiter = pool.submit(ask, failing)
        go.set()
        answers = (leader.result(10), waiter.result(10))

    assert answers == ("away", "away")
    assert cache.get("a", lambda: b"back") == b"back"


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = OnceCache[str, bytes](10, len)
    cache.get("a", lambda: b"aaaa")
    cache.get("b", lambda: b"bbbb")
    cache.get("a", _never)

    cache.get("c", lambda: b"cccc")

    assert cache.get("a", _never) == b"aaaa"
    assert cache.get("c", _never) == b"cccc"
    with pytest.raises(AssertionError):
        cache.get("b", _never)


def test_what_is_larger_than_the_cache_is_given_but_not_kept() -> None:
    cache = OnceCache[str, bytes](10, len)
    cache.get("small", lambda: b"s")

    assert cache.get("large", lambda: b"x" * 11) == b"x" * 11

    assert cache.get("small", _never) == b"s"
    with pytest.raises(AssertionError):
        cache.get("large", _never)
