"""A list of the desk must not be asked, letter by letter, for what it masks."""

import pytest
from django.contrib import admin

from accounts.tests.factories import make_borrower
from portal.tests.desk import desk_of, make_desk_agent, make_superuser, make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "accounts/user/?password__startswith=pbkdf2",
        "accounts/user/?phone__startswith=%2B86",
        "accounts/user/?email__startswith=b",
        "accounts/contactpoint/?address__startswith=b",
        "notifications/receipt/?raw__contains=x",
        "notifications/delivery/?address__startswith=b",
        "loans/statementline/?remittance__startswith=b",
        "notifications/delivery/?prompt__borrower__phone__startswith=%2B86",
        "notifications/delivery/?status__startswith=d",
        "notifications/agenttask/?note__contains=x",
        "accounts/user/?who__startswith=x",
    ],
)
def test_a_list_is_not_filtered_by_what_it_hides(address: str) -> None:
    make_borrower()
    answer = desk_of(make_desk_agent()).get(f"/desk/{address}")
    assert answer.status_code in {400, 403} or "e=1" in answer.headers.get("Location", "")


def test_a_list_is_filtered_by_whom_its_rows_belong_to() -> None:
    borrower = make_borrower()
    answer = desk_of(make_desk_agent()).get(f"/desk/notifications/agenttask/?borrower__id__exact={borrower.pk}")
    assert answer.status_code == 200


def test_every_filter_that_a_list_shows_leads_to_a_list() -> None:
    make_world()
    page = desk_of(make_superuser())
    for model, shown in admin.site._registry.items():
        address = f"/desk/{model._meta.app_label}/{model._meta.model_name}/"
        listed = page.get(address).context["cl"]
        for spec in listed.filter_specs:
            for choice in spec.choices(listed):
                answer = page.get(address + choice["query_string"])
                assert answer.status_code == 200, (shown, choice["query_string"])


@pytest.mark.parametrize(
    "address",
    [
        "notifications/prompt/?status__exact=%00",
        "notifications/callback/?provider=%00",
        "loans/statementline/?standing=a%00",
        "loans/outwarddelivery/?standing=%00",
        "notifications/sweep/plan%00/change/",
        "notifications/sweep/plan%00/history/",
    ],
)
def test_a_character_that_no_text_can_hold_is_refused_and_asked_of_no_table(address: str) -> None:
    assert desk_of(make_superuser()).get(f"/desk/{address}").status_code == 400
