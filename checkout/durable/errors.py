"""What the durable service refuses, and why. The bottom of the chain: it imports nothing of ours.

DurableError                      code                         status  retryable  what to do
├── ExecutionNotFoundError        execution_not_found          404     no         check the name
├── ExecutionNameConflictError    execution_name_conflict      409     no         another name, or the same input
├── ExecutionEndedError           execution_ended              409     no         nothing: it has ended
├── StopRefusedError              stop_refused                 409     no         let the function end by its result
├── NotParkedError                execution_not_parked         409     no         nothing: it is not waiting for you
├── FunctionNotRegisteredError    function_not_registered      404     no         register the function first
├── InvalidNameError              invalid_name                 422     no         letters, digits, - and _, at most 64
├── InvalidPayloadError           invalid_payload              422     no         send JSON text, an error object
├── PayloadTooLargeError          payload_too_large            413     no         store it elsewhere, pass a reference
├── InvalidUpdateError            invalid_update               400     no         a handler broke the operations' rules
├── HandingOverError              handing_over                 503    yes        nothing: another process goes on
├── StaleTokenError               stale_token                  400     no         stop: another invocation owns it now
└── CallbackError                 callback_error               400     no
    ├── CallbackNotFoundError     callback_not_found           404     no         check the id
    ├── CallbackAlreadyCompletedError callback_already_completed 409   no         nothing: the first answer stands
    └── CallbackExpiredError      callback_expired             410     no         too late: timed out or run over
"""


class DurableError(Exception):
    """A request was refused; nothing changed."""

    code = "durable_error"
    status = 400
    retryable = False


class ExecutionNotFoundError(DurableError):
    """There is no execution of this name, or its retention is over."""

    code = "execution_not_found"
    status = 404


class ExecutionNameConflictError(DurableError):
    """The name belongs to an execution of another function or with another input."""

    code = "execution_name_conflict"
    status = 409


class ExecutionEndedError(DurableError):
    """The execution has ended, so this can no longer be done to it."""

    code = "execution_ended"
    status = 409


class StopRefusedError(DurableError):
    """The function ends only by its result; stopping it from outside could leave its work half done."""

    code = "stop_refused"
    status = 409


class NotParkedError(DurableError):
    """The execution is not parked."""

    code = "execution_not_parked"
    status = 409


class FunctionNotRegisteredError(DurableError):
    """This process knows no handler of that function and version."""

    code = "function_not_registered"
    status = 404


class InvalidNameError(DurableError):
    """A function or an execution cannot be called that."""

    code = "invalid_name"
    status = 422


class InvalidPayloadError(DurableError):
    """A payload or an error is not in the form it must have."""

    code = "invalid_payload"
    status = 422


class PayloadTooLargeError(DurableError):
    """A payload is larger than a history keeps."""

    code = "payload_too_large"
    status = 413


class InvalidUpdateError(DurableError):
    """A checkpoint asks for something the operation's state does not allow."""

    code = "invalid_update"


class HandingOverError(DurableError):
    """This process is to end, and begins no further step; another one goes on at once."""

    code = "handing_over"
    status = 503
    retryable = True


class StaleTokenError(DurableError):
    """The checkpoint token is not the latest one: another invocation owns the execution, or it has ended."""

    code = "stale_token"


class CallbackError(DurableError):
    """An answer to a callback was not taken."""

    code = "callback_error"


class CallbackNotFoundError(CallbackError):
    """No callback has this id."""

    code = "callback_not_found"
    status = 404


class CallbackAlreadyCompletedError(CallbackError):
    """The callback was answered before."""

    code = "callback_already_completed"
    status = 409


class CallbackExpiredError(CallbackError):
    """The callback timed out, or the execution that waited for it has ended."""

    code = "callback_expired"
    status = 410
