from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_named_by'),
        ('notifications', '0019_texts_that_come_again'),
    ]

    operations = [
        migrations.AddField(
            model_name='supplier',
            name='not_taken',
            field=models.JSONField(blank=True, default=dict, verbose_name='people in a row not taken'),
        ),
    ]
