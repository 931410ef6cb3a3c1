"""Phone numbers, as people write them and as we keep them."""

import re
from typing import Final

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DEFAULT_REGION: Final = "CN"
_MAINLAND: Final = 86
_MOBILE_DIGITS: Final = 11
"""Of a number of mainland China that begins with 13 to 19 (MIIT's numbering plan). A code sent to one that lacks a
digit reaches nobody, and a number without its area code may have as many digits as that.
"""
_SHORT: Final = re.compile(r"9[56][0-9]{3,6}")
"""Of mainland China: 95 for firms of the whole country, 96 for those of a province (MIIT's numbering plan)."""
OF_FIRMS: Final = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.UAN,
    }
)
"""The kinds of numbers at which firms are called."""


def normalize_phone(written: str, region: str = DEFAULT_REGION) -> str:
    """The number in E.164; one without a leading + is read as a number of `region` (ISO 3166).

    Asks only whether such a number can be: carriers open new ranges faster than any table of them learns.
    Raises ValidationError, which does not repeat the number.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException as error:
        raise _not_a_phone() from error
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or number.extension or _lacks_digits(number):
        raise _not_a_phone()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_landline(number: str) -> bool:
    """Whether this number in E.164 can be nothing else, by the plan of its country.

    False where mobiles have such numbers too, as in North America, and for what is no number.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE


def is_service_number(number: str) -> bool:
    """Whether this number in E.164 is one that firms are called at: free or at a shared cost, as 400 and 800 in China,
    or a short one such as 95588. No text message reaches it, and it is nobody's own.

    A short one that is written with a country code (+86 95588) is a number that can be, and of no kind that its plan
    knows. False for what is no number.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    if parsed.country_code == _MAINLAND and _SHORT.fullmatch(phonenumbers.national_significant_number(parsed)):
        return True
    return phonenumbers.number_type(parsed) in OF_FIRMS


def calling_code(number: str) -> str:
    """Of a number in E.164, or its first digits, the code of its country or network: "+86". Empty for what has none.

    No code begins with another one (ITU-T E.164), and none has more than three digits.
    """
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    digits = (number[1:end] for end in (2, 3, 4)) if number.startswith("+") else ()
    return next((f"+{code}" for code in digits if code.isascii() and code.isdigit() and int(code) in codes), "")


def _lacks_digits(number: phonenumbers.PhoneNumber) -> bool:
    written = phonenumbers.national_significant_number(number)
    is_mobile = number.country_code == _MAINLAND and "13" <= written[:2] <= "19"
    return is_mobile and len(written) != _MOBILE_DIGITS


def _not_a_phone() -> ValidationError:
    return ValidationError(
        _("This is not a whole phone number. Outside mainland China start with + and the country code."),
        code="invalid_phone",
    )
