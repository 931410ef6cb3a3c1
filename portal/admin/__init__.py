"""The agents' desk: Django's admin, composed where loans and prompts meet."""

from portal.admin import disputes

__all__ = ["disputes"]
