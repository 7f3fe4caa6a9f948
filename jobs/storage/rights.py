"""Which URIs a caller's init images may be read from: one rule, asked by the door at submit and by the worker at fetch.

The caller's own folder of the results and the caller's uploads, listed buckets, files below listed roots (links
followed, as reading follows them). Whether an address on the web may be fetched only the guarded fetch can know.
"""

import os
from pathlib import Path

from jobs.settings import Settings
from jobs.uris import FileUri, S3Uri, Uri, caller_uri


def why_never_read(uri: Uri, *, caller: str, settings: Settings) -> tuple[str, str]:
    """Why this deployment reads no such URI for `caller`, and the remedy; two empty texts where it may."""
    if not isinstance(uri, S3Uri | FileUri) or str(uri).startswith(caller_uri(settings.output_uri, caller)):
        return "", ""
    if isinstance(uri, S3Uri):
        if {"*", uri.bucket} & set(settings.input_buckets):
            return "", ""
        remedy = f"Upload the picture, or have {uri.bucket} added to PENTIMENTO_INPUT_BUCKETS"
        return f"init images are not read from the bucket {uri.bucket}", remedy
    real = Path(os.path.realpath(uri.path))
    if any(real.is_relative_to(os.path.realpath(root)) for root in settings.input_roots):
        return "", ""
    remedy = "Upload the picture, or have its folder added to PENTIMENTO_INPUT_ROOTS"
    return "this file does not lie below a folder that init images are read from", remedy
