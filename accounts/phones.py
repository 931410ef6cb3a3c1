"""Phone numbers, as people write them and as we keep them."""

from typing import Final

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DEFAULT_REGION: Final = "CN"


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
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or number.extension:
        raise _not_a_phone()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _not_a_phone() -> ValidationError:
    return ValidationError(
        _("This is not a whole phone number. Outside mainland China start with + and the country code."),
        code="invalid_phone",
    )
