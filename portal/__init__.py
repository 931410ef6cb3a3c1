"""The project package: settings, and every page or desk that joins two apps. Nobody imports it."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
