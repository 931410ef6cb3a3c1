"""A transaction of its own: nobody waits for the table while all its rows are looked at."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_law_that_was_said")]

    operations = [ValidateConstraint(model_name="user", name="user_law_said_of_a_borrower")]
