"""The purchase: the saga, the words it speaks, the ports it acts through, and the public state projected from it.

Read `saga` first; it is the purchase from top to bottom.
"""
