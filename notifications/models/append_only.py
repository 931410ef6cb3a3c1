"""The triggers that keep a table append-only."""

import pgtrigger


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE: what happened stays as it was written."""
    return [
        pgtrigger.Protect(name=f"{name}_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Protect(name=f"{name}_no_truncate", operation=pgtrigger.Truncate, level=pgtrigger.Statement),
    ]
