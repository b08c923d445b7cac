"""The Django app of the domain, and the admin site that its curators work at."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy as _


class InitiativesConfig(AppConfig):
    default = True
    name = "initiatives"
    label = "initiatives"
    verbose_name = _("Registry")


class CuratorsDeskConfig(admin.AdminConfig):
    default = False
    default_site = "initiatives.desk.CuratorsDesk"
