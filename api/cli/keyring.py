"""Two ways to the keys: over the API, or, where nobody has a key yet, in Redis itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from api.access import Scope, is_caller
from api.cli.answers import Bounds, CallerLimits, Key, Keys, MadeKey
from api.cli.client import Client, segment
from jobs.errors import NotFound

if TYPE_CHECKING:
    from api.desk import Desk
    from jobs.ledger.keyring import KeyView


Changes = Mapping[str, int | None]


class Asked(Protocol):
    """Whoever makes, lists and revokes keys; raises what the API answers, or `LedgerUnavailable`."""

    def create(self, caller: str, scopes: Sequence[Scope], label: str, seconds: float, limits: Changes) -> MadeKey:
        """A new key, ending after `seconds` (0: never), and what else is said of its caller's quotas."""
        ...

    def limit(self, caller: str, limits: Changes) -> CallerLimits:
        """Say something else of a caller's quotas: by name, 0 for no bound, None for what the settings say."""
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

    def create(self, caller: str, scopes: Sequence[Scope], label: str, seconds: float, limits: Changes) -> MadeKey:
        """As `Asked`."""
        order = {"caller": caller, "scopes": list(scopes), "label": label, "expires_seconds": seconds, **limits}
        with Client(self.url) as client:
            return client.ask(MadeKey, "POST", "/v1/keys", json=order)

    def limit(self, caller: str, limits: Changes) -> CallerLimits:
        """As `Asked`."""
        with Client(self.url) as client:
            return client.ask(CallerLimits, "PATCH", f"/v1/limits/{segment(caller)}", json=dict(limits))

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

    desk: "Desk"

    def create(self, caller: str, scopes: Sequence[Scope], label: str, seconds: float, limits: Changes) -> MadeKey:
        """As `Asked`."""
        made = self.desk.gate.create(caller, set(scopes), label=label, expires_seconds=seconds)
        self.desk.limits.change(caller, limits)
        return MadeKey(key=made.text, about=self._shown(made.view))

    def limit(self, caller: str, limits: Changes) -> CallerLimits:
        """As `Asked`."""
        if not is_caller(caller):
            raise NotFound(f"{ascii(caller)[:80]} is no name of a caller", remedy="1 to 40 of a-z, 0-9 and '-'.")
        own = self.desk.limits.change(caller, limits)
        holds = self.desk.limits.bounds(caller)
        return CallerLimits(caller=caller, own=Bounds(**asdict(own)), holds=Bounds(**asdict(holds)))

    def list(self) -> Keys:
        """As `Asked`."""
        return Keys(keys=[self._shown(view) for view in self.desk.gate.keyring.all()])

    def revoke(self, key: str) -> Key:
        """As `Asked`."""
        return self._shown(self.desk.gate.keyring.revoke(key, self.desk.clock()))

    def _shown(self, view: "KeyView") -> Key:
        told = asdict(view)
        del told["digest"]
        told["limits"] = asdict(self.desk.limits.of(view.caller))
        return Key.model_validate(told | {"state": view.state(self.desk.clock())})


def asked(url: str, *, direct: bool) -> Asked:
    """The one of the two that was asked for."""
    if not direct:
        return OverHttp(url)
    from api.desk import Desk
    from jobs.settings import settings

    return Direct(Desk.open(settings()))
