"""Partners ask what the borrowers of their loans were told, and how well that is proved; never where it went."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, cast

from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import cached_property
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems
from loans.api.answers import money
from loans.api.asked import Asked, AskedForPage
from loans.api.asking import Cursor, Question
from loans.api.describing import question
from loans.api.loans import find_loan
from loans.api.problems import ProblemError
from loans.models import Loan, Partner
from notifications.bundles import still_needed
from notifications.models import Acknowledgement, Delivery, Duty, FirmTelling, Prompt
from notifications.named import named, tells_of
from notifications.proof import Level, firm_level, level_of
from notifications.report_day import days_promised

_STRENGTH: Final = list(Level)


class AskedForPrompts(AskedForPage):
    loan = serializers.CharField(max_length=64, help_text="The loan's number.")
    bank = serializers.SlugField(required=False, help_text="Where several banks have a loan of this number.")
    kind = serializers.ChoiceField(Prompt.Kind.values, required=False)
    planned_from = serializers.DateTimeField(required=False)
    planned_to = serializers.DateTimeField(required=False)


class TellingAnswer(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(Delivery.Channel.values)
    level = serializers.ChoiceField(_STRENGTH)
    at = serializers.DateTimeField(allow_null=True, help_text="When that level was reached.")
    amount = money(allow_null=True, help_text="What the message named of this installment; null before it is worded.")
    due_on = serializers.DateField(allow_null=True, help_text="The due date that the message named.")


class AcknowledgementAnswer(serializers.Serializer[Any]):
    """What the borrower said that they know: the figures that they saw."""

    method = serializers.ChoiceField(Acknowledgement.Method.values)
    at = serializers.DateTimeField(source="acknowledged_at")
    amount = money()
    currency = serializers.CharField()
    due_on = serializers.DateField()


class FirmWordAnswer(serializers.Serializer[Any]):
    """What a firm says of its own telling: never a proof of the portal's."""

    firm = serializers.SlugField(source="partner.code")
    channel = serializers.ChoiceField(FirmTelling.Channel.values)
    proof = serializers.ChoiceField(FirmTelling.Proof.values, help_text="The most that the firm knows of the arrival.")
    sent_at = serializers.DateTimeField()


class DutyAnswer(serializers.Serializer[Any]):
    """Which firm has to send the prompt, and what became of that."""

    responsible = serializers.SlugField(source="responsible.code", help_text="The firm, by its code.")
    report_by = serializers.DateTimeField(help_text="Until when it may report the prompt sent.")
    backup = serializers.SlugField(
        source="backup.code", allow_null=True, default=None, help_text="The firm that comes before the portal, if any."
    )
    portal_at = serializers.DateTimeField(help_text="When the portal sends, unless a firm's report has met the duty.")
    needs_proof = serializers.BooleanField(
        help_text="That it was sent is not enough: only delivered, seen or acknowledged meets the duty."
    )
    status = serializers.ChoiceField(Duty.Status.values)
    word = FirmWordAnswer(
        source="telling", allow_null=True, default=None, help_text="The word that met it, or the last that did not."
    )


class PromptAnswer(serializers.Serializer[Any]):
    """Read it from a Prompt of `told`."""

    id = serializers.IntegerField()
    loan = serializers.CharField(source="loan.external_id")
    bank = serializers.SlugField(source="loan.bank.code")
    kind = serializers.ChoiceField(Prompt.Kind.values)
    stage = serializers.IntegerField(
        help_text="Of upcoming the days before the due date, of overdue the days after it, of prior_notice the days of "
        "notice. Of schedule_changed 1: no longer to be paid, 0: which figures hold. Of outage_declared and "
        "dispute_answered a number of the portal's. Of all others 0."
    )
    installment = serializers.IntegerField(source="installment.number", allow_null=True, default=None)
    due_on = serializers.DateField(
        source="installment.due_on",
        allow_null=True,
        default=None,
        help_text="As it stands now; `tellings` have what was named.",
    )
    status = serializers.ChoiceField(Prompt.Status.values, source="outcome")
    planned_at = serializers.DateTimeField()
    tell_at = serializers.DateTimeField()
    duty = DutyAnswer(allow_null=True, default=None, help_text="null: the portal sends it.")
    level = serializers.SerializerMethodField(
        help_text="The strongest of the portal's tellings; where a firm told it and none is stronger, the firm's word."
    )
    tellings = serializers.SerializerMethodField()
    acknowledgement = serializers.SerializerMethodField()
    report_not_before = serializers.SerializerMethodField(
        help_text="Of a prior_notice that holds: the first day on which what it announces may be reported, as its "
        "borrower was told; null as long as they were told nothing outside the portal."
    )

    @extend_schema_field(serializers.ChoiceField(_STRENGTH))
    def get_level(self, prompt: Prompt) -> str:
        levels = [Level(telling["level"]) for telling in self.get_tellings(prompt)]
        levels += [Level.ACKNOWLEDGED] if _answer(prompt) else []
        levels += _by_firm(prompt)
        untold = Level.CANCELLED if prompt.outcome == Prompt.Status.CANCELLED else Level.PLANNED
        return max(levels, key=_STRENGTH.index, default=untold).value

    @extend_schema_field(TellingAnswer(many=True))
    def get_tellings(self, prompt: Prompt) -> list[dict[str, Any]]:
        """Those of the leading prompt that named this one's installment, or are still to."""
        leading = prompt.told_with or prompt
        return [_telling(one, prompt) for one in leading.deliveries.all() if tells_of(one, prompt)]

    @cached_property
    def _promised(self) -> dict[int, date]:
        """The days that the notices of this answer were told with; nothing is asked where there is none."""
        asked = cast("Prompt | Sequence[Prompt]", self.root.instance)
        page = [asked] if isinstance(asked, Prompt) else asked
        return days_promised({one.told_with_id or one.pk for one in page if one.kind == Prompt.Kind.PRIOR_NOTICE})

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_report_not_before(self, prompt: Prompt) -> date | None:
        """None of one that its message did not name; where a person told, what ended as told was spoken of."""
        leading = prompt.told_with or prompt
        named = any(one.sent_at and tells_of(one, prompt) for one in leading.deliveries.all())
        told = still_needed(prompt) and (named or prompt.status in {Prompt.Status.TOLD, Prompt.Status.ACKNOWLEDGED})
        return self._promised.get(leading.pk) if told else None

    @extend_schema_field(AcknowledgementAnswer(allow_null=True))
    def get_acknowledgement(self, prompt: Prompt) -> Any:
        answer = _answer(prompt)
        return AcknowledgementAnswer(answer).data if answer else None


