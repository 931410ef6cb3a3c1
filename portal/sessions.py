"""Sessions in the database, as Django keeps them, read by a statement that stays planned: every page asks it."""

from typing import Any, Final

from django.contrib.sessions.backends import db
from django.utils import timezone

from portal.postgresql.base import ask
from portal.reading_ahead import read_ahead

LOAD: Final = """
SELECT session_data FROM django_session WHERE session_key = %(key)s::varchar AND expire_date > %(now)s::timestamptz
"""


class SessionStore(db.SessionStore):
    """A key that names no session, or one that has run out, gives an empty one without a key."""

    def load(self) -> dict[str, Any]:
        data = self._read()
        if data is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(data)
        return found

    def _read(self) -> str | None:
        ahead = read_ahead()
        if ahead and ahead.session_key == self.session_key:
            return ahead.session
        row = ask(LOAD, {"key": self.session_key, "now": timezone.now()})
        return str(row[0]) if row else None
