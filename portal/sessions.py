"""Sessions in the database, as Django keeps them, read by a statement that stays planned: every page asks it."""

from typing import Any, Final

from django.contrib.sessions.backends import db
from django.utils import timezone

from portal.postgresql.base import ask

_LOAD: Final = """
SELECT session_data FROM django_session WHERE session_key = %(key)s::varchar AND expire_date > %(now)s::timestamptz
"""


class SessionStore(db.SessionStore):
    """A key that names no session, or one that has run out, gives an empty one without a key."""

    def load(self) -> dict[str, Any]:
        row = ask(_LOAD, {"key": self.session_key, "now": timezone.now()})
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row[0])
        return found
