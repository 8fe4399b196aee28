"""Which site an element belongs to, told by the browser and never by the page. Knows frames; must never know a rule."""

from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import ElementHandle, Frame
from playwright.sync_api import Error as PlaywrightError

from agents.browsing.elements import Asked, Element
from agents.errors import UnreadableError

STALE: Final = "there is no such control on the page any more; read the page again"


def origin_of(element: Asked) -> str:
    """The origin of an element's frame, told by the browser; UnreadableError when it has none any more.

    Playwright asks the element for its document, so a frame may lie about that; but the frame of the document it names
    is told by the browser, and no script holds a document of another origin.
    """
    return element.origin if isinstance(element, Element) else origin(_frame_of(element))


def address_of(element: Asked) -> str:
    """The address of an element's frame. UnreadableError as above."""
    if not isinstance(element, Element):
        return _frame_of(element).url
    try:
        return str(element.evaluate("() => location.href"))
    except PlaywrightError as failed:
        raise UnreadableError(STALE) from failed


def _frame_of(element: Asked) -> Frame:
    try:
        frame = element.owner_frame() if isinstance(element, ElementHandle) else None
    except PlaywrightError as failed:
        raise UnreadableError(STALE) from failed
    if frame is None:
        raise UnreadableError(STALE)
    return frame


def origin(frame: Frame) -> str:
    """A frame's origin; a frame without an address of its own (about:blank, srcdoc) has its parent's."""
    parts = urlsplit(frame.url)
    if parts.scheme == "about" and frame.parent_frame:
        return origin(frame.parent_frame)
    return f"{parts.scheme}://{parts.netloc}"
