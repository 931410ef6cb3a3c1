"""The facts that a message was filled with, in the words of the desk."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: Final[dict[str, Promise]] = {
    "language": _("language"),
    "today": _("day of sending"),
    "bank_name": _("bank"),
    "platform_name": _("platform"),
    "borrower_name": _("borrower"),
    "support_phone": _("phone for borrowers"),
    "portal_url": _("address of the portal"),
    "loan_label": _("loan"),
    "amount": _("amount"),
    "currency": _("currency"),
    "due_on": _("due"),
    "how_to_pay": _("how to pay"),
    "payment_reference": _("payment reference"),
    "paid_on": _("paid on"),
    "other_firm": _("who has yet to confirm it"),
    "usual_lag_days": _("usual days until it does"),
    "dispute_number": _("receipt number"),
    "answer_by": _("decision by"),
    "decision": _("decision"),
    "items": _("payments named"),
    "previous_amount": _("amount told before"),
    "previous_due_on": _("due date told before"),
    "report_on": _("first day of a report"),
    "rest": _("still to be paid"),
    "on_way": _("of this on its way to the bank"),
    "part_paid": _("paid already beside this"),
    "paid_then": _("paid beside each installment at the time"),
    "paid_off": _("loan that is paid in full"),
    "withdrawn_amount": _("amount that was withdrawn"),
    "instead_amount": _("amount in its place"),
    "stops": _("how to stop messages was said"),
}


def named_facts(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Stored facts by what they are called; what an older version has stored keeps its own name."""
    return {str(NAMES.get(name, name)): value for name, value in (facts or {}).items()}
