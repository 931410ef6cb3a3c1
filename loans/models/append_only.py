"""The triggers that keep a table append-only."""

import pgtrigger


def append_only(name: str) -> list[pgtrigger.Trigger]:
    """Refuse UPDATE, DELETE and TRUNCATE: what happened stays as it was written."""
    return [
        pgtrigger.Protect(name=f"{name}_stays", operation=pgtrigger.Update | pgtrigger.Delete),
        refuse_truncate(name),
    ]


def never_deleted(name: str) -> pgtrigger.Trigger:
    """Refuse DELETE: others point here by a number that no foreign key checks."""
    return pgtrigger.Protect(name=f"{name}_never_deleted", operation=pgtrigger.Delete)


def refuse_truncate(name: str) -> pgtrigger.Trigger:
    """Refuse to empty the table at a stroke."""
    return pgtrigger.Trigger(
        name=f"{name}_no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: cannot truncate %, it is append-only', TG_TABLE_NAME;",
    )
