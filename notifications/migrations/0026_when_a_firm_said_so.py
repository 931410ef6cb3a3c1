from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0025_columns_that_processes_of_before_leave_out'),
    ]

    operations = [
        migrations.AddField(
            model_name='firmtelling',
            name='said_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='said'),
        ),
    ]
