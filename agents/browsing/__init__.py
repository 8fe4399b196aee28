"""The browser and the way out of it: visits, what they may reach, and when their pages are at rest.

From the outside in: `browser` makes a visit; `visit` has one page at a time, each of them `watching`; `settling` says
when it rests; `fence` decides what may be opened, and `egress` lets nothing else out; `elements` speaks to what is on a
page. Must never know what is bought.
"""
