"""What a provider's answer holds, whoever it came from."""

import json
from typing import Any


def read_object(answer: str) -> dict[str, Any]:
    """The answer's JSON object; empty for anything else, such as a proxy's page. Never raises."""
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
