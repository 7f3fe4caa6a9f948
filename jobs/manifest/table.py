"""Tables of images: which format a URI promises, and its text."""

from jobs.manifest.refusal import refuse
from jobs.manifest.rows_text import RowsFormat


def table_format(uri: str) -> RowsFormat:
    """By the end of its name: CSV, else JSONL."""
    return "csv" if uri.lower().partition("?")[0].endswith((".csv", ".tsv")) else "jsonl"


def decoded_table(data: bytes, source: str) -> str:
    """The text of a table.

    Raises:
        InvalidSpec: not UTF-8; the line of the first wrong byte is told.

    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = wrong.object[: wrong.start].count(b"\n") + 1
        refuse(source, "the table is not UTF-8", remedy="Save it as UTF-8", line=line)
