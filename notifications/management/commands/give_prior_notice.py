"""manage.py give_prior_notice LOAN… --days N --partner CODE. Exit code 2: something was refused."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.management.arguments import words
from loans.models import Loan, Partner
from notifications import tasks
from notifications.clock import Clock
from notifications.prior_notice import give_prior_notice

REFUSED: Final = 2


class Command(BaseCommand):
    help = (
        "Tell the borrowers of overdue installments that an adverse report may follow, so many days before it. "
        "Exit code 2: something was refused; the reasons are on standard error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("loans", type=words, nargs="+", metavar="LOAN", help="loan number")
        parser.add_argument("--days", type=int, required=True, help="no report before so many days are over")
        parser.add_argument(
            "--partner", type=words, metavar="CODE", required=True, help="the bank whose loans these are"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        numbers = list(dict.fromkeys(options["loans"]))
        bank = Partner.objects.filter(code=options["partner"], kind=Partner.Kind.BANK).first()
        if bank is None:
            raise CommandError(f"No bank has the code “{options['partner']}”; no notice was given.", returncode=REFUSED)
        loans = list(Loan.objects.filter(bank=bank, external_id__in=numbers).select_related("borrower"))
        unknown = [number for number in numbers if number not in {loan.external_id for loan in loans}]
        try:
            with transaction.atomic():
                notices = give_prior_notice(loans, Clock.at(timezone.now()), days=options["days"])
                transaction.on_commit(tasks.wake_senders, robust=True)
        except ValueError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        refused = [*map(str, notices.refused), *(f"{number}: {bank.code} has no such loan" for number in unknown)]
        for one in refused:
            self.stderr.write(one, self.style.ERROR)
        self.stdout.write(f"Notices given: {notices.given}. Refused: {len(refused)}.")
        if refused:
            raise SystemExit(REFUSED)
