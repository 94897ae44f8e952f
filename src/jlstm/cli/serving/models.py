"""What goes in and out as JSON; the pages of OpenAPI are made of it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A body without keys that nobody reads."""

    model_config = ConfigDict(extra="forbid")


class Many(Strict):
    """Inputs, each of which gets its rows."""

    inputs: list[Any] = Field(min_length=1, description="as /model says")


class Input(Strict):
    """The next part of an input that is read as it comes."""

    input: Any = Field(description="a text, or the notes of some steps")


class Rows(BaseModel):
    """What the model makes of inputs, in their order."""

    rows: list[dict[str, Any]]


class Opened(BaseModel):
    """A session that was opened."""

    session: str


class Fed(BaseModel):
    """What the model makes of an input so far."""

    row: dict[str, Any]


class State(BaseModel):
    """How a server does."""

    status: str
    waiting: int
    sessions: int


class Model(BaseModel):
    """What was trained, and what it takes."""

    task: str
    name: str | None
    inputs: str = Field(description="of /predict; empty where it takes files only")
    streams: bool = Field(description="whether it has sessions")
    config: dict[str, Any]
