"""Addresses of what was told: messages, acknowledgements, preferences, and where providers report."""

from django.urls import path

from notifications.views.link import acknowledge_link
from notifications.views.messages import acknowledge_message, message, message_list
from notifications.views.preferences import preferences
from notifications.webhooks import kannel_report

urlpatterns = [
    path("messages/", message_list, name="messages"),
    path("messages/<int:prompt_id>/", message, name="message"),
    path("messages/<int:prompt_id>/acknowledge/", acknowledge_message, name="acknowledge"),
    path("k/<str:token>/", acknowledge_link, name="acknowledge_link"),
    path("preferences/", preferences, name="preferences"),
    path("webhooks/sms/<str:token>/", kannel_report, name="kannel_report"),
]
