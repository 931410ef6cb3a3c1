"""Groups beside our own two: a superuser says in the desk's words what their people may do."""

from typing import TYPE_CHECKING, Any, Final

import django.contrib.auth.admin  # noqa: F401 - registers Group, which is taken off again below
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    _GroupAdmin = admin.ModelAdmin[Group]
    _ManyPermissions = forms.ModelMultipleChoiceField[Permission]
    _GroupForm = forms.ModelForm[Group]
else:
    _GroupAdmin, _GroupForm = admin.ModelAdmin, forms.ModelForm
    _ManyPermissions = forms.ModelMultipleChoiceField

_ACTS: Final = {
    "view": pgettext_lazy("permission", "see"),
    "add": pgettext_lazy("permission", "add"),
    "change": pgettext_lazy("permission", "change"),
    "delete": pgettext_lazy("permission", "delete"),
}


class PermissionsField(_ManyPermissions):
    """What may be done with what stands at the desk: "Reports: see"."""

    def label_from_instance(self, obj: Permission) -> str:
        model = obj.content_type.model_class()
        of = capfirst(str(model._meta.verbose_name_plural)) if model else obj.content_type.model
        act, _model, rest = obj.codename.partition("_")
        usual = rest == obj.content_type.model and act in _ACTS
        return f"{of}: {_ACTS[act] if usual else gettext(obj.name)}"


class GroupForm(_GroupForm):
    permissions = PermissionsField(
        Permission.objects.none(),
        required=False,
        label=_("may"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Agents and Operators have what their work needs at each upgrade; what else is wanted is a group."),
    )

    class Meta:
        model = Group
        fields = ("name", "permissions")
        labels = {"name": _("name of the group")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = ContentType.objects.get_for_models(*admin.site._registry, for_concrete_models=False).values()
        rows = Permission.objects.filter(content_type__in=list(shown)).select_related("content_type")
        self.fields["permissions"].queryset = rows.order_by("content_type__model", "codename")  # type: ignore[attr-defined]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(_GroupAdmin):
    """No deleting: whose group goes, loses what they may do without a word."""

    form = GroupForm
    list_display = ["name"]
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False
