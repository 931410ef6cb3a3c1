"""Mail through a real Postfix, a private instance that knows no outside network; its reports come back by LMTP."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import pytest

from notifications.channels.base import Outcome, ReceiptKind, ReceiptRecord, Result
from notifications.channels.delivery_reports import parse_delivery_report
from notifications.channels.mail_address import Recipient, Sender
from notifications.channels.mail_form import compose
from notifications.tests.mail_servers import make_channel, run_mail_server
from notifications.tests.outside import find_closed_port, find_free_port, make_message, receive_bounces
from notifications.tests.peers import accepts_connections, give_up, require, wait_until

pytestmark = pytest.mark.peers
SENDER = Sender.parse("Dueproof 还款 <notices@portal.example>", "bounces.example")

MAIN = """
compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_address_preference = ipv4
myhostname = mail.dueproof.test
mydestination = unknown.test
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = error:no outside network here
relay_domains = bounces.example, relay.test, slow.test
transport_maps = inline:{{ bounces.example=lmtp:inet:127.0.0.1:{bounces}, {routes} }}
virtual_mailbox_domains = mailbox.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ li@mailbox.test=li/ }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_data_restrictions = reject_unauth_pipelining
delay_warning_time = 1s
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """Mail for mailbox.test arrives, for unknown.test bounces, for relay.test is passed on, for slow.test waits."""

    port: int
    mailbox: Path
    reports: "Queue[bytes]"

    def send(self, address: str) -> tuple[Outcome, str]:
        message = make_message(address, "您的贷款 ¥88.00 明天到期")
        [outcome] = make_channel(self.port, timeout=10.0).send([message])
        return outcome, message.reference

    def read_receipt(self) -> ReceiptRecord:
        [receipt] = parse_delivery_report(self.reports.get(timeout=20))
        return receipt


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    program = require("postfix", "postfix")
    if os.geteuid() != 0:
        give_up("Postfix can be started by root only")
    reports: Queue[bytes] = Queue()

    def store(raw: bytes) -> int:
        reports.put(raw)
        return 1

    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="postfix-", dir="/tmp")))
        bounces = running.enter_context(receive_bounces(store))
        relay = running.enter_context(run_mail_server({"EHLO": "250 relay without reports"}))
        port = find_free_port()
        _write_configuration(folder, port, bounces, {"relay.test": relay.port, "slow.test": find_closed_port()})
        subprocess.run([program, "-c", str(folder / "etc"), "start"], check=True, capture_output=True)
        running.callback(subprocess.run, [program, "-c", str(folder / "etc"), "stop"], check=True, capture_output=True)
        wait_until("Postfix takes mail", lambda: accepts_connections(port))
        yield Postfix(port, folder / "mail" / "li" / "new", reports)


def _write_configuration(folder: Path, port: int, bounces: int, routes: dict[str, int]) -> None:
    """Every folder is of the owner that Postfix asks for, and its user may pass through."""
    user, group = pwd.getpwnam("postfix"), grp.getgrnam("postfix")
    folder.chmod(0o755)
    for name in ("etc", "spool", "log"):
        (folder / name).mkdir(mode=0o755)
    for name in ("data", "mail"):
        (folder / name).mkdir(mode=0o700)
        shutil.chown(folder / name, user.pw_uid, group.gr_gid)
    facts = {
        "folder": folder,
        "bounces": bounces,
        "routes": ", ".join(f"{domain}=smtp:[127.0.0.1]:{there}" for domain, there in routes.items()),
        "uid": user.pw_uid,
        "gid": group.gr_gid,
    }
    (folder / "etc" / "main.cf").write_text(MAIN.format(**facts))
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port))


def test_mail_that_reaches_its_mailbox_is_reported_as_delivered(postfix: Postfix) -> None:
    outcome, reference = postfix.send("li@mailbox.test")
    receipt = postfix.read_receipt()
    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_reference
    assert (receipt.reference, receipt.kind, receipt.provider_word) == (
        reference, ReceiptKind.DELIVERED, "delivered 2.0.0",
    )  # fmt: skip
    assert receipt.occurred_at is not None
    assert any(reference in mail.read_text() for mail in postfix.mailbox.iterdir())


