from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0022_kept_words'),
    ]

    operations = [
        # One that was broken off has left an index behind that is of no use, or has removed the other one.
        migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS delivery_silent', migrations.RunSQL.noop),
        # Beside those who are sending: the table may be large.
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('status', 'sent'), models.Q(('channel', 'in_app'), _negated=True)), fields=['channel', 'sent_at'], name='delivery_silent'),
        ),
    ]
