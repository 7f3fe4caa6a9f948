"""Job ids that sort by time and are safe in a key, a URL and a shell: ULIDs in lower case, 26 characters."""

import re

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_JOB_ID = re.compile(r"[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}")


def new_job_id(now_ms: int, random_bytes: bytes) -> str:
    """48 bits of Unix milliseconds and 80 random bits in Crockford's base32.

    Raises:
        ValueError: a time outside 0 … 2⁴⁸ − 1, or other than 10 random bytes.

    """
    if not 0 <= now_ms < 1 << 48:
        raise ValueError(f"now_ms is {now_ms}, not a Unix time in milliseconds")
    if len(random_bytes) != 10:
        raise ValueError(f"an id needs 10 random bytes, not {len(random_bytes)}")
    number = (now_ms << 80) | int.from_bytes(random_bytes, "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_job_id(text: str) -> bool:
    """Whether `text` could have come from `new_job_id`."""
    return _JOB_ID.fullmatch(text) is not None
