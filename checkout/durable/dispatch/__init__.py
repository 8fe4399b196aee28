"""Ways to have executions run: threads of this process here; a queue of tasks can be another.

A dispatcher only carries "drive execution X". The database is the truth, so losing a message loses nothing.
"""
