"""What can be asked of a job that is there: cancel, pause, resume, retry, reprioritise, tell its end again.

Every verb may be repeated. Each raises `NotFound` where the caller has no such job.
"""

from dataclasses import dataclass

from jobs.broker import Tickets
from jobs.errors import Conflict
from jobs.ledger.book import NO_BUDGET, Book
from jobs.ledger.views import EVERY_REFUSAL, JobView, Selection
from jobs.spec.model import Budget
from jobs.state import Lane, State


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """Control of the jobs of one ledger; thread-safe."""

    book: Book
    tickets: Tickets

    def cancel(self, job: str, *, caller: str) -> JobView:
        """No lease is given after this returns; a job that is over stays as it is."""
        return self.book.cancel(job, caller=caller)

    def pause(self, job: str, *, caller: str) -> JobView:
        """No lease is given until `resume`; what is being planned is paused as soon as it is.

        Raises:
            Conflict: it is over.

        """
        view = self.book.pause(job, caller=caller)
        return _in_a_state_for("paused", view, possible=view.held)

    def resume(self, job: str, *, caller: str, budget: Budget = NO_BUDGET) -> JobView:
        """Leases are given again, with the budgets that are named; no change where it is not paused.

        Raises:
            Conflict: it is over, or a budget is spent and was not raised.

        """
        view = self.book.resume(job, caller=caller, budget=budget)
        if view.state is State.PAUSED:
            raise Conflict(f"the job {job} stays paused: {view.reason}", remedy="Resume it with a higher budget.")
        return _in_a_state_for("resumed", view, possible=view.open == 0 or not view.state.terminal)

    def retry(self, job: str, *, caller: str, among: Selection = EVERY_REFUSAL) -> JobView:
        """Reopen the refused variants (`among` a selection) of a job that is over; no change where it is at work.

        Raises:
            Conflict: it is over, and holds nothing (of the selection) that could be tried again.

        """
        view = self.book.retry(job, caller=caller, among=among)
        self.tickets.light()
        return _in_a_state_for("tried again", view, possible=not view.state.terminal)

    def prioritise(self, job: str, lane: Lane, *, caller: str) -> JobView:
        """Move a job to another lane, within seconds; what is in work is finished where it is.

        Raises:
            Conflict: it is over.

        """
        view = self.book.prioritise(job, lane, caller=caller)
        return _in_a_state_for("moved", view, possible=not view.state.terminal)

    def resend_webhook(self, job: str, *, caller: str) -> JobView:
        """Tell the end of a job again, under the same id, with all tries anew.

        Raises:
            Conflict: it has no webhook, or is not over and written.

        """
        view = self.book.resend_webhook(job, caller=caller)
        self.tickets.light()
        return view


def _in_a_state_for(what: str, view: JobView, *, possible: bool) -> JobView:
    if not possible:
        message = f"the job {view.id} can't be {what}: it is {view.state}"
        raise Conflict(message, remedy="Look at its state first.")
    return view
