"""Workers of different kinds at one ledger: what each offers, whose tickets it sends, what it counts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import InvalidSpec
from jobs.settings import Settings
from tests.ledger.conftest import Clock, Desk
from worker.upkeep.round import tick
from worker.workshop import Workshop

Shops = Callable[..., Workshop]


@pytest.fixture
def shops(redis_url: str, tmp_path: Path) -> Iterator[Shops]:
    """Makes workshops of one deployment."""
    with ExitStack() as ends:

        def made(**more: object) -> Workshop:
            said = {"redis_url": SecretStr(redis_url), "output_uri": f"file://{tmp_path}", "backend": "paced"}
            shop = Workshop(Settings.model_validate(said | more))
            ends.callback(shop.close)
            return shop

        yield made


def test_a_kind_of_worker_does_not_wait_for_anothers_turn_to_send_its_tickets(shops: Shops) -> None:
    mine, other = shops(offers=("tiny",)), shops(offers=("sdxl",))
    other.leasing.announce(other.view())
    mine.leasing.announce(mine.view())
    Desk(mine.book, mine.leasing, Clock()).ready(4)

    tick(other)
    tick(mine)

    assert mine.leasing.queue_length("render.paced.tiny") == 1
    assert mine.leasing.queue_length("render.paced.sdxl") == 0


def test_a_worker_knows_how_many_leases_all_of_its_kind_may_hold(shops: Shops) -> None:
    one, two, other = shops(), shops(), shops(offers=("tiny",), concurrency=8)
    for shop in (one, two, other):
        shop.leasing.announce(shop.view())

    for shop in (one, two, other):
        tick(shop)

    assert (one.places, two.places, other.places) == (6, 6, 7)


def test_a_worker_that_offers_everything_takes_the_tickets_of_its_backend(shops: Shops) -> None:
    assert shops().queue == "render.paced"
    assert shops(offers="sdxl,sd15").queue == "render.paced.sd15.sdxl"


def test_a_worker_does_not_offer_what_it_does_not_have(shops: Shops) -> None:
    with pytest.raises(InvalidSpec, match="offers: is no model here") as error:
        shops(offers="sdxl,typo")

    assert "typo" in str(error.value)


def test_pictures_of_chunks_that_end_together_are_all_counted(shops: Shops) -> None:
    shop = shops()

    def count() -> None:
        for _ in range(500):
            shop.note_rendered(1)

    threads = [threading.Thread(target=count) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shop.rendered == 4000
