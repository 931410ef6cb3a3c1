"""Whether the borrower whom a firm names is a person who is known here by what other firms said.

An account opens all that lies on it to whoever can sign in to it. So a loan comes to lie only where each way in was
named by its own firm, or proved by somebody who has also proved an address that this firm names. Otherwise a firm that
names a person first, with an address of its choice, would read what other firms lend them.
"""

from collections.abc import Mapping

from accounts.models import ContactPoint
from accounts.register import Person, Register

Kind = ContactPoint.Kind


def person_for(register: Register, said: Mapping[Kind, str]) -> tuple[Person | None, list[str]]:
    """The person on whose account a new loan of the speaking firm may lie, None: a new one; and a remark for the desk.

    Found by phone, else by email. Where they have proved an address that this firm names, or nobody has proved anything
    and the phone is the same, they are that person, and no other unproved address opens the account any longer. Else
    the address by which they were found goes to a person of its own: it is one that nobody has proved either.
    """
    found = register.find(said.get(Kind.PHONE), said.get(Kind.EMAIL))
    if found is None or found.user.is_staff:
        return found, []
    others = {kind: found.ways_in(kind) - {said.get(kind, "")} for kind in (Kind.PHONE, Kind.EMAIL)}
    if not any(others.values()) or register.is_mine(found):
        return found, []
    if any(found.has_proved(kind, address) for kind, address in said.items()):
        return found, _leave_unproved(register, found, others)
    if others[Kind.PHONE] or found.has_signed_in:
        for kind, address in said.items():
            register.let_go(found, kind, {address})
        return None, ["another firm names somebody with this address, which nobody has proved: is it the same person?"]
    return found, _leave_unproved(register, found, others)


def _leave_unproved(register: Register, person: Person, others: Mapping[Kind, set[str]]) -> list[str]:
    remarks = []
    for kind, addresses in others.items():
        if unproved := {address for address in addresses if not person.has_proved(kind, address)}:
            register.let_go(person, kind, unproved)
            remarks.append(f"their {kind} was another firm's unproved word: it no longer opens the account")
    return remarks
