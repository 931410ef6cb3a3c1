from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0038_calls_said_again")]

    operations = [
        migrations.AlterField(
            model_name="inboundtext",
            name="meaning",
            field=models.CharField(
                choices=[
                    ("acknowledge", "acknowledges"), ("stop", "wants no more SMS"), ("start", "wants SMS again"),
                    ("other", "something else"),
                ],
                max_length=12,
                verbose_name="meaning",
            ),
        ),
    ]
