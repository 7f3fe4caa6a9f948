"""What lies beside the pictures as `marks.json`: what people thought of them, for whoever has only the storage."""

import re

from pydantic import BaseModel, ConfigDict, field_validator

_RANGES = re.compile(r"(?:[0-9]{1,12}(?:-[0-9]{1,12})?(?:,(?!$)|$))*")


class MarksFile(BaseModel):
    """Indexes by mark, as ranges with both ends included: `3-7,9`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    star: str = ""
    reject: str = ""

    @field_validator("star", "reject")
    @classmethod
    def _ranges(cls, text: str) -> str:
        if not _RANGES.fullmatch(text):
            raise ValueError(f"{text[:40]!r} are no ranges")
        return text

    def written(self) -> bytes:
        """As it is stored."""
        return self.model_dump_json(indent=1).encode()


def ranges_in(text: str) -> list[range]:
    """The ranges of one mark; an empty text has none."""
    parts = (part.partition("-") for part in text.split(",") if part)
    return [range(int(first), int(last or first) + 1) for first, _, last in parts]
