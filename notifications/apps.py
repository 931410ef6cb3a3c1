from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from notifications import firm_reports, receivers
        from notifications.checks import (
            TELLING,
            check_clock,
            check_codes,
            check_ladders,
            check_own_providers,
            check_policies,
            check_policy_folder,
            check_suppliers,
            check_ways_back,
            check_web_push,
            check_wordings,
        )

        del firm_reports, receivers
        register(check_wordings, TELLING)
        register(check_policies, TELLING)
        register(check_policy_folder, TELLING)
        register(check_clock, TELLING)
        register(check_suppliers, TELLING)
        register(check_own_providers, TELLING)
        register(check_ways_back, TELLING)
        register(check_codes, TELLING)
        register(check_web_push, TELLING)
        register(check_ladders, TELLING)
