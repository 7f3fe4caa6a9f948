"""What is not kept for ever: jobs that nobody waits for any more are cancelled, old finished ones leave the ledger."""

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from jobs.errors import NotFound
from jobs.ledger.retention import finished, forget
from jobs.ledger.waits import Waits

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


def abandon(shop: "Workshop") -> int:
    """Cancel what a call waited for whose process is gone, and that nobody has come back for; returns how many."""
    waits, left = Waits(shop.book), 0
    for job in waits.left():
        with suppress(NotFound):  # pruned since
            view = shop.book.describe(job)
            if not view.state.terminal:
                shop.book.cancel(job, caller=view.caller, reason="nobody waits for it any more")
                _log.warning("a job that nobody waits for was cancelled", job=job)
                left += 1
        waits.forget(job, ())
    return left


def retire(shop: "Workshop") -> int:
    """Once an hour the jobs that finished `retention_days` ago leave the ledger; returns how many."""
    days = shop.settings.retention_days
    if not days or not shop.leasing.alone_at("retire", seconds=3600):
        return 0
    old = finished(shop.book, caller=None, older_than_seconds=days * 86_400)
    gone = sum(forget(shop.book, job.id) for job in old)
    if gone:
        _log.info("finished jobs were pruned", count=gone)
    return gone
