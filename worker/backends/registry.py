"""Which backend the settings mean; each is imported when it is wanted, so that none drags in another's packages."""

from collections.abc import Callable, Mapping

from jobs.models import ModelTable
from jobs.settings import Settings
from worker.backends import Backend


def _local(table: ModelTable, settings: Settings) -> Backend:
    from worker.backends.local import LocalBackend  # noqa: PLC0415

    return LocalBackend(table, settings)


def _paced(table: ModelTable, settings: Settings) -> Backend:
    from worker.backends.paced import PacedBackend  # noqa: PLC0415

    return PacedBackend(table, settings)


_FACTORIES: Mapping[str, Callable[[ModelTable, Settings], Backend]] = {"local": _local, "paced": _paced}


def open_backend(settings: Settings, table: ModelTable) -> Backend:
    """The backend of these settings; cheap, models load on first use."""
    return _FACTORIES[settings.backend](table, settings)
