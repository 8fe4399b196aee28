"""What a command on webhook endpoints may be refused for.

WebhookError                code                         status  what to do
├── EndpointNotFoundError   webhook_endpoint_not_found   404     check the id and the key's tenant
├── DeliveryNotFoundError   webhook_delivery_not_found   404     check the id; old deliveries are forgotten
├── TooManyEndpointsError   webhook_endpoints_full       409     delete one first
├── EndpointDisabledError   webhook_endpoint_disabled    409     enable the endpoint, then deliver again
└── WebhookUrlError         webhook_url_refused          422     give a public https address

None is retryable: the same call would be refused again.
"""


class WebhookError(Exception):
    """A command was refused; nothing changed."""

    code = "webhook_error"
    status = 400
    retryable = False


class EndpointNotFoundError(WebhookError):
    """There is no such endpoint."""

    code = "webhook_endpoint_not_found"
    status = 404


class DeliveryNotFoundError(WebhookError):
    """There is no such delivery to this endpoint, or no longer."""

    code = "webhook_delivery_not_found"
    status = 404


class TooManyEndpointsError(WebhookError):
    """The tenant has as many endpoints as it may have."""

    code = "webhook_endpoints_full"
    status = 409


class EndpointDisabledError(WebhookError):
    """Nothing is sent to a disabled endpoint."""

    code = "webhook_endpoint_disabled"
    status = 409


class WebhookUrlError(WebhookError):
    """The address is none that may be told: no URL, not https, or not on the public Internet."""

    code = "webhook_url_refused"
    status = 422
