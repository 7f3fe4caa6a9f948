"""What each caller may have fetched, as a file says it: hosts, webhooks' hosts, buckets with prefixes, folders.

::

    [default]                                 # callers without a table of their own; left out: as the settings say
    hosts = ["*.example.org"]                 # init images over http and https; `*` for any public one

    [callers.ann]
    hosts = ["cdn.example", "*.example.org"]
    webhooks = ["hooks.example.org"]
    buckets = ["catalogue/shoes/", "archive"] # a prefix ends in `/`; `*` for any bucket
    roots = ["/srv/pictures/ann"]             # narrows PENTIMENTO_INPUT_ROOTS, never widens it

What a table leaves out is as the settings say: any public host, `input_buckets`, `input_roots`. A list that is empty
allows nothing. Addresses that are not public stay refused whatever a host's name is.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from jobs.errors import InvalidSpec, Problem
from jobs.uris import S3Uri

MAX_FILE_BYTES = 4 << 20
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9_]([a-z0-9_.:-]{0,252}[a-z0-9_])?")
_BUCKET = re.compile(r"\*|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\x00-\x1f]*/)?")


class Grant(BaseModel):
    """What one caller may have fetched; None: as the settings say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = Field(("*",), max_length=10_000)
    webhooks: tuple[str, ...] = Field(("*",), max_length=10_000)
    buckets: tuple[str, ...] | None = Field(None, max_length=10_000)
    roots: tuple[Path, ...] | None = Field(None, max_length=10_000)

    @field_validator("hosts", "webhooks")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host):
                raise ValueError(f"{host[:80]!r} is no host: write cdn.example, *.example.org, or *, in lower case")
        return value

    @field_validator("buckets")
    @classmethod
    def _buckets(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for bucket in value or ():
            if not _BUCKET.fullmatch(bucket):
                raise ValueError(f"{bucket[:80]!r} is no bucket: write bucket, bucket/prefix/, or *")
        return value


@dataclass(frozen=True, slots=True)
class Grants:
    """Everybody's."""

    default: Grant
    callers: Mapping[str, Grant]

    @classmethod
    def load(cls, path: Path | None) -> "Grants":
        """Read the file; without one everybody may what the settings say.

        Raises:
            InvalidSpec: it is missing or wrong; every problem at once.

        """
        written = {} if path is None else _read(path)
        problems = [
            Problem(key, "unknown key", remedy="The file has [default] and [callers.<name>].")
            for key in written.keys() - {"default", "callers"}
        ]
        tables = written.get("callers", {})
        if not isinstance(tables, dict):
            problems.append(Problem("callers", "is no table", remedy="Write [callers.<name>]."))
        default = _grant("default", written.get("default", {}), problems)
        callers = {
            name: _grant(f"callers.{name}", table, problems)
            for name, table in (tables.items() if isinstance(tables, dict) else ())
        }
        if problems:
            raise InvalidSpec(problems, source=str(path))
        return cls(default, callers)

    def of(self, caller: str) -> Grant:
        """The caller's own table, or the default one."""
        return self.callers.get(caller, self.default)


def host_in(host: str, port: int, allowed: tuple[str, ...]) -> bool:
    """Whether a host is on a list: by name, below `*.name`, or by name and port (`cdn.example:8443`)."""
    names = {host, f"{host}:{port}"}
    return any(
        entry == "*" or entry in names or (entry.startswith("*.") and any(name.endswith(entry[1:]) for name in names))
        for entry in allowed
    )


def object_in(at: S3Uri, allowed: tuple[str, ...]) -> bool:
    """Whether an object, or all of a folder, lies in a bucket of the list and below that one's prefix."""
    for entry in allowed:
        bucket, _, prefix = entry.partition("/")
        if entry == "*" or (bucket == at.bucket and at.key.startswith(prefix)):
            return True
    return False


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise InvalidSpec([Problem("grants_file", f"is larger than {MAX_FILE_BYTES} bytes")], source=str(path))
        return tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        problem = Problem("grants_file", f"can't be read: {error.strerror}", value=str(path))
        raise InvalidSpec([problem], source="the grants") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSpec([Problem("file", f"is not TOML: {error}")], source=str(path)) from error


def _grant(where: str, table: object, problems: list[Problem]) -> Grant:
    try:
        return Grant.model_validate(table)
    except ValidationError as error:
        problems += [
            Problem(".".join((where, *map(str, fault["loc"]))), fault["msg"].removeprefix("Value error, "))
            for fault in error.errors(include_url=False, include_input=False)
        ]
        return Grant()
