"""The options that every command has, said once."""

from typing import Annotated

import typer

Api = Annotated[
    str,
    typer.Option("--api", metavar="URL", help="The API. Default: $PENTIMENTO_API_URL, else the farm that runs here."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else there.")]
Given = Annotated[
    list[str] | None,
    typer.Option("-S", "--set", metavar="KEY=VALUE", help="Say a key of the manifest otherwise; the value is YAML."),
]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, as `submit` and `jobs` print it, or `latest`.")]
