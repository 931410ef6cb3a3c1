"""What the status codes of mail servers say, and whether of an address."""

import pytest

from notifications.channels.mail_status import blames_address, describe, find_status


@pytest.mark.parametrize(
    ("text", "status"),
    [("550 5.1.1 unknown", "5.1.1"), ("5.7.26", "5.7.26"), ("from 10.5.1.1 now", ""), ("3.1.1", ""), ("", "")],
)
def test_a_status_is_found_in_a_servers_words(text: str, status: str) -> None:
    assert find_status(text) == status


def test_a_status_without_a_meaning_of_its_own_is_described_by_its_subject() -> None:
    assert describe("5.7.26") == "5.7.26 security or policy"
    assert describe("4.9.9") == "4.9.9"
    assert describe("") == ""


@pytest.mark.parametrize("status", ["5.3.0", "5.3.2", "5.3.5", "5.4.0", "5.4.1", "5.4.2", "5.4.3", "5.4.6", "5.4.7"])
def test_a_host_that_was_down_for_days_is_no_fault_of_its_readers_addresses(status: str) -> None:
    assert blames_address(status) is False


def test_a_domain_to_which_no_way_leads_is() -> None:
    assert blames_address("5.4.4") is True


def test_only_a_lasting_fault_of_the_address_blames_the_address() -> None:
    assert [blames_address(status) for status in ("5.1.1", "5.2.1", "5.2.2", "4.1.1", "5.7.1", "")] == [
        True, True, False, False, False, None,
    ]  # fmt: skip
