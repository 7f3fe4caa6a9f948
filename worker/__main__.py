"""`python -m worker`: one worker process with the flags that this system needs, so that nobody has to know them."""

import warnings

from celery.exceptions import SecurityWarning

from jobs.broker import LIGHT_QUEUE, render_queue
from jobs.ledger.fitness import refuse_unfit
from jobs.settings import settings
from worker.tasks import app

DUTY_THREADS = 2
"""Beyond those that render: while one job is finished, which may take minutes, others are planned.

Beside three busy places and a finish of ten seconds a new job was planned after 0.1 s, and after 8.7 s without these.
"""


def main() -> None:
    """Run until SIGTERM or SIGINT; both finish the rows in flight first, a second one leaves at once."""
    chosen = settings()
    refuse_unfit(chosen)
    # It warns of pickle as root; only JSON is accepted here (see `jobs.broker`).
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app.worker_main(
        [
            "--quiet",
            "worker",
            # Threads: one process owns the device, and CUDA doesn't survive a fork.
            "--pool=threads",
            f"--concurrency={chosen.concurrency + DUTY_THREADS}",
            f"--queues={render_queue(chosen.backend, chosen.offers)},{LIGHT_QUEUE}",
            # Workers that talk to each other through Redis went deaf together after reconnects.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            f"--loglevel={chosen.log_level}",
        ]
    )


if __name__ == "__main__":
    main()
