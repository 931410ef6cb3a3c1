from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_stop_that_a_provider_heard")]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="address",
            field=models.CharField(blank=True, db_default="", default="", max_length=254, verbose_name="address"),
        ),
    ]
