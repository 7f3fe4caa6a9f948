"""Uploads: init images that lie nowhere that a worker could read."""

from fastapi import APIRouter

from api.web.bodies import ImageBytes
from api.web.callers import Caller
from api.web.depends import TheDesk
from api.web.problems import documented
from api.web.shapes import UploadReceipt

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in ("application/octet-stream", "image/png", "image/jpeg", "image/webp")
        },
    }
}


@router.post(
    "",
    summary="Upload an init image",
    status_code=201,
    openapi_extra=_BODY,
    responses=documented(400, 403, 408, 413, 415, 422, 503),
)
def upload(data: ImageBytes, desk: TheDesk, caller: Caller) -> UploadReceipt:
    """Store the body, the bytes of a PNG, JPEG or WebP file; the answer's `uri` goes into a job spec."""
    kept = desk.upload(data, caller=caller)
    return UploadReceipt(uri=kept.uri, size=kept.size, sha256=kept.sha256)
