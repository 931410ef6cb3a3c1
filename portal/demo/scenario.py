"""The demonstration's story, told step by step against the running product."""

import time
from collections.abc import Callable
from typing import Final

from portal.demo import firms_send, partners, stories, two_firms
from portal.demo.stage import Stage
from portal.demo.visitor import UnexpectedPageError

Step = Callable[[Stage], str]

STEPS: Final[tuple[tuple[str, Step], ...]] = (
    ("The book came in through the intake", stories.book_is_in),
    ("The same file again changes nothing", stories.same_file_again),
    ("Told: an SMS was sent and delivered", stories.told_by_sms),
    ("Told: the link shows amount and date, and opening it acknowledges nothing", stories.link_only_shows),
    ("Told: unanswered, the prompt went out by email too", stories.told_by_email_too),
    ("Told: the borrower says “I know” and it is on record", stories.borrower_acknowledges),
    ("A device: a notice was shown on it, and its button says “I know”", stories.told_on_a_device),
    ("Dead phone: the SMS failed and the prompt moved to email", stories.dead_phone_moves_to_email),
    ("Dead phone: the desk shows what became of it", stories.desk_shows_dead_phone),
    ("Paid, not yet booked: the page says so and no overdue prompt goes out", stories.paid_awaits_bank),
    ("Paid: the bank's camt.054 arrives, the page turns to settled", stories.bank_books_payment),
    ("Paid: the borrower gets a confirmation", stories.payment_is_confirmed),
    ("Unreachable on every channel: an agent task before the due date", stories.unreachable_goes_to_agent),
    ("“Nobody told me”: the borrower opens a dispute", stories.borrower_disputes),
    ("“Nobody told me”: the desk shows it beside the record, an agent decides", stories.agent_decides),
    ("“Nobody told me”: the borrower is told the decision", stories.decision_is_told),
    ("A silent feed: the desk hears that the platform has pushed nothing", two_firms.silence_is_heard),
    ("Status lag: the platform has the money, the bank does not say so yet", two_firms.platform_sees_money),
    ("Status lag: the bank books it, and the two agree", two_firms.bank_agrees),
    ("A returned payment: it is owed again, and its payer is told", two_firms.money_goes_back),
    ("A silent feed: the platform has spoken again", two_firms.silence_ends),
    ("An outage that the bank declares: what fell due in it is not late", two_firms.bank_declares_outage),
    ("An outage: when it is over, whom it touched is listed", two_firms.outage_is_listed),
    ("A bank and a platform try the interface: bin/partner-check", partners.interface_is_checked),
    ("Responsibility: the bank has to send, reports that it did, and the portal keeps still", firms_send.bank_reports),
    ("Responsibility: where the bank keeps silent the portal sends", firms_send.portal_takes_over),
    ("A stranger sees nothing of it", stories.stranger_sees_nothing),
    ("A broken file is refused with its reason", stories.broken_file_is_refused),
    ("Replayed: all reports, shuffled, give the state that is on record", stories.reports_give_the_state),
)


def play(stage: Stage, say: Callable[[str], object]) -> tuple[int, int]:
    """Play every step in order, one line each as it ends; returns how many passed and how many failed."""
    passed = 0
    for title, step in STEPS:
        started = time.monotonic()
        try:
            found, mark = step(stage), "ok  "
            passed += 1
        except (UnexpectedPageError, OSError, LookupError, ValueError) as error:
            found, mark = f"{type(error).__name__}: {error}", "FAIL"
        say(f"{mark} {time.monotonic() - started:5.1f} s  {title}: {found}\n")
    return passed, len(STEPS) - passed
