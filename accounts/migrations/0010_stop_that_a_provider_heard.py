from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_law_of_any_country")]

    operations = [
        migrations.AlterField(
            model_name="consent",
            name="source",
            field=models.CharField(
                choices=[
                    ("page", "on the preferences page"),
                    ("reply", "by SMS"),
                    ("agent", "told an agent"),
                    ("provider", "told the firm that carries our messages"),
                ],
                max_length=8,
                verbose_name="where",
            ),
        ),
    ]
