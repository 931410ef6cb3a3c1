"""Signing in and what belongs to it. These stand before allauth's own views of the same names."""

from allauth.account import views as allauth_views
from django.urls import URLPattern, URLResolver, include, path

from accounts import views
from accounts.recent_sign_in import recent_sign_in_required

urlpatterns: list[URLPattern | URLResolver] = [
    path("language/", views.set_language, name="set_language"),
    # The first question is the phone; email and password are the second way in.
    path("accounts/login/", allauth_views.request_login_code, name="account_login"),
    path("accounts/login/email/", allauth_views.login, name="account_login_by_email"),
    path("accounts/login/code/confirm/", views.ConfirmCodeView.as_view(), name="account_confirm_login_code"),
    path("accounts/logout/", views.sign_out, name="account_logout"),
    path("accounts/login/again/", views.sign_in_again, name="account_sign_in_again"),
    path(
        "accounts/phone/change/",
        recent_sign_in_required(views.ChangePhoneView.as_view()),
        name="account_change_phone",
    ),
    path("accounts/phone/verify/", views.verify_phone, name="account_verify_phone"),
    path("accounts/email/", recent_sign_in_required(views.ChangeEmailView.as_view()), name="account_email"),
    path(
        "accounts/password/set/",
        recent_sign_in_required(allauth_views.password_set),
        name="account_set_password",
    ),
    path("accounts/", include("allauth.urls")),
]
