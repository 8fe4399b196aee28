"""The composition root: the only module that picks implementations.

`Deployment.open` puts one process's parts together from settings: database, durable service, merchants, gateway, the
purchase. Everything else is handed what it needs. A Lambda handler would be the second such module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Self

import stripe
