"""What an agent fills in on a dispute."""

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from loans.forms import TokenField, WordsField
from loans.models import Dispute


class AnswerForm(forms.Form):
    """Words to the borrower; the clock goes on."""

    prefix = "answer"
    words = WordsField(
        label=_("Words to the borrower"), error_messages={"required": _("Write what the borrower is to read.")}
    )
    form_token = TokenField(required=False, initial=uuid4)


class DecisionForm(forms.Form):
    """The decision and its reasons, as the borrower reads them."""

    prefix = "decide"
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=Dispute.Decision.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a decision.")},
    )
    words = WordsField(label=_("Reasons"), error_messages={"required": _("Give the reasons: the borrower reads them.")})
