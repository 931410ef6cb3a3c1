from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loans", "0021_what_was_charged_by_due")]

    operations = [
        migrations.AddField(
            model_name="outage",
            name="listed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
