"""Processes of the version before, which are still running, write rows without these columns.

`0019` and `0020` have added them without a default in the database: a text message could not be kept, "stop" among
them, and a provider not be passed over, until the last process was restarted.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0024_sent_by_channel_alone'),
    ]

    operations = [
        migrations.AlterField(
            model_name='inboundtext',
            name='fingerprint',
            field=models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='fingerprint'),
        ),
        migrations.AlterField(
            model_name='inboundtext',
            name='provider',
            field=models.CharField(blank=True, db_default='', default='', max_length=16, verbose_name='provider'),
        ),
        migrations.AlterField(
            model_name='supplier',
            name='not_taken',
            field=models.JSONField(blank=True, db_default=models.Value({}, models.JSONField()), default=dict, verbose_name='people in a row not taken'),
        ),
    ]
