"""manage.py simulate_policy --from DAY --to DAY [--book FILE] [--json] and how often each channel arrives."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.management.arguments import given
from accounts.models.user import DEFAULT_JURISDICTION
from loans.intake.progress import counted, shown
from loans.intake.reading import read_loans
from loans.intake.records import LoanRecord, Refusal, UnreadableFile
from notifications import policy_files
from notifications.leads import LeadsError, parse_leads, parse_stages
from notifications.policy import PolicyError
from notifications.simulation.book import Person, read_database, read_records
from notifications.simulation.dice import USUAL_RATES, Dice
from notifications.simulation.drawing import draw
from notifications.simulation.rules import Rules, rules_of
from notifications.simulation.running import Run
from notifications.simulation.tally import Tally
from notifications.slots import Plan, plans_of_leads
from notifications.timing import ContactHours

LONGEST_SPAN: Final = 400
"""Days."""
LONGEST_HOLIDAY: Final = timedelta(days=31)
"""Before one of so many days a first stage opens earlier than its lead says."""
_EACH_THEIR_OWN: Final = (
    "--jurisdiction is of the people of --book, which names none. In the database everybody has their own law: leave "
    "it out, or play everybody under one by --policy."
)


class Command(BaseCommand):
    help = (
        "Plays the ladders over a past book under a policy and counts, day by day, what would go out, be held, be "
        "capped and go to a person. Sends and changes nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=_day, required=True, metavar="DAY", help="2026-03-01")
        parser.add_argument("--to", dest="last", type=_day, required=True, metavar="DAY", help="the last day")
        parser.add_argument("--book", type=given, metavar="FILE", help="Fineract JSON or CSV; left out: the database")
        parser.add_argument(
            "--policy", default="", metavar="POLICY", help="a file, or the code of one; left out: each person's own"
        )
        parser.add_argument("--jurisdiction", metavar="CODE", help="of the people of --book, which names none: cn")
        parser.add_argument(
            "--contact-hours", type=given, metavar="HOURS", help="in place of the policy's: 08:00-22:00"
        )
        parser.add_argument("--leads", type=_leads, default=(), metavar="DAYS", help="before the due date: 7,3,1,0")
        parser.add_argument("--overdue", type=_stages, default=(), metavar="DAYS", help="after it: 1,3,7")
        for channel, rate in USUAL_RATES.items():
            parser.add_argument(f"--{channel}-delivered", type=_share, default=rate, metavar="SHARE", help=f"{rate}")
        parser.add_argument("--acknowledged", type=_share, default=0.3, metavar="SHARE", help="of what arrived: 0.3")
        parser.add_argument(
            "--firms-report", type=_share, default=1.0, metavar="SHARE", help="of what they must send: 1"
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same luck")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"]
        if not first <= last <= first + timedelta(days=LONGEST_SPAN):
            raise CommandError(f"--from and --to must be in order and at most {LONGEST_SPAN} days apart.", returncode=2)
        if options["jurisdiction"] is not None and not options["book"]:
            raise CommandError(_EACH_THEIR_OWN, returncode=2)
        options["jurisdiction"] = options["jurisdiction"] or DEFAULT_JURISDICTION
        rules = _rules(options)
        rates = {channel: options[f"{channel}_delivered"] for channel in USUAL_RATES}
        dice = Dice(options["seed"], rates, options["acknowledged"], options["firms_report"])
        tally = Tally(first, last)
        try:
            for person in self._people(options, rules):
                tally.people += 1
                Run(person, rules, dice, tally).go()
        except PolicyError as error:
            raise CommandError(str(error), returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps({"policy": rules.name, "seed": dice.seed, **tally.as_json()}))
        else:
            self.stdout.write(f"{rules.name}; seed {dice.seed}\n" + "\n".join(draw(tally)))

    def _people(self, options: dict[str, Any], rules: Rules) -> Iterator[Person]:
        """Everybody whose stages may fall within the span."""
        plans = [Plan()] if options["book"] else plans_of_leads()
        first = options["first"] - timedelta(days=max(max(rules.stages_of(plan)) for plan in plans))
        ahead = max(max(rules.leads_of(plan)) for plan in plans)
        last = options["last"] + timedelta(days=ahead) + LONGEST_HOLIDAY
        if options["book"]:
            people = self._read_book(Path(options["book"]), first, last, options["jurisdiction"])
            return counted(people, len(people), "people", self.stderr)
        from loans.models import Installment

        total = Installment.objects.due_between(first, last).values("loan__borrower").distinct().count()
        return counted(read_database(first, last), total, "people", self.stderr)

    def _read_book(self, path: Path, first: date, last: date, jurisdiction: str) -> list[Person]:
        try:
            with path.open("rb") as content:
                records: Iterable[LoanRecord | Refusal] = read_loans(content, path.name)
                records = shown(records, content, path.stat().st_size, self.stderr)
                return read_records(self._accepted(records), first, last, jurisdiction)
        except UnreadableFile as fault:
            raise CommandError(str(fault), returncode=2) from fault
        except OSError as error:
            raise CommandError(f"{path}: cannot be read: {error.strerror or error}", returncode=2) from error

    def _accepted(self, records: Iterable[LoanRecord | Refusal]) -> Iterator[LoanRecord]:
        for record in records:
            if isinstance(record, Refusal):
                self.stderr.write(str(record), self.style.ERROR)
            else:
                yield record


def _rules(options: dict[str, Any]) -> Rules:
    said_by = "--contact-hours" if options["contact_hours"] else "the setting CONTACT_HOURS"
    written = options["contact_hours"] or settings.CONTACT_HOURS
    try:
        hours = ContactHours.parse(written) if written else None
        policy_files.rules_of(options["jurisdiction"])  # whoever names a law means its own file
        stages = {"upcoming": options["leads"], "overdue": options["overdue"]}
        return rules_of(options["policy"], hours=hours, said_by=said_by, **stages)
    except PolicyError as error:
        raise CommandError(str(error), returncode=2) from error
    except ValueError as error:
        raise CommandError(f"{said_by}: {error}", returncode=2) from error


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day: write it as 2026-03-01") from None
    if not 1970 <= day.year < 2200:
        raise ArgumentTypeError(f"{text!r} is no day of a book: write one from 1970 to 2199")
    return day


def _leads(text: str) -> tuple[int, ...]:
    """As the desk takes them: what could not be kept there is not worth trying."""
    try:
        return parse_leads(text)
    except LeadsError as error:
        raise ArgumentTypeError(str(error)) from None


def _stages(text: str) -> tuple[int, ...]:
    try:
        return parse_stages(text)
    except LeadsError as error:
        raise ArgumentTypeError(str(error)) from None


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"{text!r} is no share: write a number from 0 to 1")
    return share
