"""Manifests as files: `lint`, `schema`, `init` and `import-prompts`; nobody is asked, nothing is sent."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import AsJson, Given
from api.cli.submit import ManifestFile, read
from api.cli.terminal import Terminal


def lint(file: ManifestFile, given: Given = None, *, as_json: AsJson = False) -> None:
    """Check a manifest: every problem at once, each with its line and what to do about it.

    [dim]Examples:[/dim]

      pentimento lint autumn.yaml
      pentimento lint autumn.yaml -S strength=0.4
    """
    from api.cli.model_table import resolved
    from api.cli.plan import counted
    from api.planner import make_plan

    terminal = Terminal(as_json=as_json)
    spec, _, _ = read(file, given)
    here = resolved(spec)
    plan = make_plan(here.spec, table=None, show=0)
    warnings = [*here.warnings, *plan.warnings]
    terminal.answer({"count": plan.count, "warnings": warnings})
    for warning in warnings:
        terminal.note(f"warning: {warning}")
    said = "as many pictures as its images are listed for" if plan.count is None else counted(plan.count, "picture")
    terminal.text(f"{file}: {said}")


def schema() -> None:
    """Print the JSON Schema of manifests, for editors.

    [dim]Example, with the YAML language server:[/dim]

      pentimento schema > pentimento.schema.json
      # and as a manifest's first line:
      # yaml-language-server: $schema=pentimento.schema.json
    """
    from jobs.spec import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write; - for stdout.")] = Path("sweep.yaml"),
) -> None:
    """Write an example manifest that teaches the language by its comments.

    [dim]Example:[/dim]

      pentimento init autumn.yaml && pentimento plan autumn.yaml
    """
    from api.cli.staging import EXAMPLE

    text = EXAMPLE.read_text("utf-8")
    if str(file) == "-":
        typer.echo(text, nl=False)
        return
    if file.exists():
        raise typer.BadParameter(f"{file} is there already; it is left as it is")
    file.write_text(text, "utf-8")
    typer.echo(f"Wrote {file}. Change its images, then: pentimento plan {file}", err=True)


def import_prompts(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Prompt lines, as A1111's web UI reads them; - for stdin.")
    ],
    image: Annotated[list[str], typer.Option("--image", metavar="URI", help="An init image; may be said again.")],
    model: Annotated[str, typer.Option(metavar="ALIAS", help="The model, where a line names none.")],
) -> None:
    """Make a manifest of prompt lines: `--prompt "a boat" --seed 7 --steps 20`, or plain prompts.

    [dim]Example:[/dim]

      pentimento import-prompts prompts.txt --image boat.png --model tiny > boats.json
    """
    from api.cli.model_table import LocalTable
    from jobs.manifest.prompt_lines import import_prompts as read_lines
    from jobs.spec import parse_spec

    if str(file) != "-" and not file.is_file():
        raise typer.BadParameter(f"there is no file {file}")
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    text, suits = data.decode("utf-8", "replace"), LocalTable().suits
    document = read_lines(text, source=str(file), images=image, model=model, suits=suits)
    parse_spec(document, source=str(file))
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
