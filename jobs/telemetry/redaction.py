"""What may never stand in a log, an error or a page: secrets by their shape, and the settings' own by their value."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from jobs.uris import without_data

SHORTEST = 8
"""A configured secret of fewer characters is not looked for by value: it would blank out words."""
_BLANK: Final = "***"
_SHAPES: Final = (
    re.compile(r"(?i)(?<=://)[^/@\s]*:[^/@\s]*(?=@)"),  # user and password of a URL
    re.compile(r"(?i)(?<=signature[=:])\s*[^&\s\"',}]+"),  # of presigned links, AWS' and others'
    re.compile(r"(?i)(?<=credential=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=security-token=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=[?&]sig=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=[?&]token=)[^&\s\"']+"),
    re.compile(r"(?i)(?<=authorization: )\S+( \S+)?"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{16,}"),
    re.compile(r"whsec_[A-Za-z0-9+/=]{8,}"),
    re.compile(r"(?<=pentimento_[0-9a-f]{16}_)[0-9a-f]{64}"),  # an API key; its id stays
    re.compile(r"(?<=pentimento_session=)[^;\s\"']+"),
)


def redact(text: str) -> str:
    """Blank out whatever has the shape of a secret (passwords in URLs, signatures, tokens, keys) or is a picture."""
    for shape in _SHAPES:
        text = shape.sub(_BLANK, text)
    return without_data(text)


def redactor(settings: BaseModel) -> Callable[[Any], Any]:
    """Blanks out secrets by shape and the settings' own by value; goes into lists and mappings, and reads bytes."""
    values = sorted(_values(settings), key=len, reverse=True)

    def blanked(said: Any) -> Any:  # noqa: ANN401 - whatever somebody logs
        if isinstance(said, str):
            for value in values:
                said = said.replace(value, _BLANK)
            return redact(said)
        if isinstance(said, bytes):
            return blanked(said.decode("utf-8", "replace"))
        if isinstance(said, Mapping):
            return {key: blanked(item) for key, item in said.items()}
        if isinstance(said, list | tuple | set | frozenset):
            return [blanked(item) for item in said]
        if isinstance(said, BaseException):
            return blanked(repr(said))
        return said

    return blanked


def _values(settings: BaseModel) -> set[str]:
    """Every configured secret as it might be spelt: whole, and a URL's password alone, escaped or not."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            said = value.get_secret_value()
            try:
                password = urlsplit(said).password or "" if "://" in said else said
            except ValueError:
                password = said
            found |= {password, unquote(password)}
    return {value for value in found if len(value) >= SHORTEST}
