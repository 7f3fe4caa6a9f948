"""Serves the API: `python -m api.web`. Says on standard output where it listens, so that port 0 is of use."""

import socket
import threading
from collections.abc import Callable
from typing import cast

import uvicorn
from fastapi import FastAPI

from api.desk import Desk
from api.stability.native import Native
from api.web.app import create_app
from jobs.errors import InvalidSpec
from jobs.ledger.fitness import refuse_unfit
from jobs.settings import Settings, settings
from jobs.telemetry.logs import configure

# A stream of events ends at once when it is asked to; what is left after this long is a body that trickles in.
GRACE_SECONDS = 5


class Server(uvicorn.Server):
    """uvicorn, which says where it listens, and asks watchers to come back later before it waits for them."""

    def __init__(self, config: uvicorn.Config, desk: Desk, told: Callable[[str], None]) -> None:
        super().__init__(config)
        self.desk = desk
        self.told = told
        self.native: Native | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell the URL: with port 0 the system chose it."""
        await super().startup(sockets)
        if self.started:
            if self.desk.settings.grpc_port is not None:
                self.native = await Native.start(cast("FastAPI", self.config.app).state.door)
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self.told(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then wait for everybody else."""
        cast("FastAPI", self.config.app).state.watches.close()
        if self.native is not None:
            await self.native.stop(GRACE_SECONDS)
        await super().shutdown(sockets)


def server(here: Settings, told: Callable[[str], None]) -> Server:
    """The server that these settings ask for, not yet started; `told` gets its URL once it listens."""
    desk = Desk.open(here)
    config = uvicorn.Config(
        create_app(desk),
        host=here.host,
        port=here.port,
        access_log=False,
        log_config=None,  # uvicorn's own would print beside ours
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=64 << 10,
    )
    return Server(config, desk, told)


def refuse_unguarded(here: Settings) -> None:
    """Ends the process with a sentence where everybody could do everything.

    Raises:
        SystemExit: the API would be reached from beyond this machine, and nobody would be asked for a key.

    """
    try:
        Desk.open(here).gate.refuse_unguarded()
    except InvalidSpec as error:
        raise SystemExit(f"pentimento does not start: {error.problems[0]}") from error


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    here = settings()
    configure(here)
    refuse_unfit(here)
    refuse_unguarded(here)
    made = server(here, lambda url: print(f"pentimento listens on {url}", flush=True))  # noqa: T201  for whoever started us
    # The first look creates a missing bucket; serving does not wait for a store that is away.
    threading.Thread(target=made.desk.readiness, daemon=True).start()
    made.run()


if __name__ == "__main__":
    main()
