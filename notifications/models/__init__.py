"""What to tell, how it went, whether they know, and who has to help."""

from notifications.models.acknowledgement import Acknowledgement
from notifications.models.agent_task import AgentTask
from notifications.models.delivery import Delivery
from notifications.models.event import NoticeEvent
from notifications.models.preference import Preference
from notifications.models.prompt import DisputedPrompt, Prompt
from notifications.models.receipt import Receipt

__all__ = [
    "Acknowledgement",
    "AgentTask",
    "Delivery",
    "DisputedPrompt",
    "NoticeEvent",
    "Preference",
    "Prompt",
    "Receipt",
]
