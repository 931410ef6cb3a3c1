"""README.txt of a pack: what happened and how to check it, for people who read neither code nor JSON."""

from datetime import datetime

from django.utils.translation import gettext

from accounts.direction import without_turns
from notifications.evidence.case import Case
from notifications.evidence.timeline import lines_of


def write_readme(case: Case, now: datetime) -> str:
    """In the active language; moments are on the borrower's own clock."""
    zone = case.borrower.zone
    timeline = [
        f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {line.words}  [{line.source}]" for line in lines_of(case)
    ]
    happened = [gettext("WHAT HAPPENED"), *_removed(case), "\n".join(timeline)]
    parts = [_heading(case, now), *happened, *_how_to_check(), *_what_it_shows()]
    return without_turns("\n\n".join(parts)) + "\n"


def _heading(case: Case, now: datetime) -> str:
    loan = case.loan
    named = {"name": case.borrower.name, "loan": loan.external_id}
    made = {"moment": f"{now.astimezone(case.borrower.zone):%Y-%m-%d %H:%M}", "zone": case.borrower.zone.key}
    numbers = ", ".join(str(installment.number) for installment in case.installments)
    firms = " · ".join(firm.name for firm in (loan.bank, loan.platform) if firm)
    return "\n".join(
        [
            gettext("What %(name)s was told about loan %(loan)s, and how it can be proved") % named,
            firms,
            gettext("Installments: %s") % numbers,
            gettext("Made on %(moment)s. All times are those of %(zone)s.") % made,
        ]
    )


def _removed(case: Case) -> list[str]:
    """A short story, or an empty one, must not read as if nobody had been told."""
    if case.removed is None:
        return []
    words = gettext(
        "What was told before %(month)s about what was over long ago need not be kept and was removed, the last time "
        "on %(day)s. Messages, reports and events of then may be missing here. That they are missing does not show "
        "that nobody was told."
    )
    at = case.removed.at.astimezone(case.borrower.zone)
    return [words % {"month": f"{case.removed.before:%Y-%m}", "day": f"{at:%Y-%m-%d}"}]


def _how_to_check() -> list[str]:
    return [
        gettext("HOW TO CHECK"),
        gettext(
            "Run: python3 verify.py\n"
            "It needs nothing but Python 3.9 or newer, no network and nobody's permission. It prints OK, or what is "
            "wrong or not proven. Take verify.py from a source that you trust if you do not trust this one: it is the "
            "same in every pack."
        ),
    ]


def _what_it_shows() -> list[str]:
    return [
        gettext("WHAT THIS SHOWS, AND WHAT NOT"),
        gettext(
            "Each line of events.jsonl is sealed: since the moment that seals.json names, it cannot have been changed, "
            "removed or added without breaking every seal after it. seals.json leads from each event to its seal, and "
            "on to the newest one. Whoever noted the hash of one of these seals can compare it."
        ),
        gettext(
            "The other files are tied together by manifest.json, which shows damage. They are not sealed themselves, "
            "but verify.py checks that whatever they call delivered or acknowledged is one of the sealed events."
        ),
        gettext(
            "What a bank or platform says that it told is its own word. firms.json has it, with the digest of the "
            "message in which it was said; it proves that the firm said so, not that it arrived."
        ),
        gettext(
            "The pack cannot show that nothing was left out of it. Addresses, phone numbers and the keys of links and "
            "reports are masked; for each message of a provider, receipts.json has the SHA-256 of what came, to be "
            "compared with the original."
        ),
    ]
