"""Who a session belongs to, read by a statement that stays planned: every page asks it."""

from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.db import DEFAULT_DB_ALIAS

from accounts.models import User
from portal.postgresql.base import ask
from portal.reading_ahead import read_ahead

_COLUMNS: Final = [field.attname for field in User._meta.concrete_fields]
FIND: Final = f"SELECT {', '.join(_COLUMNS)} FROM accounts_user WHERE id = %(person)s::bigint"  # noqa: S608 - our own names


def person_in(row: tuple[Any, ...]) -> User:
    """The person whose columns these are, as `FIND` gives them."""
    user: User = User.from_db(DEFAULT_DB_ALIAS, _COLUMNS, row)
    return user


class AuthenticationBackend(AllauthBackend):
    """allauth's, which finds people by email or phone; only the look-up of a signed-in person is another."""

    def get_user(self, user_id: Any) -> User | None:
        """None where there is no such person, or they are not to sign in any more."""
        ahead = read_ahead()
        row = ahead.person if ahead and ahead.person_id == user_id else ask(FIND, {"person": user_id})
        if row is None:
            return None
        user = person_in(row)
        return user if self.user_can_authenticate(user) else None
