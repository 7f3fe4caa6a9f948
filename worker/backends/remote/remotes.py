"""The remotes by name, as a file says them: where each is, what it is asked for, and how hard it may be pressed.

::

    [remotes.upstairs]
    target = "gpu-box.example:7802"
    models = { sd15 = "stable-diffusion-v1-5" }    # our alias = their engine id; none: the table's aliases as they are

A remote's name is a backend's name: `PENTIMENTO_BACKEND=upstairs` for its worker, `run: {backend: upstairs}` in a job.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from jobs.address import may_be_fetched_from
from jobs.errors import InvalidSpec, Problem

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_RESERVED = frozenset({"local", "paced"})
_METADATA_KEY = re.compile(r"[a-z0-9_.-]{1,100}")


class Remote(BaseModel):
    """One server. Times in seconds; rates 0 for no bound of ours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    target: str = Field(pattern=r"[^\s/]+:\d{1,5}", description="host:port")
    tls: bool = False
    ca_file: Path | None = Field(None, description="certificates to trust instead of the system's")
    key: SecretStr = SecretStr("")
    key_file: Path | None = Field(None, description="a file that holds the key and nothing else")
    metadata: Mapping[str, str] = {}
    models: Mapping[str, str] = {}
    preset: str = Field("", max_length=100, description="a style preset that goes with every request")
    calls: int = Field(8, ge=1, le=256, description="in flight at once")
    images_per_second: float = Field(0, ge=0, le=10_000, description="a call is an image: this is both bounds")
    deadline_seconds: float = Field(120, gt=0, le=3600, description="for one call")
    patience_seconds: float = Field(60, ge=0, le=3600, description="for one picture, waiting between calls")
    backoff_seconds: float = Field(1, gt=0, le=60, description="the first wait after a failure; doubles")
    breaker_failures: int = Field(5, ge=1, le=1000, description="in a row, after which the remote is left alone")
    breaker_seconds: float = Field(5, gt=0, le=600, description="the first rest; doubles")
    keepalive_seconds: float = Field(60, ge=10, le=3600)
    message_bytes: int = Field(256 << 20, ge=1 << 20, le=1 << 30)

    @field_validator("metadata")
    @classmethod
    def _check_metadata(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for key, text in value.items():
            if not _METADATA_KEY.fullmatch(key) or key.endswith("-bin") or not (text.isascii() and text.isprintable()):
                message = f"{key!r} must be lower case, not end in -bin, and hold printable ASCII"
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _check_whole(self) -> "Remote":
        if not _NAME.fullmatch(self.name) or self.name in _RESERVED:
            message = f"the name {self.name!r} must be 1 to 40 of a-z 0-9 - and not {' or '.join(sorted(_RESERVED))}"
            raise ValueError(message)
        host = self.target.rpartition(":")[0].strip("[]")
        literal = ":" in host or host.replace(".", "").isdigit()
        if literal and not may_be_fetched_from(host, private=True):
            message = f"the target {self.target!r} is link-local, a metadata service's, or no plain address"
            raise ValueError(message)
        if (self.key.get_secret_value() or self.key_file) and not self.tls:
            raise ValueError("a key without tls would travel in the clear; set tls = true")
        return self

    def secret(self) -> str:
        """The key, "" for none; read again each time, so that a new one needs no restart.

        Raises:
            InvalidSpec: the key file can't be read.

        """
        if self.key_file is None:
            return self.key.get_secret_value()
        return read_bytes(self.key_file, field=f"remotes.{self.name}.key_file").decode("utf-8", "replace").strip()


def load_remotes(path: Path | None) -> Mapping[str, Remote]:
    """Every remote of the file by name; none where there is no file.

    Raises:
        InvalidSpec: the file is missing or wrong; every problem at once.

    """
    if path is None:
        return {}
    try:
        written = tomllib.loads(read_bytes(path, field="remotes_file").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSpec([Problem("file", f"is not TOML: {error}")], source=str(path)) from error
    problems = [
        Problem(key, "unknown key", remedy="The file has [remotes.<name>].") for key in written.keys() - {"remotes"}
    ]
    found: dict[str, Remote] = {}
    entries = written.get("remotes", {})
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        try:
            found[name] = _beside(
                path, Remote.model_validate({"name": name, **entry} if isinstance(entry, dict) else entry)
            )
        except ValidationError as error:
            problems += [_problem(name, fault) for fault in error.errors(include_url=False, include_input=False)]
    if problems:
        raise InvalidSpec(problems, source=str(path))
    return found


def read_bytes(path: Path, *, field: str) -> bytes:
    """A file that the settings name.

    Raises:
        InvalidSpec: it can't be read.

    """
    try:
        return path.read_bytes()
    except OSError as error:
        said = f"can't be read: {error.strerror}"
        raise InvalidSpec([Problem(field, said, value=str(path))], source="the remotes") from error


def _beside(path: Path, remote: Remote) -> Remote:
    """Relative files are relative to the file that names them."""
    files = {
        name: path.parent / file for name in ("ca_file", "key_file") if (file := getattr(remote, name)) is not None
    }
    return remote.model_copy(update=files)


def _problem(name: str, fault: Mapping[str, object]) -> Problem:
    place = fault["loc"]
    where = ".".join(("remotes", name, *map(str, place if isinstance(place, tuple) else ())))
    return Problem(where, str(fault["msg"]).removeprefix("Value error, "))
