"""The command line: every command by name, and the help that teaches them."""

from typing import Annotated

import typer

from api.cli import (
    bench,
    control,
    demo,
    doctor,
    drill,
    jobs,
    keys,
    manifests,
    models,
    plan,
    prune,
    recover,
    results,
    settings,
    show,
    submit,
    suite,
    up,
    watch,
    webhook,
    why,
    worker,
    workers,
)
from api.cli.exits import EXITS, PLAIN
from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal

HELP = """Repaint pictures by prompt, in bulk, unattended.

Try it here, with everything started for you:

  [bold]pentimento demo[/bold]

Or keep a farm running in one terminal and use it from another:

  [bold]pentimento up[/bold]
  [bold]pentimento submit .pentimento/demo/demo.yaml --watch[/bold]
  [bold]pentimento results JOB --download pictures/[/bold]

Results go to stdout, everything else to stderr. --json on any command prints JSON instead.
"""

app = typer.Typer(
    name="pentimento",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 not every picture, 2 usage, 1x the caller's, 2x try again, 130 Ctrl-C. All: "
    "pentimento exits",
)

JOBS, FARM, HERE = "Jobs", "The farm", "On this machine"

for command, panel in (
    (plan.plan, JOBS),
    (manifests.lint, JOBS),
    (manifests.init, JOBS),
    (manifests.schema, JOBS),
    (submit.submit, JOBS),
    (watch.watch, JOBS),
    (jobs.jobs, JOBS),
    (show.show, JOBS),
    (why.why, JOBS),
    (results.results, JOBS),
    (control.pause, JOBS),
    (control.resume, JOBS),
    (control.cancel, JOBS),
    (control.retry, JOBS),
    (control.priority, JOBS),
    (webhook.webhook, JOBS),
    (workers.workers, FARM),
    (models.models, FARM),
    (worker.worker, FARM),
    (doctor.doctor, FARM),
    (recover.recover, FARM),
    (prune.prune, FARM),
    (keys.keys, FARM),
    (settings.settings, FARM),
    (demo.demo, HERE),
    (up.up, HERE),
    (bench.bench, HERE),
    (drill.drill, HERE),
    (suite.test, HERE),
):
    app.command(rich_help_panel=panel)(command)


app.command("import-prompts", rich_help_panel=JOBS)(manifests.import_prompts)


@app.command(rich_help_panel=HERE)
def exits(*, as_json: AsJson = False) -> None:
    """List the exit codes."""
    terminal = Terminal(as_json=as_json)
    rows = [(code, "", said) for code, said in PLAIN.items()]
    rows += [(code, kind.code, (kind.__doc__ or "").partition("\n")[0]) for kind, code in EXITS.items()]
    rows.sort()
    terminal.answer({"exits": [{"exit": exit_, "code": code, "meaning": said} for exit_, code, said in rows]})
    terminal.table(("exit", "code", "meaning"), [(str(exit_), code, said) for exit_, code, said in rows], empty="")


def _say_version(value: bool) -> None:  # noqa: FBT001  typer calls it with the option's value
    if value:
        from jobs import __version__

        typer.echo(f"pentimento {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    ctx: typer.Context,
    api: Api = "",
    *,
    as_json: AsJson = False,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", is_eager=True, callback=_say_version, help="Say which version this is."),
    ] = False,
) -> None:
    del version  # its callback has said it and left
    # Said before the command, --api and --json become the defaults of the command's own: both places work.
    if ctx.invoked_subcommand:
        ctx.default_map = {ctx.invoked_subcommand: {"api": api, "as_json": as_json}}
