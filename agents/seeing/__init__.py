"""A page as a model reads it: the browser's accessibility tree, put into a few redacted lines.

`observe` sees; `tree` parses what the browser described, `about` asks what that leaves out, `covered` refers to what
has no reference; `lines` and `joins` write it down in the `words` of the page, and `cut` makes it fit.
"""
