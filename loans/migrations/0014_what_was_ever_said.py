from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("loans", "0013_due_to_send_and_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="loan",
            name="first_said",
            field=models.DateField(blank=True, null=True, verbose_name="the first day on which it may be paid"),
        ),
        migrations.AddField(
            model_name="loan",
            name="most_said",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                max_digits=18,
                null=True,
                verbose_name="the most that it was said to come to",
            ),
        ),
    ]
