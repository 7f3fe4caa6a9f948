"""`pentimento show`: one job as it stands."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal
from jobs.state import State

if TYPE_CHECKING:
    from api.cli.answers import Job


def show(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Show one job: its state, its counts, why variants were refused, where its pictures are.

    [dim]Examples:[/dim]

      pentimento show 01JY3ZJ8E5
      pentimento show 01JY3ZJ8E5 --json | jq .state
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.job(job)
    terminal.answer(found)
    terminal.text(summary(found))


def summary(job: "Job") -> str:
    """A job in a few lines."""
    from api.cli.progress import duration
    from api.cli.screen import causes

    took = job.finished_at - job.started_at if job.finished_at and job.started_at else 0.0
    counted = f"{job.settled} of {job.count}" if job.count else "not planned yet"
    counted += f", {job.linked} of them of the job that it extends" if job.linked else ""
    facts = [
        ("job", f"{job.id} {job.name}".rstrip()),
        ("state", str(job.state) + (f" ({job.reason})" if job.reason not in {"", f"{job.refused} refused"} else "")),
        ("pictures", counted + (f", {job.refused} refused" if job.refused else "")),
        ("refused", causes(job.causes).removeprefix("refused: ") if job.causes else ""),
        ("made in", duration(took) if took > 0 else ""),
        ("results", job.results_uri),
        ("webhook", _webhook(job)),
        ("next", _next(job)),
    ]
    return "\n".join(f"{name:<9} {said}" for name, said in facts if said)


def moment(seconds: float) -> str:
    """Unix seconds as local time to the second; "-" for what has not happened."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M:%S}" if seconds else "-"


def _webhook(job: "Job") -> str:
    if job.webhook is None:
        return ""
    said = f": {job.webhook.said}" if job.webhook.said else ""
    return f"{job.webhook.state} after {job.webhook.attempts} tries{said}"


def _next(job: "Job") -> str:
    if job.state is State.PAUSED:
        return f"pentimento resume {job.id}"
    if not job.state.terminal:
        return f"pentimento watch {job.id}"
    if job.refused:
        return f"pentimento results {job.id} --failed, then pentimento retry {job.id}"
    return f"pentimento results {job.id} --download DIR" if job.settled else ""
