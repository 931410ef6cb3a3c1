"""What was first said when is not on record of before: the last time that it was said is the best that is known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loans", "0026_codes_in_any_letters")]

    operations = [
        migrations.AddField(
            model_name="paymentword",
            name="named_at",
            field=models.DateTimeField(null=True, verbose_name="first named as of"),
        ),
        migrations.RunSQL("UPDATE loans_paymentword SET named_at = as_of", migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="paymentword",
            name="named_at",
            field=models.DateTimeField(verbose_name="first named as of"),
        ),
    ]
