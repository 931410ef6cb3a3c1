from django.db import migrations, models
from django.db.models import F


def keep_when(apps, schema_editor):
    runs = apps.get_model('loans', 'RefusalRun').objects
    runs.filter(signed=True).update(signed_at=F('last_at'))


class Migration(migrations.Migration):

    dependencies = [
        ('loans', '0013_due_to_send_and_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='refusalrun',
            name='signed_at',
            field=models.DateTimeField(null=True, verbose_name='last signed'),
        ),
        migrations.RunPython(keep_when, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(
            model_name='refusalrun',
            name='signed',
        ),
    ]
