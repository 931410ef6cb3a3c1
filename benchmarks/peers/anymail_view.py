"""The peer of receipts: django-anymail's view of one provider, and a receiver with one UPDATE an event."""

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from django.dispatch import receiver
from django.utils import timezone

from notifications.models import Delivery

view = MailjetTrackingWebhookView.as_view()


@receiver(tracking)
def apply(event: AnymailTrackingEvent, **_more: Any) -> None:
    """The delivery's own number came back with the event, so that its row is found by its key."""
    Delivery.objects.filter(pk=event.metadata["delivery"]).update(
        status=Delivery.Status.DELIVERED, delivered_at=timezone.now()
    )
