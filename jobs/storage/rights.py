"""Which URIs a caller may have read or told: one rule, asked by the door at submit and by the worker at each fetch.

The caller's own folder of the results and the caller's uploads, listed buckets, files below listed roots (links
followed, as reading follows them), hosts that the caller's grant lists. An address that is written out is judged here;
what a name resolves to only the guarded fetch can know.
"""

import os
from pathlib import Path

from jobs.address import may_be_fetched_from
from jobs.grants import Grants, host_in, object_in
from jobs.settings import Settings
from jobs.uris import FileUri, S3Uri, Uri, WebUri, caller_uri

Why = tuple[str, str]
"""Why not, and the remedy; two empty texts where it may."""
MAY: Why = ("", "")


class Rights:
    """Everybody's, from the settings and the grants file, read once."""

    def __init__(self, settings: Settings) -> None:
        """Raises InvalidSpec: the grants file is missing or wrong."""
        self._settings = settings
        self._grants = Grants.load(settings.grants_file)

    def why_never_read(self, uri: Uri, *, caller: str) -> Why:
        """Why this deployment reads no such init image for `caller`, and the remedy; two empty texts where it may."""
        if isinstance(uri, WebUri):
            return self._web(uri, self._grants.of(caller).hosts, "init images are not fetched from")
        if not isinstance(uri, S3Uri | FileUri) or str(uri).startswith(caller_uri(self._settings.output_uri, caller)):
            return MAY
        return self._object(uri, caller) if isinstance(uri, S3Uri) else self._file(uri, caller)

    def why_never_told(self, uri: WebUri, *, caller: str) -> Why:
        """The same for a webhook's receiver."""
        return self._web(uri, self._grants.of(caller).webhooks, "webhooks are not sent to")

    def _object(self, uri: S3Uri, caller: str) -> Why:
        granted = self._grants.of(caller).buckets
        if object_in(uri, self._settings.input_buckets if granted is None else granted):
            return MAY
        setting = "PENTIMENTO_INPUT_BUCKETS" if granted is None else "the caller's grant"
        remedy = f"Upload the picture, or have {uri.bucket} added to {setting}"
        return f"init images are not read from this place in the bucket {uri.bucket}", remedy

    def _file(self, uri: FileUri, caller: str) -> Why:
        granted = self._grants.of(caller).roots
        real = Path(os.path.realpath(uri.path))
        if _below(real, self._settings.input_roots) and (granted is None or _below(real, granted)):
            return MAY
        setting = "PENTIMENTO_INPUT_ROOTS" if granted is None else "the caller's grant"
        remedy = f"Upload the picture, or have its folder added to {setting}"
        return "this file does not lie below a folder that init images are read from", remedy

    def _web(self, uri: WebUri, hosts: tuple[str, ...], what: str) -> Why:
        if not host_in(uri.host, uri.port, hosts):
            return f"{what} the host {uri.host!r}", "Have the host added to the caller's grant"
        private = self._settings.fetch_private
        if not private and uri.port not in self._settings.fetch_ports:
            ports = ", ".join(map(str, self._settings.fetch_ports))
            return f"port {uri.port} of {uri.host!r} is not fetched from", f"Use one of {ports}"
        named = not uri.host.replace(".", "").isdigit() and ":" not in uri.host
        local = uri.host == "localhost" or uri.host.endswith(".localhost")
        if (local and not private) or (not named and not may_be_fetched_from(uri.host, private=private)):
            remedy = "Use a public address, or set PENTIMENTO_FETCH_PRIVATE on a machine of your own"
            return f"the host {uri.host!r} has an address that is not public", remedy
        return MAY


def _below(real: Path, roots: tuple[Path, ...]) -> bool:
    return any(real.is_relative_to(os.path.realpath(root)) for root in roots)
