"""Redis restarts, dies, stays away, goes deaf, fills up, forgets its scripts: the farm goes on by itself each time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from api.cli.bench import Figure
from tests.faults.night import Night, folder
from tests.faults.redis_control import RedisControl
from tests.faults.tally import Watch
from tests.faults.tcp_proxy import TcpProxy

NAME = "redis"
SUMMARY = "Restarted, killed, down, frozen, half-open, full, without scripts and at last wiped, during one job."
# Tickets and chunks of a second or two: a worker that does not hear new ones is found out soon.
PACE = {"PENTIMENTO_TICKET_SECONDS": "2", "PENTIMENTO_CHUNK_SECONDS": "1", "PENTIMENTO_PACED_SECONDS": "0.05"}
GAP_SECONDS = 2.5
BACK_SECONDS = 15.0
HALF_OPEN_SECONDS = 70.0


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing done to Redis; `do` returns when it is over and Redis could answer again."""

    name: str
    do: Callable[[], None]
    bound_seconds: float = BACK_SECONDS


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Three workers, all blows, 20 s down; short: one worker, three of them."""
    workers, window = (1, 5.0) if short else (3, 20.0)
    with folder() as place, RedisControl(place) as control, TcpProxy("127.0.0.1", control.port) as proxy:
        environment = {**PACE, "PENTIMENTO_REDIS_URL": f"redis://127.0.0.1:{proxy.port}/0"}
        with Night(place, workers=workers, redis_url=control.url, environment=environment) as night:
            job = night.submit(20_000)
            figures = []
            with night.watch(job) as watch:
                night.until(job, lambda view: view.settled > 0, seconds=60)
                for blow in _blows(control, proxy, short=short):
                    seconds = _recovered(watch, blow, window)
                    met = seconds <= blow.bound_seconds
                    progress(f"{blow.name}: goes on after {seconds:.1f} s")
                    figures.append(Figure(blow.name, seconds, "s", f"≤ {blow.bound_seconds:g} s", met))
                figures += _wiped(night, control, job, watch)
                progress("wiped empty, recovered")
                night.http.post(f"/v1/jobs/{job}/cancel").raise_for_status()
                night.finished(job, seconds=120)
            tally = night.tally(job, watch)
    return [
        *figures,
        Figure("settled meanwhile", tally.settled, ""),
        Figure("lines ÷ settled bits", tally.lines / tally.settled, "", "1", tally.lines == tally.settled),
        Figure("refused", tally.refused, "", "0", tally.refused == 0),
        Figure("leases left", tally.leases, "", "0", tally.leases == 0),
        Figure("rendered again", tally.rerenders, ""),
    ]


def _blows(control: RedisControl, proxy: TcpProxy, *, short: bool) -> list[Blow]:
    down = 2.0 if short else 20.0
    every = [
        Blow("restart", partial(_away, control.stop, control, 0.0)),
        Blow("kill -9", partial(_away, control.kill, control, 0.0)),
        Blow(f"down for {down:g} s", partial(_away, control.kill, control, down)),
        Blow("SCRIPT FLUSH", control.forget_scripts),
        Blow("out of memory for 3 s", partial(_full, control, 3.0)),
        Blow("connections reset", proxy.reset),
        Blow("frozen for 12 s", partial(_frozen, control, 12.0)),
        Blow("half-open connections", proxy.black_hole, HALF_OPEN_SECONDS),
    ]
    return [every[2], every[3], every[5]] if short else every


def _wiped(night: Night, control: RedisControl, job: str, watch: Watch) -> list[Figure]:
    """Everything is gone: there is an alarm instead of "no such job", and storage brings it all back."""
    before = night.book.describe(job).settled
    control.stop()
    control.start(empty=True)
    alarm = night.http.get(f"/v1/jobs/{job}").json().get("code") == "ledger_lost"
    began = time.time()
    night.http.post("/v1/recover", json={}, timeout=60).raise_for_status()
    restored = night.book.describe(job).settled
    night.until(job, lambda view: view.settled > restored, seconds=60)
    seconds = time.time() - began
    return [
        Figure("wiped empty: an alarm", int(alarm), "", "1", alarm),
        Figure("settled before, and restored", restored, "", f"≥ {before}", restored >= before),
        Figure("recover, and on", seconds, "s", f"≤ {BACK_SECONDS:g} s", seconds <= BACK_SECONDS),
    ]


def _away(end: Callable[[], None], control: RedisControl, seconds: float) -> None:
    end()
    time.sleep(seconds)
    control.start()


def _full(control: RedisControl, seconds: float) -> None:
    control.fill()
    time.sleep(seconds)
    control.make_room()


def _frozen(control: RedisControl, seconds: float) -> None:
    control.freeze()
    time.sleep(seconds)
    control.thaw()


def _recovered(watch: Watch, blow: Blow, window: float) -> float:
    """Seconds from the end of the blow until pictures come steadily: the end of the last gap of `GAP_SECONDS`.

    Watches for `window` seconds: tickets and leases that were under way go on for a while in a worker that has gone
    deaf. Infinite where nothing comes any more.
    """
    blow.do()
    over = time.time()
    while time.time() < over + window + 2 * blow.bound_seconds:
        time.sleep(0.1)
        times = [over, *(at for at in watch.settled_at if at > over)]
        if time.time() > over + window and time.time() - times[-1] < GAP_SECONDS:
            return max((later - over for earlier, later in pairwise(times) if later - earlier > GAP_SECONDS), default=0)
    return float("inf")
