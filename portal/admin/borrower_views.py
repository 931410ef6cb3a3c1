"""The page of a borrower at the desk: their one timeline, to be read, and of it one thing to be said."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from accounts.requests import SignedInRequest
from notifications.law_words import law_words
from notifications.saying_law import LawNotSaidError, say_law
from portal.admin.borrower_law import MAY_SAY, LawForm
from portal.admin.borrower_page import borrower_page
from portal.admin.read_only import ReadOnlyAdmin

CONFLICT: Final = 409


class BorrowerViews(ReadOnlyAdmin[User]):
    """GET shows the page, POST says whose law holds for the borrower."""

    def borrower_view(self, request: Any, borrower: User) -> HttpResponse:
        may_say = request.user.has_perm(MAY_SAY)
        if request.method in {"GET", "HEAD"}:
            return self._page(request, borrower, LawForm(borrower) if may_say else None)
        if not may_say:
            raise PermissionDenied
        return self._say_law(request, borrower)

    def _page(
        self, request: HttpRequest, borrower: User, law_form: LawForm | None, *, refusal: str = ""
    ) -> HttpResponse:
        page = borrower_page(borrower, request.GET, now=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": str(borrower),
            "opts": self.opts,
            "borrower": borrower,
            "may_resend": request.user.has_perm("notifications.add_delivery"),
            "law_form": law_form,
            "law_refusal": refusal,
            **page,
        }
        return TemplateResponse(request, "admin/desk/borrower.html", context, status=CONFLICT if refusal else 200)

    def _say_law(self, request: SignedInRequest, borrower: User) -> HttpResponse:
        """Of two at once the second is shown what the first said, with their own words to be sent once more."""
        form = LawForm(borrower, request.POST)
        if not form.is_valid():
            return self._page(request, borrower, form)
        said: dict[str, Any] = form.cleaned_data
        try:
            with transaction.atomic():
                law = say_law(borrower_id=borrower.pk, agent=request.user, now=timezone.now(), **said)
                self.log_change(request, borrower, f"Law: {law}.")
        except LawNotSaidError as obstacle:
            as_it_is = self.viewed(request, str(borrower.pk))
            form = LawForm(as_it_is, law=said["law"], reason=said["reason"])
            return self._page(request, as_it_is, form, refusal=str(obstacle))
        messages.success(request, gettext("On record. The law that holds from now on: %s.") % law_words(law))
        page = reverse("admin:accounts_user_change", args=[borrower.pk])
        return redirect(f"{page}#content-start")  # where the message is; without it browsers keep the form's own place
