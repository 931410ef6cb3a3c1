"""After a restore no id is given away that may have been given away before."""

import pytest
from django.core.management import call_command

from notifications.management.commands.after_restore import AHEAD
from notifications.models import Delivery
from notifications.tests.factories import make_delivery

pytestmark = pytest.mark.django_db


def test_no_id_that_was_sent_since_the_backup_names_another_message(capsys: pytest.CaptureFixture[str]) -> None:
    before = make_delivery().pk
    call_command("after_restore")
    after = make_delivery()
    assert after.pk > before + AHEAD
    assert after.prompt_id > AHEAD
    assert Delivery.objects.get(pk=before).pk == before
    assert "notifications_delivery_id_seq goes on behind" in capsys.readouterr().out
