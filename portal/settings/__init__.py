"""Settings. Each value that differs between machines comes from the environment (docs/operations.md)."""

from portal.settings.channels import *
from portal.settings.environment import *
from portal.settings.pages import *
from portal.settings.partners import *
from portal.settings.people import *
from portal.settings.prompts import *
from portal.settings.security import *
from portal.settings.storage import *
from portal.settings.work import *
