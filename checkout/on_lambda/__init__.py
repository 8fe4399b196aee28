"""What the purchase needs besides itself where AWS Lambda runs it: the saga module is the same.

In the function, put together by `docker/lambda/handler.py`; it starts no server, thread or worker:
    following.py      the public state follows checkpoints that are AWS's, not ours
    tasks.py          browser tasks go to a queue
    deployed.py       the purchase as a Lambda handler

In front of it, where the API runs:
    executions.py     commands change our rows, and owe AWS a call
    owed.py           what is owed, as rows
    calling.py        the threads that make the calls
    histories.py      what AWS tells of an execution
    connected.py      these, put together over boto3
"""
