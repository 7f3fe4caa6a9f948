"""What a farm on one machine consists of: which servers are ours, in what order they start, and what each is told."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from api.stack.child import Child, ChildFailed
from api.stack.folder import DataFolder
from api.stack.ports import LOOPBACK, free_port, is_taken
from api.stack.probes import http_answers, redis_answers, worker_is_listed
from api.stack.rclone import BUCKET, Rclone
from api.stack.valkey import Valkey
from jobs.cores import cores_here, threads
from jobs.exits import DEVICE_LOST
from jobs.ledger.book import Book
from jobs.settings import Settings

# -P: a folder called `worker` where the user stands must not be taken for ours.
PYTHON = (sys.executable, "-P", "-m")
API_READY_SECONDS = 60
# The first start makes a small model's weights, and imports torch from a cold disk.
WORKER_READY_SECONDS = 300
WORKER_GRACE_SECONDS = 30
# Asked a second time, a worker gives back what is in flight and leaves within seconds; killed, it would be suspected.
WORKER_HURRY_SECONDS = 20
MOST_PORTS = 65_535


@dataclass(frozen=True, slots=True)
class Plan:
    """A farm before it starts. `children` stand in the order in which they start; `environment` goes to all of them."""

    children: tuple[Child, ...]
    environment: Mapping[str, str]
    api_url: str
    s3_endpoint: str


def plan(
    folder: DataFolder, here: Settings, *, workers: int = 1, port: int = 0, extra_env: Mapping[str, str] | None = None
) -> Plan:
    """The farm for this folder. A Redis or S3 store that `here` or `extra_env` names is used instead of one of ours.

    Raises:
        ChildFailed: a server that was named does not answer, there is nothing to start ours from, the port is taken.

    """
    extra = dict(extra_env or {})
    said = {f"PENTIMENTO_{name.upper()}" for name in here.model_fields_set} | set(extra)
    redis, redis_env = _redis(folder, here, extra, given="PENTIMENTO_REDIS_URL" in said)
    s3, s3_env, s3_endpoint = _s3(folder, here, extra, given="PENTIMENTO_S3_ENDPOINT" in said)
    host = extra.get("PENTIMENTO_HOST", here.host)
    port = _port(host, port)
    api_url = f"http://{LOOPBACK if host in ('0.0.0.0', '::', 'localhost') else host}:{port}"  # noqa: S104 - compared
    defaults = {
        **({} if "PENTIMENTO_CACHE_DIR" in said else {"PENTIMENTO_CACHE_DIR": str(folder.cache.resolve())}),
        # On one machine the user's own servers are likely sources of init images.
        **({} if "PENTIMENTO_FETCH_PRIVATE" in said else {"PENTIMENTO_FETCH_PRIVATE": "true"}),
        "PENTIMENTO_HOST": host,
    }
    addresses = {"PENTIMENTO_PORT": str(port), "PENTIMENTO_API_URL": api_url}
    grpc_port = extra.get("PENTIMENTO_GRPC_PORT", here.grpc_port)
    addresses["PENTIMENTO_GRPC_PORT"] = str(_beside(host, port) if grpc_port is None else grpc_port)
    environment = {**defaults, **redis_env, **s3_env, **extra, **addresses}
    book = Book.open(
        here.model_copy(
            update={
                "redis_url": SecretStr(redis_env["PENTIMENTO_REDIS_URL"]),
                "redis_prefix": extra.get("PENTIMENTO_REDIS_PREFIX", here.redis_prefix),
            }
        )
    )
    device = extra.get("PENTIMENTO_DEVICE", here.device)
    given = int(extra.get("PENTIMENTO_THREADS", here.threads))
    children = (
        *redis,
        *s3,
        _api(folder, environment, api_url),
        *_workers(folder, environment, book, count=workers, device=device, given_threads=given),
    )
    return Plan(children, environment, api_url, s3_endpoint)


def _redis(
    folder: DataFolder, here: Settings, extra: Mapping[str, str], *, given: bool
) -> tuple[tuple[Child, ...], dict[str, str]]:
    if not given:
        server = Valkey(folder.redis, free_port(), folder.log("redis"))
        return (server.child(),), {"PENTIMENTO_REDIS_URL": server.url}
    url = extra.get("PENTIMENTO_REDIS_URL", here.redis_url.get_secret_value())
    if urlsplit(url).scheme == "redis" and not redis_answers(url):
        remedy = "Start it, mend PENTIMENTO_REDIS_URL, or unset it to have one started here."
        raise ChildFailed("The Redis that PENTIMENTO_REDIS_URL names does not answer.", remedy=remedy)
    return (), {"PENTIMENTO_REDIS_URL": url}


def _s3(
    folder: DataFolder, here: Settings, extra: Mapping[str, str], *, given: bool
) -> tuple[tuple[Child, ...], dict[str, str], str]:
    if given:
        endpoint = extra.get("PENTIMENTO_S3_ENDPOINT", here.s3_endpoint)
        if endpoint and not http_answers(endpoint):
            remedy = "Start it, mend PENTIMENTO_S3_ENDPOINT, or unset it to have one started here."
            raise ChildFailed(f"The S3 store at PENTIMENTO_S3_ENDPOINT={endpoint} does not answer.", remedy=remedy)
        return (), {"PENTIMENTO_S3_ENDPOINT": endpoint}, endpoint
    keys = folder.credentials()
    output = urlsplit(extra.get("PENTIMENTO_OUTPUT_URI", here.output_uri))
    bucket = output.netloc if output.scheme == "s3" else BUCKET
    server = Rclone(folder.objects, free_port(), folder.log("s3"), keys.access_key, keys.secret_key, bucket)
    environment = {
        "PENTIMENTO_S3_ENDPOINT": server.endpoint,
        "PENTIMENTO_S3_ACCESS_KEY": server.access_key,
        "PENTIMENTO_S3_SECRET_KEY": server.secret_key,
        "PENTIMENTO_OUTPUT_URI": output.geturl(),
    }
    return (server.child(),), environment, server.endpoint


def _port(host: str, port: int) -> int:
    if port and is_taken(port, host):
        remedy = "Stop what listens there, or choose another with --port (0: any that is free)."
        raise ChildFailed(f"Port {port} on {host} is taken.", remedy=remedy)
    return port or free_port(host)


def _beside(host: str, port: int) -> int:
    """A port for gRPC: the one after the API's, where it is free."""
    return free_port(host) if port == MOST_PORTS or is_taken(port + 1, host) else port + 1


