"""What every backend keeps to: lazy pull, exactly one outcome each, shared by callers, stopped at once."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jobs.errors import BadImage, UnknownModel
from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import SIZE, order, outcomes, pictures
from tests.remote.wire_server import WireServer
from worker.backends import Backend, Order, Prepared, Refused, Rendered, Stored
from worker.backends.local import LocalBackend
from worker.backends.registry import open_backend

MILLIARD = 10**9
PATIENCE_SECONDS = 20
FLOW = (
    '[models.tiny]\nsource = "generated:tiny-flow"\nrevision = "1"\nfamily = "auto"\nmultiple = 8\n'
    "rows = { default = 2 }\n"
)


@pytest.fixture(scope="module", params=["local", "whole", "paced", "remote"])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """Each implementation, quick; the remote one asks a server that answers with the init image.

    whole: the local one with a family that it runs by whole pipeline calls.
    """
    folder = tmp_path_factory.mktemp("backend")
    with WireServer() as server:
        remotes = folder / "remotes.toml"
        remotes.write_text(f'[remotes.remote]\ntarget = "127.0.0.1:{server.port}"\n')
        flow = folder / "models.toml"
        flow.write_text(FLOW)
        whole = request.param == "whole"
        settings = Settings(
            backend="local" if whole else request.param,
            cache_dir=folder,
            device="cpu",
            threads=1,
            paced_seconds=0.005,
            remotes_file=remotes,
        )
        found = open_backend(settings, ModelTable.load(flow if whole else None))
        yield found
        found.close()


def quick(index: int = 0) -> Order:
    """An order of two steps."""
    return order(index, steps=2, strength=1.0, cfg_scale=1.0, seed=index, sampler="euler")


def test_every_order_has_exactly_one_outcome(backend: Backend) -> None:
    orders = [quick(index) for index in range(50)]

    found = outcomes(backend, orders)

    assert sorted(pictures(found)) == list(range(50))
    assert len(found) == 50


def test_a_picture_has_the_size_of_its_init_image_and_a_price(backend: Backend) -> None:
    (found,) = outcomes(backend, [quick()])

    assert isinstance(found, Rendered)
    assert found.pixels.shape == (SIZE, SIZE, 3)
    assert str(found.pixels.dtype) == "uint8"
    assert 0 < found.seconds < PATIENCE_SECONDS


def test_what_is_loaded_is_told_by_those_that_load(backend: Backend) -> None:
    outcomes(backend, [quick()])

    assert backend.loaded == ({"tiny"} if isinstance(backend, LocalBackend) else frozenset())


def test_no_orders_are_no_outcomes(backend: Backend) -> None:
    assert outcomes(backend, []) == []


def test_what_is_an_outcome_already_passes_through(backend: Backend) -> None:
    stored = Stored(quick(1), "0" * 64, 10)
    refused = Refused(quick(2).variant, BadImage("no picture"))

    found = outcomes(backend, [quick(0), stored, refused])

    assert stored in found
    assert refused in found
    assert len(found) == 3


def test_a_milliard_of_orders_is_pulled_lazily_and_stops_at_once(backend: Backend) -> None:
    pulled = itertools.count()
    last = [0]
    stop = threading.Event()

    def endless() -> Iterator[Prepared]:
        for index in range(MILLIARD):
            last[0] = next(pulled)
            yield quick(index)

    found = backend.render(endless(), stop=stop, on_step=lambda _: None)
    first = list(itertools.islice(found, 5))
    ahead = last[0]
    stop.set()
    rest = list(found)
    after = last[0]

    assert len(first) == 5
    assert ahead < 100
    assert len(rest) <= 1
    assert after < 100
    assert len(outcomes(backend, [quick()])) == 1


def test_a_slow_consumer_bounds_what_is_pulled(backend: Backend) -> None:
    pulled = [0]
    stop = threading.Event()
    enough = threading.Event()

    def stored() -> Iterator[Prepared]:
        for index in range(MILLIARD):
            pulled[0] = index
            if index > 1000:
                enough.set()
            yield Stored(quick(index), "0" * 64, 10)

    found = backend.render(stored(), stop=stop, on_step=lambda _: None)
    next(found)
    overflowed = enough.wait(0.3)
    stop.set()
    list(found)

    assert not overflowed
    assert pulled[0] < 100


def test_stop_ends_a_call_whose_orders_hang(backend: Backend) -> None:
    stop, hang, pulling = threading.Event(), threading.Event(), threading.Event()

    def hanging() -> Iterator[Prepared]:
        pulling.set()
        hang.wait(PATIENCE_SECONDS)
        yield quick()

    with ThreadPoolExecutor(1) as caller:
        rest = caller.submit(lambda: list(backend.render(hanging(), stop=stop, on_step=lambda _: None)))
        pulling.wait(PATIENCE_SECONDS)
        stop.set()
        found = rest.result(PATIENCE_SECONDS / 2)
        hang.set()

    assert found == []


def test_leaving_early_stops_the_work(backend: Backend) -> None:
    reported: list[int] = []
    found = backend.render((quick(index) for index in range(MILLIARD)), stop=threading.Event(), on_step=reported.append)
    next(found)

    found.close()  # type: ignore[attr-defined]
    outcomes(backend, [quick()])
    seen = len(reported)
    outcomes(backend, [quick()])

    assert len(reported) == seen


def test_what_orders_raise_is_raised_to_their_caller_alone(backend: Backend) -> None:
    def broken() -> Iterator[Prepared]:
        yield quick()
        raise LookupError("the lease is lost")

    with ThreadPoolExecutor(1) as neighbour:
        other = neighbour.submit(outcomes, backend, [quick(index) for index in range(30)])
        with pytest.raises(LookupError, match="the lease is lost"):
            outcomes(backend, broken())
        found = other.result(PATIENCE_SECONDS)

    assert len(found) == 30


def test_callers_do_not_wait_for_each_other(backend: Backend) -> None:
    stop = threading.Event()
    crowd = backend.render((replace(quick(index)) for index in range(MILLIARD)), stop=stop, on_step=lambda _: None)
    next(crowd)

    lone = outcomes(backend, [quick(77)])
    stop.set()
    list(crowd)

    assert list(pictures(lone)) == [77]


def test_steps_are_reported_by_index_and_a_report_that_fails_ends_its_call(backend: Backend) -> None:
    reported: list[int] = []
    list(backend.render(iter([quick(41), quick(42)]), stop=threading.Event(), on_step=reported.append))

    def fail(_: int) -> None:
        raise LookupError("nobody listens")

    with pytest.raises(LookupError, match="nobody listens"):
        list(backend.render(iter([quick()]), stop=threading.Event(), on_step=fail))

    assert set(reported) == {41, 42}
    assert len(outcomes(backend, [quick()])) == 1


def test_fingerprints_differ_where_pictures_may(backend: Backend) -> None:
    variant = quick().variant
    other = quick(1).variant

    def fingerprint(image: str = "a" * 64, *, which: object = variant) -> str:
        return backend.fingerprint(which, image_sha256=image, width=SIZE, height=SIZE)  # type: ignore[arg-type]

    assert fingerprint() == fingerprint()
    assert len({fingerprint(), fingerprint("b" * 64), fingerprint(which=other)}) == 3
    with pytest.raises(UnknownModel):
        fingerprint(which=order(model="nobody").variant)


def test_abilities_name_the_table_and_the_samplers(backend: Backend) -> None:
    assert "tiny" in backend.abilities.models
    assert "ddim" in backend.abilities.samplers


def test_a_warm_backend_renders_as_a_cold_one(backend: Backend) -> None:
    before = pictures(outcomes(backend, [quick()]))

    backend.warm()

    assert pictures(outcomes(backend, [quick()])) == before
