"""How gunicorn serves the portal: `gunicorn -c python:portal.gunicorn_conf portal.wsgi`. Address and number of workers
come from its command line or GUNICORN_CMD_ARGS.
"""

import gc
import logging
import signal
from typing import Protocol

from portal.discreet_logs import DiscreetFilter
from portal.processes import tie_to_parent

worker_class = "gthread"
workers = 2
threads = 4
preload_app = True  # one start instead of one a worker; nothing connects anywhere before the fork
control_socket_disable = True  # nobody administers it at run time, and the default socket lies in the home folder
# Requests that went well are not written. Where --access-logfile asks for them, addresses stay out: they name loans.
access_log_format = "%(t)s %(m)s %(s)s %(B)s bytes %(M)s ms"
# The most that gunicorn takes. A text message to us comes as such a line: each Chinese character has nine octets.
limit_request_line = 8190
logging.getLogger("gunicorn.error").addFilter(DiscreetFilter())


class Master(Protocol):
    pid: int


def when_ready(_server: Master) -> None:
    """Before the fork: what is loaded stays, so no worker has to look through it for garbage."""
    gc.freeze()


def post_fork(server: Master, worker: object) -> None:
    """End a worker whose master was killed: it would serve its running requests, and hold the port, for up to 30 s."""
    tie_to_parent(signal.SIGKILL, server.pid)()
