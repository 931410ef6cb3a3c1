"""What a worker looks at for itself, where there is no database to look at yet."""

import pytest
from django.db import connection

from notifications.models import Alarm
from portal import worker_watch

pytestmark = pytest.mark.django_db(transaction=True)


def test_where_there_is_no_answer_a_worker_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", "nobody_made_this")
        worker_watch.refuse_shared_sessions()
        worker_watch.look("late@here")
    assert not Alarm.objects.exists()
