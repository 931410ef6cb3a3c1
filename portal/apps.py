from django.apps import AppConfig, apps
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models.signals import post_migrate


class DeskConfig(SimpleAdminConfig):
    """Django's admin, as the agents' desk.

    Its modules are found where its addresses are made (`portal.urls`): a process that serves no page does without them.
    """

    default_site = "portal.desk.DeskSite"


class PortalConfig(AppConfig):
    name = "portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portal.agents import make_groups

        # The last app with models: by then the permissions of all have been made.
        post_migrate.connect(make_groups, sender=apps.get_app_config("notifications"))
