"""What the provider of the peer's view posts."""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

SECRET: Final = "benchmarks:benchmarks"
HEADERS: Final = {
    "Authorization": f"Basic {b64encode(SECRET.encode()).decode()}",
    "Content-Type": "application/json",
}


def write(delivery_ids: Sequence[int]) -> bytes:
    """One event a delivery, as the provider writes it."""
    events = [
        {
            "event": "sent",
            "time": 1790000000,
            "MessageID": 19421777835146490 + one,
            "Message_GUID": "1ab23cd4-e567-8901-2345-6789f0gh1i2j",
            "email": f"b{one}@example.test",
            "mj_campaign_id": 7257,
            "mj_contact_id": 4,
            "customcampaign": "",
            "mj_message_id": str(19421777835146490 + one),
            "smtp_reply": "sent (250 2.0.0 OK 1433333948 fa5si855896wjc.199 - gsmtp)",
            "CustomID": "",
            "Payload": json.dumps({"delivery": one}),
        }
        for one in delivery_ids
    ]
    return json.dumps(events).encode()