def test_mail_to_nobody_is_reported_as_failed_for_good(postfix: Postfix) -> None:
    outcome, reference = postfix.send("nobody-by-this-name@unknown.test")
    receipt = postfix.read_receipt()
    assert outcome.result is Result.ACCEPTED
    assert (receipt.reference, receipt.kind, receipt.permanent) == (reference, ReceiptKind.FAILED, True)
    assert receipt.reason == "5.1.1 no such mailbox"


def test_mail_to_a_mailbox_that_is_known_not_to_be_there_is_refused_at_once(postfix: Postfix) -> None:
    outcome, _ = postfix.send("wang@mailbox.test")
    assert (outcome.result, outcome.address_fault) == (Result.PERMANENT, True)
    assert outcome.reason == "550 5.1.1 no such mailbox (recipient)"


def test_mail_passed_on_to_a_server_without_reports_is_no_more_than_accepted(postfix: Postfix) -> None:
    _, reference = postfix.send("li@relay.test")
    receipt = postfix.read_receipt()
    assert (receipt.reference, receipt.kind) == (reference, ReceiptKind.ACCEPTED)
    assert receipt.provider_word.startswith("relayed")


def test_mail_that_has_to_wait_is_reported_as_delayed(postfix: Postfix) -> None:
    _, reference = postfix.send("li@slow.test")
    receipt = postfix.read_receipt()
    assert (receipt.reference, receipt.kind, receipt.permanent) == (reference, ReceiptKind.DELAYED, None)
    assert receipt.reason == "4.4.1 no answer from the host"


def test_a_batch_in_one_breath_has_each_mail_answered_by_itself(postfix: Postfix) -> None:
    addresses = ["li@mailbox.test", "wang@mailbox.test", "nobody-by-this-name@unknown.test", "li@elsewhere.test"] * 5
    messages = [make_message(address) for address in addresses]
    outcomes = list(make_channel(postfix.port, timeout=10.0).send(messages))
    receipts = [postfix.read_receipt() for outcome in outcomes if outcome.result is Result.ACCEPTED]
    assert [outcome.reference for outcome in outcomes] == [message.reference for message in messages]
    assert [outcome.result for outcome in outcomes[:3]] == [Result.ACCEPTED, Result.PERMANENT, Result.ACCEPTED]
    kinds = {receipt.reference: receipt.kind for receipt in receipts}
    for message in messages:
        expected = {"li@mailbox.test": ReceiptKind.DELIVERED, "nobody-by-this-name@unknown.test": ReceiptKind.FAILED}
        if message.address in expected:
            assert kinds[message.reference] is expected[message.address]


def test_mails_in_chunks_arrive_octet_by_octet(postfix: Postfix) -> None:
    """More of them than Postfix allows RSETs in a row (100), so that it is seen to count none before a mail it took."""
    arrived_before = set(postfix.mailbox.glob("*"))
    messages = [
        make_message("li@mailbox.test", f"您的贷款 {place}\n.\n..明天到期", html="<p>\n.您的贷款</p>")
        for place in range(120)
    ]
    outcomes = list(make_channel(postfix.port, timeout=10.0).send(messages))
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * len(messages)
    log = postfix.mailbox.parents[2] / "log" / "mail.log"
    wait_until("the server has counted 120 chunks over one connection", lambda: " bdat=120 " in log.read_text())
    arrived: set[bytes] = set()

    def all_arrived() -> bool:
        arrived.update(content_of(mail.read_bytes()) for mail in set(postfix.mailbox.glob("*")) - arrived_before)
        return len(arrived) == len(messages)

    wait_until("all mails have arrived", all_arrived)
    sent = [compose(message, SENDER, Recipient.parse(message.address), eight_bits=True) for message in messages]
    assert arrived == {content_of(mail.replace(b"\r\n", b"\n")) for mail in sent}
    for _ in messages:
        postfix.read_receipt()


def content_of(mail: bytes) -> bytes:
    """From the first header of ours that tells one mail from another: servers put theirs in front."""
    return mail[mail.index(b"Message-ID: ") :]


def test_no_receipt_says_anything_of_the_address(postfix: Postfix) -> None:
    postfix.send("nobody-by-this-name@unknown.test")
    assert "nobody" not in repr(postfix.read_receipt())
