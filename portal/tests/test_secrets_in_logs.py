"""What opens a door is not written to the logs."""

import logging

import pytest

from portal.secrets_in_logs import SecretsFilter


@pytest.mark.parametrize(
    "path",
    [
        *("/k/AAAAAAAVaz48EBzDsa/", "/webhooks/sms/4f1c9d/?type=1", "/webhooks/aliyun/4f1c9d/", "/k/AAAA"),
        *("/push/received/AAAAAAAVaz48EBzDsa/", "/push/acknowledge/AAAA/"),
    ],
)
def test_a_link_and_the_callbacks_token_are_left_out(path: str) -> None:
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": (path,)})
    assert SecretsFilter().filter(record)
    secret = path.rstrip("/").split("/")[-1 if "?" not in path else -2]
    assert secret not in record.getMessage()
    assert "…" in record.getMessage()


def test_any_other_path_stays_as_it_is() -> None:
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": ("/loans/7/",)})
    assert SecretsFilter().filter(record)
    assert record.getMessage() == "Not Found: /loans/7/"
