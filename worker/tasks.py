"""The only Celery tasks: two kinds of ticket. Celery delivers them; what to do is asked of the ledger when they run."""

from celery import signals

from jobs.broker import LIGHT, RENDER, open_app
from jobs.settings import settings
from jobs.telemetry.logs import configure
from worker import ticket
from worker.farewell import Farewell
from worker.health.page import WorkerPage
from worker.upkeep.housekeeping import Housekeeping
from worker.workshop import Workshop

app = open_app(settings())
shop = Workshop(settings())
housekeeping = Housekeeping(shop)


@app.task(name=RENDER)  # type: ignore[untyped-decorator]  # celery has no types
def render() -> None:
    """Lease and render chunks."""
    ticket.render(shop)


@app.task(name=LIGHT)  # type: ignore[untyped-decorator]  # celery has no types
def light() -> None:
    """Plan and finish jobs."""
    ticket.light(shop)


@signals.setup_logging.connect  # type: ignore[untyped-decorator]  # celery has no types
def _logs(**_: object) -> None:
    configure(settings(), worker=shop.id)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]  # celery has no types
def _ready(**_: object) -> None:
    here = settings()
    Farewell(first=shop.leave, again=shop.leave_now).listen()
    if here.probe_port is not None:
        WorkerPage(here.probe_host, here.probe_port, lives=lambda: housekeeping.lives, ready=lambda: housekeeping.ready)
    shop.warm_up()
    housekeeping.start()
    shop.watchdog.start()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]  # celery has no types
def _gone(**_: object) -> None:
    housekeeping.stop()
    shop.watchdog.stop()
    shop.close()
