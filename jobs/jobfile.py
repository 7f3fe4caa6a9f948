"""What lies beside a frozen manifest as `job.json`: whose job it is, so that storage alone can bring it back."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from jobs.ids import is_job_id
from jobs.state import Lane


class JobFile(BaseModel):
    """The facts about a job that its manifest does not hold. created_at: Unix seconds. ended: set by cancelling."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    id: str
    caller: str
    lane: Lane
    models: tuple[str, ...]
    created_at: float
    ended: Literal["", "cancelled"] = ""

    def written(self) -> bytes:
        """As it is stored."""
        return self.model_dump_json(indent=1).encode()


def read_jobfile(data: bytes) -> JobFile:
    """Read a `job.json`.

    Raises:
        ValueError: it is none, or its id is no job's.

    """
    found = JobFile.model_validate_json(data)
    if not is_job_id(found.id):
        raise ValueError(f"{found.id[:40]!r} is no job id")
    return found
