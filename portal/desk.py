"""The desk as a whole: who gets in, what it is called, and its first page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache


class DeskSite(AdminSite):
    """Django's admin. People sign in on the portal's own page; whoever does not work at the desk is refused.

    It stands outside `portal.admin`, whose modules register with it while they are imported.
    """

    site_header = _("Dueproof desk")
    site_title = _("Dueproof desk")
    index_title = _("What needs me now")
    site_url = None
    enable_nav_sidebar = False

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        guarded: Callable[..., HttpResponse] = secure_admin_login(super().login)  # type: ignore[no-untyped-call]
        return guarded(request, extra_context)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(_readable(view), cacheable)

    def get_urls(self) -> list[Any]:
        from portal.admin.wordings import wordings_view

        wordings = path("wordings/", self.admin_view(wordings_view(self)), name="wordings")
        return [wordings, *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from portal.admin.now import read_now

        return super().index(request, {**(extra_context or {}), "now": read_now(request, self)})


def _readable(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, which is not asked for what holds a character that no text of the database can: it would look for it
    there, which is a fault. What was typed to be found is read by a form, which says so itself.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        asked = [value for name, values in request.GET.lists() if name != SEARCH_VAR for value in values]
        if any("\0" in text for text in (request.path_info, *asked)):
            raise BadRequest("An address of the desk holds a character that no text can hold.")
        return view(request, *args, **kwargs)

    return answer
