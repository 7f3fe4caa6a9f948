"""The data folder of a farm on one machine: who holds it, its keys, and the note by which other commands find the farm.

::

    lock              held by the process that runs the farm (flock); holds its pid
    credentials.json  the S3 store's keys, made once, readable by the owner only
    stack.json        {"api_url", "pid"} while the farm runs
    redis/            the ledger's append-only file
    objects/          the S3 store's buckets as plain folders
    cache/            generated weights, fetched init images
    logs/             a file each process; `.1` is from the run before
"""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from api.stack.child import ChildFailed


@dataclass(frozen=True, slots=True)
class Credentials:
    """The S3 store's keys."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One farm's folder; the paths are made by whoever writes to them."""

    path: Path

    @property
    def redis(self) -> Path:
        """The ledger's files."""
        return self.path / "redis"

    @property
    def objects(self) -> Path:
        """The S3 store's buckets."""
        return self.path / "objects"

    @property
    def cache(self) -> Path:
        """What can be made or fetched again."""
        return self.path / "cache"

    @property
    def credentials_file(self) -> Path:
        """Where the S3 store's keys are kept."""
        return self.path / "credentials.json"

    def log(self, name: str) -> Path:
        """The log file of the process `name`."""
        return self.path / "logs" / f"{name}.log"

    def start_log(self, name: str) -> None:
        """Begin a new log for `name`, and keep that of the run before."""
        log = self.log(name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))

    def lock(self) -> IO[str]:
        """Take the folder for this process, until the returned file is closed.

        Raises:
            ChildFailed: another process has it (the text says which), or it cannot be written to.

        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            remedy = "Choose a folder that can be written to with --data."
            raise ChildFailed(f"{self.path} cannot be used: {error.strerror}.", remedy=remedy) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "that does not say its number"
            lock.close()
            remedy = "Stop that one, or choose another folder with --data."
            raise ChildFailed(f"{self.path} is in use by process {holder}.", remedy=remedy) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def credentials(self) -> Credentials:
        """The S3 store's keys, made on first use. Call with the lock held."""
        if not self.credentials_file.exists():
            made = {"access_key": f"pentimento-{secrets.token_hex(6)}", "secret_key": secrets.token_urlsafe(32)}
            new = self.credentials_file.with_suffix(".new")
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(made, file)
            new.replace(self.credentials_file)
        try:
            kept = json.loads(self.credentials_file.read_text())
            return Credentials(str(kept["access_key"]), str(kept["secret_key"]))
        except (ValueError, KeyError, TypeError):
            remedy = "Delete it: new keys are made, and what is stored stays."
            raise ChildFailed(f"{self.credentials_file} does not hold a pair of keys.", remedy=remedy) from None

    def note(self, api_url: str) -> None:
        """Tell other commands where the farm is."""
        new = self.path / "stack.json.new"
        new.write_text(json.dumps({"api_url": api_url, "pid": os.getpid()}))
        new.replace(self.path / "stack.json")

    def forget(self) -> None:
        """The farm is over: take the note away."""
        (self.path / "stack.json").unlink(missing_ok=True)
