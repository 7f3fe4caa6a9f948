"""Two ways to the keys: over the API, or, where nobody has a key yet, in Redis itself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from api.access import Scope
from api.cli.answers import Key, Keys, MadeKey
from api.cli.client import Client, segment

if TYPE_CHECKING:
    from api.gate import Gate
    from jobs.ledger.keyring import KeyView


class Asked(Protocol):
    """Whoever makes, lists and revokes keys; raises what the API answers, or `LedgerUnavailable`."""

    def create(self, caller: str, scopes: Sequence[Scope], label: str, seconds: float) -> MadeKey:
        """A new key, ending after `seconds` (0: never)."""
        ...

    def list(self) -> Keys:
        """Every key."""
        ...

    def revoke(self, key: str) -> Key:
        """End a key, by its id."""
        ...


@dataclass(frozen=True, slots=True)
class OverHttp:
    """By the API at `url`, with the key of the settings."""

    url: str

    def create(self, caller: str, scopes: Sequence[Scope], label: str, seconds: float) -> MadeKey:
        """As `Asked`."""
        order = {"caller": caller, "scopes": list(scopes), "label": label, "expires_seconds": seconds}
        with Client(self.url) as client:
            return client.ask(MadeKey, "POST", "/v1/keys", json=order)

    def list(self) -> Keys:
        """As `Asked`."""
        with Client(self.url) as client:
            return client.ask(Keys, "GET", "/v1/keys")

    def revoke(self, key: str) -> Key:
        """As `Asked`."""
        with Client(self.url) as client:
            return client.ask(Key, "DELETE", f"/v1/keys/{segment(key)}")


@dataclass(frozen=True, slots=True)
class Direct:
    """In the Redis that holds them."""

    gate: "Gate"

    def create(self, caller: str, scopes: Sequence[Scope], label: str, seconds: float) -> MadeKey:
        """As `Asked`."""
        made = self.gate.create(caller, set(scopes), label=label, expires_seconds=seconds)
        return MadeKey(key=made.text, about=self._shown(made.view))

    def list(self) -> Keys:
        """As `Asked`."""
        return Keys(keys=[self._shown(view) for view in self.gate.keyring.all()])

    def revoke(self, key: str) -> Key:
        """As `Asked`."""
        return self._shown(self.gate.keyring.revoke(key, self.gate.clock()))

    def _shown(self, view: "KeyView") -> Key:
        told = asdict(view)
        del told["digest"]
        return Key.model_validate(told | {"state": view.state(self.gate.clock())})


def asked(url: str, *, direct: bool) -> Asked:
    """The one of the two that was asked for."""
    if not direct:
        return OverHttp(url)
    from api.desk import Desk
    from jobs.settings import settings

    return Direct(Desk.open(settings()).gate)
