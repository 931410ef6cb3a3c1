"""Who the person is and how they can be reached."""

from accounts.models.contact_point import ContactPoint
from accounts.models.user import User

__all__ = ["ContactPoint", "User"]
