import socket
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

import pytest
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from notifications.tests.outside import find_closed_port


def seconds_of_a_wake_up(port: int) -> float:
    """For how long it is tried to send one to a broker behind this port, where there is none."""
    app = Celery("away", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    began = monotonic()
    with pytest.raises(OperationalError):
        app.send_task("notifications.tasks.plan", retry=settings.CELERY_TASK_PUBLISH_RETRY)
    return monotonic() - began


def test_whoever_commits_does_not_wait_for_a_broker_that_is_away() -> None:
    assert seconds_of_a_wake_up(find_closed_port()) < 2


@pytest.fixture
def hole() -> Iterator[int]:
    """A port whose host answers nobody: its queue of connections is full."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_where_packets_vanish_they_wait_for_a_single_try(hole: int) -> None:
    limit = settings.CELERY_BROKER_TRANSPORT_OPTIONS["socket_connect_timeout"]
    assert seconds_of_a_wake_up(hole) < 1.5 * limit