class PromptPage(serializers.Serializer[Any]):
    results = PromptAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class Prompts(Question):
    """By loan: what changed lately among all loans is told by events."""

    scope = "prompts:read"

    @question(
        *("list_prompts", "What was told about a loan", PromptPage, problems.NOT_FOUND, problems.AMBIGUOUS_LOAN),
        parameters=[AskedForPrompts],
    )
    def get(self, request: Request) -> Response:
        asked = AskedForPrompts.read(request.query_params)
        rows = told(find_loan(self.partner(), asked["loan"], asked.get("bank", "")))
        lookups = {"kind": "kind", "planned_from": "planned_at__gte", "planned_to": "planned_at__lte"}
        rows = rows.filter(**{lookup: asked[name] for name, lookup in lookups.items() if name in asked})
        return Cursor("pk").page(rows, asked, PromptAnswer)


class OnePrompt(Question):
    scope = "prompts:read"

    @question("read_prompt", "One prompt", PromptAnswer, problems.NOT_FOUND)
    def get(self, request: Request, prompt_id: int) -> Response:
        Asked.read(request.query_params)
        loan = loan_of(prompt_id, self.partner())
        prompt = told(loan).filter(pk=prompt_id).first() if loan else None
        if prompt is None:
            raise ProblemError(problems.NOT_FOUND)
        return Response(PromptAnswer(prompt).data)


def told(loan: Loan) -> "QuerySet[Prompt]":
    """The prompts about one loan, with all that their members are made of; found by the borrower's index."""
    about = Q(installment__loan=loan) | Q(payment__loan=loan) | Q(dispute__loan=loan)
    deliveries = Delivery.objects.with_acceptance().order_by("pk")
    rows = Prompt.objects.of(loan.borrower_id).filter(about)
    firms = [f"{subject}__loan__bank" for subject in ("installment", "payment", "dispute")]
    related = ("acknowledgement", "told_with", "duty__responsible", "duty__backup", "duty__telling__partner", *firms)
    return rows.select_related(*related).prefetch_related(
        Prefetch("deliveries", deliveries), Prefetch("told_with__deliveries", deliveries)
    )


def loan_of(prompt_id: int, partner: Partner) -> Loan | None:
    """The partner's loan that a prompt is about."""
    prompt = Prompt.objects.filter(pk=prompt_id).values_list("installment__loan", "payment__loan", "dispute__loan")
    loans = [loan_id for row in prompt for loan_id in row if loan_id]
    return Loan.objects.of_partner(partner).filter(pk__in=loans).first() if loans else None


def _answer(prompt: Prompt) -> Acknowledgement | None:
    return getattr(prompt, "acknowledgement", None)


def _by_firm(prompt: Prompt) -> list[Level]:
    duty: Duty | None = getattr(prompt, "duty", None)
    word = duty.telling if duty and duty.status == Duty.Status.MET else None
    return [firm_level(word)] if word and not word.failed else []


def _telling(delivery: Delivery, prompt: Prompt) -> dict[str, Any]:
    answer, figures = _answer(prompt), named(delivery).get(prompt.installment_id or 0)
    answered = answer is not None and answer.delivery_id == delivery.pk
    level, at = level_of(
        delivery,
        acknowledged_at=answer.acknowledged_at if answer and answered else None,
        accepted=bool(getattr(delivery, "accepted", 0)),
    )
    told = {"channel": delivery.channel, "level": level.value, "at": at}
    said = {"amount": figures.amount, "due_on": figures.due_on} if figures else {"amount": None, "due_on": None}
    return dict(TellingAnswer(told | said).data)
