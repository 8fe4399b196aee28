"""The model behind an agent: one call to the Messages API, with its own patience. Any server that speaks it will do.

Knows the official client and its errors; must never know what the messages say.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anthropic
from anthropic.types.beta import BetaMessage

from agents.budget import Meter
from agents.errors import AgentError

# One page's decision is a few hundred tokens; room for a long form.
MAX_OUTPUT_TOKENS = 4096
# An answer takes seconds; with the retries below a dead server is found out within an offer's five minutes.
CALL_SECONDS = 45.0
# Overload passes in seconds to a minute; the client waits longer after each attempt, and the task's own time ends it.
MAX_RETRIES = 4


class ModelTroubleError(AgentError):
    """The model gave no answer: it could not be reached, is overloaded, or refuses the request as such."""

    code = "model_trouble"


@dataclass(frozen=True, slots=True)
class Model:
    """A model at a Messages API. Safe to share between tasks; holds nothing of one."""

    name: str
    client: anthropic.Anthropic = field(repr=False)

    @classmethod
    def connect(cls, name: str, *, api_key: str, base_url: str | None = None) -> "Model":
        """The model `name` at Anthropic, or at `base_url`: a gateway, or the stand-in."""
        return cls(name, anthropic.Anthropic(api_key=api_key, base_url=base_url, max_retries=MAX_RETRIES))

    def ask(self, *, system: str, tools: Sequence[Any], messages: Sequence[Any], meter: Meter) -> BetaMessage:
        """One answer. ModelTroubleError if none comes; counts what it cost."""
        began = time.monotonic()
        try:
            answer = self.client.with_options(
                timeout=max(1.0, min(CALL_SECONDS, meter.seconds_left))
            ).beta.messages.create(
                model=self.name,
                max_tokens=MAX_OUTPUT_TOKENS,
                # Instructions and tools are the same on every turn and for every task: paid once, then read from cache.
                system=[{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
                tools=list(tools),
                messages=list(messages),
            )
        except anthropic.APIStatusError as refused:
            meter.used(input_tokens=0, output_tokens=0, seconds=time.monotonic() - began)
            raise ModelTroubleError(f"the model answered {refused.status_code} {type(refused).__name__}") from refused
        except anthropic.APIError as silent:
            meter.used(input_tokens=0, output_tokens=0, seconds=time.monotonic() - began)
            raise ModelTroubleError(f"the model gave no answer: {type(silent).__name__}") from silent
        usage = answer.usage
        cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
        meter.used(
            input_tokens=usage.input_tokens + cached,
            output_tokens=usage.output_tokens,
            seconds=time.monotonic() - began,
        )
        return answer

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()
