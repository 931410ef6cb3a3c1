"""What tests of disputes on the desk share."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.models import Dispute, Installment
from loans.tests.disputes import make_dispute
from notifications.models import Delivery, Receipt
from notifications.tests.factories import NOON, make_receipt


def sign_in(*codenames: str, agent: User | None = None) -> Client:
    agent = agent or make_agent(locale="en")
    agent.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(agent)
    return client


def dispute_about(installment: Installment, **fields: Any) -> Dispute:
    return make_dispute(installment.loan, installment=installment, **fields)


def address(dispute: Dispute) -> str:
    return reverse("admin:loans_dispute_change", args=[dispute.pk])


def shown(client: Client, dispute: Dispute) -> str:
    response = client.get(address(dispute))
    assert response.status_code == 200
    return response.content.decode()


def receive(delivery: Delivery, kind: Receipt.Kind, *, minutes: int, **fields: Any) -> Receipt:
    return make_receipt(delivery, kind, moved=True, received_at=NOON + timedelta(minutes=minutes), **fields)
