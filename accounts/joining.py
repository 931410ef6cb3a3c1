"""Whether the borrower whom a firm names is a person who is known here by what others said.

An account opens all that lies on it to whoever can sign in to it, and that an address was proved says that somebody
holds it, not that this firm's borrower does. So a firm's first loan comes to lie only where every way in is one that it
names; what others named, or whoever has signed in so far has added, opens the account no longer. Otherwise a firm that
names a person first, with an address of its choice, would read what other firms lend them.
"""

from collections.abc import Mapping

from accounts.models import ContactPoint
from accounts.register import Person, Register

Kind = ContactPoint.Kind
KINDS = (Kind.PHONE, Kind.EMAIL)


def person_for(register: Register, said: Mapping[Kind, str]) -> tuple[Person | None, list[str]]:
    """The person on whose account a new loan of the speaking firm may lie, None: a new one; and a remark for the desk.

    Found by phone, else by email. The phone decides: an account loses the emails that this firm does not name, and
    never a phone. Where it has another phone, or somebody has signed in by what this firm does not name and nobody by
    what it does, the loan gets a person of its own, and with it the address, unless its owner has proved it.
    """
    found = register.find(said.get(Kind.PHONE), said.get(Kind.EMAIL))
    if found is None or found.user.is_staff or found.user.pk is None or register.firm.id in found.named_by:
        return found, []
    unnamed = {kind: found.ways_in(kind) - {said.get(kind, "")} for kind in KINDS}
    if not any(unnamed.values()) and not (found.has_signed_in and _was_reached_elsewhere(found, said)):
        return found, []
    proved = {kind for kind, address in said.items() if found.has_proved(kind, address)}
    if unnamed[Kind.PHONE] or (found.has_signed_in and not proved):
        for kind in said.keys() - proved:
            register.let_go(found, kind, {said[kind]})
        return None, ["another firm named somebody by this address: is it the same person?"]
    register.let_go(found, Kind.EMAIL, unnamed[Kind.EMAIL])
    found.drop_emails({one.email for one in found.emails} - {said.get(Kind.EMAIL, "")})
    found.shut()
    return found, ["an email that this firm does not name, if there was one, opens the account no longer"]


def _was_reached_elsewhere(person: Person, said: Mapping[Kind, str]) -> bool:
    """At an address that the firm does not name: its owner may have signed in by it, and have taken it away since."""
    return any(point.kind in KINDS and point.address != said.get(Kind(point.kind)) for point in person.points)
