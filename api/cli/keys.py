"""`pentimento keys`: who may call, with which key, for what."""

import re
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from api.access import Scope
from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.cli.answers import Bounds, Key


class Action(StrEnum):
    """What can be done with keys."""

    CREATE = "create"
    LIST = "list"
    REVOKE = "revoke"
    LIMIT = "limit"


def keys(  # noqa: PLR0913 - options of four actions
    action: Annotated[Action, typer.Argument(metavar="[create|list|revoke|limit]")] = Action.LIST,
    of: Annotated[
        str, typer.Argument(metavar="[CALLER|ID]", help="Whose key to create, which to revoke, whom to limit.")
    ] = "",
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it is good for; several times. Default: submit and read.")
    ] = None,
    label: Annotated[str, typer.Option(metavar="TEXT", help="What it is for, for the list.")] = "",
    expires: Annotated[str, typer.Option(metavar="AGE", help="After which it ends: 90d, 12h. Default: never.")] = "",
    api: Api = "",
    *,
    rate: Annotated[int | None, typer.Option(metavar="N", help="Calls a minute of the caller; 0: no bound.")] = None,
    uploads: Annotated[
        str, typer.Option("--uploads-per-day", metavar="SIZE", help="Such as 500MB or 5GB; 0: no bound.")
    ] = "",
    concurrency: Annotated[int | None, typer.Option(metavar="N", help="Jobs of the caller at a time.")] = None,
    max_queued: Annotated[int | None, typer.Option(metavar="N", help="Variants without an outcome.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="limit: go by the deployment's settings again.")] = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="Ask the Redis of PENTIMENTO_REDIS_URL, not the API: for the first key.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create, list and revoke API keys, and limit callers. A key is shown once, when it is created, and kept nowhere.

    Once there is a key every call needs one; the CLI sends PENTIMENTO_API_KEY. Limits are a caller's, over all its
    keys; what is not said of a caller is as the deployment's settings (PENTIMENTO_QUOTA_...) say.

    [dim]Examples:[/dim]

      pentimento keys create ops --scope admin --direct
      pentimento keys create studio --expires 90d --label "the night job"
      pentimento keys limit studio --rate 600 --concurrency 4 --max-queued 100000 --uploads-per-day 5GB
      pentimento keys list
      pentimento keys revoke 9f86d081884c7d65
    """
    from api.cli.address import api_url
    from api.cli.keyring import asked
    from jobs.errors import CallersFault

    terminal = Terminal(as_json=as_json)
    if action is not Action.LIST and not of:
        raise CallersFault(f"{action} what?", remedy="Name a caller (create, limit) or the id of a key (revoke).")
    keyring = asked(api_url(api), direct=direct)
    limits = dict.fromkeys(_LIMITS) if reset else _limits(rate, uploads, concurrency, max_queued)
    if action is Action.CREATE:
        made = keyring.create(of, scope or [Scope.SUBMIT, Scope.READ], label, _seconds(expires), limits)
        terminal.answer(made)
        terminal.note(f"The key {made.about.id} of {made.about.caller}, shown this once:")
        terminal.text(made.key)
    elif action is Action.REVOKE:
        revoked = keyring.revoke(of)
        terminal.answer(revoked)
        terminal.text(f"{revoked.id} of {revoked.caller} is {revoked.state}")
    elif action is Action.LIMIT:
        told = keyring.limit(of, limits)
        terminal.answer(told)
        terminal.text(f"{told.caller}: {_said(told.holds)}")
    else:
        found = keyring.list()
        terminal.answer(found)
        terminal.table(
            ("key", "caller", "scopes", "state", "expires", "used", "limits", "label"),
            [_row(key, time.time()) for key in found.keys],
            empty="No keys: the API is open to this machine. Create one: pentimento keys create ops --scope admin",
        )


def _seconds(expires: str) -> float:
    from api.cli.prune import seconds_of

    return seconds_of(expires) if expires else 0.0


def _row(key: "Key", now: float) -> tuple[str, ...]:
    from api.cli.progress import duration

    ends = f"in {duration(max(0.0, key.expires_at - now))}" if key.expires_at else "never"
    used = f"{duration(max(0.0, now - key.used_at))} ago" if key.used_at else "never"
    return (key.id, key.caller, " ".join(key.scopes), key.state, ends, used, _said(key.limits), key.label)


_LIMITS = ("calls_per_minute", "upload_bytes_per_day", "active_jobs", "open_variants")
_WORDS = ("calls a minute", "bytes of uploads a day", "jobs at a time", "variants queued")


def _limits(rate: int | None, uploads: str, concurrency: int | None, max_queued: int | None) -> dict[str, int | None]:
    """What was said, by name."""
    said = (rate, _bytes(uploads) if uploads else None, concurrency, max_queued)
    return {name: value for name, value in zip(_LIMITS, said, strict=True) if value is not None}


_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,12})\s*([kMGT]?)B?", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is no size: say 500MB, 5GB or a number of bytes")
    return int(found[1]) * _UNITS[found[2]]


def _said(limits: "Bounds") -> str:
    """Limits in words; those that nobody named are left out."""
    named = zip(_LIMITS, _WORDS, strict=True)
    values = ((getattr(limits, name), words) for name, words in named)
    return ", ".join(f"{value:,} {words}" if value else f"any {words}" for value, words in values if value is not None)
