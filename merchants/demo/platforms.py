"""How the demo shop learns who calls it: it fetches the platform's profile, as the protocol asks, with patience.

A profile that cannot be had is written into the log and forgiven, unless the shop was told to insist. Knows profiles;
must never know a purchase.
"""

import json
import threading
from collections.abc import Callable

from merchants.demo.requests import RefusedError
from merchants.errors import FetchError
from merchants.fetch import Fetcher
from merchants.ucp.reading import mapping, text
from merchants.ucp.versions import spoken
from merchants.urls import Target

PROFILE_SECONDS = 2.0

Note = Callable[[str, str], None]


class Platforms:
    """Fetches each platform's profile once."""

    def __init__(self, note: Note, *, insist: bool = False) -> None:
        """`note` is told of every profile: its URL and what came of it. `insist`: refuse who has no good one."""
        self._note = note
        self._insist = insist
        self._known: dict[str, RefusedError | None] = {}
        self._lock = threading.Lock()

    def __call__(self, url: str) -> None:
        """Meet the platform whose profile is at `url`; raise `RefusedError` if the shop insists and it is not good."""
        with self._lock:
            if url not in self._known:
                self._known[url] = self._meet(url)
            trouble = self._known[url]
            if trouble and self._insist:
                del self._known[url]  # it may be mended by the next call
        if trouble and self._insist:
            raise trouble

    def _meet(self, url: str) -> RefusedError | None:
        try:
            # This shop lives beside its customers on one machine, so the one address it is told may be loopback.
            target = Target.read(url)
            loopback = {target.pair} if target.host in ("127.0.0.1", "::1", "localhost") else set[str]()
            answer = Fetcher(allowed=loopback).fetch("GET", url, timeout_seconds=PROFILE_SECONDS)
            body = mapping(mapping(json.loads(answer.body)).get("ucp"))
        except FetchError as failure:
            self._note(url, f"unreachable: {failure}")
            return RefusedError(
                "profile_unreachable", f"your profile cannot be fetched: {failure}", status=424, protocol=True
            )
        except ValueError:
            body = {}
        if spoken(text(body.get("version"))) is None:
            self._note(url, "malformed")
            return RefusedError(
                "profile_malformed", "your profile names no version we speak", status=422, protocol=True
            )
        self._note(url, f"version {body['version']}")
        return None
