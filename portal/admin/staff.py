"""People who work at the desk: made, changed and let go by superusers alone."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.verification import keep_email_address
from notifications.agent_tasks import give_back
from portal.agents import AGENTS

if TYPE_CHECKING:
    _UserAdmin = admin.ModelAdmin[User]
    _UserForm = forms.ModelForm[User]
else:
    _UserAdmin = admin.ModelAdmin
    _UserForm = forms.ModelForm


class StaffForm(_UserForm):
    """No password: its owner sets it through “forgot your password?”, so that nobody else ever knows it."""

    email = forms.EmailField(label=_("email"), help_text=_("They set their password by “Forgot your password?”."))
    groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"), widget=forms.CheckboxSelectMultiple, required=False, label=_("groups")
    )

    class Meta:
        model = User
        fields = ("name", "email", "locale", "time_zone", "groups", "is_active")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class StaffMaking(_UserAdmin):
    """What a superuser may do to somebody at the desk; borrowers are left to their partners and themselves."""

    form = StaffForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return request.user.is_superuser and obj is not None and obj.is_staff

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"groups": Group.objects.filter(name=AGENTS)}

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if obj.email:
            keep_email_address(obj, obj.email)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Who may not work on tasks any more, having left or lost the group, has none."""
        super().save_related(request, form, formsets, change)
        agent = User.objects.get(pk=form.instance.pk)
        if not agent.has_perm("notifications.change_agenttask"):
            give_back(agent)
