"""Whether what somebody wrote holds a phone number or an email address."""

import pytest

from accounts.masking import addresses_in


@pytest.mark.parametrize(
    ("text", "region", "found"),
    [
        ("called +86 139 0027 7027 and b27@example.test", "CN", ["b27@example.test", "+86 139 0027 7027"]),
        ("called +86 139 0027 7027", "US", ["+86 139 0027 7027"]),
        ("打了13900277027没人接", "CN", ["13900277027"]),
        ("打了13900277027没人接", "HK", ["13900277027"]),
        ("139-0027-7027, then (010) 6512 3456", "CN", ["139-0027-7027", "(010) 6512 3456"]),
        ("0086 139 0027 7027", "CN", ["0086 139 0027 7027"]),
        ("2612 3456", "HK", ["2612 3456"]),
        ("2612 3456", "CN", []),
        ("(415) 555-2671", "US", ["(415) 555-2671"]),
        ("+86 139 0027 7027, 13900277027, +86 139 0027 7027", "CN", ["+86 139 0027 7027", "13900277027"]),
    ],
)
def test_it_is_found_however_people_write_it(text: str, region: str, found: list[str]) -> None:
    assert addresses_in(text, region) == found


@pytest.mark.parametrize("region", ["CN", "HK", "US"])
@pytest.mark.parametrize(
    "text",
    [
        "Called on 2026-11-25 at 14:30, again 15:05, told at 25.11.2026 14:30:15 and on 11/25/2026.",
        "2026年11月25日14时30分拨打, 20261125",
        "Paid 1,250.00 and 10000000 CNY of 12,345,678.00.",
        "Loan HB-2026-000123-7, receipt 4200002345202611251234567890, order DP-1234-5678-9012, task 1234567.",
        "ID 110101199003071234, card 6222 0212 3456 7890 123; the bank's hotline is 95588.",
        "Loans HB-13900277027 and HB-4155552671.",
        "Told to call 400-810-1234, 400 810 1234, 4008101234 or 800-810-1234.",
        "被告知拨打4008101234或95588, 也可以 +86 95588, +86 400 810 1234",
        "They call the bank at +1 800 555 1234.",
        "The number ends in 7027; mail to them @ work.",
    ],
)
def test_days_sums_and_references_are_none(text: str, region: str) -> None:
    assert addresses_in(text, region) == []
