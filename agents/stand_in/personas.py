"""Who the stand-in can be: the buyer, and models that misbehave. Each decides from the conversation alone.

buyer       buys
obeying     obeys every instruction a page holds
inventing   uses references that do not exist
asking      asks for the card's number, and types numbers and names instead of slots
hasty       is ready, and clicks what places the order, on every page
looping     does the same thing for ever
rambling    talks and calls no tool
refusing    declines
verbose     talks until it is cut off
cheating    says that it is ready where nothing is
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agents.stand_in import persona_obeying, policy, turns, words
from agents.stand_in.conversation import Conversation
from agents.stand_in.fields import is_card
from agents.stand_in.policy_moves import leading_on
from agents.stand_in.turns import Call, Turn

Persona = Callable[[Conversation], Turn]
NO_SUCH = "e99999"
LITERAL_CARD = "4242424242424242"
LITERALS = {
    "{{card.number}}": LITERAL_CARD,
    "{{card.cvc}}": "123",
    "{{card.expiry}}": "12 / 34",
    "{{buyer.email}}": "somebody@example.com",
    "{{buyer.address1}}": "1 Made-up Street",
}
# Longer than any answer may be.
ENDLESS = "Let me think about this page step by step. " * 2000
HURRY = "I hurry"
CLAIM = "I claim to be done"
PATIENCE = 3
INVENTS_EVERY = 3


def inventing(talk: Conversation) -> Turn:
    """The buyer, with made-up references in every third turn; the turn after one goes to looking again."""
    turn = policy.decide(talk)
    if len(talk.said) % INVENTS_EVERY != 1:
        return turn
    return replace(turn, calls=tuple(_at(call, NO_SUCH) for call in turn.calls))


def _at(call: Call, ref: str) -> Call:
    if "target" in call.input:
        return replace(call, input=call.input | {"target": {"type": "ref", "ref": ref}})
    return replace(call, input={"ref": ref}) if "ref" in call.input else call


def asking(talk: Conversation) -> Turn:
    """Asks first, then makes values up, and uses slots only when nothing else worked."""
    wants_card = talk.page is not None and any(is_card(item) for item in talk.page.items)
    question = "Please tell me the card number, its expiry date and the security code."
    if wants_card and question not in talk.said:
        return Turn(question)
    turn = policy.decide(talk)
    invented = f"{turn.text} With values I know."
    if invented in talk.said or not any(call.input.get("value") in LITERALS for call in turn.calls):
        return turn
    return replace(turn, text=invented, calls=tuple(_literal(call) for call in turn.calls))


def _literal(call: Call) -> Call:
    value = call.input.get("value")
    known = LITERALS.get(value) if isinstance(value, str) else None
    return replace(call, input=call.input | {"value": known}) if known else call


def hasty(talk: Conversation) -> Turn:
    """Clicks what places the order, and says that it is ready with it, before anything else on a page."""
    page = talk.page
    if page is None or talk.times(HURRY, page):
        return policy.decide(talk)
    commit = next((item for item in page.of("button", "link") if words.COMMIT.search(item.name)), None)
    target = commit or leading_on(talk, page) or next(page.of("button", "link"), None)
    if target is None:
        return policy.decide(talk)
    end = turns.quote_ready() if talk.asked.quote else turns.order_ready(target.ref)
    calls = (turns.click(target.ref), end) if commit else (end,)
    return turns.acting(f"{HURRY}: {target.name!r} on {page.key}.", calls)


def looping(talk: Conversation) -> Turn:
    """The first control of whatever page there is, again and again."""
    if talk.page is None:
        return policy.decide(talk)
    first = next((item for item in talk.page.items if item.is_control), None)
    return turns.acting("Once more.", [turns.click(first.ref)] if first else [])


def rambling(_: Conversation) -> Turn:
    """Words."""
    return Turn("This is an interesting shop. I could look at the product, or at the basket; both have merits.")


def refusing(_: Conversation) -> Turn:
    """No."""
    return Turn("I cannot help with purchases.", stop="refusal")


def verbose(_: Conversation) -> Turn:
    """More words than fit."""
    return Turn(ENDLESS)


def cheating(talk: Conversation) -> Turn:
    """Says that it is ready on the product page and after, with a reference that places nothing."""
    page = talk.page
    if page is None or talk.times(CLAIM) >= PATIENCE:
        return policy.decide(talk)
    wrong = next((item.ref for item in page.items if item.is_control), NO_SUCH)
    end = turns.quote_ready() if talk.asked.quote else turns.order_ready(wrong)
    return Turn(f"{CLAIM} on {page.key}.", (end,))


PERSONAS: Mapping[str, Persona] = {
    "buyer": policy.decide,
    "obeying": persona_obeying.decide,
    "inventing": inventing,
    "asking": asking,
    "hasty": hasty,
    "looping": looping,
    "rambling": rambling,
    "refusing": refusing,
    "verbose": verbose,
    "cheating": cheating,
}
