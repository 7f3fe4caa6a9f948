"""The short forms of the ledger's drills; `books` is a test of the ledger itself, and test_fuzzing.py has the fuzzers.

Each name is the promise that the drill puts to the test (P1 to P13 are those of tests/promises).
"""

import os

import pytest

from tests.drills._short import holds

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def test_p4_a_killed_worker_costs_at_most_the_rows_in_flight() -> None:
    holds("kill")


def test_p3_a_zombie_neither_doubles_nor_loses_a_picture() -> None:
    holds("zombie")


def test_p5_losing_all_celery_messages_costs_a_tick() -> None:
    holds("broker")


def test_p6_whatever_happens_to_redis_the_farm_goes_on() -> None:
    holds("redis")


def test_p2_a_bad_store_costs_time_and_no_variant() -> None:
    holds("s3")


@pytest.mark.skipif(os.geteuid() != 0, reason="to mount a small disk one must be root")
def test_p2_a_full_disk_costs_time_and_no_variant() -> None:
    holds("disk")


def test_p13_sigterm_loses_nothing_and_renders_nothing_again() -> None:
    holds("restart")


def test_no_place_for_a_crash_loses_or_doubles_a_variant() -> None:
    holds("crash-points")


def test_a_large_job_completes_through_pause_kill_failures_and_retry() -> None:
    holds("million")


def test_p10_no_caller_waits_behind_anothers_backlog() -> None:
    holds("fair")


def test_what_is_open_after_a_crash_is_found_at_once() -> None:
    holds("resume")
