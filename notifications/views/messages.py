"""The inbox, one message, and the button "I know"."""

from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.requests import SignedInRequest, own_path
from loans.models import Loan
from notifications.acknowledgement import NothingToAcknowledge, acknowledge, mark_seen
from notifications.history import entries
from notifications.models import Acknowledgement, Prompt
from notifications.stopped import stopped
from notifications.telling import read_telling

PAGE: Final = 20


@require_safe
@never_cache
def message_list(request: SignedInRequest) -> HttpResponse:
    """What I was told, the newest first; `?loan=` keeps to one loan."""
    loans = Loan.objects.of(request.user.pk).with_firms().order_by("pk")
    told = Prompt.objects.of(request.user.pk).in_inbox().with_subject()
    loan_id = request.GET.get("loan", "")
    chosen = get_object_or_404(loans, pk=int(loan_id)) if loan_id.isdecimal() and len(loan_id) < PAGE else None
    if chosen:
        told = told.about_loan(chosen.pk)
    page = Paginator(told, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "entries": entries(page.object_list),
        "loans": loans,
        "chosen": chosen,
        "stopped": stopped(request.user),
    }
    return render(request, "messages/list.html", context)


@require_safe
@never_cache
def message(request: SignedInRequest, prompt_id: int) -> HttpResponse:
    """One message as it was told, how it reached its reader, and the button. Opening it marks it as seen."""
    prompt = get_object_or_404(Prompt.objects.of(request.user.pk).with_subject(), pk=prompt_id)
    if prompt.told_with_id:
        return redirect("message", prompt.told_with_id)
    if request.method == "GET":
        mark_seen(prompt=prompt, now=timezone.now())
    entry = entries([prompt])[0]
    context = {"entry": entry, "prompt": prompt, "telling": read_telling(entry)}
    return render(request, "messages/message.html", context)


@require_POST
def acknowledge_message(request: SignedInRequest, prompt_id: int) -> HttpResponse:
    """ "I know", said while signed in. Said twice, the first one stands."""
    prompt = get_object_or_404(Prompt.objects.of(request.user.pk), pk=prompt_id)
    try:
        made = acknowledge(
            prompt_id=prompt.told_with_id or prompt.pk,
            method=Acknowledgement.Method.IN_APP,
            delivery_id=None,
            now=timezone.now(),
        )
    except NothingToAcknowledge:
        messages.info(request, gettext("This message needs no answer."))
        page = reverse("message", args=[prompt.pk])
        return HttpResponseClientRedirect(page) if request.htmx else redirect(page)
    if request.htmx:
        return render(request, "messages/acknowledged.html", {"acknowledgement": made, "fresh": True})
    messages.success(request, gettext("Thank you. We noted that you know."))
    return redirect(own_path(request, request.POST.get("next", "")) or reverse("message", args=[prompt.pk]))
