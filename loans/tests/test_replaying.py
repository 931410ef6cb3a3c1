"""Given up is not lost: what is sent again, from where, and what stays as it is."""

from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from loans.models import Endpoint, Loan, OutwardDelivery, OutwardEvent
from loans.outward.replaying import replay, send_again, send_again_to
from loans.tests.outward import NOON, hear, standings, sweep, tell
from loans.tests.partner_servers import PartnerServer, run_partner_server

pytestmark = pytest.mark.django_db
Status = OutwardDelivery.Status


@pytest.fixture
def server(settings: Settings, loan: Loan) -> Iterator[PartnerServer]:
    """Of the bank, which has taken three events."""
    settings.OUTWARD_ALLOW_PRIVATE = True
    with run_partner_server() as server:
        hear(loan.bank, server.url)
        tell(loan, 3)
        sweep()
        yield server


def give_up(*places: int) -> list[int]:
    ids = list(OutwardDelivery.objects.order_by("pk").values_list("pk", flat=True))
    chosen = [ids[place] for place in places]
    OutwardDelivery.objects.filter(pk__in=chosen).update(status=Status.DEAD, attempts=14, delivered_at=None)
    return chosen


@pytest.mark.usefixtures("server")
def test_one_that_was_given_up_is_tried_from_the_start() -> None:
    dead = give_up(0, 1)
    assert send_again(dead[:1], now=NOON) == 1
    assert standings()[:2] == [(Status.WAITING, 0, 200), (Status.DEAD, 14, 200)]


def test_all_of_an_endpoint_are_sent_again_under_the_same_ids(server: PartnerServer) -> None:
    first, _second, third = (f"evt_{pk}" for pk in OutwardEvent.objects.order_by("pk").values_list("pk", flat=True))
    give_up(0, 2)
    server.posts.clear()
    assert send_again_to(Endpoint.objects.get().pk, now=NOON) == 2
    assert sweep() == 2
    assert sorted(server.webhook_ids) == sorted([first, third])  # they are under way together
    assert {status for status, _, _ in standings()} == {Status.DELIVERED}


@pytest.mark.usefixtures("server")
def test_what_was_taken_is_not_sent_again_by_hand() -> None:
    taken = list(OutwardDelivery.objects.values_list("pk", flat=True))
    assert send_again(taken, now=NOON) == 0


def test_a_replay_posts_from_a_cursor_on_also_what_was_taken(server: PartnerServer, loan: Loan) -> None:
    first, second, third = OutwardEvent.objects.order_by("pk").values_list("pk", flat=True)
    server.posts.clear()
    assert replay(loan.bank_id, first=second, now=NOON) == 2
    sweep()
    assert sorted(server.webhook_ids) == sorted([f"evt_{second}", f"evt_{third}"])  # they are under way together
    assert replay(loan.bank_id, first=first, last=first, now=NOON) == 1


@pytest.mark.usefixtures("server")
def test_a_replay_leaves_what_waits_alone(loan: Loan) -> None:
    assert replay(loan.bank_id, first=0, now=NOON) == 3
    assert replay(loan.bank_id, first=0, now=NOON) == 0


@pytest.mark.usefixtures("server")
def test_a_replay_goes_to_an_endpoint_that_is_newer_than_the_events(loan: Loan) -> None:
    with run_partner_server() as newer:
        hear(loan.bank, newer.url)
        assert replay(loan.bank_id, first=0, now=NOON) == 6
        sweep()
        assert len(newer.posts) == 3


@pytest.mark.usefixtures("server")
def test_the_command_says_how_many_and_refuses_a_partner_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    event = OutwardEvent.objects.earliest("pk")
    call_command("replay_outward", "--partner", "harbour", "--from", str(event.pk))
    assert capsys.readouterr().out == "harbour: 3 posts of events are queued again.\n"
    with pytest.raises(CommandError, match="No partner has the code"):
        call_command("replay_outward", "--partner", "nobody", "--from", "1")


def test_the_command_makes_an_endpoint_and_tells_its_secret_once(
    server: PartnerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("add_endpoint", "harbour", "https://events.example/hook")
    assert "whsec_" in capsys.readouterr().out
    with pytest.raises(CommandError, match="already"):
        call_command("add_endpoint", "harbour", server.url)
    call_command("add_endpoint", "harbour", "https://events.example/hook", "--rotate")
    made = capsys.readouterr().out
    assert "whsec_" in made
    assert "also sign" in made
