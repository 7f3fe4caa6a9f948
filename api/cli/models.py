"""`pentimento models`: what a job may name as its model, and how many rows of it pay on this machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.cli.answers import ModelDefaults


def models(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[tune MODEL]", help="Measure a model here instead of listing them.")
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option(metavar="WxH", help="tune: at this size in pixels; may be said several times.")
    ] = None,
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List the models that jobs may name, or measure one on this machine.

    `tune` finds the smallest batch near the full rate for each size, and prints the entry to pin in the model table.
    Let nothing else run meanwhile; it takes seconds for a small model and minutes for a large one.

    [dim]Examples:[/dim]

      pentimento models
      pentimento models tune sdxl --size 1024x1024 --size 832x1216
    """
    terminal = Terminal(as_json=as_json)
    if words:
        if len(words) != 2 or words[0] != "tune":
            raise typer.BadParameter("say `pentimento models` or `pentimento models tune MODEL`")
        from api.cli.tune import tune

        tune(terminal, words[1], size or [])
        return
    from api.cli.address import api_url
    from api.cli.client import Client

    with Client(api_url(api)) as client:
        found = client.models()
    terminal.answer(found)
    rows = [
        (
            one.alias + (" (default)" if one.default else ""),
            one.family,
            f"{one.width}×{one.height}",
            _usual(one.defaults),
            one.description,
        )
        for one in found.models
    ]
    terminal.table(
        ("model", "family", "size", "where a job says nothing", "about"), rows, empty="The model table is empty."
    )


def _usual(defaults: "ModelDefaults") -> str:
    numbers = (("strength", defaults.strength), ("cfg", defaults.cfg_scale), ("steps", defaults.steps))
    return ", ".join([*(f"{name} {value:g}" for name, value in numbers if value is not None), defaults.sampler])
