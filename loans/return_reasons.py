"""Why a payment came back, in words. Source: ISO 20022 external code sets, ExternalReturnReason1Code and
ExternalStatusReason1Code: those that banks give for direct debits and credit transfers.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: Final[dict[str, Promise]] = {
    "AC01": _("the account number is wrong"),
    "AC03": _("the creditor's account number is wrong"),
    "AC04": _("the account is closed"),
    "AC06": _("the account is blocked"),
    "AC13": _("the account is of a kind that cannot be debited"),
    "AG01": _("payments of this kind are not allowed on the account"),
    "AG02": _("the code of the operation is wrong"),
    "AM01": _("the amount is zero"),
    "AM02": _("the amount is above what is allowed"),
    "AM03": _("the currency cannot be processed"),
    "AM04": _("there was not enough money on the account"),
    "AM05": _("the payment was sent twice"),
    "AM09": _("the amount is not the one that was agreed"),
    "BE04": _("the creditor's address is missing or wrong"),
    "BE05": _("the creditor is not known"),
    "CNOR": _("the creditor's bank is not registered"),
    "CUST": _("the customer asked for it"),
    "CUTA": _("it was cancelled upon request"),
    "DNOR": _("the debtor's bank is not registered"),
    "DT01": _("the date is wrong"),
    "DUPL": _("the payment was sent twice"),
    "FF01": _("the message has a wrong format"),
    "FOCR": _("it was taken back after a request to cancel"),
    "FR01": _("fraud is suspected"),
    "MD01": _("there is no mandate"),
    "MD02": _("details of the mandate are missing or wrong"),
    "MD06": _("the debtor asked for the money back"),
    "MD07": _("the account's holder has died"),
    "MS02": _("the debtor refused, without a reason"),
    "MS03": _("the bank gave no reason"),
    "NARR": _("the bank gives the reason as text"),
    "RC01": _("the bank's identifier is wrong"),
    "RR01": _("the debtor's account is missing, as the law asks for it"),
    "RR02": _("the debtor's name or address is missing, as the law asks for it"),
    "RR03": _("the creditor's name or address is missing, as the law asks for it"),
    "RR04": _("a rule of the law stands against it"),
    "SL01": _("the debtor's bank offers no such service to them"),
    "TECH": _("a technical fault"),
    "TM01": _("it came after the time limit"),
    "UPAY": _("the payment was not due"),
}


def reason_in_words(code: str) -> str:
    """ "AM04: there was not enough money on the account", in the active language; an unknown code as it is."""
    words = REASONS.get(code)
    return f"{code}: {words}" if words else code
