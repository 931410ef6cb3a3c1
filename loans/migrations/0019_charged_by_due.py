from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("loans", "0018_grace_of_a_week_at_most"),
    ]

    operations = [
        migrations.AddField(
            model_name="installment",
            name="charged_by_due",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=3,
                default=Decimal("0"),
                max_digits=18,
                verbose_name="charged by the due day",
            ),
        ),
    ]
