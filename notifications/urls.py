"""Addresses of what was told: messages, acknowledgements, preferences, and where providers report."""

from django.urls import path

from notifications.addresses import LINKS, MESSAGES, TWILIO_CALL, TWILIO_CALL_WORDS, TWILIO_MESSAGE
from notifications.views.devices import add_device, remove_device
from notifications.views.link import acknowledge_link
from notifications.views.messages import acknowledge_message, message, message_list
from notifications.views.preferences import preferences
from notifications.views.push import notice_acknowledged, notice_received, service_worker
from notifications.webhooks import (
    aliyun_report,
    aliyun_texts,
    esp_report,
    kannel_report,
    kannel_text,
    own_report,
    twilio_call_key,
    twilio_call_report,
    twilio_call_words,
    twilio_report,
    twilio_text,
)

urlpatterns = [
    path(MESSAGES, message_list, name="messages"),
    path(f"{MESSAGES}<int:prompt_id>/", message, name="message"),
    path(f"{MESSAGES}<int:prompt_id>/acknowledge/", acknowledge_message, name="acknowledge"),
    path(f"{LINKS}<str:token>/", acknowledge_link, name="acknowledge_link"),
    path("preferences/", preferences, name="preferences"),
    path("preferences/push/", add_device, name="device_add"),
    path("preferences/push/<int:device_id>/remove/", remove_device, name="device_remove"),
    path("sw.js", service_worker, name="service_worker"),
    path("push/received/<str:token>/", notice_received, name="notice_received"),
    path("push/acknowledge/<str:token>/", notice_acknowledged, name="notice_acknowledged"),
    path("webhooks/sms/<str:token>/", kannel_report, name="kannel_report"),
    path("webhooks/sms/<str:token>/text/", kannel_text, name="kannel_text"),
    path("webhooks/aliyun/<str:token>/texts/", aliyun_texts, name="aliyun_texts"),
    path("webhooks/twilio/text/", twilio_text, name="twilio_text"),
    path("webhooks/aliyun/<str:token>/", aliyun_report, name="aliyun_report"),
    path("webhooks/own/<slug:provider>/<str:token>/", own_report, name="own_report"),
    path("webhooks/esp/<slug:esp>/", esp_report, name="esp_report"),
    path(TWILIO_MESSAGE, twilio_report, name="twilio_report"),
    path(TWILIO_CALL, twilio_call_report, name="twilio_call_report"),
    path(TWILIO_CALL_WORDS, twilio_call_words, name="twilio_call_words"),
    path("webhooks/twilio/call/key/", twilio_call_key, name="twilio_call_key"),
]
