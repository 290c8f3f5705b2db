"""The assertions that only a model or a person can judge: read, kept, and left open.

Names are promptfoo's, and inspect_ai's where it has the like. No judge is asked today: such an
assertion is neither pass nor fail, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Judged(NamedTuple):
    """What is asked of the judge, and what the assertion's value tells it; empty for nothing."""

    question: str
    value: str = ""


JUDGED: Mapping[str, Judged] = {
    "agent-rubric": Judged(
        "An agent with tools of its own finds that the answer fits the rubric.",
        "the rubric",
    ),
    "answer-relevance": Judged("The answer is relevant to what was asked."),
    "classifier": Judged("A text classifier puts the answer into the class.", "the class"),
    "context-faithfulness": Judged("The answer claims nothing that the context does not say."),
    "context-recall": Judged("The context holds what the right answer needs.", "the right answer"),
    "context-relevance": Judged("The context is relevant to what was asked."),
    "conversation-relevance": Judged("Every answer is relevant to the conversation before it."),
    "factuality": Judged("The answer agrees with the facts of the value.", "the facts"),
    "g-eval": Judged(
        "The answer meets the criteria, judged step by step.",
        "the criteria",
    ),
    "human": Judged("A person accepts the answer."),
    "llm-rubric": Judged("A model finds that the answer fits the rubric.", "the rubric"),
    "max-score": Judged("The answer has the best score of all candidates'."),
    "model-graded-closedqa": Judged("The answer meets the requirement.", "the requirement"),
    "model-graded-factuality": Judged(
        "The answer agrees with the facts of the value.", "the facts"
    ),
    "model_graded_fact": Judged("The answer holds the fact of the value.", "the fact"),
    "model_graded_qa": Judged(
        "The answer is right, as the value says.",
        "the right answer, or how to grade",
    ),
    "moderation": Judged("A moderation service flags nothing in the answer."),
    "pi": Judged(
        "Pi's scorer finds that the answer meets the question.",
        "the question",
    ),
    "search-rubric": Judged(
        "A model that searches the web finds that the answer fits the rubric.",
        "the rubric",
    ),
    "select-best": Judged(
        "The answer is the best of all candidates' by the value.",
        "what is best",
    ),
}
"""Every judged assertion by its name."""
