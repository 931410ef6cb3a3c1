"""Facts as a borrower may be told them, in each language."""

from datetime import date
from decimal import Decimal
from typing import Any

from notifications.wording.facts import Facts

TODAY = date(2026, 11, 30)
LINK = "https://pay.example.test/k/" + "AbCdEf012-_" * 5
LONGEST_LINK = LINK.ljust(90, "x")

_IN_LANGUAGE: dict[str, dict[str, Any]] = {
    "en": {
        "bank_name": "Harbour Bank",
        "platform_name": "Meimai Mall",
        "borrower_name": "Li Wei",
        "loan_label": "Phone plan ··0017",
        "how_to_pay": "Open the app.\nTap “Pay”.",
    },
    "zh-hans": {
        "bank_name": "港湾银行",
        "platform_name": "美买商城",
        "borrower_name": "李伟",
        "loan_label": "手机分期 ··0017",
        "how_to_pay": "打开应用，\n点“付款”。",
    },
    "zh-hant": {
        "bank_name": "港灣銀行",
        "platform_name": "美買商城",
        "borrower_name": "李偉",
        "loan_label": "手機分期 ··0017",
        "how_to_pay": "開啟應用程式，\n按「付款」。",
    },
}


def sample_facts(language: str = "en", **changes: Any) -> Facts:
    """All that any wording can ask for: a payment due in three days, and a dispute."""
    everything: dict[str, Any] = {
        "language": language,
        "today": TODAY,
        "support_phone": "+86 400 000 0000",
        "portal_url": "https://pay.example.test",
        "amount": Decimal("1523.400"),
        "currency": "CNY",
        "due_on": date(2026, 12, 3),
        "payment_reference": "PR-2026-0017-12",
        "paid_on": date(2026, 11, 29),
        "other_firm": _IN_LANGUAGE[language]["bank_name"],
        "usual_lag_days": 2,
        "dispute_number": "D-2026-000123",
        "answer_by": date(2026, 12, 15),
        "decision": "partly",
        **_IN_LANGUAGE[language],
    }
    return Facts(**{**everything, **changes})
