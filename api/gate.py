"""The gate that every door asks who is calling: by an API key, by the session that a key began, or openly.

Open means: no key was ever created, no setting asks for one, and the API listens to this machine alone. Then everybody
is `default`. The identity comes from the key and from nothing else that a caller says.
"""

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from api.access import (
    EVERY_SCOPE,
    ID_BYTES,
    SECRET_BYTES,
    Identity,
    Scope,
    digest_of,
    id_of,
    is_caller,
    minted,
)
from jobs.errors import Conflict, Forbidden, InvalidSpec, Problem, Unauthenticated
from jobs.ledger.keyring import Keyring, KeyView
from jobs.ledger.rates import Rates
from jobs.settings import Settings

DEFAULT_CALLER = "default"
MOST_LABEL = 200
_DAY = 86_400.0
_OPEN = Identity(DEFAULT_CALLER, EVERY_SCOPE)
_STATIC_ADMIN = Identity(DEFAULT_CALLER, EVERY_SCOPE, everywhere=True)
_STATIC_DOOR = Identity(DEFAULT_CALLER, frozenset({Scope.SUBMIT, Scope.READ}))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. text: the key itself, which nobody can show again."""

    text: str
    view: KeyView


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """One deployment's gate; thread-safe. clock: Unix seconds. entropy: n → n random bytes.

    Every method raises `LedgerUnavailable` when Redis, which holds the keys, does not answer.
    """

    settings: Settings
    keyring: Keyring
    rates: Rates
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]

    def asks(self) -> bool:
        """Whether a key is asked for."""
        here = self.settings
        always = here.auth == "keys" or not here.loopback or bool(here.admin_key.get_secret_value())
        return always or self.keyring.has_any()

    def identify(self, key: str, *, session: str = "", scope: Scope | None = None, door: bool = False) -> Identity:
        """Who shows this key or, without one, this session's token; one more call of that caller.

        door: the gRPC door, which takes `door_key` as well, and asks for a key wherever that is set.

        Raises:
            Unauthenticated: neither is good, or neither is there and one is asked for.
            Forbidden: the key lacks `scope`.
            QuotaExceeded: the caller calls too often.

        """
        found = self._known(key, session, door=door)
        if scope is not None:
            require(found, scope)
        self.rates.call(found.caller)
        return found

    def _known(self, key: str, session: str, *, door: bool) -> Identity:
        found = self._by_key(key, door=door) if key else self._by_session(session)
        if found is not None:
            return found
        if (door and self.settings.door_key.get_secret_value()) or self.asks():
            what = "the key is not one that this server takes" if key else "the session is over"
            raise Unauthenticated(f"authorization: {what if key or session else 'the key is missing'}", remedy=_SEND)
        return _OPEN  # whatever was sent along: clients of Stability's protocol always send something

    def _by_key(self, key: str, *, door: bool) -> Identity | None:
        for secret, identity, here in (
            (self.settings.admin_key, _STATIC_ADMIN, True),
            (self.settings.door_key, _STATIC_DOOR, door),
        ):
            known = secret.get_secret_value()
            if here and known and hmac.compare_digest(known.encode(), key.encode()):
                return identity
        found = self.keyring.find(id_of(key)) if id_of(key) else None
        good = found is not None and hmac.compare_digest(found.digest, self._digest(key))
        return self._identity(found) if found is not None and good else None

    def _by_session(self, session: str) -> Identity | None:
        held = self.keyring.session_key(self._digest(session)) if session else ""
        if held and held == self._static_session():
            return replace(_STATIC_ADMIN, session=session)
        found = self.keyring.find(held) if held else None
        return None if found is None else self._identity(found, session)

    def _static_session(self) -> str:
        """What a session of the settings' key holds; another key ends it."""
        known = self.settings.admin_key.get_secret_value()
        return f"static:{self._digest(known)}" if known else ""

    def _identity(self, key: KeyView, session: str = "") -> Identity:
        now = self.clock()
        if (state := key.state(now)) != "active":
            raise Unauthenticated(f"authorization: the key {key.id} is {state}", remedy="Ask for a new one.")
        self.keyring.touch(key, now)
        scopes = frozenset(map(Scope, key.scopes))
        return Identity(key.caller, scopes, key.id, session, everywhere=Scope.ADMIN in scopes)

    def create(self, caller: str, scopes: Collection[Scope], *, label: str, expires_seconds: float) -> NewKey:
        """Make a key. expires_seconds: from now, 0 for never.

        Raises:
            InvalidSpec: a name that no caller can have, no scope, a label that is too long.
            Conflict: the first key of all lacks the scope `admin`: nobody could make another.

        """
        _check(caller, scopes, label)
        if Scope.ADMIN not in scopes and not self.settings.admin_key.get_secret_value() and not self._has_admin():
            said = "the first key must have the scope admin: from then on keys are made with it"
            raise Conflict(said, remedy="Create one with --scope admin first.")
        text, id_ = minted(self.entropy(ID_BYTES + SECRET_BYTES))
        now = self.clock()
        expires = now + expires_seconds if expires_seconds else 0.0
        view = KeyView(id_, caller, label, tuple(sorted(scopes)), self._digest(text), now, expires, 0.0, 0.0)
        self.keyring.add(view)
        return NewKey(text, view)

    def _has_admin(self) -> bool:
        now = self.clock()
        return any(Scope.ADMIN in key.scopes and key.state(now) == "active" for key in self.keyring.all())

    def stands(self, identity: Identity) -> bool:
        """Whether what somebody was let in with is still good: neither revoked, nor expired, nor logged out of."""
        try:
            if identity.session:
                return self._by_session(identity.session) is not None
            found = self.keyring.find(identity.key) if identity.key else None
        except Unauthenticated:
            return False
        # Without an id it was a key of the settings, or none was asked for; neither ends while this process lives.
        return not identity.key or (found is not None and found.state(self.clock()) == "active")

    def log_in(self, key: str, *, address: str = "") -> tuple[str, int]:
        """Begin a session: its token for the cookie, and how many seconds it lasts. address: whoever asks is at.

        Raises:
            Unauthenticated: not a key that this server takes.
            QuotaExceeded: too many such keys came from the address within a minute.

        """
        self.rates.may_log_in(address)
        try:
            found = self._by_key(key, door=False)
        except Unauthenticated:
            self.rates.failed_login(address)
            raise
        if found is None:
            self.rates.failed_login(address)
            raise Unauthenticated("the key is not one that this server takes", remedy=_SEND)
        token, ttl = self.entropy(SECRET_BYTES).hex(), self.settings.session_hours * 3600
        self.keyring.begin_session(self._digest(token), found.key or self._static_session(), ttl_seconds=ttl)
        return token, ttl

    def log_out(self, session: str) -> None:
        """End a session."""
        self.keyring.end_session(self._digest(session))

    def refuse_unguarded(self) -> None:
        """Refuse to serve beyond this machine while nobody could be asked for a key.

        Raises:
            InvalidSpec: that is so.

        """
        here = self.settings
        if here.loopback or here.auth == "keys" or here.admin_key.get_secret_value() or self.keyring.has_any():
            return
        problem = Problem(
            "host",
            "is reached from beyond this machine, and without an API key everybody there could do everything",
            value=here.host,
            remedy="Run `pentimento keys create --direct --scope admin`, set PENTIMENTO_ADMIN_KEY, or bind 127.0.0.1",
        )
        raise InvalidSpec([problem], source="the settings")

    def _digest(self, text: str) -> str:
        return digest_of(text, self.settings.key_secret.get_secret_value())


_SEND = "Send `authorization: Bearer <key>`; the CLI takes it from PENTIMENTO_API_KEY. `pentimento keys` makes keys."


def require(identity: Identity, scope: Scope) -> None:
    """Refuse what the identity's key is not good for.

    Raises:
        Forbidden: the scope is not among its own.

    """
    if not identity.may(scope):
        said = f"this needs the scope {scope}, and the key {identity.key} has {', '.join(sorted(identity.scopes))}"
        raise Forbidden(said, remedy="Use another key, or have one made with that scope.")


def _check(caller: str, scopes: Collection[Scope], label: str) -> None:
    problems = []
    if not is_caller(caller):
        remedy = "1 to 40 of a-z, 0-9 and '-', and not `all`."
        problems.append(Problem("caller", "is no name of a caller", ascii(caller)[:100], remedy))
    if not scopes:
        problems.append(Problem("scopes", "a key needs one at least", remedy="submit, read or admin."))
    if len(label) > MOST_LABEL or not label.isprintable():
        problems.append(Problem("label", f"must be at most {MOST_LABEL} printable characters", ascii(label)[:100]))
    if problems:
        raise InvalidSpec(problems, source="the key")
