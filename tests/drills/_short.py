"""Holds a drill to its goals in its short form: what CI runs of it."""

from api.cli.drill import drills


def holds(name: str) -> None:
    """Runs the short form; no goal may be missed."""
    said: list[str] = []
    figures = drills()[name].run(said.append, short=True)

    missed = [f"{figure.name}: {figure.value:g}, goal {figure.goal}" for figure in figures if figure.met is False]
    assert not missed, "\n".join([*missed, *said])
    assert any(figure.met for figure in figures)
