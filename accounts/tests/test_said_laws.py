"""What somebody said of whose law holds is changed by no guess."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from pytest_django import Settings

from accounts import jurisdictions
from accounts.models import User
from accounts.people import Named, take_borrowers
from accounts.register import Firm
from accounts.tests.factories import make_agent, make_borrower

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
FIRM = Firm(1, set)


def say(person: User, law: str) -> None:
    assert jurisdictions.put_under(
        law, person.pk, said_at=AT, seen=person.jurisdiction, seen_at=person.jurisdiction_said_at
    )


def law_of(person: User) -> tuple[str, datetime | None]:
    person.refresh_from_db()
    return person.jurisdiction, person.jurisdiction_said_at


@pytest.mark.parametrize(("is_said", "expected"), [(False, ("us", None)), (True, ("eu", AT))])
def test_a_zone_that_is_said_later_moves_the_clock_and_the_law_only_where_it_was_guessed(
    is_said: bool, expected: tuple[str, datetime | None]
) -> None:
    person = make_borrower(phone=False, jurisdiction="cn", time_zone="Asia/Shanghai?")
    if is_said:
        say(person, "eu")
    named = Named(external_id="B-1", name="Lin", phone=None, email=person.email, time_zone="America/Denver")
    take_borrowers([named], firm=FIRM)
    assert law_of(person) == expected
    assert person.time_zone == "America/Denver"


@pytest.mark.parametrize(("is_said", "expected"), [(False, ("us", None)), (True, ("eu", AT))])
def test_another_phone_moves_the_guessed_clock_and_the_law_only_where_it_was_guessed(
    is_said: bool, expected: tuple[str, datetime | None]
) -> None:
    person = make_borrower(email=False, jurisdiction="cn", time_zone="Asia/Shanghai?")
    if is_said:
        say(person, "eu")
    its_own = Firm(1, lambda people: people)
    named = Named(external_id="B-1", name="Lin", phone="+12125550123", email=None, user_id=person.pk)
    take_borrowers([named], firm=its_own)
    assert law_of(person) == expected
    assert person.time_zone == "America/New_York?"


class TestRenewing:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, settings: Settings) -> None:
        settings.POLICY_FOLDER = str(tmp_path)
        (tmp_path / "de.toml").touch()

    def test_leaves_what_was_said(self) -> None:
        guessed = make_borrower(phone=False, jurisdiction="eu", time_zone="Europe/Berlin")
        said = make_borrower(phone=False, jurisdiction="eu", time_zone="Europe/Berlin")
        say(said, "eu")
        call_command("renew_jurisdictions")
        assert law_of(guessed) == ("de", None)
        assert law_of(said) == ("eu", AT)

    def test_leaves_what_is_said_while_it_looks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        person = make_borrower(phone=False, jurisdiction="eu", time_zone="Europe/Berlin")

        def guess(*_said: str | None) -> str:
            say(person, "uk")
            return "de"

        monkeypatch.setattr(jurisdictions, "_guess", guess)
        assert jurisdictions.renew_jurisdictions() == 0
        assert law_of(person) == ("uk", AT)


@pytest.mark.parametrize("change", [{"is_staff": True}, {"jurisdiction": "EU"}, {"jurisdiction": ""}])
def test_the_database_keeps_a_said_law_to_borrowers_and_to_codes_of_files(change: dict[str, object]) -> None:
    person = make_borrower()
    say(person, "eu")
    with pytest.raises(IntegrityError, match="user_law_said_of_a_borrower"):
        User.objects.filter(pk=person.pk).update(**change)


def test_nobody_says_it_of_somebody_at_the_desk() -> None:
    agent = make_agent()
    assert not jurisdictions.put_under("eu", agent.pk, said_at=AT, seen=agent.jurisdiction, seen_at=None)
