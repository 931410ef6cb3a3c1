"""Writes what partners are told, in the transaction of the fact; posting it is the sweep's."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from loans.models import OutwardEvent, Partner
from loans.outward.retrying import LONGEST_OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanFact:
    """Something that the partners of a loan are told: `kind` and `subject` ("prompt:17") make it one fact.

    `data` is JSON: ids, figures and dates, no contact, no name, no wording. Loan number and bank are added.
    """

    kind: OutwardEvent.Kind
    loan_id: int
    subject: str
    data: dict[str, Any] = field(default_factory=dict)


# In the order of the unique key, so that two who tell the same facts wait for each other and do not deadlock.
_TELL: Final = """
WITH fact AS MATERIALIZED ({facts}),
told AS (
    INSERT INTO loans_outwardevent (partner_id, loan_id, kind, subject, data, occurred_at)
    SELECT partner.id, loan.id, fact.kind, fact.subject,
           jsonb_build_object('loan', loan.external_id, 'bank', bank.code) || fact.data, %(at)s
    FROM fact
    JOIN loans_loan AS loan ON loan.id = fact.loan_id
    JOIN loans_partner AS bank ON bank.id = loan.bank_id
    JOIN loans_partner AS partner ON partner.id IN (loan.bank_id, loan.platform_id) AND partner.hears_events
    ORDER BY partner.id, fact.kind, fact.subject, fact.place
    ON CONFLICT (partner_id, kind, subject) DO NOTHING
    RETURNING id, partner_id),
queued AS (
    INSERT INTO loans_outwarddelivery (event_id, endpoint_id, status, next_attempt_at)
    SELECT told.id, endpoint.id, 'waiting', %(at)s
    FROM told JOIN loans_endpoint AS endpoint ON endpoint.partner_id = told.partner_id
    WHERE endpoint.disabled_at IS NULL OR endpoint.disabled_at > %(off_since)s
    ORDER BY told.id)
SELECT count(*) FROM told
"""
_THESE: Final = """
SELECT * FROM unnest(%(kinds)s::text[], %(loans)s::bigint[], %(subjects)s::text[], %(data)s::jsonb[])
              WITH ORDINALITY AS fact (kind, loan_id, subject, data, place)
"""


def anybody_hears() -> bool:
    """Whether there is a partner to tell: where not, nobody need gather what there is to tell."""
    return Partner.objects.filter(hears_events=True).exists()


def tell_partners(facts: Iterable[LoanFact], *, at: datetime) -> int:
    """Tell each fact to the partners of its loan that hear events, once; returns how many events were written.

    One statement for all of them. `at` is when it happened, aware.
    """
    told = list(facts)
    if not told:
        return 0
    parameters: dict[str, Any] = {
        "kinds": [str(fact.kind) for fact in told],
        "loans": [fact.loan_id for fact in told],
        "subjects": [fact.subject for fact in told],
        "data": [json.dumps(fact.data) for fact in told],
    }
    return tell_what(_THESE, parameters, at=at)


def tell_what(facts: str, parameters: dict[str, Any], *, at: datetime) -> int:
    """The same for what a statement finds: kind, loan_id, subject, data and place of each fact, in that order."""
    with connection.cursor() as cursor:
        cursor.execute(_TELL.format(facts=facts), {**parameters, "at": at, "off_since": at - LONGEST_OFF})
        return int(cursor.fetchone()[0])
