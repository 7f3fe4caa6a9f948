"""`pentimento keys`: who may call, with which key, for what."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from api.access import Scope
from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.cli.answers import Key


class Action(StrEnum):
    """What can be done with keys."""

    CREATE = "create"
    LIST = "list"
    REVOKE = "revoke"


def keys(  # noqa: PLR0913 - options of three actions
    action: Annotated[Action, typer.Argument(metavar="[create|list|revoke]")] = Action.LIST,
    of: Annotated[str, typer.Argument(metavar="[CALLER|ID]", help="Whose key to create, or which to revoke.")] = "",
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it is good for; several times. Default: submit and read.")
    ] = None,
    label: Annotated[str, typer.Option(metavar="TEXT", help="What it is for, for the list.")] = "",
    expires: Annotated[str, typer.Option(metavar="AGE", help="After which it ends: 90d, 12h. Default: never.")] = "",
    api: Api = "",
    *,
    direct: Annotated[
        bool, typer.Option("--direct", help="Ask the Redis of PENTIMENTO_REDIS_URL, not the API: for the first key.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create, list and revoke API keys. A key is shown once, when it is created, and kept nowhere.

    Once there is a key every call needs one; the CLI sends PENTIMENTO_API_KEY.

    [dim]Examples:[/dim]

      pentimento keys create ops --scope admin --direct
      pentimento keys create studio --expires 90d --label "the night job"
      pentimento keys list
      pentimento keys revoke 9f86d081884c7d65
    """
    from api.cli.address import api_url
    from api.cli.keyring import asked
    from jobs.errors import CallersFault

    terminal = Terminal(as_json=as_json)
    if action is not Action.LIST and not of:
        raise CallersFault(f"{action} what?", remedy="Name a caller (create) or the id of a key (revoke).")
    keyring = asked(api_url(api), direct=direct)
    if action is Action.CREATE:
        made = keyring.create(of, scope or [Scope.SUBMIT, Scope.READ], label, _seconds(expires))
        terminal.answer(made)
        terminal.note(f"The key {made.about.id} of {made.about.caller}, shown this once:")
        terminal.text(made.key)
    elif action is Action.REVOKE:
        revoked = keyring.revoke(of)
        terminal.answer(revoked)
        terminal.text(f"{revoked.id} of {revoked.caller} is {revoked.state}")
    else:
        found = keyring.list()
        terminal.answer(found)
        terminal.table(
            ("key", "caller", "scopes", "state", "expires", "used", "label"),
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
    return (key.id, key.caller, " ".join(key.scopes), key.state, ends, used, key.label)
