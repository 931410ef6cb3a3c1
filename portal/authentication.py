"""Who a session belongs to, read by a statement that stays planned: every page asks it."""

from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.db import DEFAULT_DB_ALIAS

from accounts.models import User
from portal.postgresql.base import ask

_COLUMNS: Final = [field.attname for field in User._meta.concrete_fields]
_FIND: Final = f"SELECT {', '.join(_COLUMNS)} FROM accounts_user WHERE id = %(id)s::bigint"  # noqa: S608 - our own names


class AuthenticationBackend(AllauthBackend):
    """allauth's, which finds people by email or phone; only the look-up of a signed-in person is another."""

    def get_user(self, user_id: Any) -> User | None:
        """None where there is no such person, or they are not to sign in any more."""
        row = ask(_FIND, {"id": user_id})
        if row is None:
            return None
        user: User = User.from_db(DEFAULT_DB_ALIAS, _COLUMNS, row)
        return user if self.user_can_authenticate(user) else None
