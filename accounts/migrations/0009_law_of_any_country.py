from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_zones_that_nobody_said")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="jurisdiction",
            field=models.CharField(db_default="cn", default="cn", max_length=2, verbose_name="jurisdiction"),
        ),
    ]
