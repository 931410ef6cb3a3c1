"""Where events may be posted to: what is refused when an address is saved, and what when it is connected to."""

from collections.abc import Iterator

import pycurl
import pytest

from accounts.outside import lines
from loans.models import Endpoint, Loan, OutwardDelivery
from loans.outward.endpoints import BadEndpointError, add_endpoint, is_allowed
from loans.tests.factories import make_bank
from loans.tests.outward import NOON, hear, secrets_kept, standings, sweep, tell
from loans.tests.partner_servers import PartnerServer, run_partner_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[PartnerServer]:
    with run_partner_server() as server:
        yield server


@pytest.mark.parametrize(
    "url",
    [
        *("", "events.example", "ftp://events.example/", "http://events.example/", "https://", "https:///hook"),
        *("https://user:word@events.example/", "https://events.example/a b", "https://events.example/\r\nX: y"),
        *("https://events.example:99999/", "https://events.example:0/", "https://events.example:22/"),
        *("https://events.example:6379/", "https://events.example:80/", "https://localhost/", "https://intranet/"),
        *("https://10.0.0.1/", "https://172.16.3.4/", "https://192.168.1.1/", "https://127.0.0.1/", "https://0.0.0.0/"),
        *("https://169.254.169.254/latest/meta-data", "https://100.64.0.1/", "https://224.0.0.1/", "https://127.1/"),
        *("https://2130706433/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fd00::1]/"),
        *(
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[ff02::1]/",
        ),
        "https://events.example/" + "x" * 500,
    ],
)
def test_an_address_that_must_not_be_posted_to_is_refused_when_it_is_saved(url: str) -> None:
    assert not is_allowed(url)
    with pytest.raises(BadEndpointError) as refusal:
        add_endpoint(make_bank(), url, now=NOON)
    assert not url or url not in str(refusal.value)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    "url", ["https://events.example/hook", "https://events.example:443/", "https://events.example:8443/?a=b"]
)
def test_an_address_of_the_internet_is_taken(url: str) -> None:
    assert is_allowed(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "100.64.0.1", "::1", "::ffff:127.0.0.1"]
)
def test_a_name_that_points_into_our_network_is_found_out_when_it_is_connected_to(
    loan: Loan, server: PartnerServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    port = int(server.url.split(":")[2].split("/")[0])
    host = f"[{address}]" if ":" in address else address
    there = (pycurl.CONNECT_TO, [f"rebinding.example:443:{host}:{port}"])
    monkeypatch.setattr(lines, "FIXED", (*lines.FIXED, there))
    hear(loan.bank, "https://rebinding.example/hook")
    tell(loan)
    sweep()
    assert (standings(), server.posts) == ([("waiting", 1, None)], [])
    assert OutwardDelivery.objects.get().reason == "not a host of the internet"


def test_an_address_that_was_saved_under_another_rule_is_not_posted_to(loan: Loan, server: PartnerServer) -> None:
    hear(loan.bank)
    Endpoint.objects.update(url=server.url)
    tell(loan)
    sweep()
    assert (standings(), server.posts) == ([("waiting", 1, None)], [])


def test_the_same_address_is_taken_once_a_partner() -> None:
    hear(make_bank())
    with pytest.raises(BadEndpointError, match="already"):
        hear(make_bank())


def test_a_secret_is_told_once_and_kept_encrypted() -> None:
    endpoint, secret = hear(make_bank())
    (kept,) = secrets_kept(endpoint)
    assert secret.startswith("whsec_")
    assert secret not in kept
    assert make_bank().hears_events
