"""Celery's sending side: the app that doors and hands share, the names of tasks and queues, and how tickets are sent.

A Celery message is a *ticket*: leave to ask the ledger for work. It carries no state, so it may be lost, doubled or
late, and nothing here waits for it: what isn't sent now is sent by the dispatcher in the next tick of any worker.
Task bodies are in `worker.tasks`. Only JSON, no result backend, no ETA, no revoke, no canvas, no priorities: Celery on
Redis loses or doubles each of these under faults, and the ledger does them exactly.
"""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from celery import Celery
from kombu.exceptions import OperationalError

if TYPE_CHECKING:
    from jobs.settings import Settings

RENDER: Final = "pentimento.render"
"""Task: lease chunks and render them until the time box ends or nothing is left."""
LIGHT: Final = "pentimento.light"
"""Task: do the duties about whole jobs (planning, finishing) that are due."""
LIGHT_QUEUE: Final = "light"

_log = logging.getLogger(__name__)


def render_queue(backend: str, offers: Collection[str] = ()) -> str:
    """The queue that workers with this backend listen to; those that offer some models only have one of their own.

    Otherwise they would take tickets that are meant for others, find nothing that they can do, and throw them away.
    """
    return ".".join(("render", backend, *sorted(offers)))


def open_app(settings: "Settings") -> Celery:
    """The Celery app of this deployment; connects at the first message."""
    app = Celery("pentimento", broker=settings.redis_url.get_secret_value(), backend=None, set_as_current=False)
    app.conf.update(
        # Pickle would run what a stranger puts in Redis.
        task_serializer="json",
        accept_content=["json"],
        # The ledger is the truth; results in Redis would only fill it.
        task_ignore_result=True,
        # A ticket is worth nothing once delivered: the dispatcher replaces a lost one within a tick, while late
        # acknowledgement would bring dead workers' tickets back after the visibility timeout, doubled.
        task_acks_late=False,
        # A ticket that a busy worker holds is invisible to idle ones and to autoscalers.
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        # A worker that lost Redis tries for ever; being deaf and alive is the failure that hurts.
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_channel_error_retry=True,
        broker_transport_options={
            "global_keyprefix": settings.redis_prefix,
            # Half-open connections are noticed in seconds, not by the kernel's two hours.
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 15,
            # Far above any time between delivery and acknowledgement: redelivery is never what we rely on.
            "visibility_timeout": 3600,
        },
        # The API must answer within seconds when Redis is away: the dispatcher sends the ticket later.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_max": 0.2},
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        # Nobody reads these queues' remote control replies; they are keys that never go away.
        worker_enable_remote_control=False,
    )
    return app


class Tickets:
    """Sends tickets. Never raises for a broker that is away, and never waits long."""

    def __init__(self, settings: "Settings", app: Celery | None = None) -> None:
        self._app: Any = app or open_app(settings)

    def light(self) -> bool:
        """One ticket for the duties; False when the broker is away."""
        return self._send(LIGHT, LIGHT_QUEUE)

    def render(self, queue: str, count: int = 1) -> bool:
        """`count` tickets into a queue of workers (`render_queue`); False when the broker is away."""
        return all(self._send(RENDER, queue) for _ in range(count))

    def _send(self, task: str, queue: str) -> bool:
        try:
            self._app.send_task(task, queue=queue, ignore_result=True)
        except OperationalError:
            _log.warning("the broker is away; a ticket for %s waits for the next tick", queue)
            return False
        return True
