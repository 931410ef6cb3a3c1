"""The page of one loan: where does it stand?"""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.requests import SignedInRequest
from loans.models import Loan
from portal.pages.ledger import read_ledger
from portal.pages.live import live_page


@require_safe
@never_cache
def loan(request: SignedInRequest, loan_id: int) -> HttpResponse:
    """One's own loan, which renews itself; anyone else's is not there (404)."""
    found = get_object_or_404(Loan.objects.of(request.user.pk).with_firms().with_next_due(), pk=loan_id)
    today = timezone.localdate()
    ledger = read_ledger(request.user, found, today=today, now=timezone.now())
    return live_page(request, "loan", {"ledger": ledger, "loan": found, "today": today})
