from django.apps import AppConfig
from django.core.checks import register


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from notifications import firm_reports, receivers
        from notifications.checks import check_policies, check_suppliers, check_web_push, check_wordings

        del firm_reports, receivers
        register(check_wordings, "telling")
        register(check_policies, "telling")
        register(check_suppliers, "telling")
        register(check_web_push, "telling")
