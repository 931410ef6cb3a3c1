from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0032_figures_that_were_told'),
    ]

    operations = [
        # One that was broken off has left an index behind that is of no use.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS agent_task_alarm_told', migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('kind', 'untold'), ('outcome', 'told')), fields=['done_at'], name='agent_task_alarm_told'),
        ),
    ]
