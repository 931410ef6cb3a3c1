"""Borrowers as partners name them: found by phone, else by email, else made.

What a firm says of a person whose loans are not all its own changes neither how they sign in nor where they are
reached, and adds nothing to either: its word would open what other firms show them, or count as their having been told.
Of its own borrowers a firm may correct phone and email, and its own correction, until they first sign in; from then on
it only adds where to reach them, and they change the rest themselves. What is not taken is remarked, for the desk
alone. A time zone that nobody has said yet is taken from any firm: without it theirs is guessed (`accounts.zones`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.joining import person_for
from accounts.jurisdictions import jurisdiction_of
from accounts.models import ContactPoint, User
from accounts.models.user import DEFAULT_TIME_ZONE
from accounts.register import SIGN_IN_FIELDS, Firm, Person, Register
from accounts.zones import GuessedZone, guessed_zone

DEFAULT_LOCALE = "zh-hans"
TRIES: Final = 3
Kind = ContactPoint.Kind


class NotABorrowerError(ValueError):
    """A partner names as borrower somebody who works at the desk. The text holds no personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person as one record names them.

    `external_id` is the partner's own number for the person and stands in the remarks, which hold no other personal
    data. Phone (E.164) and email come as `accounts.phones` and the intake leave them. `user_id` is who they are, where
    their loan is known already; without it, phone and email say who they are, and a record with neither makes another
    person each time. `may_be_another`: who they are was said by somebody with less to say of it, so that where no
    address fits, it is somebody else. `said_at` is as of when the record speaks, None: now.
    """

    external_id: str
    name: str
    phone: str | None
    email: str | None
    locale: str | None = None
    time_zone: str | None = None
    user_id: int | None = None
    may_be_another: bool = False
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Who a record means, and remarks on what was not taken of it."""

    user: User
    remarks: list[str]


def take_borrowers(named: Sequence[Named], *, firm: Firm) -> list[Taken | NotABorrowerError]:
    """Find or make these people and take what is said of them, in order; one answer each, in as few statements as one.

    `firm` is the one that speaks: whose every loan is its own is asked once at most, with the people locked.
    Safe to run twice at once and inside a caller's transaction. Raises IntegrityError where others keep making or
    changing the same people at the same moment.
    """
    for _again in range(TRIES - 1):
        try:
            return _take(named, firm)
        except IntegrityError:
            continue  # whoever was faster has ended their transaction: what they wrote is seen now
    return _take(named, firm)


def find_or_create_borrower(
    *,
    external_id: str,
    name: str,
    phone: str | None,
    email: str | None,
    locale: str | None,
    time_zone: str | None,
    firm: Firm,
) -> tuple[User, list[str]]:
    """The one person with this phone, else with this email, else a new one; and remarks on what was not taken.

    Raises NotABorrowerError.
    """
    [answer] = take_borrowers(
        [Named(external_id=external_id, name=name, phone=phone, email=email, locale=locale, time_zone=time_zone)],
        firm=firm,
    )
    if isinstance(answer, NotABorrowerError):
        raise answer
    return answer.user, answer.remarks


def update_borrower(
    user: User, *, external_id: str, name: str, phone: str | None, email: str | None, firm: Firm
) -> list[str]:
    """Take what a partner says now of a person it has named before; remarks on what was not taken."""
    [answer] = take_borrowers(
        [Named(external_id=external_id, name=name, phone=phone, email=email, user_id=user.pk)],
        firm=firm,
    )
    user.refresh_from_db()
    return answer.remarks if isinstance(answer, Taken) else []


@transaction.atomic
def _take(named: Sequence[Named], firm: Firm) -> list[Taken | NotABorrowerError]:
    register = Register(
        phones={record.phone for record in named if record.phone},
        emails={record.email.lower() for record in named if record.email},
        user_ids={record.user_id for record in named if record.user_id},
        firm=firm,
    )
    answers = [_take_one(register, record) for record in named]
    register.save()
    return answers


def _take_one(register: Register, record: Named) -> Taken | NotABorrowerError:
    addresses = ((Kind.PHONE, record.phone), (Kind.EMAIL, record.email))
    said = {kind: address.lower() for kind, address in addresses if address}
    remarks: list[str] = []
    known, is_new = register.get(record.user_id) if record.user_id else None, False
    if known and not (record.may_be_another and said and not any(known.is_known_at(*one) for one in said.items())):
        person = known
    else:
        found, remarks = person_for(register, said)
        if found and found.user.is_staff:
            reason = "phone or email cannot be a borrower's: please ask us"
            return NotABorrowerError(f"borrower {record.external_id}: {reason}")
        is_new = found is None
        person = found or register.add(_new(register, record, said))
    remarks += _keep_name(person, record.name)
    if not said:
        remarks.append("has neither phone nor email: can be reached by post or a person only")
    for kind, address in said.items():
        remarks += _keep_address(register, person, kind, address, record.said_at or timezone.now())
    if not is_new:
        _keep_zone(person, record.time_zone)
    elif not record.time_zone:
        remarks += _doubts_about_zone(person.user, record.phone)
    return Taken(person.user, [f"borrower {record.external_id}: {remark}" for remark in remarks])


