"""Invented facts to show a wording with, in each language: for the desk's page of wordings, and for tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from notifications.wording.facts import FactItem, Facts
from notifications.wording.filling import names_in_passage
from notifications.wording.source import Wording

TODAY: Final = date(2026, 11, 30)
LINK: Final = "https://pay.example.test/k/" + "AbCdEf012-_" * 5
LONGEST_LINK: Final = LINK.ljust(90, "x")
"""So much room a text message has to leave for it."""

_IN_LANGUAGE: Final[dict[str, dict[str, Any]]] = {
    "en": {
        "bank_name": "Harbour Bank",
        "platform_name": "Meimai Mall",
        "borrower_name": "Li Wei",
        "loan_label": "Phone plan ··0017",
        "how_to_pay": "Open the app.\nTap “Pay”.",
        "other_loan": "Fridge plan ··0042",
    },
    "zh-hans": {
        "bank_name": "港湾银行",
        "platform_name": "美买商城",
        "borrower_name": "李伟",
        "loan_label": "手机分期 ··0017",
        "how_to_pay": "打开应用，\n点“付款”。",
        "other_loan": "冰箱分期 ··0042",
    },
    "zh-hant": {
        "bank_name": "港灣銀行",
        "platform_name": "美買商城",
        "borrower_name": "李偉",
        "loan_label": "手機分期 ··0017",
        "how_to_pay": "開啟應用程式，\n按「付款」。",
        "other_loan": "冰箱分期 ··0042",
    },
}


class Case(StrEnum):
    """What a sample shows: one payment as planned, several due together, figures that the bank has changed, what is to
    be paid although it was said not to be any more, or in place of something else, a part that was paid, or was before
    the bank changed the figures, the last one, and one of which a part is on its way.
    """

    USUAL = "usual"
    SEVERAL = "several"
    CHANGED = "changed"
    BACK = "back"
    INSTEAD = "instead"
    PART = "part"
    CHANGED_IN_PART = "changed_in_part"
    PAID_OFF = "paid_off"
    ON_ITS_WAY = "on_its_way"


@dataclass(frozen=True, slots=True)
class Sample:
    """Facts for one wording. `stage` is what the prompt would have."""

    case: Case
    stage: int
    facts: Facts


def sample_facts(language: str = "en", **changes: Any) -> Facts:
    """All that any wording can ask for: a payment due in three days, and a dispute."""
    own = {name: value for name, value in _IN_LANGUAGE[language].items() if name != "other_loan"}
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
        "other_firm": own["bank_name"],
        "usual_lag_days": 2,
        "dispute_number": "D-2026-000123",
        "answer_by": date(2026, 12, 15),
        "decision": "partly",
        **own,
    }
    return Facts(**{**everything, **changes})


def samples_of(kind: str, section: str, wording: Wording) -> Iterator[Sample]:
    """A sample for each case that a wording speaks of, the usual first. `section` is its own: "3", "upheld" or ""."""
    stage = int(section) if section.isdecimal() else 0
    about = _at_stage(kind, section, stage)
    named = names_in_passage(wording.body)
    yield Sample(Case.USUAL, stage, sample_facts(wording.language, **about))
    for case, name, changes in _cases(wording.language):
        if name in named:
            yield Sample(case, stage, sample_facts(wording.language, **about, **changes))


def _at_stage(kind: str, section: str, stage: int) -> dict[str, Any]:
    """The due date as it lies when a prompt of this stage is told."""
    match kind:
        case "upcoming":
            return {"due_on": TODAY + timedelta(days=stage)}
        case "overdue":
            return {"due_on": TODAY - timedelta(days=stage)}
        case "prior_notice":
            return {"due_on": TODAY - timedelta(days=14), "report_on": TODAY + timedelta(days=10)}
        case "schedule_changed":
            return {"due_on": TODAY + timedelta(days=18)}
    return {"decision": section} if section and not section.isdecimal() else {}


def _cases(language: str) -> Iterator[tuple[Case, str, dict[str, Any]]]:
    """Each with the name by which a wording speaks of it, and what is otherwise in its facts."""
    before = {"previous_due_on": TODAY + timedelta(days=13)}
    yield Case.SEVERAL, "items", _several(language)
    yield Case.CHANGED, "previous_amount", {"previous_amount": Decimal("1499.00"), **before}
    part = {
        "previous_amount": Decimal("1499.00"),
        "part_paid": Decimal("600.00"),
        "amount": Decimal("1023.40"),
        **before,
    }
    yield Case.CHANGED_IN_PART, "part_paid", part
    yield Case.BACK, "withdrawn_amount", {"withdrawn_amount": Decimal("1499.00"), **before}
    yield Case.INSTEAD, "instead_amount", {"instead_amount": Decimal("1610.00")}
    yield Case.PART, "rest", {"rest": Decimal("476.60")}
    yield Case.ON_ITS_WAY, "on_way", {"on_way": Decimal("600.00")}
    yield Case.PAID_OFF, "paid_off", {"paid_off": _IN_LANGUAGE[language]["loan_label"]}


def _several(language: str) -> dict[str, Any]:
    one, other = Decimal("1523.400"), Decimal("480.00")
    labels = _IN_LANGUAGE[language]["loan_label"], _IN_LANGUAGE[language]["other_loan"]
    items = (FactItem(labels[0], one, "PR-2026-0017-12", 1), FactItem(labels[1], other, "PR-2026-0042-03", 2))
    return {"amount": one + other, "payment_reference": "", "items": items}
