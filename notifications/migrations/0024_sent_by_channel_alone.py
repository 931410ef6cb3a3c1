from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0023_silent_messages'),
    ]

    operations = [
        RemoveIndexConcurrently(model_name='delivery', name='delivery_sent'),
    ]
