from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0034_calls_handed_over'),
    ]

    operations = [
        migrations.AddField(
            model_name='supplier',
            name='arrivals_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='said of most that they arrived'),
        ),
    ]
