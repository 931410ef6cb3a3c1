"""What a superuser may change of a firm at the desk."""

import pytest
from django.urls import reverse

from loans.models import Loan, Partner
from loans.tests.factories import make_bank, make_loan
from portal.tests.desk import desk_of, make_superuser

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("firm", ["harbour", "lantern"])
def test_the_kind_of_a_firm_stays_once_it_has_loans(firm: str) -> None:
    make_loan()
    page = reverse("admin:loans_partner_change", args=[Partner.objects.get(code=firm).pk])
    assert 'name="kind"' not in desk_of(make_superuser()).get(page).content.decode()


def test_a_slip_in_the_kind_is_mended_before_there_are_loans() -> None:
    page = reverse("admin:loans_partner_change", args=[make_bank().pk])
    assert not Loan.objects.exists()
    assert 'name="kind"' in desk_of(make_superuser()).get(page).content.decode()
