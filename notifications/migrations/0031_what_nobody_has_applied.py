from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0030_sweeps_and_queues_that_nobody_works'),
    ]

    operations = [
        migrations.AlterField(
            model_name='alarm',
            name='kind',
            field=models.CharField(choices=[('coverage', 'an installment that nobody is being told about'), ('provider', 'a provider that fails or is slow'), ('feed', 'a partner that has fallen silent'), ('statement', 'a bank statement that is missing or does not fit'), ('clock', 'a clock that is wrong'), ('refused', 'a partner whose messages are refused'), ('unread', 'what a partner sent and nobody has applied'), ('outage', 'an outage that does not end'), ('doubted', 'a booking that cannot be true'), ('untold', 'an installment that fell overdue untold'), ('queue', 'messages that wait, and nobody sends them')], max_length=16, verbose_name='kind'),
        ),
    ]
