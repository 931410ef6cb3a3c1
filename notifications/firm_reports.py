"""Takes up `prompt.sent`: keeps a firm's word, lets it count where the firm has to send, and says what became of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from django.db import connection
from django.db.models.expressions import RawSQL
from django.utils import timezone

from loans.intake.events.handlers import Notice, takes_up
from loans.intake.news import Kept, News, RefusedError
from loans.models import Installment, Partner
from notifications import early_words, firm_words
from notifications.early_words import Stages
from notifications.events import Fact, record_all
from notifications.firm_words import Effect
from notifications.models import FirmTelling, Prompt
from notifications.responsibility import Rules
from notifications.slots import Plan

Data = Mapping[str, Any]
Answer = News | Kept | RefusedError

NOT_RESPONSIBLE: Final = Kept("another than you sends this prompt; yours is on record beside it", "not_responsible")
TOO_LATE: Final = Kept(
    "the portal has begun to send this prompt, or it was over before, or it is the portal's to send by now", "too_late"
)
NOT_NEEDED: Final = Kept("the period is not open any more, so nothing is to be told", "not_needed")
ANOTHER_PROMPT: Final = Kept("the prompt that it names is not of this period, kind and stage", "another_prompt")
EARLY: Final = "counts once the prompt is planned"
FAILED_EARLY: Final = "on record; once the prompt is planned you have your time for it"
NOT_ENOUGH: Final = "sent, but not known to have arrived: unless that is reported in time, the portal sends, too"

# In the order of the unique key, so that two who keep the same words wait for each other and do not deadlock.
_KEEP: Final = """
INSERT INTO notifications_firmtelling (installment_id, partner_id, kind, stage, channel, proof, sent_at, said_at,
                                       named_prompt, heard_at, report_id, event_id)
SELECT said.installment_id, %(partner)s, said.kind, said.stage, said.channel, said.proof, said.sent_at, said.said_at,
       said.prompt, %(now)s, said.report_id, said.event_id
FROM unnest(%(installments)s::bigint[], %(kinds)s::text[], %(stages)s::int[], %(channels)s::text[], %(proofs)s::text[],
            %(sent)s::timestamptz[], %(said)s::timestamptz[], %(prompts)s::bigint[],
            %(reports)s::bigint[], %(events)s::text[])
     AS said (installment_id, kind, stage, channel, proof, sent_at, said_at, prompt, report_id, event_id)
ORDER BY said.installment_id, said.kind, said.stage, said.channel, said.proof, said.sent_at, said.prompt
ON CONFLICT DO NOTHING
RETURNING id, installment_id
"""

# Each pair by itself: the periods of many loans times all numbers that are named among them would be whole schedules.
_NAMED: Final = """
SELECT installment.id
FROM unnest(%s::text[], %s::int[]) AS named (loan, number)
JOIN loans_partner AS bank ON bank.kind = 'bank'
JOIN loans_loan AS loan ON loan.bank_id = bank.id AND loan.external_id = named.loan
JOIN loans_installment AS installment ON installment.loan_id = loan.id AND installment.number = named.number
"""


@takes_up("prompt.sent")
def take(notices: Sequence[Notice]) -> list[Answer]:
    """Each names another loan. The number of statements does not depend on how many there are."""
    partner = notices[0][0].report.partner
    now = max(event.report.received_at for event, _record in notices)
    periods = _periods(partner, notices)
    firm_words.await_planned()
    kept = _keep(partner, [(notice, periods[_named(notice)]) for notice in notices if _named(notice) in periods], now)
    effects = firm_words.hear(list(kept.values()), now=now)
    unheard = [pk for pk in kept.values() if effects.get(pk) in {None, Effect.TOO_LATE, Effect.KNOWN}]
    record_all((_fact(telling) for telling in _tellings(unheard)), at=now)
    ahead_of = {row.pk: row for row in periods.values() if row.pk in kept and kept[row.pk] not in effects}
    ahead = _Ahead.of([*ahead_of.values()], timezone.now())
    return [_answer(notice, partner, periods.get(_named(notice)), kept, effects, ahead) for notice in notices]


def _named(notice: Notice) -> tuple[str, int, str]:
    """Loan, period and the loan's bank, empty where the event names none."""
    data = notice[1].data
    return data["loan"], data["installment"], data.get("bank", "")


def _periods(partner: Partner, notices: Sequence[Notice]) -> dict[tuple[str, int, str], Installment]:
    """The installments that are named, and no others of their loans, of this partner, as they are named."""
    loans, numbers, _banks = zip(*map(_named, notices), strict=True)
    those = RawSQL(_NAMED, [list(loans), list(numbers)])  # noqa: S611 - our own words
    rows = Installment.objects.of_partner(partner).filter(pk__in=those)
    found = {}
    for row in rows.with_firms().select_related("loan__borrower").order_by("-pk"):
        for bank in ("", row.loan.bank.code):
            found[row.loan.external_id, row.number, bank] = row
    return found


