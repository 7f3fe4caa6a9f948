"""Tells a receiver that a job is over: signed, at least once, with an id by which the receiver knows a repetition.

The outbox is the ledger's duty `hook`, which finishing leaves behind: it lives until the receiver has answered well or
the tries are over. Addresses are guarded as those of init images are; redirects are not followed.
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
import structlog
from standardwebhooks import Webhook

from jobs.errors import ForbiddenUri, PentimentoError, Unreachable
from jobs.ledger.views import JobView
from jobs.telemetry.metrics import WEBHOOKS
from jobs.uris import WebUri, parse
from jobs.webhook import Delivered, Failed, Later, decide
from worker.intake.web import Web, WebRules

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)

TOTAL_SECONDS = 15.0


def deliver(job: str, shop: "Workshop") -> float | None:
    """One try; the seconds until the next one, None when there is none.

    Raises:
        LedgerUnavailable: the duty comes again by itself.

    """
    view = shop.book.describe(job)
    if view.webhook is None or not view.state.terminal:
        return None  # tried again meanwhile: its next end is told
    verdict = _try(view, shop)
    WEBHOOKS.labels(type(verdict).__name__.lower()).inc()
    if isinstance(verdict, Later):
        shop.leasing.hook_told(job, state="pending", said=verdict.said)
        _log.warning("a webhook was not delivered", job=job, said=verdict.said, again_seconds=verdict.delay_seconds)
        return verdict.delay_seconds
    said = verdict.said if isinstance(verdict, Failed) else ""
    shop.leasing.hook_told(job, state="failed" if said else "delivered", said=said)
    _log.info("a webhook is done with", job=job, said=said)
    return None


def _try(view: JobView, shop: "Workshop") -> Delivered | Later | Failed:
    status, said, final = None, "", False
    try:
        status = _post(view, shop)
    except (ForbiddenUri, ValueError) as error:
        said, final = str(error), True
    except Unreachable as error:
        said = str(error)
    except PentimentoError as error:
        said, final = str(error), not error.retryable
    attempts = view.webhook.attempts if view.webhook else 0
    return decide(status, said, attempt=attempts, final=final, random=shop.chance())


def _post(view: JobView, shop: "Workshop") -> int:
    at = parse(view.webhook.url if view.webhook else "")
    secret = shop.settings.webhook_secret.get_secret_value()
    if not isinstance(at, WebUri) or not secret:
        raise ValueError("PENTIMENTO_WEBHOOK_SECRET is not set on this worker: nothing is sent unsigned")
    why, remedy = shop.rights.why_never_told(at, caller=view.caller)
    if why:
        raise ForbiddenUri(why, remedy=remedy)
    body = orjson.dumps(_body(view))
    message, now = message_id(view), datetime.fromtimestamp(int(time.time()), UTC)
    signed = Webhook(secret).sign(msg_id=message, timestamp=now, data=body.decode())
    headers = [
        ("Content-Type", "application/json"),
        ("webhook-id", message),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", signed),
    ]
    rules = WebRules(private=shop.settings.fetch_private, ports=shop.settings.fetch_ports, total_seconds=TOTAL_SECONDS)
    return Web(rules).post(at, body, headers)


def message_id(view: JobView) -> str:
    """The same for every try of the same end of a job; another one when it ends again after a retry."""
    return f"msg_{view.id}_{int(view.finished_at * 1000)}"


def _body(view: JobView) -> dict[str, object]:
    """No links into the store: they would open it to whoever reads the receiver's log."""
    return {
        "type": f"job.{view.state}",
        "timestamp": datetime.fromtimestamp(view.finished_at, UTC).isoformat(),
        "data": {
            "id": view.id,
            "name": view.name,
            "state": str(view.state),
            "reason": view.reason,
            "count": view.count,
            "settled": view.settled,
            "refused": view.refused,
            "causes": dict(view.causes),
            "results_uri": view.results_uri,
        },
    }
