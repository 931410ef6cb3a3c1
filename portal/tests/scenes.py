"""A borrower with something to see, for pictures and browsers."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.acknowledgement import LINK_LIVES
from notifications.models import Delivery, Prompt
from notifications.signatures import link_token
from notifications.tests.pages import tell
from portal.tests.people import make_payment, make_settled, wait_for_bank

LONG = "Agricultural machinery and greenhouse modernisation programme"


@dataclass
class Scene:
    """A borrower with something to see."""

    borrower: User
    installment: Installment
    prompt: Prompt

    @property
    def link(self) -> str:
        sms = self.prompt.deliveries.get(channel=Delivery.Channel.SMS)
        return reverse("acknowledge_link", args=[link_token(sms.pk, timezone.now() + LINK_LIVES)])

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "home": reverse("home"),
            "loan": reverse("loan", args=[self.installment.loan_id]),
            "messages": reverse("messages"),
            "message": reverse("message", args=[self.prompt.pk]),
            "preferences": reverse("preferences"),
            "link": self.link,
            "expired link": reverse("acknowledge_link", args=["x"]),
            "missing page": "/nothing/",
        }


def make_usual(locale: str = "en") -> Scene:
    """One loan: paid, waiting, due in three days, and told of it."""
    borrower = make_borrower(locale=locale)
    loan, today = make_loan(borrower), timezone.localdate(timezone=borrower.zone)
    make_payment(make_settled(loan, due_on=today - timedelta(days=57)), "settled", paid_on=today - timedelta(days=58))
    wait_for_bank(make_installment(loan, due_on=today - timedelta(days=27)), paid_on=today - timedelta(days=28))
    installment = make_installment(loan, due_on=today + timedelta(days=3), total=Decimal("1234.56"))
    return Scene(borrower, installment, tell(installment, "sms", "email"))


def make_much(locale: str = "en") -> Scene:
    """Forty loans with long names and large sums, some overdue, some disputed, a phone that is lost."""
    scene = make_usual(locale)
    borrower, today = scene.borrower, timezone.localdate()
    User.objects.filter(pk=borrower.pk).update(name="Maximiliana Konstantinopolskaya-Vanderbilt-Montgomery the 3rd")
    for number in range(39):
        loan = make_loan(borrower, product=LONG)
        total = Decimal("12345678.90")
        installment = make_installment(loan, due_on=today + timedelta(days=number - 9), total=total)
        if number < 12:
            tell(installment, "sms", kind="overdue" if number < 9 else "upcoming", stage=1)
        if number % 10 == 0:
            make_dispute(loan, installment=installment, now=timezone.now())
    ContactPoint.objects.filter(user=borrower, kind="phone").update(unreachable_since=timezone.now())
    return scene
