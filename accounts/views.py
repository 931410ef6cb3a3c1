"""allauth's views where they would fail silently or loudly, the language switch, and signing in again."""

import time
from typing import Any

from allauth.account import views
from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePhoneForm
from allauth.account.internal.flows.phone_verification import PHONE_VERIFICATION_SESSION_KEY
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.utils import passthrough_next_redirect_url
from allauth.core import ratelimit
from allauth.core.exceptions import RateLimited
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language as set_language_cookie

from accounts.models import User
from accounts.requests import own_path


class ConfirmCodeView(views.ConfirmLoginCodeView):
    """Says when a code has run out, and sends another to a known number as to an unknown one: that is, silently."""

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        was_waiting = LOGIN_SESSION_KEY in request.session
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        if was_waiting and getattr(self, "_process", None) is None and not request.user.is_authenticated:
            messages.warning(request, gettext("That code has run out. Ask for a new one."))
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self._action == "verify" and not _may_try_a_code(request, self._process.state["phone"]):
            return _too_many_codes(request)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response

    def _resend_form_valid(self, form: forms.Form) -> HttpResponse:
        """allauth's own knows no limit by number, fails for unknown ones, and ends the new code with the old one."""
        process, phone = self._process, self._process.state["phone"]
        if not ratelimit.consume(self.request, action="request_login_code", key=phone):
            messages.error(self.request, get_adapter().error_messages["rate_limited"])
        else:
            process.state["at"] = time.time()
            self._send_again(process, phone)
            messages.info(self.request, gettext("A new code is on its way. The one before no longer works."))
        return redirect(passthrough_next_redirect_url(self.request, self.request.path, REDIRECT_FIELD_NAME))

    def _send_again(self, process: Any, phone: str) -> None:
        if process.user:
            process.resend()
        else:
            get_adapter().send_unknown_account_sms(phone)
            process.record_resend()
            process.persist()


def verify_phone(request: HttpRequest) -> HttpResponseBase:
    """allauth's, for a changed number. It takes a form that it cannot resend for a try, so every form counts as one."""
    waiting = request.session.get(PHONE_VERIFICATION_SESSION_KEY)
    if waiting and not _may_try_a_code(request, waiting["phone"]):
        return _too_many_codes(request)
    response: HttpResponseBase = views.verify_phone(request)
    return response


def _may_try_a_code(request: HttpRequest, phone: str) -> bool:
    """allauth counts tries in the session, which many requests at once all read before the first one writes."""
    return bool(ratelimit.consume(request, action="confirm_code", key=phone))


def _too_many_codes(request: HttpRequest) -> HttpResponse:
    messages.error(request, get_adapter().error_messages["too_many_codes"])
    return redirect(passthrough_next_redirect_url(request, request.path, REDIRECT_FIELD_NAME))


class ChangePhoneView(views.ChangePhoneView):
    """Says when a number was asked for too often, where allauth lets the exception out."""

    def form_valid(self, form: ChangePhoneForm) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except RateLimited:
            form.add_error("phone", get_adapter().error_messages["rate_limited"])
            return self.form_invalid(form)
        return response


class ChangeEmailView(views.EmailView):
    """Says when a link was mailed too recently to mail another."""

    def _action_send(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        response: HttpResponse | None = super()._action_send(request, *args, **kwargs)
        if not self._did_send_verification_email:
            messages.error(request, gettext("We mailed a link a moment ago. Please wait three minutes for another."))
        return response


@require_safe
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Asks to sign out and in again, and so to prove who is there, before `next` is shown."""
    target = own_path(request, request.GET.get("next", "")) or resolve_url(settings.LOGIN_REDIRECT_URL)
    sign_in = f"{reverse('account_login')}?{urlencode({'next': target})}"
    return render(request, "account/sign_in_again.html", {"sign_in": sign_in, "target": target})


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch to `language`: for this browser, and in the profile of a person who is signed in."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(locale=language)
    response: HttpResponse = set_language_cookie(request)
    return response


def sign_out(request: HttpRequest) -> HttpResponseBase:
    """allauth's. The browser forgets the pages that it kept, so that "back" shows nobody's loans on a shared device."""
    response: HttpResponseBase = views.logout(request)
    if not request.user.is_authenticated:
        response.headers["Clear-Site-Data"] = '"cache"'
    return response
