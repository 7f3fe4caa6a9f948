"""Writes the marks beside the pictures, some seconds after they changed: what people chose must outlive Redis."""

from jobs.keys import marks_uri
from jobs.ledger.book import Book
from jobs.ledger.marks import Mark, every_marked, runs
from jobs.marksfile import MarksFile
from jobs.storage import Storage


def write_marks(job: str, book: Book, storage: Storage) -> None:
    """Store the job's `marks.json` as it should be now.

    Raises:
        NotFound: the job was pruned meanwhile.
        LedgerUnavailable, StorageUnavailable: the duty comes again.

    """
    view = book.describe(job)
    star, reject = (runs(every_marked(book, job, which)) for which in (Mark.STAR, Mark.REJECT))
    text = MarksFile(star=star, reject=reject).written()
    storage.write(marks_uri(view.results_uri), text, "application/json", if_absent=False)
