r"""Research agent: a model plans questions, each is searched and noted in parallel, a model analyses the notes.

Shows: every model call is a step of its own, so a finished one is never paid twice, whatever crashes afterwards;
`map` with a limit on concurrency; bounded retries of answers that cannot be read; a chained invoke of another durable
function that a person answers (`publish_with`).

    checkout durable run examples/durable/research_agent.py:handler --name research-1 --skip-time \
        --input '{"topic": "durable execution",
                  "outside": {"journal": "/tmp/calls.jsonl", "garble_times": {"plan": 1}}}'
    checkout durable run examples/durable/research_agent.py:handler --name research-2 --until-suspended \
        --with content_approval=examples/durable/content_approval.py:handler \
        --input '{"topic": "durable execution", "publish_with": "content_approval"}'

On AWS Lambda durable functions it runs as it is: `examples.durable.research_agent.handler`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_durable_execution_sdk_python import BatchResult, DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import MapConfig, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets
from pydantic import BaseModel, Field

from examples.durable.model import MODEL_RETRIES, Prompt, ask
from examples.durable.outside import Outside

# Few at once: model providers limit requests per minute, and a burst only turns into retries.
CONCURRENT_QUESTIONS = 3
# More questions cost more than they add; the plan is cut here whatever the model proposes.
MAX_QUESTIONS = 5
MODEL_STEP = StepConfig(retry_strategy=MODEL_RETRIES)
SEARCH_STEP = StepConfig(retry_strategy=RetryPresets.transient())

# What the search finds: a library of four paragraphs, so that the example needs no network.
LIBRARY = {
    "replay": "A durable handler is replayed from its start; finished steps answer from their recorded results.",
    "wait": "A suspended execution is only rows in a database. Nothing of it stays in memory while it waits.",
    "retry": "A step that fails is tried again by its policy; the attempt and its delay are recorded.",
    "crash": "When a worker dies its lease lapses and another worker continues at the first unfinished step.",
}


class Plan(BaseModel):
    """What the model must plan."""

    questions: list[str] = Field(min_length=1)


class Note(BaseModel):
    """What the model must note about one question."""

    finding: str = Field(min_length=1)
    certain: bool


class Analysis(BaseModel):
    """What the model must conclude."""

    title: str = Field(min_length=1)
    conclusion: str = Field(min_length=1)
    open_questions: list[str]


def plan_prompt(topic: str) -> Prompt:
    """The request for questions."""
    return Prompt(
        role="You plan short desk research.",
        instructions="Break the topic into questions that a search can answer.",
        steps=("Find what a newcomer must know first.", "Write one question for each.", "Drop what overlaps."),
        expectation=f"Two to {MAX_QUESTIONS} questions, each one sentence.",
        narrowing=("No question that needs an opinion.", "No question about anything but the topic."),
        material={"topic": topic},
    )


def note_prompt(question: str, sources: list[str]) -> Prompt:
    """The request to answer one question from what was found."""
    return Prompt(
        role="You take notes from sources.",
        instructions="Answer the question from the sources.",
        steps=("Read every source.", "Keep what answers the question.", "Write it in one sentence."),
        expectation="A finding, and whether the sources settle the question.",
        narrowing=("Use nothing but the sources.", "With no fitting source say so and set certain to false."),
        material={"question": question, "sources": sources},
    )


def analysis_prompt(topic: str, notes: Sequence[Mapping[str, Any]]) -> Prompt:
    """The request for a conclusion."""
    return Prompt(
        role="You write the conclusion of a research note.",
        instructions="Weigh the findings and conclude.",
        steps=("Order the findings by weight.", "Conclude in two sentences.", "List what stays open."),
        expectation="A title, a conclusion and the open questions.",
        narrowing=("No claim without a finding.", "Uncertain findings go to the open questions."),
        material={"topic": topic, "notes": list(notes)},
    )


def plan_script(material: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-in for the planning model."""
    return {"questions": [f"What does {keyword} mean for {material['topic']}?" for keyword in LIBRARY]}


def note_script(material: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-in for the note-taking model: the first source."""
    sources = material["sources"]
    return {"finding": sources[0] if sources else "Nothing was found.", "certain": bool(sources)}


def analysis_script(material: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-in for the analysing model: the certain findings, one after another."""
    notes = material["notes"]
    return {
        "title": f"Notes on {material['topic']}",
        "conclusion": " ".join(note["finding"] for note in notes if note["certain"]) or "Nothing is certain.",
        "open_questions": [note["question"] for note in notes if not note["certain"]],
    }


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """One topic: `{"topic", "publish_with"?, "outside"?}` in, a sourced note out."""
    outside = Outside.of(event)
    topic = event["topic"]

    def think(
        child: DurableContext, call: str, prompt: Prompt, shape: type[BaseModel], script: Any, name: str
    ) -> dict[str, Any]:
        return child.step(
            lambda step: ask(prompt, shape, script=script, outside=outside, call=call, attempt=step.attempt),
            name=name,
            config=MODEL_STEP,
        )

    def search(question: str, call: str, attempt: int) -> list[str]:
        outside.call(call, attempt)
        return [text for keyword, text in LIBRARY.items() if keyword in question.lower()]

    def research(child: DurableContext, question: str, index: int, _questions: Sequence[str]) -> dict[str, Any]:
        sources = child.step(
            lambda step: search(question, f"search:{index}", step.attempt), name="search", config=SEARCH_STEP
        )
        note = think(child, f"note:{index}", note_prompt(question, sources), Note, note_script, "take-note")
        return {"question": question, "sources": sources, **note}

    plan = think(context, "plan", plan_prompt(topic), Plan, plan_script, "plan")
    findings: BatchResult[dict[str, Any]] = context.map(
        plan["questions"][:MAX_QUESTIONS],
        research,
        name="research",
        config=MapConfig(max_concurrency=CONCURRENT_QUESTIONS, item_namer=lambda _, index: f"question-{index + 1}"),
    )
    findings.throw_if_error()
    notes = findings.get_results()
    analysis = think(context, "analyse", analysis_prompt(topic, notes), Analysis, analysis_script, "analyse")

    report = {"topic": topic, **analysis, "notes": notes}
    if publisher := event.get("publish_with"):
        draft = {"title": analysis["title"], "text": analysis["conclusion"]}
        report["publication"] = context.invoke(
            publisher, {"draft": draft, "outside": event.get("outside") or {}}, name="publish"
        )
    return report
