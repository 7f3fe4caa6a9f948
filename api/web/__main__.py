"""Serves the API: `python -m api.web`. Says on standard output where it listens, so that port 0 is of use."""

import socket
from typing import cast

import uvicorn
from fastapi import FastAPI

from api.desk import Desk
from api.web.app import create_app
from jobs.settings import Settings, settings

# A stream of events ends at once when it is asked to; what is left after this long is a body that trickles in.
GRACE_SECONDS = 5


class Server(uvicorn.Server):
    """uvicorn, which asks watchers to come back later before it waits for them, and says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                print(f"pentimento listens on http://{shown}:{port}", flush=True)  # noqa: T201  whoever started us reads it

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then wait for everybody else."""
        cast("FastAPI", self.config.app).state.watches.close()
        await super().shutdown(sockets)


def server(here: Settings) -> Server:
    """The server that these settings ask for, not yet started."""
    config = uvicorn.Config(
        create_app(Desk.open(here)),
        host=here.host,
        port=here.port,
        access_log=False,
        log_level="warning" if here.log_level == "info" else here.log_level,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=64 << 10,
    )
    return Server(config)


if __name__ == "__main__":
    server(settings()).run()
