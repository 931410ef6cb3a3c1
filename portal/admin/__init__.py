"""The agents' desk: Django's admin, composed where loans and prompts meet."""

from portal.admin import (
    agent_tasks,
    contact_points,
    disputes,
    loans,
    partners,
    people,
    prompts,
    receipts,
    record,
    reports,
    statement_lines,
)

__all__ = [
    "agent_tasks",
    "contact_points",
    "disputes",
    "loans",
    "partners",
    "people",
    "prompts",
    "receipts",
    "record",
    "reports",
    "statement_lines",
]
