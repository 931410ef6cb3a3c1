"""What to tell, how it went, whether they know, and who has to help."""

from notifications.models.acknowledgement import Acknowledgement
from notifications.models.agent_task import AgentTask
from notifications.models.alarm import Alarm
from notifications.models.callback import Callback
from notifications.models.delivery import Delivery
from notifications.models.duty import Duty, FirmTelling
from notifications.models.event import NoticeEvent
from notifications.models.halt import Halt
from notifications.models.inbound_text import InboundText
from notifications.models.kept_words import KeptWords
from notifications.models.lead_plan import LeadPlan
from notifications.models.preference import Preference
from notifications.models.prompt import DisputedPrompt, Prompt
from notifications.models.purge import Purge
from notifications.models.push_subscription import PushSubscription
from notifications.models.receipt import Receipt
from notifications.models.refused_calls import RefusedCalls
from notifications.models.responsibility import Responsibility, Sender
from notifications.models.seal import Seal
from notifications.models.supplier import Supplier
from notifications.models.sweep import Sweep

__all__ = [
    "Acknowledgement",
    "AgentTask",
    "Alarm",
    "Callback",
    "Delivery",
    "DisputedPrompt",
    "Duty",
    "FirmTelling",
    "Halt",
    "InboundText",
    "KeptWords",
    "LeadPlan",
    "NoticeEvent",
    "Preference",
    "Prompt",
    "Purge",
    "PushSubscription",
    "Receipt",
    "RefusedCalls",
    "Responsibility",
    "Seal",
    "Sender",
    "Supplier",
    "Sweep",
]
