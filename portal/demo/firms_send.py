"""The steps in which the bank has to send prompts itself: once it reports that it did, once it keeps silent."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from portal.demo.book import BANK, BANK_SENDS, book_day
from portal.demo.partners import Firm
from portal.demo.people import Person
from portal.demo.stage import Stage
from portal.demo.visitor import UnexpectedPageError

BY_THE_BANK: Final = Person(91, "何静", "+8613800108891", "he.jing@example.test")
LEFT_ALONE: Final = Person(92, "罗洋", "+8613800108892", "luo.yang@example.test")
DUE_IN: Final = timedelta(days=3)
DUTIES: Final = "/desk/notifications/duty/"


def bank_reports(stage: Stage) -> str:
    bank = Firm.at(stage, BANK)
    for person in (BY_THE_BANK, LEFT_ALONE):
        bank.push("loan.opened", **_loan(person))
    sent_at = datetime.now(UTC).isoformat()
    said = {"kind": "upcoming", "stage": DUE_IN.days, "channel": "sms", "sent_at": sent_at, "proof": "delivered"}
    bank.push("prompt.sent", loan=_number(BY_THE_BANK), installment=1, **said)
    stage.until(lambda: stage.agent().get(f"{DUTIES}?q={_number(BY_THE_BANK)}").expect("told by a firm"))
    return "on record as told by Harbour Bank, as it says"


def portal_takes_over(stage: Stage) -> str:
    """The one that was left alone has its message later than the other would have had one."""
    sms = stage.until(lambda: stage.messages("sms", LEFT_ALONE))
    stage.until(lambda: stage.agent().get(f"{DUTIES}?q={_number(LEFT_ALONE)}").expect("taken over by the portal"))
    doubled = [*stage.messages("sms", BY_THE_BANK), *stage.messages("email", BY_THE_BANK)]
    if doubled:
        raise UnexpectedPageError("the portal sent a prompt that the bank had told")
    return f"“{sms[0]['text'][:24]}…” by the portal; nothing to the borrower whom the bank told"


def _number(person: Person) -> str:
    return f"HB-{20260900 + person.number}"


def _loan(person: Person) -> dict[str, Any]:
    borrower = {"id": f"C-{person.number:04d}", "name": person.name, "phone": person.phone, "email": person.email}
    period = {"number": 1, "principal": "300.00", "total": "300.00", "outstanding": "300.00"}
    return {
        "loan": _number(person),
        "currency": "CNY",
        "principal": "300.00",
        "product": BANK_SENDS,
        "borrower": {**borrower, "locale": person.locale},
        "schedule": [{**period, "due_on": (book_day() + DUE_IN).isoformat()}],
    }
