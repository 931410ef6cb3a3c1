"""Whom a borrower calls is said by one rule, wherever it is said."""

from datetime import timedelta

import pytest
from django.urls import reverse

from loans.tests.factories import make_bank, make_installment, make_platform
from notifications.tests.cases import make_case
from notifications.tests.factories import TODAY
from notifications.tests.packs import files_of, read
from portal.tests.people import sign_in

BANK, PLATFORM = "+86 400 111 0001", "+86 400 222 0002"


@pytest.mark.django_db
@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("platform", "called", "other"),
    [(PLATFORM, PLATFORM, BANK), ("", BANK, PLATFORM)],
    ids=["the platform that sold the loan", "the bank where the platform has no number"],
)
def test_message_page_and_pack_name_one_number(platform: str, called: str, other: str) -> None:
    make_bank(phone=BANK)
    make_platform(phone=platform)
    case = make_case()
    make_installment(case.loan, due_on=TODAY - timedelta(days=2))
    page = sign_in(case.borrower).get(reverse("home")).content.decode()
    [packed] = [one for one in read(files_of(case), "deliveries.json") if one["channel"] == "email"]
    for place in (case.messages["email"].text, page, packed["message"]["text"]):
        assert called in place
        assert other not in place
