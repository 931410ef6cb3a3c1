"""The borrower as a partner describes them. An unusable contact never costs the loan: it is left out, and said."""

import zoneinfo
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.phones import OF_FIRMS
from loans.intake.records import BorrowerRecord
from loans.intake.values import IDENTIFIER_LENGTH, NAME_LENGTH, REFERENCE_LENGTH, Fault, text_of

# A number without a leading + is read as one of the country whose currency the loan is in.
_REGIONS: Final = {"CNY": "CN", "HKD": "HK", "TWD": "TW", "GBP": "GB", "USD": "US"}
_TRADITIONAL: Final = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


@dataclass(frozen=True, slots=True)
class BorrowerFields:
    """What stands in the file, untouched."""

    external_id: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    locale: str = ""
    time_zone: str = ""


@dataclass(slots=True)
class Remarks:
    """What was left out of a record without refusing it. Says which field, never what stood in it."""

    said: list[str] = field(default_factory=list)

    def text(self, value: str, name: str, limit: int) -> str | None:
        """`value` if it can be kept, else None and a remark."""
        try:
            return text_of(value, name, limit)
        except Fault as fault:
            self.said.append(f"{fault.reason}: left out")
            return None

    def reference(self, value: str, name: str) -> str | None:
        """A payment's reference, if it can travel as an EndToEndId of ISO 20022."""
        return self.text(value, name, REFERENCE_LENGTH)

    def found(self, value: str, found: str | None, complaint: str) -> str | None:
        """`found`; where something was given and nothing found, the complaint is remarked."""
        if value.strip() and not found:
            self.said.append(f"{complaint}: left out")
        return found


def read_borrower(given: BorrowerFields, currency: str, remarks: Remarks) -> BorrowerRecord | None:
    """The borrower with contacts normalised. Without an own number there is none; what else was given is remarked."""
    external_id = remarks.text(given.external_id, "the borrower's number", IDENTIFIER_LENGTH)
    if not external_id:
        remarks.found(given.name + given.phone + given.email, None, "a borrower without a number")
        return None
    return BorrowerRecord(
        external_id=external_id,
        name=remarks.text(given.name, "the borrower's name", NAME_LENGTH) or "",
        phone=remarks.found(given.phone, *_phone(given.phone, currency)),
        email=remarks.found(given.email, _email(given.email), "the borrower's email is not a valid address"),
        locale=remarks.found(given.locale, _locale(given.locale), "the borrower's language is none of en, zh"),
        time_zone=remarks.found(given.time_zone, _zone(given.time_zone), "the borrower's time zone is not one of IANA"),
    )


def _phone(given: str, currency: str) -> tuple[str | None, str]:
    """The number in E.164, None where there is none of a person's; and what is wrong then. A hotline that a firm writes
    for want of a number takes no text message, and would make one person of all its borrowers.
    """
    try:
        number = phonenumbers.parse(given, _REGIONS.get(currency))
    except phonenumbers.NumberParseException:
        return None, _phone_complaint(currency)
    kind = phonenumbers.number_type(number)
    if kind in OF_FIRMS:
        return None, "the borrower's phone is a number at which firms are called"
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        return None, _phone_complaint(currency)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), ""


def _phone_complaint(currency: str) -> str:
    region = _REGIONS.get(currency)
    local = f"neither a number of {region} nor" if region else "not"
    return f"the borrower's phone is {local} one with + and country code"


def _email(given: str) -> str | None:
    address = given.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        return None
    return address if len(address) <= 254 else None


def _locale(given: str) -> str | None:
    tag = given.strip().lower().replace("_", "-")
    if tag == "en" or tag.startswith("en-"):
        return "en"
    if tag.startswith(_TRADITIONAL):
        return "zh-hant"
    return "zh-hans" if tag == "zh" or tag.startswith("zh-") else None


def _zone(given: str) -> str | None:
    return given.strip() if given.strip() in _zones() else None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
