"""A borrower's own disputes: list, open, follow, add to. What is not theirs is not there (404)."""

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import SignedInRequest
from loans.dispute_standing import dispute_standing
from loans.disputes import (
    MAX_UNDECIDED_A_LOAN,
    AlreadyDecidedError,
    TooManyDisputesError,
    TooManyFilesError,
    add_message,
    answer_due_on,
    open_dispute,
)
from loans.files import MAX_FILE_BYTES, MAX_FILES
from loans.forms import MAX_WORDS, DisputeForm, MessageForm
from loans.models import Dispute, DisputeFile, DisputeMessage, Installment, Loan
from loans.uploads import bound_upload, upload_of

# Not `never_cache`: who comes back to a half-written form would find it empty.
asked_again = cache_control(private=True, no_cache=True)
LIMITS = {"max_files": MAX_FILES, "max_megabytes": MAX_FILE_BYTES // 1024**2, "max_words": MAX_WORDS}


@require_safe
@never_cache
def dispute_list(request: SignedInRequest) -> HttpResponse:
    """All of one's disputes: the undecided first, by what is decided next."""
    today = timezone.localdate()
    own = Dispute.objects.of(request.user.pk).select_related("installment", "loan__bank", "loan__platform")
    undecided = own.undecided().order_by("answer_due_on", "pk")
    decided = own.filter(status=Dispute.Status.DECIDED).order_by("-decided_at", "-pk")
    groups = [[(dispute, dispute_standing(dispute, today)) for dispute in group] for group in (undecided, decided)]
    return render(request, "disputes/list.html", {"undecided": groups[0], "decided": groups[1]})


@bound_upload
@require_http_methods(["GET", "HEAD", "POST"])
@asked_again
def dispute_open(request: SignedInRequest) -> HttpResponse:
    """Say that something is wrong with ?installment= or ?loan=; without either, choose a loan first."""
    concern = _concern(request)
    if concern is None:
        return _choose_loan(request)
    loan, installment = concern
    form = DisputeForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        upload=upload_of(request),
        loan=loan,
        installment=installment,
        initial={"about": request.GET.get("about", ""), "kind": request.GET.get("kind", "")},
    )
    if form.is_valid():
        try:
            return redirect("dispute", _open(request, loan, installment, form).pk)
        except TooManyDisputesError:
            words = _("Not more than %(most_open)s can be open for one loan. Add what you want to say to one of them.")
            form.add_error(None, words % {"most_open": MAX_UNDECIDED_A_LOAN})
    facts = {"form": form, "loan": loan, "installment": installment, "decided_by": answer_due_on(timezone.localdate())}
    return render(request, "disputes/open.html", {**LIMITS, **facts, **_open_already(loan, installment)})


@bound_upload
@require_http_methods(["GET", "HEAD", "POST"])
@asked_again
def dispute_page(request: SignedInRequest, dispute_id: int) -> HttpResponse:
    """Where one dispute stands, all that was said, and while it is undecided a form to add to it."""
    dispute = get_object_or_404(
        Dispute.objects.of(request.user.pk).select_related("installment__loan", "loan__bank", "loan__platform"),
        pk=dispute_id,
    )
    if request.method != "POST":
        return _show(request, dispute, MessageForm(upload=None))
    form = MessageForm(request.POST, request.FILES, upload=upload_of(request))
    if form.is_valid():
        try:
            message = _add(request, dispute, form)
        except AlreadyDecidedError:
            dispute.refresh_from_db()
        except TooManyFilesError:
            form.add_error("files", _("There is no room for more files here. Say in words what they show."))
        else:
            messages.success(request, _("Added. It is our turn now."))
            return redirect(f"{reverse('dispute', args=[dispute.pk])}#message-{message.pk}")
    return _show(request, dispute, form)


def _open(request: SignedInRequest, loan: Loan, installment: Installment | None, form: DisputeForm) -> Dispute:
    data = form.cleaned_data
    return open_dispute(
        borrower=request.user,
        loan=loan,
        installment=installment or data["installment"],
        kind=data["kind"],
        words=data["words"],
        files=data["files"],
        about=data["about"],
        now=timezone.now(),
        form_token=data["form_token"],
    )


def _open_already(loan: Loan, installment: Installment | None) -> dict[str, Any]:
    """The undecided ones about the same thing; all of the loan where there is no room for one more."""
    undecided = list(loan.disputes.undecided())
    full = len(undecided) >= MAX_UNDECIDED_A_LOAN
    same = [dispute for dispute in undecided if dispute.installment_id == (installment and installment.pk)]
    return {"full": full, "most_open": MAX_UNDECIDED_A_LOAN, "open_already": undecided if full else same}


def _add(request: SignedInRequest, dispute: Dispute, form: MessageForm) -> DisputeMessage:
    return add_message(
        dispute=dispute,
        borrower=request.user,
        words=form.cleaned_data["words"],
        files=form.cleaned_data["files"],
        now=timezone.now(),
        form_token=form.cleaned_data["form_token"],
    )


def _show(request: SignedInRequest, dispute: Dispute, form: MessageForm) -> HttpResponse:
    files = Prefetch("files", DisputeFile.objects.defer("content"))
    facts = {
        "dispute": dispute,
        "standing": dispute_standing(dispute, timezone.localdate()),
        "thread": list(dispute.messages.prefetch_related(files)),
        "form": form,
    }
    return render(request, "disputes/dispute.html", {**LIMITS, **facts})


def _concern(request: SignedInRequest) -> tuple[Loan, Installment | None] | None:
    if "installment" in request.GET:
        installments = Installment.objects.of(request.user.pk).select_related("loan__bank", "loan__platform")
        installment = get_object_or_404(installments, pk=_number(request.GET["installment"]))
        return installment.loan, installment
    if "loan" in request.GET:
        loans = Loan.objects.of(request.user.pk).select_related("bank", "platform")
        return get_object_or_404(loans, pk=_number(request.GET["loan"])), None
    return None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise Http404
    return int(text)


def _choose_loan(request: SignedInRequest) -> HttpResponse:
    loans = list(Loan.objects.of(request.user.pk).select_related("bank", "platform").order_by("-pk"))
    if len(loans) == 1:
        query = request.GET.copy()
        query["loan"] = str(loans[0].pk)
        return redirect(f"{reverse('dispute_open')}?{query.urlencode()}")
    return render(request, "disputes/choose.html", {"loans": loans})
