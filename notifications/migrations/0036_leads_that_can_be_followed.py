"""What cannot be followed is kept out by the database. Blanks and leading noughts, which were read, go.

A row that cannot be read has stopped all planning until now, so nobody was told by it: whoever wrote it mends it first.
"""

import re
from typing import Any

from django.db import migrations, models

LEADS = '^(60,)?(59,)?(58,)?(57,)?(56,)?(55,)?(54,)?(53,)?(52,)?(51,)?(50,)?(49,)?(48,)?(47,)?(46,)?(45,)?(44,)?(43,)?(42,)?(41,)?(40,)?(39,)?(38,)?(37,)?(36,)?(35,)?(34,)?(33,)?(32,)?(31,)?(30,)?(29,)?(28,)?(27,)?(26,)?(25,)?(24,)?(23,)?(22,)?(21,)?(20,)?(19,)?(18,)?(17,)?(16,)?(15,)?(14,)?(13,)?(12,)?(11,)?(10,)?(9,)?(8,)?(7,)?(6,)?(5,)?(4,)?(3,)?(2,)?(1,)?0$'
STAGES = '^(?!.*,$)(?=.)(1(,|$))?(2(,|$))?(3(,|$))?(4(,|$))?(5(,|$))?(6(,|$))?(7(,|$))?(8(,|$))?(9(,|$))?(10(,|$))?(11(,|$))?(12(,|$))?(13(,|$))?(14(,|$))?(15(,|$))?(16(,|$))?(17(,|$))?(18(,|$))?(19(,|$))?(20(,|$))?(21(,|$))?(22(,|$))?(23(,|$))?(24(,|$))?(25(,|$))?(26(,|$))?(27(,|$))?(28(,|$))?(29(,|$))?(30(,|$))?$'


def keep_as_the_form_does(apps: Any, _editor: Any) -> None:
    """Raises ValueError with each row that nobody could follow."""
    wrong = []
    for plan in apps.get_model("notifications", "LeadPlan").objects.order_by("pk"):
        kept = [
            ",".join(str(int(day)) if day.strip().isdecimal() else day for day in said.split(","))
            for said in (plan.upcoming, plan.overdue)
        ]
        fits = re.fullmatch(LEADS, kept[0]) and re.fullmatch(STAGES, kept[1])
        if not fits:
            wrong.append(f"{plan.pk} ({plan.upcoming!r} before, {plan.overdue!r} after the due date)")
        elif kept != [plan.upcoming, plan.overdue]:
            plan.upcoming, plan.overdue = kept
            plan.save(update_fields=["upcoming", "overdue"])
    if wrong:
        raise ValueError(
            "Nobody can be told by these rows of notifications_leadplan: " + "; ".join(wrong) + ". Write days such as"
            " 7,3,1,0 (falling, 60 at most, 0 at the end) and 1,3,7 (rising, 30 at most), or delete the row, and"
            " migrate again."
        )


class Migration(migrations.Migration):

    dependencies = [
        ('loans', '0024_what_the_figure_cannot_hold'),
        ('notifications', '0035_who_says_what_arrives'),
    ]

    operations = [
        migrations.RunPython(keep_as_the_form_does, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='leadplan',
            constraint=models.CheckConstraint(condition=models.Q(('upcoming__regex', LEADS)), name='lead_plan_falls_to_the_due_day'),
        ),
        migrations.AddConstraint(
            model_name='leadplan',
            constraint=models.CheckConstraint(condition=models.Q(('overdue__regex', STAGES)), name='lead_plan_stages_rise'),
        ),
    ]
