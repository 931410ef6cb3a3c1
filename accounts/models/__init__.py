"""Who the person is, how they can be reached, and what they agreed to."""

from accounts.models.consent import Consent
from accounts.models.contact_point import ContactPoint
from accounts.models.user import Jurisdiction, User

__all__ = ["Consent", "ContactPoint", "Jurisdiction", "User"]
