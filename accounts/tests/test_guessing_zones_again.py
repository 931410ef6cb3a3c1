"""People of before whose zone nobody had said."""

import importlib

import pytest
from django.apps import apps

from accounts.models import User
from accounts.tests.factories import make_borrower

migration = importlib.import_module("accounts.migrations.0008_zones_that_nobody_said")


@pytest.mark.django_db
def test_whoever_may_have_been_put_on_chinas_clock_gets_one_of_their_country() -> None:
    at_home = make_borrower(phone=False)
    american = make_borrower(phone=False, jurisdiction="us")
    spaniard = make_borrower(phone=False, jurisdiction="eu")
    said = make_borrower(phone=False, jurisdiction="us", time_zone="America/Chicago")
    User.objects.filter(pk=spaniard.pk).update(phone="+34612345678")
    migration.guess(apps, None)
    zones = dict(User.objects.values_list("pk", "time_zone"))
    assert zones == {
        at_home.pk: "Asia/Shanghai?",
        american.pk: "America/New_York?",
        spaniard.pk: "Europe/Madrid?",
        said.pk: "America/Chicago",
    }
    migration.forget(apps, None)
    assert User.objects.get(pk=spaniard.pk).time_zone == "Asia/Shanghai"
