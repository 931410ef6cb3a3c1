"""Where providers report: authenticate, check the size, store raw, answer. No business here; a file a provider.

A bad caller is answered with 4xx and changes nothing. A repeated report is stored again and answered alike; a
repeated text message is answered with nothing and not stored. A fault of ours is a 500, at which providers call again
where they were told to: what has to be set at Kannel and Twilio for that is in docs/operations.md.
"""

from notifications.webhooks.aliyun import aliyun_report
from notifications.webhooks.esp import esp_report
from notifications.webhooks.inbound import aliyun_texts, kannel_text, twilio_text
from notifications.webhooks.kannel import kannel_report
from notifications.webhooks.own import own_report
from notifications.webhooks.twilio import twilio_report
from notifications.webhooks.twilio_calls import twilio_call_key, twilio_call_report, twilio_call_words

__all__ = [
    "aliyun_report",
    "aliyun_texts",
    "esp_report",
    "kannel_report",
    "kannel_text",
    "own_report",
    "twilio_call_key",
    "twilio_call_report",
    "twilio_call_words",
    "twilio_report",
    "twilio_text",
]
