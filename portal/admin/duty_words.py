"""Who has to send prompts, and what firms said of them, in the words of the desk."""

from typing import Final

from django.utils.translation import gettext

from loans.models import Loan
from loans.templatetags.loans import moment
from notifications.models import Duty, FirmTelling, Sender
from notifications.responsibility import Rules
from portal.admin.reasons import reason_words

RELATED: Final = ("responsible", "backup", "telling__partner")


def telling_words(telling: FirmTelling) -> str:
    """ "Harbour Bank: delivered, SMS, 3 Dec 09:00": the firm's word, never ours."""
    parts = (telling.get_proof_display(), telling.get_channel_display(), moment(telling.sent_at))
    return f"{telling.partner}: {', '.join(str(part) for part in parts)}"


def duty_words(duty: Duty) -> str:
    """Who has to send it, until when, and what was said of it. Read it with RELATED."""
    if duty.status == Duty.Status.MET and duty.telling and duty.telling.failed:
        return gettext("the firm says later that it reached nobody; the next stage tells (%s)") % telling_words(
            duty.telling
        )
    if duty.status == Duty.Status.MET and duty.telling:
        return gettext("told by the firm, as it says (%s)") % telling_words(duty.telling)
    if duty.status == Duty.Status.TAKEN_OVER:
        said = {"firm": duty.responsible, "why": reason_words(duty.why_late)}
        return gettext("%(firm)s had to send it; the portal took over: %(why)s") % said
    if duty.status == Duty.Status.VOID:
        return gettext("%s had to send it; not needed any more") % duty.responsible
    firm = duty.backup if duty.status == Duty.Status.PASSED_ON else duty.responsible
    return gettext("%(firm)s has to report it by %(moment)s") % {"firm": firm, "moment": moment(duty.due_at)}


def sender_words(rules: Rules, loan: Loan) -> str:
    """Who sends the prompts of `loan`, read with its firms: one name where both kinds have the same sender."""
    found = {kind: rules.of(loan, kind) for kind in ("upcoming", "overdue")}
    coming, overdue = (str(one.responsible if one else Sender.PORTAL.label) for one in found.values())
    if coming == overdue:
        return coming
    return gettext("%(one)s; of what is overdue %(other)s") % {"one": coming, "other": overdue}
