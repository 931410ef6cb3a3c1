"""A partner's file brought to the desk by hand: the same intake as for every other, with what became of it in words."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.requests import SignedInRequest
from loans.intake.detached import MOST_BYTES
from loans.intake.reports import Outcome, receive_file
from loans.models import Partner, Report

MAY_UPLOAD: Final = "loans.upload_report"
LARGEST: Final = 5 * 1024 * 1024
"""About 6,000 payments, which take some seconds. A larger file would outlast the page that waits for it."""
LARGEST_FORM: Final = LARGEST + 1024 * 1024
"""A file that is somewhat too large is still read, and refused beside its field."""


class UploadForm(forms.Form):
    """The file, whose it is, and its signature where that partner signs."""

    partner = forms.ModelChoiceField(
        Partner.objects.order_by("kind", "name"), label=_("Partner"), help_text=_("Whose file it is.")
    )
    file = forms.FileField(label=_("File"), help_text=_("At most 5 MB; larger ones by the folder or the command."))
    signature = forms.FileField(
        label=_("Signature"), required=False, help_text=_("The file of the same name and .sig, if the partner signs.")
    )

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size and file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than 5 MB: use the folder or the command."))
        return file

    def clean_signature(self) -> bytes | None:
        signature = self.cleaned_data["signature"]
        return signature.read(MOST_BYTES) if signature else None


def upload(request: SignedInRequest, site: dict[str, Any], *, template: str) -> tuple[HttpResponse, Report | None]:
    """The page, or after a POST the way to the report's own; with the report that was taken in, if one was."""
    if not request.user.has_perm(MAY_UPLOAD):
        raise PermissionDenied
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return TemplateResponse(request, template, {**site, "form": form, "title": gettext("Upload a file")}), None
    file, partner = form.cleaned_data["file"], form.cleaned_data["partner"]
    outcome = receive_file(partner.code, None, file.name, file.file, signature=form.cleaned_data["signature"])
    _tell(request, outcome)
    report = Report.objects.defer("content").get(pk=outcome.report_id)
    return redirect("admin:loans_report_change", report.pk), report


def _tell(request: SignedInRequest, outcome: Outcome) -> None:
    if outcome.duplicate:
        messages.warning(request, gettext("This very file was received before; nothing was changed."))
        return
    done = outcome.applied + outcome.unchanged + outcome.unmatched
    if done:
        messages.success(request, ngettext("%d record was applied.", "%d records were applied.", done) % done)
    if outcome.waiting:
        waiting = ngettext("%d record waits for its loan.", "%d records wait for their loans.", outcome.waiting)
        messages.warning(request, waiting % outcome.waiting)
    if outcome.refused:
        refused = ngettext("%d refusal; see below.", "%d refusals; see below.", outcome.refused)
        messages.error(request, refused % outcome.refused)
