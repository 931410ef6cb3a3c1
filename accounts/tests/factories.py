"""People for tests."""

from itertools import count
from typing import Any

from accounts.models import ContactPoint, User

_numbers = count(101)  # the sandbox takes phones that end in 0000 to 0016 as faults


def make_borrower(*, phone: bool = True, email: bool = True, **fields: Any) -> User:
    """A borrower with the given ways to be reached, in Shanghai and in English unless `fields` say otherwise."""
    number = next(_numbers)
    fields.setdefault("name", f"Li Borrower {number}")
    fields.setdefault("locale", "en")
    user = User.objects.create_user(
        email=f"borrower{number}@example.test" if email else None,
        phone=f"+86138{number:08d}" if phone else None,
        **fields,
    )
    for kind, address in ((ContactPoint.Kind.PHONE, user.phone), (ContactPoint.Kind.EMAIL, user.email)):
        if address:
            ContactPoint.objects.create(user=user, kind=kind, address=address, source=ContactPoint.Source.PARTNER)
    return user


def make_agent(**fields: Any) -> User:
    """Someone who works at the desk."""
    return User.objects.create_user(f"agent{next(_numbers)}@example.test", name="Agent", is_staff=True, **fields)
