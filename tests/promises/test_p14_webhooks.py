"""P14: the end of a job is told at least once, signed, with an id by which a repetition is known."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from jobs.errors import LedgerUnavailable
from jobs.ids import new_job_id
from jobs.ledger.views import JobView
from jobs.settings import Settings
from jobs.state import Lane
from jobs.webhook import SCHEDULE_SECONDS, Delivered, Failed, Later, decide
from worker import ticket
from worker.workshop import Workshop

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMuLi4="


class Receiver(ThreadingHTTPServer):
    """Takes POSTs; answers with the statuses of `answers` in turn, the last again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers = [204]
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Visit)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Visit(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        answers = self.server.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@dataclass
class Farm:
    """A worker without a process: what is due is done when a test says so."""

    settings: Settings
    shop: Workshop = field(init=False)

    def __post_init__(self) -> None:
        self.shop = Workshop(self.settings)

    def ended(self, url: str) -> str:
        """A job with this webhook that is over."""
        job = new_job_id(1, bytes(10))
        self.shop.book.accept(
            job=job, caller="ann", lane=Lane.NORMAL, name="boots", spec=b"{}", spec_hash="", count=1, total=1,
            models=["tiny"], results_uri=f"{self.settings.output_uri}/ann/{job}/", max_failures=None,
            idempotency_key=None, body_hash="", webhook=url,
        )  # fmt: skip
        self.shop.book.cancel(job, caller="ann")
        return job

    def work(self, job: str) -> JobView:
        """Do what is due now."""
        ticket.light(self.shop)
        return self.shop.book.describe(job)

    def later(self, job: str) -> JobView:
        """Do what is due after any wait."""
        self.shop.book.redis.zadd("pm:duties", {f"hook {job}": 1}, xx=True)
        return self.work(job)


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        redis_url=SecretStr(redis_url),
        output_uri=f"file://{tmp_path}",
        backend="paced",
        fetch_private=True,
        webhook_secret=SecretStr(SECRET),
    )


@pytest.fixture
def farm(settings: Settings) -> Iterator[Farm]:
    made = Farm(settings)
    yield made
    made.shop.close()


def told(view: JobView) -> tuple[str, int]:
    assert view.webhook is not None
    return view.webhook.state, view.webhook.attempts


def test_p14_the_end_of_a_job_is_told_signed_as_receivers_verify_it(farm: Farm, receiver: Receiver) -> None:
    job = farm.ended(receiver.url)

    view = farm.work(job)

    ((headers, body),) = receiver.got
    said = Webhook(SECRET).verify(body, headers)
    assert told(view) == ("delivered", 1)
    assert (said["type"], said["data"]["id"], said["data"]["state"]) == ("job.cancelled", job, "cancelled")
    assert headers["webhook-id"].startswith(f"msg_{job}_")


def test_p14_a_receiver_that_fails_is_told_again_under_the_same_id(farm: Farm, receiver: Receiver) -> None:
    receiver.answers = [500, 302, 200]
    job = farm.ended(receiver.url)

    states = [
        told(farm.work(job)),
        told(farm.work(job)),
        told(farm.later(job)),
        told(farm.later(job)),
        told(farm.later(job)),
    ]

    assert states == [("pending", 1), ("pending", 1), ("pending", 2), ("delivered", 3), ("delivered", 3)]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 3


def test_p14_a_crash_after_the_receiver_answered_tells_it_once_more_under_the_same_id(
    farm: Farm, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = farm.ended(receiver.url)
    tell = farm.shop.leasing.hook_told

    def lost(*_: object, **__: object) -> None:
        raise LedgerUnavailable("Redis does not answer")

    monkeypatch.setattr(farm.shop.leasing, "hook_told", lost)
    farm.work(job)
    monkeypatch.setattr(farm.shop.leasing, "hook_told", tell)
    view = farm.later(job)

    assert told(view) == ("delivered", 1)
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [receiver.got[0][0]["webhook-id"]] * 2


def test_p14_nobody_is_connected_to_at_an_address_that_is_not_allowed(settings: Settings, receiver: Receiver) -> None:
    farm = Farm(settings.model_copy(update={"fetch_private": False, "fetch_ports": (receiver.server_address[1],)}))
    try:
        view = farm.work(farm.ended(receiver.url))
    finally:
        farm.shop.close()

    assert told(view) == ("failed", 1)
    assert view.webhook is not None
    assert "not public" in view.webhook.said
    assert not receiver.got


def test_p14_a_receiver_that_is_gone_is_not_asked_again_unless_somebody_says_so(farm: Farm, receiver: Receiver) -> None:
    receiver.answers = [410, 200]
    job = farm.ended(receiver.url)
    farm.work(job)
    failed = told(farm.later(job))

    farm.shop.book.resend_webhook(job, caller="ann")
    view = farm.work(job)

    assert (failed, told(view)) == (("failed", 1), ("delivered", 1))
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_p14_a_receiver_that_is_away_is_tried_for_days_within_bounds() -> None:
    waits, attempt = [], 0
    while isinstance(verdict := decide(None, "away", attempt=attempt, final=False, random=1.0), Later):
        waits.append(verdict.delay_seconds)
        attempt += 1

    assert isinstance(verdict, Failed)
    assert len(waits) == len(SCHEDULE_SECONDS)
    assert 3 * 86_400 < sum(waits) < 5 * 86_400
    assert isinstance(decide(204, "", attempt=0, final=False, random=0.0), Delivered)


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%"])
def test_p14_a_secret_that_signs_badly_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="base64 of 24 to 64") as caught:
        Settings(webhook_secret=SecretStr(secret))

    assert secret == "whsec_" or secret not in str(caught.value)