def _keep(partner: Partner, said: Sequence[tuple[Notice, Installment]], now: datetime) -> dict[int, int]:
    """Keep what was not said before in the same words; its ids by installment."""
    if not said:
        return {}
    records = [record.data for (_event, record), _installment in said]
    parameters: dict[str, Any] = {
        "partner": partner.pk,
        "now": now,
        "installments": [installment.pk for _notice, installment in said],
        "kinds": [data["kind"] for data in records],
        "stages": [data["stage"] for data in records],
        "channels": [data["channel"] for data in records],
        "proofs": [data["proof"] for data in records],
        "sent": [data["sent_at"] for data in records],
        "said": [event.pushed.occurred_at for (event, _record), _installment in said],
        "prompts": [data["prompt"] for data in records],
        "reports": [event.report.pk for (event, _record), _installment in said],
        "events": [event.pushed.id for (event, _record), _installment in said],
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, parameters)
        return {installment_id: pk for pk, installment_id in cursor.fetchall()}


def _tellings(ids: Sequence[int]) -> Sequence[FirmTelling]:
    found = FirmTelling.objects.filter(pk__in=ids).select_related("partner", "report", "installment__loan")
    return list(found.order_by("pk")) if ids else []


def _fact(telling: FirmTelling) -> Fact:
    """On record also where it changes nothing: in a dispute it says that the firm claims to have told."""
    return Fact(
        kind=firm_words.kind_of(telling),
        borrower_id=telling.installment.loan.borrower_id,
        installment_id=telling.installment_id,
        data={**firm_words.said(telling), "counts": False},
    )


def _answer(
    notice: Notice,
    partner: Partner,
    installment: Installment | None,
    kept: Mapping[int, int],
    effects: Mapping[int, Effect],
    ahead: "_Ahead",
) -> Answer:
    if installment is None:
        return NOT_RESPONSIBLE
    telling_id = kept.get(installment.pk)
    if telling_id is None:
        return News()
    match effects.get(telling_id):
        case Effect.COUNTED | Effect.IN_TIME | Effect.HANDED_BACK | Effect.TAKEN_BACK:
            return News(touched=True)
        case Effect.NOT_ENOUGH:
            return News(touched=True, remarks=[NOT_ENOUGH])
        case Effect.KNOWN:
            return News()
        case Effect.TOO_LATE:
            return TOO_LATE
    return ahead.answer(notice[1].data, installment, partner)


class _Planned(NamedTuple):
    """A prompt: its installment, and what it tells of it."""

    installment_id: int
    kind: str
    stage: int | None
    version: int


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What is needed to say of words about prompts that are not planned whether they will count, from `now` on: a word
    that had to wait for its loan may be about a stage that is over.
    """

    rules: Rules
    plans: Mapping[int, Plan]
    prompts: Mapping[int, _Planned]
    planned: Collection[_Planned]
    now: datetime

    @classmethod
    def of(cls, installments: Sequence[Installment], now: datetime) -> Self:
        if not installments:
            return cls(Rules([]), {}, {}, (), now)
        plans = early_words.plans_for(row.loan for row in installments)
        rows = Prompt.objects.about_installments([row.pk for row in installments])
        columns = ("pk", "installment_id", "kind", "stage", "version")
        prompts = {pk: _Planned(*what) for pk, *what in rows.values_list(*columns)}
        return cls(Rules.at(now), plans, prompts, set(prompts.values()), now)

    def answer(self, said: Data, installment: Installment, partner: Partner) -> Answer:
        if installment.state != Installment.State.OPEN:
            return NOT_NEEDED
        assigned = self.rules.of(installment.loan, said["kind"])
        if assigned is None or partner not in {assigned.responsible, assigned.backup}:
            return NOT_RESPONSIBLE
        if said["prompt"] is not None and (wrong := self._named(said, installment)):
            return wrong
        if early_words.changed_since(installment, said["sent_at"]):
            return early_words.OTHER_FIGURES
        stages = Stages.of(installment, said["kind"], self.plans[installment.loan_id])
        if never := early_words.why_not(stages, said["stage"], said["sent_at"], self.now):
            return never
        stage = stages.reached(self.now) if said["stage"] is None else said["stage"]
        if _Planned(installment.pk, said["kind"], stage, installment.version) in self.planned:
            return NOT_RESPONSIBLE
        return News(touched=True, remarks=[FAILED_EARLY if said["proof"] == "failed" else EARLY])

    def _named(self, said: Data, installment: Installment) -> Kept | None:
        """What is wrong with the prompt that this names, if anything."""
        planned = self.prompts.get(said["prompt"])
        if planned is None or planned[:2] != (installment.pk, said["kind"]):
            return ANOTHER_PROMPT
        if said["stage"] not in {None, planned.stage}:
            return ANOTHER_PROMPT
        return early_words.OTHER_FIGURES if planned.version != installment.version else None
