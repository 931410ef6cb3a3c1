from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0026_when_a_firm_said_so'),
    ]

    operations = [
        migrations.AddField(
            model_name='firmtelling',
            name='named_prompt',
            field=models.BigIntegerField(blank=True, null=True, verbose_name='prompt that it named'),
        ),
    ]
