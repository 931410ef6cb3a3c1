"""The constraint holds for what is written from now on; the next migration looks at the rows of before."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_unreachable_contact_points")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="jurisdiction_said_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="jurisdiction said"),
        ),
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [("say_law", "Can say whose law holds for a borrower")],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        AddConstraintNotValid(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("jurisdiction_said_at", None),
                    models.Q(("is_staff", False), ("jurisdiction__regex", "^[a-z]{2}$")),
                    _connector="OR",
                ),
                name="user_law_said_of_a_borrower",
            ),
        ),
    ]
