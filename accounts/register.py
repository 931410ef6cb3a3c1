"""The people that a set of records may mean: read and locked as a set, decided about in memory, written as a set."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.utils import timezone

from accounts.models import ContactPoint, User
from accounts.signals import phones_named

SIGN_IN_FIELDS: Final = {ContactPoint.Kind.PHONE: "phone", ContactPoint.Kind.EMAIL: "email"}
_CHANGED: Final = ["name", "password", "time_zone", "jurisdiction", *SIGN_IN_FIELDS.values()]
Mine = Callable[[Collection[int]], Collection[int]]
"""Of people with these ids, those whose every loan is of the firm that speaks; nobody without a loan is among them."""


@dataclass(frozen=True, slots=True)
class Firm:
    """The firm that speaks; `mine` says whose word it is alone."""

    id: int
    mine: Mine


@dataclass(slots=True, eq=False)
class Person:
    """A person with all their contact points and the emails that allauth knows of them; new ones are not saved yet."""

    user: User
    points: list[ContactPoint] = field(default_factory=list)
    emails: list[EmailAddress] = field(default_factory=list)
    retired: list[ContactPoint] = field(default_factory=list)
    named: list[ContactPoint] = field(default_factory=list)
    removed: list[EmailAddress] = field(default_factory=list)
    changed: bool = False

    @property
    def has_signed_in(self) -> bool:
        """Or has proved that an address is theirs."""
        user = self.user
        proved = any(point.verified_at for point in self.points) or any(email.verified for email in self.emails)
        return proved or user.last_login is not None or user.phone_verified or user.has_usable_password()

    def live(self, kind: ContactPoint.Kind) -> ContactPoint | None:
        return next((point for point in self.points if point.kind == kind and point.retired_at is None), None)

    def ways_in(self, kind: ContactPoint.Kind) -> set[str]:
        """The addresses of `kind` by which one may sign in as this person: an email that was added and never confirmed
        is none.
        """
        known = {one.email for one in self.emails if one.verified} if kind == ContactPoint.Kind.EMAIL else set()
        return known | ({address} if (address := getattr(self.user, SIGN_IN_FIELDS[kind])) else set())

    def is_known_at(self, kind: ContactPoint.Kind, address: str) -> bool:
        """They sign in by it, or somebody has named it, or they have."""
        named = any((point.kind, point.address) == (kind, address) for point in self.points)
        return named or address in self.ways_in(kind)

    def has_proved(self, kind: ContactPoint.Kind, address: str) -> bool:
        """That what is sent to `address` reaches them, and that it is one by which they sign in."""
        if address not in self.ways_in(kind):
            return False
        points = any((point.kind, point.address) == (kind, address) and point.verified_at for point in self.points)
        if kind == ContactPoint.Kind.PHONE:
            return points or self.user.phone_verified
        return points or any(email.email == address and email.verified for email in self.emails)

    @property
    def has_new_phone(self) -> bool:
        """One that is not saved yet."""
        return any(point.kind == ContactPoint.Kind.PHONE and point.pk is None for point in self.points)

    @property
    def named_by(self) -> set[int]:
        """The firms that have named an address of theirs."""
        return {firm for point in self.points for firm in point.named_by}

    def shut(self) -> None:
        """Whoever is signed in is so no longer, and what they chose tells of loans of no firm that comes later."""
        self.user.set_unusable_password()  # sessions hang on it
        self.changed = True
        before = sorted(self.named_by)
        for point in self.points:
            if point.retired_at is None and not point.named_by:
                if point.kind == ContactPoint.Kind.PUSH:
                    point.retired_at = timezone.now()
                    self.retired.append(point)
                else:
                    point.named_by = before
                    self.named.append(point)

    def was_replaced(self, kind: ContactPoint.Kind, address: str) -> bool:
        """The address was in use once and is not any more."""
        same = [point for point in self.points if (point.kind, point.address) == (kind, address)]
        return bool(same) and all(point.retired_at for point in same)

    def reach_at(self, kind: ContactPoint.Kind, address: str, firm: int) -> None:
        """A firm says that the person is reached there, and may: the live point gives way to a new one."""
        live = self.live(kind)
        if live and live.address == address:
            if live.named_by and firm not in live.named_by:
                live.named_by = sorted([*live.named_by, firm])
                self.named.append(live)
            return
        if live:
            live.retired_at = timezone.now()
            self.retired.append(live)
        source = ContactPoint.Source.PARTNER
        self.points.append(ContactPoint(user=self.user, kind=kind, address=address, source=source, named_by=[firm]))

    def drop_emails(self, emails: Collection[str]) -> None:
        self.removed += [known for known in self.emails if known.email in emails]
        self.emails = [known for known in self.emails if known.email not in emails]

    def keep_email(self, email: str) -> None:
        """Have the row by which allauth knows that `email` is theirs; as verification.keep_email_address."""
        if all(known.email != email for known in self.emails):
            is_first = not any(known.primary for known in self.emails)
            self.emails.append(EmailAddress(user=self.user, email=email, primary=is_first))


class Register:
    """Everybody with one of these phones, emails (lower case) or ids, locked until the caller's transaction ends."""

    def __init__(
        self, *, phones: Collection[str], emails: Collection[str], user_ids: Collection[int], firm: Firm
    ) -> None:
        meant = Q(pk__in=user_ids) | Q(phone__in=phones) | Q(email__in=emails)
        # In the order of their ids, so that two intakes cannot wait for each other.
        users = User.objects.filter(meant).order_by("pk").select_for_update(no_key=True)
        self._known = {user.pk: Person(user) for user in users}
        self._new: list[Person] = []
        self.firm = firm
        self._mine: Collection[int] | None = None
        self._by: dict[str, dict[str, Person]] = {name: {} for name in SIGN_IN_FIELDS.values()}
        self._owners: dict[str, set[int]] = {}
        for person in self._known.values():
            self._index(person)
        for point in ContactPoint.objects.filter(user__in=self._known).order_by("pk"):
            self._known[point.user_id].points.append(point)
        self._read_emails(emails)

    def _read_emails(self, emails: Collection[str]) -> None:
        confirmed = Q(email__in=emails, verified=True)
        for address in EmailAddress.objects.filter(Q(user__in=self._known) | confirmed).order_by("pk"):
            if address.verified:
                self._owners.setdefault(address.email, set()).add(address.user_id)
            if person := self._known.get(address.user_id):
                person.emails.append(address)

    def _index(self, person: Person) -> None:
        for name, people in self._by.items():
            if address := getattr(person.user, name):
                people[address] = person

    def get(self, user_id: int) -> Person:
        return self._known[user_id]

    def find(self, phone: str | None, email: str | None) -> Person | None:
        """The person who signs in with this phone, else the one who does with this email."""
        return self._by["phone"].get(phone or "") or self._by["email"].get(email or "")

    def add(self, user: User) -> Person:
        """A new person, with the phone and the email that nobody was found by."""
        user.set_unusable_password()
        person = Person(user)
        self._new.append(person)
        self._index(person)
        return person

    def is_mine(self, person: Person) -> bool:
        """Made here, or with loans of the speaking firm only: asked once, when somebody first has to know."""
        if person.user.pk is None:
            return True
        if self._mine is None:
            self._mine = self.firm.mine(self._known)
        return person.user.pk in self._mine

    def belongs_to_another(self, person: Person, kind: ContactPoint.Kind, address: str) -> bool:
        """Somebody else signs in with it, or has confirmed that it is theirs."""
        holder = self._by[SIGN_IN_FIELDS[kind]].get(address)
        if holder is not None and holder is not person:
            return True
        return kind == ContactPoint.Kind.EMAIL and bool(self._owners.get(address, set()) - {person.user.pk})

    def let_sign_in_with(self, person: Person, kind: ContactPoint.Kind, address: str) -> None:
        """Replace the phone or email that the person signs in with; an email takes the place of all others."""
        people, name = self._by[SIGN_IN_FIELDS[kind]], SIGN_IN_FIELDS[kind]
        people.pop(getattr(person.user, name) or "", None)
        people[address] = person
        setattr(person.user, name, address)
        person.changed = True
        if kind == ContactPoint.Kind.EMAIL:
            person.drop_emails({one.email for one in person.emails} - {address})
            person.keep_email(address)
            for dropped in person.removed:
                self._owners.get(dropped.email, set()).discard(dropped.user_id)

    def is_free(self, kind: ContactPoint.Kind, address: str | None) -> bool:
        """Nobody signs in with it."""
        return not address or address not in self._by[SIGN_IN_FIELDS[kind]]

    def let_go(self, person: Person, kind: ContactPoint.Kind, addresses: Collection[str]) -> None:
        """The person signs in with none of these any more; where they are reached stays."""
        name = SIGN_IN_FIELDS[kind]
        if (address := getattr(person.user, name)) in addresses:
            self._by[name].pop(address, None)
            setattr(person.user, name, None)
            person.changed = True
        if kind == ContactPoint.Kind.EMAIL:
            person.drop_emails(addresses)

    def save(self) -> None:
        """Write what changed. Raises IntegrityError if somebody else took the same phone or email at the same time."""
        known, new = list(self._known.values()), self._new
        # What one person gives up may be what a new one gets.
        User.objects.bulk_update([person.user for person in known if person.changed], _CHANGED)
        new_users = [person.user for person in new]
        User.objects.bulk_create(sorted(new_users, key=lambda user: (user.phone or "", user.email or "")))
        people = [*known, *new]
        retired = [point.pk for person in people for point in person.retired if point.pk]
        ContactPoint.objects.filter(pk__in=retired).update(retired_at=timezone.now())
        named = [point for person in people for point in person.named if point.pk]
        ContactPoint.objects.bulk_update(named, ["named_by"])
        at_new_phones = [person.user.pk for person in known if person.has_new_phone]
        ContactPoint.objects.bulk_create([point for person in people for point in person.points if not point.pk])
        removed = [email.pk for person in people for email in person.removed if email.pk]
        EmailAddress.objects.filter(pk__in=removed).delete()
        EmailAddress.objects.bulk_create([email for person in people for email in person.emails if not email.pk])
        if at_new_phones:
            phones_named.send(Register, user_ids=at_new_phones)
