from django.apps import AppConfig
from django.core.checks import register


class NotificationsConfig(AppConfig):
    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from notifications import firm_reports, receivers
        from notifications.checks import check_policies, check_suppliers, check_web_push, check_wordings

        del firm_reports, receivers
        register(check_wordings)
        register(check_policies)
        register(check_suppliers)
        register(check_web_push)
