"""`pentimento cancel`, `pause`, `resume` and `retry`: four verbs, one call each, all of them safe to repeat."""

from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal


def cancel(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Stop a job for good. Pictures that are there stay; work in progress stops within a step.

    [dim]Example:[/dim]  pentimento cancel 01JY3ZJ8E5
    """
    _act(job, "cancel", api, as_json=as_json)


def pause(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Let a job rest: nothing of it is begun until `pentimento resume`.

    [dim]Example:[/dim]  pentimento pause 01JY3ZJ8E5
    """
    _act(job, "pause", api, as_json=as_json)


def resume(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Let a paused job go on where it was.

    [dim]Example:[/dim]  pentimento resume 01JY3ZJ8E5
    """
    _act(job, "resume", api, as_json=as_json)


def retry(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Try a finished job's refused variants again, and only those.

    [dim]Example:[/dim]  pentimento retry 01JY3ZJ8E5
    """
    _act(job, "retry", api, as_json=as_json)


def _act(job: str, action: str, api: str, *, as_json: bool) -> None:
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.show import summary

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.act(job, action)
    terminal.answer(found)
    terminal.text(summary(found))
