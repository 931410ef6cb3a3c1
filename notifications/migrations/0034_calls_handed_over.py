from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0033_told_by_an_alarms_task'),
    ]

    operations = [
        # One that was broken off has left an index behind that is of no use.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS delivery_called', migrations.RunSQL.noop),
        # Beside those who are sending: the table may be large.
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('channel', 'voice')), fields=['handed_at'], name='delivery_called'),
        ),
    ]
