"""Who may do what: scopes, and API keys as texts. What is stored of a key never lets anybody make one up."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "pentimento"
SECRET_BYTES = 32
ID_BYTES = 8
_KEY = re.compile(rf"{PREFIX}_([0-9a-f]{{{2 * ID_BYTES}}})_[0-9a-f]{{{2 * SECRET_BYTES}}}")
_CALLER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RESERVED = frozenset({"all"})
"""Names that no caller has: the ledger's list of everybody's jobs lies under this one."""


class Scope(StrEnum):
    """What a key is good for. `admin` implies the others, for every caller's jobs, and the operators' commands."""

    SUBMIT = "submit"
    READ = "read"
    ADMIN = "admin"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who calls. key: the id of the key, "" without one. session: the cookie's token, "" without one.

    everywhere: whether the jobs of all callers are at hand, as for a key with the scope `admin`.
    """

    caller: str
    scopes: frozenset[Scope]
    key: str = ""
    session: str = ""
    everywhere: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether this scope is among the identity's."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def is_caller(name: str) -> bool:
    """Whether `name` can be a caller's: 1 to 40 of a-z, 0-9 and '-', the first no '-', and none that is reserved."""
    return _CALLER.fullmatch(name) is not None and name not in RESERVED


def minted(random_bytes: bytes) -> tuple[str, str]:
    """A new key and its id. `random_bytes`: 40 of them.

    Raises:
        ValueError: more or fewer.

    """
    if len(random_bytes) != ID_BYTES + SECRET_BYTES:
        raise ValueError(f"a key needs {ID_BYTES + SECRET_BYTES} random bytes, not {len(random_bytes)}")
    id_ = random_bytes[:ID_BYTES].hex()
    return f"{PREFIX}_{id_}_{random_bytes[ID_BYTES:].hex()}", id_


def id_of(key: str) -> str:
    """The id within a key; "" where the text is none."""
    found = _KEY.fullmatch(key)
    return found[1] if found else ""


def digest_of(text: str, secret: str) -> str:
    """What is stored of a key or of a session's token: SHA-256 keyed with the deployment's secret, in hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def csrf_of(session: str) -> str:
    """What a page sends along with changes, to show that it could read an answer of ours; "" without a session."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest() if session else ""
