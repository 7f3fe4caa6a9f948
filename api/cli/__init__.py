"""The terminal's door: everything that a person or a script asks from a shell, as a client of the HTTP API.

Nothing in here touches Redis, storage or Celery: `client` speaks HTTP, the commands (a file each) say what came of it.
`app` collects them; each imports what it needs when it is called, so that `--help` is there at once.

What you can rely on:

- stdout carries results only: text for people, or with `--json` one JSON object (`watch`: one a line). Progress,
  questions and errors go to stderr; with `--json` an error is one line of problem JSON there.
- exit codes are one table (`exits`), printed by `pentimento exits`.
- Ctrl-C on `watch` or `submit --watch` leaves the job alone.
"""

import sys

from jobs.errors import CallersFault, PentimentoError


def main() -> None:
    """Run the command line; never returns. Expected errors end as one readable block and an exit code."""
    from api.cli.app import app  # whoever imports this package does not pay for typer
    from api.cli.exits import report

    try:
        app(prog_name="pentimento")
    except PentimentoError as error:
        sys.exit(report(error, as_json="--json" in sys.argv))
    except OSError as error:
        if error.filename is None:
            raise  # not about a file that somebody named
        fault = CallersFault(f"{error.filename}: {error.strerror}", remedy="Name a place that can be read and written.")
        sys.exit(report(fault, as_json="--json" in sys.argv))
    finally:
        # CPython notes an interrupt that passed through the exec of a string (an import of dataclasses does that), even
        # one that is caught later, and dies of SIGINT at its end instead of leaving with our code; this clears it.
        exec("")  # noqa: S102 - a constant
