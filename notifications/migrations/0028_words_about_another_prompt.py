"""Words that differ by the prompt alone that they name are two: the first may have named the one of before.

The index is built beside those who write, since the table may be large. Broken off at any step, it can be run again.
There is no way back once two words differ by that alone.
"""

from django.db import migrations, models

TABLE = 'notifications_firmtelling'
NAME = 'firm_telling_once'
NEW = 'firm_telling_once_a_prompt'
BEFORE = 'installment_id, partner_id, kind, stage, channel, proof, sent_at'


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0027_which_prompt_a_firm_means'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                # One that was broken off has left an index behind that is of no use.
                migrations.RunSQL(f'DROP INDEX CONCURRENTLY IF EXISTS {NEW}', migrations.RunSQL.noop),
                migrations.RunSQL(
                    f'CREATE UNIQUE INDEX CONCURRENTLY {NEW} ON {TABLE} ({BEFORE}, named_prompt) NULLS NOT DISTINCT',
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(
                    f'ALTER TABLE {TABLE} DROP CONSTRAINT {NAME}, ADD CONSTRAINT {NAME} UNIQUE USING INDEX {NEW}',
                    f'ALTER TABLE {TABLE} DROP CONSTRAINT {NAME},'
                    f' ADD CONSTRAINT {NAME} UNIQUE NULLS NOT DISTINCT ({BEFORE})',
                ),
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name='firmtelling', name='firm_telling_once'),
                migrations.AddConstraint(
                    model_name='firmtelling',
                    constraint=models.UniqueConstraint(fields=('installment', 'partner', 'kind', 'stage', 'channel', 'proof', 'sent_at', 'named_prompt'), name='firm_telling_once', nulls_distinct=False),
                ),
            ],
        ),
    ]
