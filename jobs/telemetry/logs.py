"""Logs: JSON lines for machines, short lines for people, one filter for secrets before either."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import structlog

from jobs.telemetry.redaction import redactor

if TYPE_CHECKING:
    from jobs.settings import Settings


def about(**fields: str | int) -> AbstractContextManager[None]:
    """Whatever is logged inside, by this thread, is about this job, chunk, variant."""
    return structlog.contextvars.bound_contextvars(**fields)


def told() -> dict[str, str | int]:
    """What this thread's lines are about, for another one that goes on with the same work."""
    return structlog.contextvars.get_contextvars()


def configure(settings: "Settings", **everywhere: str) -> None:
    """Send this process's logs, and those of libraries, to stderr in the format that the settings name.

    everywhere: fields of every line, such as the worker that it comes from.
    """

    def signed(_: object, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {**everywhere, **fields}

    blanked = redactor(settings)

    def redacted(_: object, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: blanked(value) if not key.startswith("_") else value for key, value in fields.items()}

    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        signed,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    tail: list[Any] = [structlog.processors.format_exc_info, redacted]
    tail += (
        [structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for chatty in ("httpx", "httpcore", "botocore", "boto3", "s3transfer", "urllib3", "diffusers", "kombu", "celery"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
