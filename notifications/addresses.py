"""Where in the portal those addresses are that leave it: in messages, and with what a provider is asked.

`notifications.urls` is made of the same words. A worker that writes messages need not read the pages for them, which
takes longer than anything else in its start.
"""

from typing import Final

LINKS: Final = "k/"
MESSAGES: Final = "messages/"
TWILIO_MESSAGE: Final = "webhooks/twilio/message/"
TWILIO_CALL: Final = "webhooks/twilio/call/"
TWILIO_CALL_WORDS: Final = "webhooks/twilio/call/words/"
