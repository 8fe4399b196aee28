"""The Celery application: queues, names, and every setting with its reason.

Knows Celery and Redis; must never know a purchase. A message carries one id and nothing else, so none can hold anything
worth stealing, and none is missed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celery import Celery

# The names on the wire: messages of one release are read by workers of another.
DRIVE, BUY = "sagas.drive", "agents.buy"
SAGAS, AGENTS = "sagas", "agents"
# Redis is near. A call that takes longer is given up, and the database is asked instead.
CONNECT_SECONDS = 0.5
CALL_SECONDS = 1.0
# A consumer waits a second for messages in one call, so its calls take longer than a publisher's.
CONSUMER_CALL_SECONDS = 10.0
# A message whose worker died with its host comes back after this. An invocation may take longer; then it is delivered
# twice, and the second one finds the execution claimed. The sweeper is quicker than both.
REDELIVER_SECONDS = 60.0
# By default a lost message is only looked for every hundred seconds.
REDELIVERY_LOOK_SECONDS = 10


def queue_of(function: str, version: int) -> str:
    """Where executions of this version are told of: only workers that can run it listen there."""
    return f"{SAGAS}.{function}.{version}"


def publisher(redis_url: str) -> "Celery":
    """An application that only sends, and gives up quickly."""
    return _app(redis_url, call_seconds=CALL_SECONDS)


def consumer(redis_url: str) -> "Celery":
    """An application for workers."""
    return _app(redis_url, call_seconds=CONSUMER_CALL_SECONDS)


def _app(redis_url: str, *, call_seconds: float) -> "Celery":
    # It takes most of a second to import, and a process without Redis needs it never.
    from celery import Celery  # noqa: PLC0415 (see above)

    app = Celery("checkout", broker=redis_url, set_as_current=False)
    app.conf.update(
        # What a task did stands in the database; nobody asks Celery.
        result_backend=None,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # Acknowledged when the work is done, and sent again when the child that did it was killed.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        # A message that waits behind a long one could have been another worker's.
        worker_prefetch_multiplier=1,
        # Nothing but JSON is unpacked: a message is a list with a number in it.
        task_serializer="json",
        accept_content=["json"],
        # Queues are named by whoever sends, and made by whoever listens.
        task_create_missing_queues=True,
        task_publish_retry=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        # For ever: the database is worked on meanwhile.
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_SECONDS,
        # Handlers may be at a merchant's checkout: they go on without Redis, and finish.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_transport_options={
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": call_seconds,
            "max_retries": 0,
            "visibility_timeout": REDELIVER_SECONDS,
            "unacked_restore_interval": REDELIVERY_LOOK_SECONDS,
            "unacked_restore_throttle": 1,
        },
        # No control channel and no events: they would be traffic with every message, and a way in.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        # Logging is ours.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        # A child opens its database before it is counted as up, and waits for one that restarts.
        worker_proc_alive_timeout=120.0,
    )
    return app
