"""What can go wrong between us and a merchant's server, before anybody understood anything.

::

    FetchError                  code              HTTP  retryable
    ├── UrlError
    │   ├── UrlInvalidError     url_invalid       422   no    this is no web address
    │   └── UrlForbiddenError   url_forbidden     422   no    this address is not a shop on the Internet
    ├── NotSentError            merchant_unreachable 502 yes  no byte of the request left: it was not executed
    └── AnswerLostError         answer_lost       502   yes   it may have been executed, and nobody knows
        └── AnswerRefusedError  answer_refused    502   no    the answer is too large, too deep in redirects, or encoded

`http_status` is what the API answers when such an error reaches it.
"""

from typing import ClassVar


class FetchError(Exception):
    """A call to a merchant's server did not come back with an answer."""

    code: ClassVar[str] = "fetch_failed"
    http_status: ClassVar[int] = 502
    retryable: ClassVar[bool] = True


class UrlError(FetchError):
    """The address itself is refused; nothing was sent anywhere."""

    http_status: ClassVar[int] = 422
    retryable: ClassVar[bool] = False


class UrlInvalidError(UrlError):
    """This is no web address; the sentence says what is wrong with it."""

    code: ClassVar[str] = "url_invalid"


class UrlForbiddenError(UrlError):
    """The address leads to a private, reserved or metadata network, or to a port no shop uses."""

    code: ClassVar[str] = "url_forbidden"


class NotSentError(FetchError):
    """No connection: no byte of the request left, so the merchant cannot have acted on it."""

    code: ClassVar[str] = "merchant_unreachable"


class AnswerLostError(FetchError):
    """The request may have arrived; the answer did not, or not in time."""

    code: ClassVar[str] = "answer_lost"


class AnswerRefusedError(AnswerLostError):
    """The merchant answered, with something we do not read: too large, encoded, or redirecting without end."""

    code: ClassVar[str] = "answer_refused"
    retryable: ClassVar[bool] = False
