"""What happened in a case, line by line in plain words, in the active language."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from django.utils.translation import get_language, gettext

from accounts.masking import mask_text
from accounts.models.contact_point import masked
from loans.money import format_money
from notifications.evidence.case import Case
from notifications.evidence.payments import steps_of
from notifications.law_words import change_words
from notifications.models import Delivery, FirmTelling, NoticeEvent, Prompt
from notifications.named import named
from notifications.timing import at_local

_CHANNELS = dict(FirmTelling.Channel.choices) | dict(Delivery.Channel.choices)
_PROOFS = dict(FirmTelling.Proof.choices)


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One thing that happened at one moment, aware. `source` says where in the pack it is written down."""

    at: datetime
    source: str
    words: str


def lines_of(case: Case) -> list[Line]:
    """The lines of a case, the oldest first; of one moment the events come last, for they are what came of it."""
    lines = [*_due_dates(case), *_positions(case), *_payments(case), *_disputes(case), *_receipts(case), *_events(case)]
    return sorted(lines, key=lambda line: line.at)


def _events(case: Case) -> Iterator[Line]:
    prompts = {prompt.pk: prompt for prompt in case.prompts}
    deliveries = {delivery.pk: delivery for delivery in case.deliveries}
    words_of_firms: set[tuple[object, ...]] = set()
    for event in case.events:
        prompt, delivery = prompts.get(event.prompt_id or 0), deliveries.get(event.delivery_id or 0)
        words = [
            event.get_kind_display(),
            _what(prompt) if prompt else "",
            _way(event, delivery),
            *_left_out(case, delivery),
            *(_seen(case, event) if event.kind == NoticeEvent.Kind.ACKNOWLEDGED else ()),
            *_firm(case, event),
            *_counts(event, words_of_firms),
            *([change_words(event.data)] if event.kind == NoticeEvent.Kind.LAW else ()),
            *(mask_text(str(event.data[key]), case.known) for key in ("reason", "why") if event.data.get(key)),
        ]
        yield Line(event.at, f"events.jsonl {event.pk}", " · ".join(filter(None, words)))


def _what(prompt: Prompt) -> str:
    return gettext("no longer to be paid") if prompt.says_withdrawn else prompt.get_kind_display()


def _way(event: NoticeEvent, delivery: Delivery | None) -> str:
    channel = str(_CHANNELS.get(delivery.channel if delivery else event.data.get("channel", ""), ""))
    return f"{channel} {masked(delivery.address)}" if delivery and delivery.address else channel


def _left_out(case: Case, delivery: Delivery | None) -> Iterator[str]:
    """A message for several may have gone out when what the case is about was paid or held."""
    ids = {installment.pk for installment in case.installments}
    if delivery and (told := named(delivery)) and not told.keys() & ids:
        yield gettext("it named other installments only")


def _firm(case: Case, event: NoticeEvent) -> Iterator[str]:
    """The firm that told or had to, and how far it says that this came."""
    code = event.data.get("firm", event.data.get("responsible"))
    names = {firm.code: firm.name for firm in (case.loan.bank, case.loan.platform) if firm}
    if code and event.kind == NoticeEvent.Kind.PLANNED:
        yield gettext("%s has to send it") % names.get(code, code)
    elif code:
        proof = str(_PROOFS.get(event.data.get("proof", ""), ""))
        yield ": ".join(filter(None, [names.get(code, code), proof]))


def _counts(event: NoticeEvent, before: set[tuple[object, ...]]) -> Iterator[str]:
    """A firm's word that came before its prompt was planned is on record twice: when it was kept, and when it counted.

    `before` are the words that did not count until then; the next one that does not is added.
    """
    if event.kind != NoticeEvent.Kind.FIRM_TOLD:
        return
    said = tuple(event.data.get(name) for name in ("firm", "report", "event"))
    if not event.data.get("counts"):
        before.add(said)
        yield gettext("on record as their word: it did not count then")
    elif said in before:
        yield gettext("the same word as before: it counts now")


def _seen(case: Case, event: NoticeEvent) -> Iterator[str]:
    """The figures that the borrower said that they know."""
    for known in case.acknowledgements:
        if known.prompt_id == event.prompt_id:
            yield _money(case, known.amount)
            yield known.due_on.isoformat()


def _receipts(case: Case) -> Iterator[Line]:
    for receipt in case.receipts:
        words = gettext("%(provider)s reports: %(word)s") % {
            "provider": receipt.provider,
            "word": receipt.get_kind_display(),
        }
        details = mask_text(receipt.reason or receipt.provider_word, case.known)
        yield Line(receipt.received_at, f"receipts.json {receipt.pk}", " · ".join(filter(None, [words, details])))


def _payments(case: Case) -> Iterator[Line]:
    for step in steps_of(case):
        yield Line(step.at, f"payments.json {step.payment_id}", step.words)


def _positions(case: Case) -> Iterator[Line]:
    for installment in case.installments:
        for position in installment.positions.all():
            words = gettext("%(firm)s says of installment %(number)d: %(status)s, paid %(money)s") % {
                "firm": position.partner.name,
                "number": installment.number,
                "status": position.get_status_display(),
                "money": _money(case, position.paid),
            }
            yield Line(position.as_of, "positions.json", words)


def _disputes(case: Case) -> Iterator[Line]:
    for dispute in case.disputes:
        number, source = dispute.receipt_number, "case.json"
        kind = dispute.get_kind_display()
        words = gettext("Dispute %(number)s opened: %(kind)s") % {"number": number, "kind": kind}
        yield Line(dispute.opened_at, source, words)
        if dispute.decided_at:
            decision = dispute.get_decision_display()
            words = gettext("Dispute %(number)s decided: %(decision)s") % {"number": number, "decision": decision}
            yield Line(dispute.decided_at, source, words)


def _due_dates(case: Case) -> Iterator[Line]:
    """The borrower's own day begins at midnight in their zone."""
    for installment in case.installments:
        words = gettext("Installment %(number)d is due today: %(money)s") % {
            "number": installment.number,
            "money": _money(case, installment.total),
        }
        yield Line(at_local(installment.due_on, time(), case.borrower.zone), "positions.json", words)


def _money(case: Case, amount: Decimal) -> str:
    return format_money(amount, case.loan.currency, get_language() or "en")
