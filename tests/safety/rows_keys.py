"""Keys, sessions and scopes that strangers and callers try, over HTTP and gRPC-Web, at an API that asks for a key."""

from collections.abc import Callable, Mapping

import httpx

from api.access import Scope, csrf_of
from api.web.callers import COOKIE
from tests.safety.rows_wire import status
from tests.safety.world import Row, World
from tests.stability.requests import GENERATE
from tests.stability.test_grpc_web import BINARY, framed

NOBODYS = "pentimento_0123456789abcdef_" + "0" * 64
OTHERS = "sk-" + "a" * 48


def _key(world: World, *scopes: Scope, seconds: float = 0) -> str:
    return world.gate.create("studio", scopes, label="", expires_seconds=seconds).text


def _get(world: World, *headers: tuple[str, str | bytes], path: str = "/v1/jobs") -> httpx.Response:
    raw = [(name.encode(), said if isinstance(said, bytes) else said.encode()) for name, said in headers]
    return world.keyed.get(path, headers=raw)


def _bearer(make: Callable[[World], str | bytes]) -> Callable[[World], httpx.Response]:
    def act(world: World) -> httpx.Response:
        made = make(world)
        return _get(world, ("authorization", b"Bearer " + (made if isinstance(made, bytes) else made.encode())))

    return act


def _revoked(world: World) -> str:
    key = _key(world, Scope.ADMIN)
    world.gate.keyring.revoke(key.split("_")[1], world.gate.clock())
    return key


def _with(scopes: set[Scope], method: str, path: str, body: object = None) -> Callable[[World], httpx.Response]:
    return lambda world: world.keyed.request(
        method, path, json=body, headers={"authorization": f"Bearer {_key(world, *scopes)}"}
    )


def _session(world: World, method: str, csrf: str | None, **headers: str) -> httpx.Response:
    token, _ = world.gate.log_in(_key(world, Scope.SUBMIT, Scope.READ))
    said = headers | {"cookie": f"{COOKIE}={token}"} | ({} if csrf is None else {"x-csrf-token": csrf})
    return world.keyed.request(method, "/v1/jobs", json={}, headers=said)


def _left(world: World) -> httpx.Response:
    token, _ = world.gate.log_in(_key(world, Scope.READ))
    world.gate.log_out(token)
    return _get(world, ("cookie", f"{COOKIE}={token}"))


def _door(key: Callable[[World], str]) -> Callable[[World], str]:
    def act(world: World) -> str:
        headers = {"content-type": BINARY, "x-grpc-web": "1", "authorization": key(world)}
        return status(world.keyed.post(GENERATE, content=framed(b""), headers=headers))

    return act


