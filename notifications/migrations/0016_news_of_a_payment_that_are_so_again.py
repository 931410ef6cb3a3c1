"""A payment that came back, was booked after all and comes back again is told as returned once more.

The index is built beside those who write, since the table may be large. On the way back it keeps its condition: what
was told twice by then cannot be removed, and is right for both. Broken off at any step, it can be run again.
"""

from django.db import migrations, models

OLD = "prompt_once_a_payment"
NEW = "prompt_once_a_payment_again"


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0015_written'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off has left an index behind that is of no use.
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {NEW}", migrations.RunSQL.noop),
                migrations.RunSQL(
                    f"CREATE UNIQUE INDEX CONCURRENTLY {NEW} ON notifications_prompt (payment_id, kind)"
                    " WHERE payment_id IS NOT NULL AND voided_at IS NULL",
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {OLD}", migrations.RunSQL.noop),
                migrations.RunSQL(f"ALTER INDEX {NEW} RENAME TO {OLD}", migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name='prompt', name='prompt_once_a_payment'),
                migrations.AddConstraint(
                    model_name='prompt',
                    constraint=models.UniqueConstraint(condition=models.Q(('payment__isnull', False), ('voided_at', None)), fields=('payment', 'kind'), name='prompt_once_a_payment'),
                ),
            ],
        ),
    ]
