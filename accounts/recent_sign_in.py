"""Asks who is there again before sign-in data changes.

allauth's own check passes everybody who has no password, which is most borrowers: a phone left on a table would be
enough to take an account over. Nor does it keep a posted password out of the session.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from accounts.models import User

View = Callable[..., HttpResponseBase]


def recent_sign_in_required(view: View) -> View:
    """A view that sends a person on to sign in again unless they did so within ACCOUNT_REAUTHENTICATION_TIMEOUT.

    What it shows, a number or an address, no browser keeps.
    """

    @wraps(view)
    @never_cache
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User) or signed_in_recently(request, request.user):
            return view(request, *args, **kwargs)
        way = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
        return redirect(f"{way}?{urlencode({'next': request.path})}")

    return asked


def signed_in_recently(request: HttpRequest, user: User) -> bool:
    """Whether this session's last proof (password, code, emailed link) is younger than the limit, in seconds."""
    records = get_authentication_records(request, user)
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
