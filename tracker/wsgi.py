"""What a WSGI server serves."""

import os

from django.core.wsgi import get_wsgi_application

from tracker.api.charset import WithoutCharset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

application = WithoutCharset(get_wsgi_application())
