"""The group of those who work at the desk, with exactly what their work needs."""

from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

AGENTS: Final = "Agents"

MAY: Final[dict[str, tuple[str, ...]]] = {
    "accounts": ("view_user", "view_contactpoint"),
    "loans": (
        "view_partner",
        "view_loan",
        "view_payment",
        "view_position",
        "view_report",
        "view_statementline",
        "change_statementline",
        "view_dispute",
        "change_dispute",
    ),
    "notifications": (
        "view_prompt",
        "view_delivery",
        "add_delivery",
        "view_receipt",
        "view_acknowledgement",
        "view_noticeevent",
        "view_preference",
        "view_agenttask",
        "change_agenttask",
    ),
}
"""By app. "change" of a line, dispute or task is to decide it, "add" of a delivery to send again: the record itself is
nobody's to edit. The raw bytes of a partner's report are not among them: they hold everybody's data unmasked."""


def make_agents_group(**_signal: Any) -> None:
    """Make the group, or bring its permissions to what this version needs; for whatever else, make another group.

    Runs after every migrate, when the permissions exist; a data migration would come before them.
    """
    wanted = Q(pk=None)
    for app, codenames in MAY.items():
        wanted |= Q(content_type__app_label=app, codename__in=codenames)
    group, _new = Group.objects.get_or_create(name=AGENTS)
    group.permissions.set(Permission.objects.filter(wanted))
