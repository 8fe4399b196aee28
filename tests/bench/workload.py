"""The saga that both engines run: the purchase's steps with nothing in them, and one wait for the outside."""

STEPS_BEFORE = ("fetch-offer",)
STEPS_AFTER = ("authorize-payment", "create-charge", "place-order", "capture-charge", "finalize")
