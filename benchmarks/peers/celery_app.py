"""The peer's Celery application, as its workers load it: `celery -A benchmarks.peers.celery_app worker`."""

from celery import Celery
from django.utils import timezone

app = Celery("benchmarks")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task(name="benchmarks.finish")
def finish(delivery_id: int) -> None:
    """One row's outcome."""
    from notifications.models import Delivery  # the workers set Django up after they have loaded this file

    Delivery.objects.filter(pk=delivery_id).update(status=Delivery.Status.SENT, sent_at=timezone.now(), attempts=1)
