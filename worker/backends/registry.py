"""Which backend the settings mean; each is imported when it is wanted, so that none drags in another's packages."""

from collections.abc import Callable, Mapping

from jobs.errors import InvalidSpec, Problem
from jobs.models import ModelTable
from jobs.settings import Settings
from worker.backends import Backend


def _local(table: ModelTable, settings: Settings) -> Backend:
    from worker.backends.local import LocalBackend  # noqa: PLC0415

    return LocalBackend(table, settings)


def _paced(table: ModelTable, settings: Settings) -> Backend:
    from worker.backends.paced import PacedBackend  # noqa: PLC0415

    return PacedBackend(table, settings)


def _remote(table: ModelTable, settings: Settings) -> Backend:
    from worker.backends.remote.backend import RemoteBackend  # noqa: PLC0415
    from worker.backends.remote.remotes import load_remotes  # noqa: PLC0415

    remotes = load_remotes(settings.remotes_file)
    if settings.backend not in remotes:
        remedy = f"There are {', '.join((*_FACTORIES, *remotes))}; PENTIMENTO_REMOTES_FILE names more."
        problem = Problem("backend", "is no backend", value=settings.backend, remedy=remedy)
        raise InvalidSpec([problem], source="the settings")
    return RemoteBackend(table, remotes[settings.backend])


_FACTORIES: Mapping[str, Callable[[ModelTable, Settings], Backend]] = {"local": _local, "paced": _paced}


def open_backend(settings: Settings, table: ModelTable) -> Backend:
    """The backend of these settings: one of ours, or the remote of that name; cheap, models load on first use.

    Raises:
        InvalidSpec: there is no such backend, or the remotes file is wrong.

    """
    return _FACTORIES.get(settings.backend, _remote)(table, settings)
