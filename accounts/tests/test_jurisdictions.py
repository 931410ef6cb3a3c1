"""Whose law holds for a person."""

from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.jurisdictions import jurisdiction_of, own_jurisdictions
from accounts.models import User
from accounts.people import Named, take_borrowers
from accounts.register import Firm
from accounts.tests.factories import make_borrower

GERMAN = "+4915112345678"


@pytest.mark.parametrize(
    ("phone", "zone", "expected"),
    [
        ("+8613800138000", "Europe/Berlin", "cn"),
        ("+12125550123", None, "us"),
        ("+442079460958", "Asia/Shanghai", "uk"),
        ("+4930123456", None, "eu"),
        ("+85221234567", "Asia/Hong_Kong", "cn"),
        (None, "America/New_York", "us"),
        (None, "Europe/London", "uk"),
        (None, "Europe/Paris", "eu"),
        (None, None, "cn"),
        (None, "Pacific/Apia", "cn"),
        ("+14165550123", None, "us"),  # a clock of America's, as if it had been said
    ],
)
def test_the_phone_tells_first_and_the_zone_where_there_is_none(
    phone: str | None, zone: str | None, expected: str
) -> None:
    assert jurisdiction_of(phone, zone) == expected


class TestAFileOfOnesOwn:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, settings: Settings) -> Path:
        settings.POLICY_FOLDER = str(tmp_path)
        (tmp_path / "de.toml").touch()
        return tmp_path

    @pytest.mark.parametrize(
        ("phone", "zone", "expected"),
        [
            (GERMAN, None, "de"),
            (None, "Europe/Berlin", "de"),
            ("+33612345678", "Europe/Berlin", "eu"),
            ("+4366412345678", None, "eu"),
            (None, None, "cn"),
        ],
    )
    def test_holds_for_the_people_of_its_country(self, phone: str | None, zone: str | None, expected: str) -> None:
        assert jurisdiction_of(phone, zone) == expected

    @pytest.mark.django_db
    def test_is_a_new_persons_law(self) -> None:
        take_borrowers([Named(external_id="B-1", name="Lin", phone=GERMAN, email=None)], firm=Firm(1, set))
        assert User.objects.get(phone=GERMAN).jurisdiction == "de"

    @pytest.mark.django_db
    def test_holds_for_those_of_before_once_they_are_renewed_and_no_longer_when_it_has_gone(self, folder: Path) -> None:
        german = make_borrower(phone=False, email=False, jurisdiction="eu", time_zone="Europe/Berlin")
        french = make_borrower(phone=False, email=False, jurisdiction="eu", time_zone="Europe/Paris")
        given = make_borrower(jurisdiction="us")
        call_command("renew_jurisdictions")
        laws = User.objects.order_by("pk").values_list("jurisdiction", flat=True)
        assert list(laws.filter(pk__in=[german.pk, french.pk, given.pk])) == ["de", "eu", "us"]
        (folder / "de.toml").unlink()
        own_jurisdictions.cache_clear()
        call_command("renew_jurisdictions")
        assert User.objects.get(pk=german.pk).jurisdiction == "eu"