KEYS: Mapping[str, Callable[[World], httpx.Response]] = {
    "none": _get,
    "no more than Bearer": lambda world: _get(world, ("authorization", "Bearer")),
    "of one letter": lambda world: _get(world, ("authorization", "Bearer x")),
    "as Basic": lambda world: _get(world, ("authorization", f"Basic {_key(world, Scope.READ)}")),
    "without its scheme": lambda world: _get(world, ("authorization", _key(world, Scope.READ))),
    "of nobody": _bearer(lambda _: NOBODYS),
    "of another service": _bearer(lambda _: OTHERS),
    "with another's secret": _bearer(lambda world: _key(world, Scope.READ)[:-64] + "0" * 64),
    "with another's id": _bearer(lambda world: "pentimento_" + "0" * 16 + _key(world, Scope.READ)[-65:]),
    "one letter short": _bearer(lambda world: _key(world, Scope.READ)[:-1]),
    "one letter long": _bearer(lambda world: _key(world, Scope.READ) + "0"),
    "in capitals": _bearer(lambda world: _key(world, Scope.READ).upper()),
    "its digest": _bearer(lambda world: world.gate.keyring.all()[0].digest),
    "of 60,000 letters": _bearer(lambda _: "pentimento_" + "0" * 60_000),
    "of bytes": _bearer(lambda _: b"pentimento_\xff\xfe_\xef\xbc\x90"),
    "of a wildcard": _bearer(lambda _: "pentimento_*_" + "0" * 64),
    "of a path in Redis": _bearer(lambda _: "../../keys"),
    "that has expired": _bearer(lambda world: _key(world, Scope.READ, seconds=1e-9)),
    "that was revoked": _bearer(_revoked),
    "in the query": lambda world: _get(world, path=f"/v1/jobs?key={_key(world, Scope.READ)}"),
    "in the query as a token": lambda world: _get(world, path=f"/v1/jobs?access_token={_key(world, Scope.READ)}"),
    "as the cookie": lambda world: _get(world, ("cookie", f"{COOKIE}={_key(world, Scope.READ)}")),
    "in a header of one's own": lambda world: _get(world, ("x-api-key", _key(world, Scope.READ))),
    "behind a wrong one": lambda world: _get(
        world, ("authorization", f"Bearer {NOBODYS}"), ("authorization", f"Bearer {_key(world, Scope.READ)}")
    ),
}
SCOPES: Mapping[str, Callable[[World], httpx.Response]] = {
    "submit reads": _with({Scope.SUBMIT}, "GET", "/v1/jobs"),
    "read submits": _with({Scope.READ}, "POST", "/v1/jobs", {}),
    "read uploads": _with({Scope.READ}, "POST", "/v1/uploads"),
    "a caller asks the doctor": _with({Scope.READ, Scope.SUBMIT}, "GET", "/v1/doctor"),
    "a caller repairs": _with({Scope.SUBMIT}, "POST", "/v1/doctor/repair"),
    "a caller recovers": _with({Scope.SUBMIT}, "POST", "/v1/recover"),
    "a caller prunes": _with({Scope.SUBMIT}, "POST", "/v1/prune", {"older_than_seconds": 0}),
    "a caller drains a worker": _with({Scope.SUBMIT}, "POST", "/v1/workers/w/drain"),
    "a caller makes a key": _with({Scope.SUBMIT}, "POST", "/v1/keys", {"caller": "me", "scopes": ["admin"]}),
    "a caller lists keys": _with({Scope.READ}, "GET", "/v1/keys"),
    "a caller revokes a key": _with({Scope.SUBMIT}, "DELETE", "/v1/keys/0123456789abcdef"),
    "a session changes without its token": lambda world: _session(world, "POST", None),
    "a session changes with an empty token": lambda world: _session(world, "POST", ""),
    "a session changes with another's token": lambda world: _session(world, "POST", csrf_of("another")),
    "a session changes from another site": lambda world: _session(world, "POST", "", sec_fetch_site="cross-site"),
}
NEW_KEYS: Mapping[str, object] = {
    "for everybody": {"caller": "all", "scopes": ["read"]},
    "for nobody": {"caller": "", "scopes": ["read"]},
    "for a path": {"caller": "../default", "scopes": ["read"]},
    "for capitals": {"caller": "Studio", "scopes": ["read"]},
    "for a NUL": {"caller": "a\0b", "scopes": ["read"]},
    "for two lines": {"caller": "a\nb", "scopes": ["read"]},
    "for 41 letters": {"caller": "a" * 41, "scopes": ["read"]},
    "for a pattern": {"caller": "*", "scopes": ["read"]},
    "for a list": {"caller": ["a"], "scopes": ["read"]},
    "for nothing": {"caller": "a", "scopes": []},
    "for a scope of one's own": {"caller": "a", "scopes": ["root"]},
    "with a label of 1,000 letters": {"caller": "a", "scopes": ["read"], "label": "x" * 1000},
    "with a label that rings": {"caller": "a", "scopes": ["read"], "label": "\x07"},
    "that ended yesterday": {"caller": "a", "scopes": ["read"], "expires_seconds": -1},
    "that ends at no time": {"caller": "a", "scopes": ["read"], "expires_seconds": "NaN"},
    "with a secret of one's own": {"caller": "a", "scopes": ["read"], "key": NOBODYS},
}
DOOR: Mapping[str, tuple[str, Callable[[World], str]]] = {
    "none": ("UNAUTHENTICATED", lambda _: ""),
    "of nobody": ("UNAUTHENTICATED", lambda _: f"Bearer {NOBODYS}"),
    "as Basic": ("UNAUTHENTICATED", lambda world: f"Basic {_key(world, Scope.SUBMIT)}"),
    "that has expired": ("UNAUTHENTICATED", lambda world: f"Bearer {_key(world, Scope.SUBMIT, seconds=1e-9)}"),
    "that may only read": ("PERMISSION_DENIED", lambda world: f"Bearer {_key(world, Scope.READ)}"),
}
ROWS = [
    *(Row(f"key: {name}", "unauthenticated", act) for name, act in KEYS.items()),
    Row("session: one that ended", "unauthenticated", _left),
    Row("session: a token of one's own", "unauthenticated", lambda world: _get(world, ("cookie", f"{COOKIE}=1"))),
    *(Row(f"scope: {name}", "forbidden", act) for name, act in SCOPES.items()),
    *(
        Row(f"new key: {name}", "invalid_spec", _with({Scope.ADMIN}, "POST", "/v1/keys", body))
        for name, body in NEW_KEYS.items()
    ),
    Row("key: revoking one of nobody", "not_found", _with({Scope.ADMIN}, "DELETE", "/v1/keys/0123456789abcdef")),
    Row("key: revoking one of 1,000 letters", "invalid_call", _with({Scope.ADMIN}, "DELETE", f"/v1/keys/{'a' * 1000}")),
    *(Row(f"gRPC key: {name}", code, _door(key)) for name, (code, key) in DOOR.items()),
    Row("header: a name that was pointed at this machine", "forbidden",
        lambda world: world.http.get("/v1/jobs", headers={"host": "evil.example"})),
]  # fmt: skip
