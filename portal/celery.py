"""The Celery application. Rows are the queue; a task only wakes a worker (docs/design.md)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("dueproof")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
