"""AWS's face of the durable service: its HTTP API, so that boto3 and the AWS command line work on it unchanged.

    Invoke                              invoking.py
    GetDurableExecution, …History       executions.py
    ListDurableExecutionsByFunction     executions.py
    StopDurableExecution, Resume…       executions.py
    SendDurableExecutionCallback…       callbacks.py
    CheckpointDurableExecution          runners.py
    GetDurableExecutionState            runners.py

Routes, members, limits and errors are AWS's published model of its Lambda API; the tests compare every one with it.
"""
