import pytest
from pytest_django import Settings

from accounts.models import ContactPoint
from notifications import receipts
from notifications.models import Delivery
from notifications.signatures import reference_of
from notifications.tests.cases import bounce
from notifications.tests.factories import NOON, hear, make_delivery
from notifications.tests.test_failover import ask_in_turn

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("in_turn", "believed"), [(("twilio", "kannel"), True), (("kannel", "twilio"), False)])
def test_a_dead_number_is_believed_of_the_first_provider_alone(
    settings: Settings, in_turn: tuple[str, str], believed: bool
) -> None:
    ask_in_turn(settings, *in_turn)
    delivery = make_delivery(channel="sms", status="sent", provider="twilio")
    form = "MessageSid=SM00000000000000000000000000000001&MessageStatus=undelivered&ErrorCode=30005"
    receipts.store(provider="twilio", raw=f"reference={reference_of(delivery.pk)}\n{form}".encode(), now=NOON)
    receipts.apply_waiting(now=NOON)
    assert Delivery.objects.get(pk=delivery.pk).status == "failed"
    assert (ContactPoint.objects.get(kind="phone").unreachable_since is not None) is believed


def test_that_a_mailbox_is_none_is_believed_of_whichever_provider_brings_it(settings: Settings) -> None:
    """Its own mail system says it, to whoever asks; no provider serves some countries alone."""
    settings.EMAIL_PROVIDERS, settings.ANYMAIL_BACKEND = ["anymail", "smtp"], "anymail.backends.mailgun.EmailBackend"
    delivery = make_delivery(channel="email", status="sent", provider="smtp", sent_at=NOON)
    hear("smtp", bounce(delivery))
    assert Delivery.objects.get(pk=delivery.pk).status == "failed"
    assert ContactPoint.objects.get(kind="email").unreachable_since is not None
