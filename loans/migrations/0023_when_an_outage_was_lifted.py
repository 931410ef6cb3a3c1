from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loans", "0022_when_an_outage_was_listed")]

    operations = [
        migrations.AddField(
            model_name="outage",
            name="lifted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
