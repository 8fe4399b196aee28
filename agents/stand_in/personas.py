"""Who the stand-in can be: the buyer, and models that misbehave. Each decides from the conversation alone."""

from collections.abc import Callable, Mapping

from agents.stand_in import policy
from agents.stand_in.conversation import Conversation
from agents.stand_in.turns import Turn

Persona = Callable[[Conversation], Turn]
PERSONAS: Mapping[str, Persona] = {"buyer": policy.decide}
