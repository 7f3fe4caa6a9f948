"""The HTTP API as a typed object: answers become models, problem+json becomes the same errors as everywhere else."""

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from api.cli.answers import (
    Answer,
    Gone,
    Job,
    Jobs,
    Models,
    Planned,
    Record,
    Records,
    Recovery,
    Report,
    Upload,
    Why,
    Workers,
)
from jobs.errors import CallersFault, InvalidSpec, NotFound, PentimentoError, Problem, WorldsFault
from jobs.settings import settings

A = TypeVar("A", bound=Answer)

# A busy API answers in milliseconds; the read timeout also covers an upload that storage is slow to take.
TIMEOUT = httpx.Timeout(60, connect=5)
# Upkeep reads much of the store before it answers.
LONG = httpx.Timeout(900, connect=5)
# Tries of a call that is safe to repeat: all but an upload's body are small, and submit carries an idempotency key.
TRIES = 3
GONE = (502, 503, 504)
LATEST = "latest"
# A proxy that the environment names for the world outside has no business on this machine.
HERE = ("127.0.0.1", "localhost", "[::1]")


def open_http(url: str = "", *, key: str = "") -> httpx.Client:
    """An HTTP client with bounds on every wait. key: shown to `url`, and to no other host that it may send us to."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, mounts={f"all://{host}": None for host in HERE})


def _classes(kind: type[PentimentoError] = PentimentoError) -> Iterator[type[PentimentoError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


def error_of(status: int, body: Mapping[str, Any]) -> PentimentoError:
    """The error that a problem+json `body` stands for, by its code; by its status where the code is unknown."""
    by_code = {kind.code: kind for kind in _classes()}
    message = str(body.get("detail") or body.get("title") or f"the API answered with status {status}")
    if body.get("code") == InvalidSpec.code and isinstance(body.get("problems"), list):
        return InvalidSpec([_problem(one) for one in body["problems"]], source=str(body.get("source") or ""))
    kind = by_code.get(
        str(body.get("code")), CallersFault if status < httpx.codes.INTERNAL_SERVER_ERROR else WorldsFault
    )
    return kind(message, remedy=str(body.get("remedy") or ""))


def _problem(said: Mapping[str, Any]) -> Problem:
    line = said.get("line")
    texts = {name: str(said.get(name) or "") for name in ("path", "message", "value", "remedy")}
    return Problem(**texts, line=line if isinstance(line, int) else None)


def no_api(url: str, error: Exception) -> WorldsFault:
    """Nobody answers at `url`."""
    return WorldsFault(
        f"no API at {url} ({str(error) or type(error).__name__})", remedy="Start one with ./pentimento up"
    )


class Client:
    """One API. Every method raises the error that the API answered with; `WorldsFault` where nobody answers."""

    def __init__(self, url: str, *, key: str | None = None) -> None:
        """`key`: an API key, None for the one of the settings."""
        self.url = url
        self.http = open_http(url, key=settings().api_key.get_secret_value() if key is None else key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def submit(self, spec: bytes, *, content_type: str = "application/json", key: str) -> tuple[Job, bool]:
        """Submit a job spec under an idempotency key: the job, and whether it is new under that key."""
        headers = {"Content-Type": content_type, "Idempotency-Key": key}
        reply = self._reply("POST", "/v1/jobs", content=spec, headers=headers)
        return self._read(Job, reply), reply.status_code == httpx.codes.CREATED

    def plan(self, spec: bytes) -> Planned:
        """What the farm thinks that a job spec would come to."""
        headers = {"Content-Type": "application/json"}
        return self.ask(Planned, "POST", "/v1/plan", content=spec, headers=headers, params={"show": "0"})

    def upload(self, data: bytes) -> Upload:
        """Store one picture by its content; the answer's URI goes into a spec."""
        return self.ask(
            Upload, "POST", "/v1/uploads", content=data, headers={"Content-Type": "application/octet-stream"}
        )

    def job(self, job: str) -> Job:
        """A job as it stands."""
        return self.ask(Job, "GET", self._path(job))

    def jobs(self, *, state: str = "", limit: int, cursor: str = "") -> Jobs:
        """A page of at most `limit` jobs, newest first."""
        asked = {"state": state, "limit": str(limit), "cursor": cursor}
        return self.ask(Jobs, "GET", "/v1/jobs", params={name: said for name, said in asked.items() if said})

    def results(self, job: str, *, cursor: str = "", limit: int, mark: str = "") -> Records:
        """A page of at most `limit` outcomes; mark: only those that bear it, star or reject."""
        said = {"limit": str(limit), "cursor": cursor, "mark": mark}
        params = {name: value for name, value in said.items() if value}
        return self.ask(Records, "GET", f"{self._path(job)}/results", params=params)

    def every_result(self, job: str, *, page: int = 100, mark: str = "") -> Iterator[Record]:
        """All outcomes, fetched page by page, so that links are fresh when they are used."""
        cursor = ""
        while True:
            answer = self.results(job, cursor=cursor, limit=page, mark=mark)
            yield from answer.records
            cursor = answer.next_cursor
            if not cursor:
                return

    def manifest(self, job: str) -> bytes:
        """The job spec as it was frozen, JSON: submitting it again makes the same pictures."""
        return self._bytes(f"{self._path(job)}/manifest")

    def sheet(self, job: str) -> bytes | None:
        """The contact sheet, a PNG; None where the job has none (yet)."""
        try:
            return self._bytes(f"{self._path(job)}/sheet")
        except NotFound:
            return None

    def act(self, job: str, action: str, **order: object) -> Job:
        """Ask for one of `cancel`, `pause`, `resume`, `retry`, `priority`; `order` is the body, where one is said."""
        return self.ask(Job, "POST", f"{self._path(job)}/{action}", **({"json": order} if order else {}))

    def why(self, job: str, index: int | None) -> Why:
        """Why a job, or one variant of it, waits or failed."""
        params = {} if index is None else {"index": str(index)}
        return self.ask(Why, "GET", f"{self._path(job)}/why", params=params)

    def doctor(self, *, repair: bool) -> Report:
        """What is wrong with the farm; with `repair` also what was done about it."""
        if repair:
            return self.ask(Report, "POST", "/v1/doctor/repair", timeout=LONG)
        return self.ask(Report, "GET", "/v1/doctor", timeout=LONG)

    def prune(self, order: Mapping[str, object]) -> Gone:
        """Take finished jobs away, some seconds' worth of them."""
        return self.ask(Gone, "POST", "/v1/prune", json=order, timeout=LONG)

    def recover(self, *, uri: str = "", cursor: str = "") -> Recovery:
        """Bring back one job by its folder, or some seconds' worth of all of them."""
        body = {name: said for name, said in (("uri", uri), ("cursor", cursor)) if said}
        return self.ask(Recovery, "POST", "/v1/recover", json=body, timeout=LONG)

    def workers(self) -> Workers:
        """Who is at work."""
        return self.ask(Workers, "GET", "/v1/workers")

    def drain(self, worker: str, *, wanted: bool) -> Workers:
        """Have a worker take no more work, or take work again."""
        return self.ask(Workers, "POST", f"/v1/workers/{segment(worker)}/{'drain' if wanted else 'resume'}")

    def models(self) -> Models:
        """The model table."""
        return self.ask(Models, "GET", "/v1/models")

    def ask(self, kind: type[A], method: str, path: str, **asked: Any) -> A:  # noqa: ANN401  httpx's own options
        """Any call, its answer read as `kind`."""
        return self._read(kind, self._reply(method, path, **asked))

    def _path(self, job: str) -> str:
        """The path of a job, `latest` being the caller's newest."""
        if job == LATEST:
            newest = self.jobs(limit=1).jobs
            if not newest:
                raise NotFound("there is no latest job: this API has none of yours", remedy="Submit one first.")
            job = newest[0].id
        return f"/v1/jobs/{segment(job)}"

    def _bytes(self, path: str) -> bytes:
        reply = self._reply("GET", path, follow_redirects=True)
        if reply.is_error:
            body = _json(reply)
            raise error_of(reply.status_code, body if isinstance(body, Mapping) else {})
        return reply.content

    def _read(self, kind: type[A], reply: httpx.Response) -> A:
        body = _json(reply)
        if reply.is_error:
            raise error_of(reply.status_code, body if isinstance(body, Mapping) else {})
        try:
            return kind.model_validate(body)
        except ValueError as error:
            message = (
                f"{reply.request.method} {reply.request.url} answered something that is no {kind.__name__.lower()}"
            )
            raise WorldsFault(message, remedy="Is this URL pentimento's API, of this version?") from error

    def _reply(self, method: str, path: str, **asked: Any) -> httpx.Response:  # noqa: ANN401
        for attempt in range(1, TRIES + 1):
            try:
                reply = self.http.request(method, path, **asked)
            except httpx.ConnectError as error:
                raise no_api(self.url, error) from error
            except httpx.TransportError as error:
                if attempt == TRIES:
                    raise WorldsFault(f"{self.url} broke off: {str(error) or type(error).__name__}") from error
            except (httpx.InvalidURL, ValueError) as error:
                raise CallersFault(f"--api {self.url}: {error}", remedy="Give a URL as http://host:port") from error
            else:
                if reply.status_code not in GONE or attempt == TRIES:
                    return reply
            time.sleep(0.3 * attempt)
        raise AssertionError(TRIES)


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return httpx.URL("/").copy_with(path="/" + text).raw_path.decode().lstrip("/").replace("/", "%2F")


def _json(reply: httpx.Response) -> object:
    try:
        return reply.json()
    except ValueError:
        return None
