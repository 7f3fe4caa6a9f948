"""What a watcher is told follows from the events alone."""

from api.cli.answers import Job
from api.cli.progress import WINDOW_SECONDS, Progress, duration
from api.cli.screen import line
from jobs.events import Event
from jobs.state import State
from tests.cli.conftest import a_job


def _progress(**said: object) -> Progress:
    return Progress.of(Job.model_validate(a_job(**said)), now=0.0)


def test_speed_and_what_is_left_follow_from_totals_and_the_clock() -> None:
    progress = _progress(count=100)

    progress.fold(Event("1-0", "settled", {"settled": "10", "refused": "0", "count": "100"}), now=30.0)
    progress.fold(Event("2-0", "settled", {"settled": "20", "refused": "0", "count": "100"}), now=35.0)

    assert progress.per_second == 2.0
    assert progress.seconds_left == 40.0


def test_before_the_first_outcome_nothing_is_known_of_the_speed() -> None:
    progress = _progress(count=100)

    progress.fold(Event("1-0", "settled", {"settled": "1", "refused": "0", "count": "100"}), now=60.0)

    assert progress.per_second == 0.0
    assert progress.seconds_left is None


def test_who_comes_late_is_not_told_the_past_as_the_present() -> None:
    progress = _progress(state="running", count=8, settled=3)
    seen = []

    for event in (
        Event("1-0", "queued", {"count": "8"}),
        Event("2-0", "settled", {"settled": "1", "refused": "0"}),
        Event("3-0", "settled", {"settled": "3", "refused": "0"}),
        Event("4-0", "settled", {"settled": "5", "refused": "0"}),
    ):
        progress.fold(event, now=float(event.id[0]))
        seen.append((progress.state, progress.settled))

    assert seen == [(State.RUNNING, 3)] * 3 + [(State.RUNNING, 5)]


def test_an_event_that_is_seen_twice_changes_nothing() -> None:
    progress = _progress(count=100)
    event = Event("1-0", "refused", {"settled": "20", "refused": "1", "count": "100", "code": "bad_image"})

    progress.fold(event, now=10.0)
    once = (progress.settled, progress.refused, progress.per_second)
    progress.fold(event, now=11.0)

    assert (progress.settled, progress.refused, progress.per_second) == once


def test_speed_is_that_of_the_last_while() -> None:
    progress = _progress(count=10_000)

    for second in range(1, 201):
        speed = 10 if second <= 100 else 1
        settled = min(second, 100) * 10 + max(0, second - 100) * speed
        progress.fold(Event(f"{second}-0", "settled", {"settled": str(settled)}), now=float(second))

    assert WINDOW_SECONDS < 100
    assert progress.per_second == 1.0


def test_a_pause_shows_with_its_reason_and_goes_with_resume() -> None:
    progress = _progress()

    progress.fold(Event("1-0", "paused", {"reason": "by ann"}), now=1.0)
    paused = line(progress)
    progress.fold(Event("2-0", "resumed", {}), now=2.0)

    assert paused == "j1 paused 0/4 (by ann)"
    assert line(progress) == "j1 queued 0/4"


def test_the_end_is_told_by_the_event() -> None:
    progress = _progress()

    progress.fold(Event("1-0", "finished", {"state": "partial", "settled": "3", "refused": "1"}), now=1.0)

    assert progress.state is State.PARTIAL
    assert progress.done == 4


def test_durations_read_as_people_say_them() -> None:
    assert [duration(seconds) for seconds in (0.04, 8.25, 250, 7500)] == ["0.0 s", "8.2 s", "4 min 10 s", "2 h 5 min"]
