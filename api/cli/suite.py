"""`pentimento test`: the launcher's business, said here so that the installed command does not leave anybody alone."""

import typer

from api.cli.exits import USAGE


def test() -> None:
    """Run the test suite: the launcher's business, as ./pentimento test in the checkout.

    It installs what the tests need, which an installed command must not do.
    """
    typer.echo("The tests are run by the launcher in the checkout: ./pentimento test", err=True)
    raise typer.Exit(USAGE)
