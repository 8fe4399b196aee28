"""How this oscar is set up: SQLite in a folder, guests may buy, no e-mail leaves, nothing is fetched from elsewhere.

Knows Django's and oscar's settings; must never know a product.
"""

from pathlib import Path
from typing import Any

import oscar
from oscar import defaults

# A browser takes every name under `localhost` for this machine.
HOST_NAME = "oscar.localhost"
CURRENCY = "USD"
DATABASE_NAME = "oscar.sqlite3"
# How long a request waits while another writes, in seconds; SQLite has one writer at a time.
BUSY_SECONDS = 20


def settings(folder: Path, name: str = HOST_NAME) -> dict[str, Any]:
    """For `django.conf.settings.configure`."""
    oscars_own = {name: getattr(defaults, name) for name in dir(defaults) if name.isupper()}
    return {
        **oscars_own,
        "DEBUG": False,
        "SECRET_KEY": "demo-only: whoever reads this may forge a session of a shop on loopback",
        "ALLOWED_HOSTS": [name, "127.0.0.1"],
        "INSTALLED_APPS": [*oscar.INSTALLED_APPS, "sorl.thumbnail", "easy_thumbnails"],
        # Tables are made from the models as they are: oscar's hundred migrations would take half a minute.
        "MIGRATION_MODULES": _NoMigrations(),
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(folder / DATABASE_NAME),
                "ATOMIC_REQUESTS": True,
                "OPTIONS": {"timeout": BUSY_SECONDS, "transaction_mode": "IMMEDIATE"},
            }
        },
        "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "oscar.apps.basket.middleware.BasketMiddleware",
        ],
        "AUTHENTICATION_BACKENDS": [
            "oscar.apps.customer.auth_backends.EmailBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [str(Path(__file__).parent / "templates")],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                        "oscar.apps.search.context_processors.search_form",
                        "oscar.apps.checkout.context_processors.checkout",
                        "oscar.apps.communication.notifications.context_processors.notifications",
                        "oscar.core.context_processors.metadata",
                    ]
                },
            }
        ],
        "ROOT_URLCONF": "merchants.demo.oscar.urls",
        "STATIC_URL": "/static/",
        "MEDIA_URL": "/media/",
        "MEDIA_ROOT": str(folder / "media"),
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "HAYSTACK_SIGNAL_PROCESSOR": "haystack.signals.BaseSignalProcessor",
        "HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        "LOGGING_CONFIG": None,
        "LANGUAGE_CODE": "en-us",
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
        "SITE_ID": 1,
        "OSCAR_SHOP_NAME": "Oscar's",
        "OSCAR_SHOP_TAGLINE": "a django-oscar shop",
        "OSCAR_DEFAULT_CURRENCY": CURRENCY,
        "OSCAR_ALLOW_ANON_CHECKOUT": True,
    }


class _NoMigrations:
    """Says of every application that it has no migrations."""

    def __contains__(self, application: str) -> bool:
        return True

    def __getitem__(self, application: str) -> None:
        return None

    def get(self, application: str, default: object = None) -> None:
        """What Django's writer of migrations would ask."""
