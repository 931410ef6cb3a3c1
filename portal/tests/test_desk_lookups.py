"""A list of the desk must not be asked, letter by letter, for what it masks."""

import pytest

from accounts.tests.factories import make_borrower
from portal.tests.desk import desk_of, make_desk_agent

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