def _new(register: Register, record: Named, said: Mapping[Kind, str]) -> User:
    free = {kind: address for kind, address in said.items() if register.is_free(kind, address)}
    return User(
        name=record.name,
        phone=free.get(Kind.PHONE),
        email=free.get(Kind.EMAIL),
        locale=record.locale or DEFAULT_LOCALE,
        time_zone=record.time_zone or guessed_zone(record.phone, DEFAULT_TIME_ZONE),
        jurisdiction=jurisdiction_of(record.phone, record.time_zone),
    )


def _keep_name(person: Person, name: str) -> list[str]:
    if name and not person.user.name:
        person.user.name = name
        person.changed = True
    if name and person.user.name != name:
        return ["is known here by another name, which was kept: please look whether this is one person"]
    return []


def _keep_zone(person: Person, said: str | None) -> None:
    """A zone that nobody has said yet is taken from whoever says it first, or guessed anew with another phone."""
    user, live = person.user, person.live(Kind.PHONE)
    phone = live.address if live else None
    if user.zone_was_said or user.is_staff or not (said or (phone and person.changed)):
        return
    time_zone = said or guessed_zone(phone, DEFAULT_TIME_ZONE)
    if time_zone != user.time_zone:
        user.time_zone = time_zone
        if user.jurisdiction_said_at is None:
            user.jurisdiction = jurisdiction_of(phone, said)
        person.changed = True


def _doubts_about_zone(user: User, phone: str | None) -> list[str]:
    """Remarked once, of a new person: the firm that named them can say their zone."""
    if not phone:
        return [f"has neither time zone nor phone: the clock of {DEFAULT_TIME_ZONE} is taken"]
    if isinstance(user.zone, GuessedZone) and user.zone.behind(timezone.now()):
        return ["no time zone is said, and their country has several: told only while it is day on each of its clocks"]
    return []


def _keep_address(
    register: Register, person: Person, kind: ContactPoint.Kind, address: str, said_at: datetime
) -> list[str]:
    if person.user.is_staff:
        return [f"works at the desk: the {kind} was not taken"]
    if register.belongs_to_another(person, kind, address):
        return [f"the {kind} belongs to another person here and was left alone"]
    if person.was_replaced(kind, address) and not _may_turn_back(register, person, kind, address, said_at):
        # Two partners that each keep their own, or an old file, must not turn an address back with every intake.
        return [f"the {kind} was replaced by a newer one before and was left alone"]
    if against := _what_stands_against(register, person, kind, address):
        return [against]
    person.reach_at(kind, address, register.firm.id)
    if getattr(person.user, SIGN_IN_FIELDS[kind]) != address:
        if person.has_signed_in:
            return [f"the {kind} is used to reach the person, who signs in otherwise"]
        register.let_sign_in_with(person, kind, address)
    elif kind == Kind.EMAIL:
        person.keep_email(address)
    return []


def _may_turn_back(
    register: Register, person: Person, kind: ContactPoint.Kind, address: str, said_at: datetime
) -> bool:
    """Whether the firm takes back its own slip: of its own borrower, who has never signed in, by a later word than the
    slip, and only once, so that two records that contradict each other do not go on turning it.
    """
    before = [point for point in person.points if (point.kind, point.address) == (kind, address)]
    live, firm = person.live(kind), register.firm.id
    if live is None or live.pk is None or live.created_at >= said_at or person.has_signed_in:
        return False
    its_own = live.named_by == [firm] and len(before) == 1 and firm in before[0].named_by
    return its_own and register.is_mine(person)


def _what_stands_against(register: Register, person: Person, kind: ContactPoint.Kind, address: str) -> str | None:
    """Why what is on record stays; None where the address is on record already, or may be."""
    live = person.live(kind)
    is_live = live is not None and live.address == address
    if live and not is_live:
        if live.source == ContactPoint.Source.OWNER:
            return f"the person gave us another {kind} themselves, which was kept"
        if person.has_signed_in:
            return f"the person has signed in and changes their {kind} themselves: another one was kept"
    is_known = is_live and getattr(person.user, SIGN_IN_FIELDS[kind]) == address
    if is_known or register.is_mine(person):
        return None
    return f"has loans of other firms, too: the {kind} was not taken, please ask the person whether it is theirs"
