"""Which processes a service may be made of: settings that fit no arrangement are refused before anything starts.

ArrangementError              code               what to do
├── ProviderMissingError      payments_missing   configure one payment provider for all processes
├── TwoKeepersError           two_keepers        choose who runs purchases
└── AwsUnusableError          aws_unusable       mend what boto3 finds: region, profile, endpoint

None is retryable.
"""

from checkout.settings import Settings


class ArrangementError(RuntimeError):
    """The settings do not go together."""

    code = "arrangement"
    retryable = False


class ProviderMissingError(ArrangementError):
    """Several processes would each pretend money of their own."""

    code = "payments_missing"


class TwoKeepersError(ArrangementError):
    """Purchases run in our own workers or on AWS, not both."""

    code = "two_keepers"


class AwsUnusableError(ArrangementError):
    """Purchases are to run on AWS, and what this machine says of AWS cannot be used."""

    code = "aws_unusable"


def check(settings: Settings) -> None:
    """Refuse to run purchases in several processes that do not share what they must."""
    if settings.redis_url and settings.lambda_function:
        raise TwoKeepersError(
            "CHECKOUT_REDIS_URL and CHECKOUT_LAMBDA_FUNCTION exclude each other: with the function, purchases run on "
            "AWS, and there is no worker of ours to tell of them"
        )
    key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    if settings.redis_url and not (key or settings.payment_sandbox_url):
        raise ProviderMissingError(
            "set STRIPE_API_KEY, or CHECKOUT_PAYMENT_SANDBOX_URL to one sandbox, for every process: with "
            "CHECKOUT_REDIS_URL no process may pretend money of its own"
        )
