"""The text beside an image, `boat.txt` for `boat.png`, as the value of a prompt or a variable."""

from jobs.spec.fields import FIELDS
from jobs.spec.model import FieldValue
from jobs.spec.problems import Problems
from jobs.spec.values import read_value


def sidecar_setting(problems: Problems, name: str, data: bytes) -> FieldValue | None:
    """The value that the bytes of a sidecar give `name`, None after a problem or where it is empty.

    In a prompt the text is meant as it stands: its braces are no variables.
    """
    try:
        text = " ".join(data.decode("utf-8-sig").split())
    except UnicodeDecodeError:
        problems.add((), "the text beside it is not UTF-8", remedy="Save it as UTF-8")
        return None
    if not text:
        return None
    if name in FIELDS:
        text = text.replace("{", "{{").replace("}", "}}")
    return read_value(problems, name, text, (name,))
