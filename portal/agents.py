"""The groups of those who work at the desk, each with exactly what its work needs."""

from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

AGENTS: Final = "Agents"
OPERATORS: Final = "Operators"

May = dict[str, tuple[str, ...]]
"""Permissions by app."""

MAY: Final[May] = {
    "accounts": ("view_user", "view_contactpoint"),
    "loans": (
        "view_partner",
        "view_loan",
        "view_payment",
        "view_position",
        "view_report",
        "view_statement",
        "view_event",
        "view_statementline",
        "change_statementline",
        "view_dispute",
        "change_dispute",
        "view_discrepancy",
        "change_discrepancy",
        "view_outage",
        "view_outagehold",
        "view_feed",
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
        "view_alarm",
        "change_alarm",
        "view_inboundtext",
        "view_responsibility",
        "view_duty",
        "view_sweep",
    ),
}
"""Of agents. "change" of a line, dispute, discrepancy, alarm or task is to decide it, "add" of a delivery to send
again: the record itself is nobody's to edit. The raw bytes of a partner's report are not among them: they hold
everybody's data unmasked."""

OPERATORS_MAY: Final[May] = {
    "accounts": ("view_user", "view_contactpoint", "say_law"),
    "loans": (
        "view_partner",
        "view_loan",
        "view_report",
        "upload_report",
        "view_statement",
        "view_endpoint",
        "change_endpoint",
        "view_outwarddelivery",
        "change_outwarddelivery",
        "view_partnerclient",
        "view_feed",
        "add_feed",
        "change_feed",
        "delete_feed",
        "view_outage",
        "add_outage",
        "change_outage",
        "view_outagehold",
    ),
    "notifications": (
        "view_prompt",
        "add_prompt",
        "view_delivery",
        "view_receipt",
        "view_noticeevent",
        "view_alarm",
        "view_callback",
        "view_inboundtext",
        "view_supplier",
        "view_refusedcalls",
        "view_halt",
        "add_halt",
        "change_halt",
        "view_leadplan",
        "add_leadplan",
        "change_leadplan",
        "delete_leadplan",
        "view_responsibility",
        "add_responsibility",
        "view_duty",
        "view_sweep",
    ),
}
"""Of operators: to see why nothing goes out, and to pull the levers. "change" of a halt is to lift it and of an outage
to end it, "add" of a prompt to give notice before an adverse report and of a responsibility to say who sends. Whose law
holds for a borrower is said here and not among agents: it may let them be told at more hours. Who also works on tasks
is in both groups."""
GROUPS: Final = {AGENTS: MAY, OPERATORS: OPERATORS_MAY}


def make_groups(**_signal: Any) -> None:
    """Make the groups, or bring their permissions to what this version needs; for whatever else, make another group.

    Runs after every migrate, when the permissions exist; a data migration would come before them.
    """
    for name, may in GROUPS.items():
        wanted = Q(pk=None)
        for app, codenames in may.items():
            wanted |= Q(content_type__app_label=app, codename__in=codenames)
        group, _new = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(wanted))
