"""What people at the desk write for the record: it holds no phone number and no address."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.masking import addresses_in
from accounts.models import User
from accounts.zones import country_of_phone, country_of_zone


def without_addresses(words: str, borrower: User) -> str:
    """The words. Raises ValidationError where one is in them: whoever may read notes would read by them what the desk
    shows to one agent at a time, and on record.
    """
    region = country_of_phone(borrower.phone) or country_of_zone(borrower.time_zone)
    if found := addresses_in(words, region):
        refusal = _("A note holds no phone numbers or addresses. Please take out: %(found)s")
        raise ValidationError(refusal, params={"found": ", ".join(found)}, code="address")
    return words
