"""What a page of one reader is made of, as a short word: while that is the same, so is the page."""

from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.middleware.csrf import get_token
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language

from accounts.models import User
from accounts.requests import SignedInRequest

_PURPOSE = "portal.pages.stamp"


def stamp_of(request: SignedInRequest, rows: str, today: date) -> str:
    """The stamp of the page that this request asks for, made of `rows` on the reader's day `today`."""
    if "CSRF_COOKIE" not in request.META:
        get_token(request)  # the page's forms will need it, and this is the one that they get
    secret, session_key = request.META["CSRF_COOKIE"], request.session.session_key or ""
    return write_stamp(request.user, session_key, secret, get_language() or "", rows, today)


def write_stamp(user: User, session_key: str, secret: str, language: str, rows: str, today: date) -> str:
    """32 digits that say nothing and cannot be guessed; `secret` is that of the page's forms.

    They are of this reader in this session, of their language and zone, and of these templates: a page that was kept
    matches nobody else's, and none from before a sign-in, a new day or a new release.
    """
    parts = (
        str(user.pk),
        session_key,
        secret,
        language,
        user.time_zone,
        str(user.is_staff),
        today.isoformat(),
        _release(),
        rows,
    )
    return salted_hmac(_PURPOSE, "\0".join(parts), algorithm="sha256").hexdigest()[:32]


@cache
def _release() -> str:
    """A digest of templates, translations and the names of static files."""
    digest = sha256(str(getattr(staticfiles_storage, "manifest_hash", "")).encode())
    folders = [Path(folder) for folder in (settings.BASE_DIR / "templates", *settings.LOCALE_PATHS)]
    for path in sorted(one for folder in folders for one in folder.rglob("*") if one.suffix in {".html", ".mo"}):
        digest.update(path.read_bytes())
    return digest.hexdigest()
