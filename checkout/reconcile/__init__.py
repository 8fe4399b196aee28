"""Our books against the provider's and the merchants': what differs, and what each difference means. Changes nothing.

`findings` are the words, `purchases` is our side, `spool` holds the provider's while it is compared, `money` and
`orders` judge one purchase, `comparing` goes through them all, `screens` shows what was found.
"""
