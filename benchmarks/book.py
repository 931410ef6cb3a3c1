"""The book: borrowers, how they can be reached, their loans and schedules, made by a few statements at any size."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.servers import ZONE
from benchmarks.tables import empty, execute, loading, settle
from loans.models import Partner

DUE_IN: Final = 3
"""Days until the next installment of every loan: the second stage."""
PERIOD: Final = 30

TABLES: Final = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment")

_PEOPLE: Final = """
INSERT INTO accounts_user (id, password, is_superuser, name, email, phone, phone_verified, locale, time_zone, is_staff,
                           is_active, date_joined)
SELECT one, '!', false, '测试 Borrower ' || one, 'b' || one || '@example.test',
       '+86139' || lpad(one::text, 8, '0'), false, (ARRAY['zh-hans', 'zh-hant', 'en'])[1 + one %% 3], %(zone)s, false,
       true, %(now)s
FROM generate_series(1, %(people)s) AS one
"""
_CONTACTS: Final = """
INSERT INTO accounts_contactpoint (kind, address, source, named_by, unreachable_reason, created_at, user_id)
SELECT way.kind, CASE way.kind WHEN 'phone' THEN person.phone ELSE person.email END, 'partner',
       ARRAY[%(bank)s, %(platform)s]::bigint[], '', %(now)s, person.id
FROM accounts_user AS person CROSS JOIN unnest(%(ways)s::text[]) AS way (kind)
"""
_LOANS: Final = """
INSERT INTO loans_loan (id, external_id, product, currency, principal, disbursed_on, schedule_version, created_at,
                        borrower_id, bank_id, platform_id)
SELECT one, 'HB-' || 20260000 + one, (ARRAY['手机分期', '家电分期', 'Phone plan'])[1 + one %% 3], 'CNY', 1200,
       %(today)s, 1, %(now)s, 1 + (one - 1) %% %(people)s, %(bank)s, %(platform)s
FROM generate_series(1, %(loans)s) AS one
"""
# The past periods are settled, the next one is due in `due_in` days, the others follow it.
_INSTALLMENTS: Final = """
INSERT INTO loans_installment (number, due_on, principal, interest, fees, penalties, total, waived, paid, outstanding,
                               state, settled_on, version, payment_reference, loan_id)
SELECT period, due.due_on, 100, 3.5, 0, 0, 103.5, 0, CASE WHEN due.past THEN 103.5 ELSE 0 END,
       CASE WHEN due.past THEN 0 ELSE 103.5 END, CASE WHEN due.past THEN 'settled' ELSE 'open' END,
       CASE WHEN due.past THEN due.due_on END, 1, loan.external_id || '-' || period, loan.id
FROM generate_series(1, %(periods)s) AS period
CROSS JOIN LATERAL (SELECT %(today)s::date + %(due_in)s + %(days)s * (period - 1 - %(past)s) AS due_on,
                           period <= %(past)s AS past) AS due
CROSS JOIN loans_loan AS loan
"""


def make_book(
    people: int,
    *,
    now: datetime,
    ways: tuple[str, ...] = ("email",),
    loans: int | None = None,
    past: int = 0,
    future: int = 0,
) -> int:
    """Make the book anew: `people` borrowers who share `loans` (by default one each); returns what is due soon.

    `ways` are the kinds of contact point that each of them has; `past` and `future` the periods of each loan beside
    the one that is due.
    """
    empty(*TABLES)
    bank, platform = _partners()
    facts = {
        "people": people,
        "loans": loans or people,
        "now": now,
        "today": today_of(now),
        "zone": ZONE,
        "ways": list(ways),
        "bank": bank,
        "platform": platform,
        "past": past,
        "periods": past + 1 + future,
        "due_in": DUE_IN,
        "days": PERIOD,
    }
    with loading(TABLES):
        for statement in (_PEOPLE, _CONTACTS, _LOANS, _INSTALLMENTS):
            execute(statement, facts)
    settle(*TABLES)
    return loans or people


def today_of(now: datetime) -> date:
    return now.astimezone(ZoneInfo(ZONE)).date()


def _partners() -> tuple[int, int]:
    words = {"phone": "400-820-0017", "how_to_pay": "打开手机银行，选择“还款”，输入还款编号。"}
    bank, _ = Partner.objects.get_or_create(
        code="harbour", defaults={"kind": Partner.Kind.BANK, "name": "Harbour Bank", **words}
    )
    platform, _ = Partner.objects.get_or_create(
        code="lantern", defaults={"kind": Partner.Kind.PLATFORM, "name": "Lantern Mall", **words}
    )
    return bank.pk, platform.pk
