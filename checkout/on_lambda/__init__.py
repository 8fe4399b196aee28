"""What the purchase needs besides itself where AWS Lambda runs it: the saga module is the same.

    following.py      the public state follows checkpoints that are AWS's, not ours
    tasks.py          browser tasks go to a queue
    deployed.py       the purchase as a Lambda handler

`docker/lambda/handler.py` picks the implementations. Nothing here starts a server, a thread or a worker.
"""
