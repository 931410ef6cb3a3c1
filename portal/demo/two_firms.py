"""The steps in which the firms speak by events: they differ and agree, money goes back, one is silent, one fails."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from portal.demo.book import BANK, PLATFORM, PlannedLoan, book_day, write_book
from portal.demo.partners import Firm
from portal.demo.people import NOT_TOLD
from portal.demo.stage import Stage
from portal.demo.visitor import Page, UnexpectedPageError, Visitor

PERIOD: Final = 3
OUTAGE: Final = "INC-1"
FEED_ALARMS: Final = "/desk/notifications/alarm/?kind__exact=feed"
SILENT: Final = "Lantern Mall · pushed events"
"""As the list of alarms names it."""


def silence_is_heard(stage: Stage) -> str:
    stage.until(lambda: stage.agent().get(FEED_ALARMS).expect(SILENT))
    return "Lantern Mall has pushed nothing for longer than it may: an alarm is open"


def platform_sees_money(stage: Stage) -> str:
    borrower, firm = stage.signed_in(NOT_TOLD.email), Firm.at(stage, PLATFORM)
    started = time.monotonic()
    firm.push("payment.received", **_payment())
    stage.until(lambda: _state(borrower).expect("awaiting"))
    took = time.monotonic() - started
    lasting = _measured(stage)["lasting"]
    if not lasting:
        raise UnexpectedPageError("the two firms are not seen to differ")
    return f"the page says so {took:.1f} s after the push; {lasting} difference lasts"


def bank_agrees(stage: Stage) -> str:
    borrower = stage.signed_in(NOT_TOLD.email)
    before = _measured(stage)["ended"]
    Firm.at(stage, BANK).push("payment.settled", **_payment())
    stage.until(lambda: _without(_state(borrower), "awaiting"))
    measured = _measured(stage)
    if measured["ended"] <= before or measured["lasting"]:
        raise UnexpectedPageError(f"the firms still differ: {measured}")
    return f"{measured['ended']} differences ended, the longest after {measured['max']} s, within the goal"


def money_goes_back(stage: Stage) -> str:
    borrower = stage.signed_in(NOT_TOLD.email)
    Firm.at(stage, BANK).push("payment.returned", **_payment(), reason="AM04")
    stage.until(lambda: _state(borrower).expect("Overdue"))
    told = stage.until(lambda: [m for m in stage.messages("email", NOT_TOLD) if "was returned" in m["text"]])
    return f"owed again, and “{told[-1]['subject']}”"


def silence_ends(stage: Stage) -> str:
    stage.until(lambda: _without(stage.agent().get(FEED_ALARMS), SILENT))
    return "the alarm has closed"


def bank_declares_outage(stage: Stage) -> str:
    borrower = stage.signed_in(NOT_TOLD.email)
    begun = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    Firm.at(stage, BANK).push("outage.declared", outage=OUTAGE, starts_at=begun, reason="Payments were not taken.")
    stage.until(lambda: _without(_state(borrower), "Overdue").expect("Paying may not work just now"))
    told = stage.until(lambda: [m for m in stage.messages("email", NOT_TOLD) if "may not go through" in m["text"]])
    return f"not late any more, and “{told[-1]['subject']}”"


def outage_is_listed(stage: Stage) -> str:
    Firm.at(stage, BANK).push("outage.ended", outage=OUTAGE, ended_at=datetime.now(UTC).isoformat())
    stage.agent().get("/desk/loans/outagehold/").expect(_loan().external_id)
    return "ended by the bank; whom it touched is still listed on the desk"


# What several steps need ---------------------------------------------------------------------------------------------


def _loan() -> PlannedLoan:
    return write_book(book_day()).loan_of(NOT_TOLD)


def _payment() -> dict[str, Any]:
    loan = _loan()
    return {
        "loan": loan.external_id,
        "currency": "CNY",
        "payment": loan.payment_id(PERIOD),
        "amount": str(loan.total),
        "paid_on": timezone.localdate().isoformat(),
        "installment": PERIOD,
    }


def _state(borrower: Visitor) -> Page:
    """The part of the borrower's first page that renews itself."""
    return borrower.get("/?part=state")


def _without(page: Page, words: str) -> Page:
    if words in page.text:
        raise UnexpectedPageError(f"{page.url} still says “{words}”")
    return page


def _measured(stage: Stage) -> dict[str, Any]:
    """How long the bank takes to follow the platform, as `manage.py consistency` tells it."""
    pairs: list[dict[str, Any]] = json.loads(stage.run("consistency", "--json"))
    found = [pair for pair in pairs if pair["follower"] == "Harbour Bank"]
    if not found:
        raise UnexpectedPageError("nobody has measured how long the bank takes")
    return found[0]
