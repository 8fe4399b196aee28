"""The shapes of a request to the Messages API, as far as a conversation with tools uses them; all else is refused.

Knows single shapes; what must hold between messages is `checks`.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

TOOLSET_TYPE = "browser_toolset_20260801"
TOOLSET_NAME = "browser"
# The members this version of the toolset has. Not taken from the official client: importing it takes a second, and the
# stand-in should be there at once; a test holds the two together.
MEMBERS = frozenset(
    {
        *("navigate", "list_tabs", "new_tab", "switch_tab", "close_tab", "read_page", "get_page_text", "read_console"),
        *("read_network", "find", "form_input", "file_upload", "scroll_to", "screenshot", "zoom", "left_click"),
        *("right_click", "middle_click", "double_click", "triple_click", "hover", "left_click_drag", "left_mouse_down"),
        *("left_mouse_up", "mouse_move", "scroll", "type", "key", "hold_key", "wait", "javascript_exec"),
    }
)


class Shape(BaseModel):
    """A part of a request; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class CacheMark(Shape):
    """Accepted, and without effect here."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class Block(Shape):
    """Any content block."""

    cache_control: CacheMark | None = None


class TextBlock(Block):
    """Words."""

    type: Literal["text"]
    text: str = Field(min_length=1)
    citations: list[Any] | None = None


class ImageSource(Shape):
    """A picture, in the request itself."""

    type: Literal["base64"]
    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    data: str = Field(min_length=1)


class ImageBlock(Block):
    """A picture."""

    type: Literal["image"]
    source: ImageSource


class ToolUseBlock(Block):
    """An earlier call of the model's."""

    type: Literal["tool_use"]
    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")
    name: str = Field(min_length=1, max_length=200)
    input: dict[str, Any]
    caller: dict[str, Any] | None = None
    toolset_name: str | None = None


class Tab(Shape):
    """One open tab."""

    tab_id: str
    title: str
    url: str
    active: bool = False


class BrowserStateBlock(Block):
    """The caller's tabs after a call of the toolset's."""

    type: Literal["browser_state"]
    tabs: list[Tab]
    state_changes: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None

    @field_validator("tabs")
    @classmethod
    def _one_is_active(cls, tabs: list[Tab]) -> list[Tab]:
        if tabs and sum(tab.active for tab in tabs) != 1:
            raise ValueError("exactly one tab must be active")
        return tabs


ResultPart = Annotated[TextBlock | ImageBlock | BrowserStateBlock, Field(discriminator="type")]


class ToolResultBlock(Block):
    """What came of a call."""

    type: Literal["tool_result"]
    tool_use_id: str
    content: str | list[ResultPart] = ""
    is_error: bool = False
    toolset_name: str | None = None


UserPart = Annotated[TextBlock | ImageBlock | ToolResultBlock, Field(discriminator="type")]
AssistantPart = Annotated[TextBlock | ToolUseBlock, Field(discriminator="type")]


class UserMessage(Shape):
    """What the caller says."""

    role: Literal["user"]
    content: str | list[UserPart]


class AssistantMessage(Shape):
    """What the model said before."""

    role: Literal["assistant"]
    content: str | list[AssistantPart]


Message = Annotated[UserMessage | AssistantMessage, Field(discriminator="role")]


class MemberConfig(Shape):
    """Whether a member is on."""

    enabled: bool | None = None
    defer_loading: bool | None = None


class CustomTool(Shape):
    """A tool of the caller's own."""

    type: Literal["custom"] | None = None
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")
    description: str = ""
    input_schema: dict[str, Any]
    cache_control: CacheMark | None = None
    strict: bool | None = None
    eager_input_streaming: bool | None = None
    defer_loading: bool | None = None
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None


class BrowserToolset(Shape):
    """The browser toolset: one entry, without a name."""

    type: Literal["browser_toolset_20260801"]
    configs: dict[str, MemberConfig | None] | None = None
    cache_control: CacheMark | None = None

    @field_validator("configs")
    @classmethod
    def _only_members(cls, configs: dict[str, MemberConfig | None] | None) -> dict[str, MemberConfig | None] | None:
        if unknown := set(configs or ()) - MEMBERS:
            raise ValueError(f"{', '.join(sorted(unknown))}: Extra inputs are not permitted")
        return configs

    def serves(self, member: str) -> bool:
        """Whether a member is on; without a word about it, it is (all but two are by default)."""
        config = (self.configs or {}).get(member)
        return member in MEMBERS and (config is None or config.enabled is not False)


class Request(Shape):
    """A request for a message. Fields that only tune a model are accepted, and change nothing here."""

    model: str = Field(min_length=1)
    messages: list[Message] = Field(min_length=1)
    max_tokens: int | None = Field(default=None, ge=1)
    stream: bool = False
    system: str | list[TextBlock] = ""
    tools: list[dict[str, Any]] = []
    tool_choice: dict[str, Any] | None = None
    thread: dict[str, Any] | None = None
    cache_control: CacheMark | None = None
    metadata: dict[str, Any] | None = None
    stop_sequences: list[str] | None = None
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    service_tier: Literal["auto", "standard_only"] | None = None
    speed: Literal["standard", "fast"] | None = None
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    context_management: dict[str, Any] | None = None
