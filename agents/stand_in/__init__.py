"""A stand-in for Anthropic's servers: it speaks the Messages API on the wire, and a readable policy does the thinking.

It is no model and says so: its answers come from `stand-in-buyer-1`, and `GET /` explains. It is as strict as the
servers it stands for, keeps nothing between requests, and logs every request so that tests can search it for secrets.
Personas misbehave the ways models do. Knows the public wire and the text of a page; must never import the worker it
is asked by, so that the two can only agree by what goes over the wire.
"""