def _api(folder: DataFolder, environment: Mapping[str, str], api_url: str) -> Child:
    return Child(
        "api",
        (*PYTHON, "api.web"),
        folder.log("api"),
        is_ready=lambda _: http_answers(f"{api_url}/readyz", status=200),
        environment=environment,
        ready_seconds=API_READY_SECONDS,
    )


def _workers(
    folder: DataFolder, environment: Mapping[str, str], book: Book, *, count: int, device: str, given_threads: int
) -> Iterator[Child]:
    for turn in range(count):
        name = f"worker-{turn + 1}" if turn else "worker"
        own = {}
        if count > 1 and device == "auto":  # several that choose for themselves would all choose the first GPU
            own["PENTIMENTO_DEVICE"] = f"auto:{turn}"
        if count > 1 and not given_threads:  # nor know of each other's threads
            own["PENTIMENTO_THREADS"] = str(threads(cores_here(), workers=count))
        yield _worker(folder, {**environment, **own}, book, name)


def _worker(folder: DataFolder, environment: Mapping[str, str], book: Book, name: str) -> Child:
    return Child(
        name,
        (*PYTHON, "worker"),
        folder.log(name),
        is_ready=lambda pid: worker_is_listed(book, pid),
        tier="worker",
        environment=environment,
        ready_seconds=WORKER_READY_SECONDS,
        grace_seconds=WORKER_GRACE_SECONDS,
        hurry_seconds=WORKER_HURRY_SECONDS,
        restarts_after=(DEVICE_LOST,),  # a worker that leaves because its device hangs means to be started again
    )
