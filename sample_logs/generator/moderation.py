"""Yes/no moderation of comments under articles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "You moderate comments. Does the comment insult or threaten a person, or is it advertising? "
    "Blunt criticism of a text, product or idea is allowed. Answer yes or no, nothing else."
)
BLOCKED = (
    "You are the dumbest person on this whole site.",
    "Anyone who likes this is a brainless idiot.",
    "I know where you park your car, better watch out.",
    "Shut up, you pathetic clown.",
    "Make 5,000 a week from home, message me for the link!",
    "Buy followers cheap at my shop, first hundred free.",
    "The author is a worthless liar and should be beaten.",
    "People like you should be locked away for good.",
    "Cheap watches, real gold, click my profile now.",
    "Say that again and I will find you.",
    "What a stupid cow wrote this.",
    "You must have been dropped on your head, moron.",
    "Use code WIN50 on my page for free casino spins.",
    "I hope somebody breaks your fingers so that you stop typing.",
    "Typical answer of a fat loser like you.",
    "My cousin got rich with this coin, join our channel today!",
)
ALLOWED = (
    "This article is badly researched, two of the three numbers are wrong.",
    "I disagree, the old bridge was safer in my opinion.",
    "Thank you, that was the clearest explanation so far.",
    "The second picture does not belong to this place.",
    "What a terrible idea, this would ruin the park.",
    "Does anybody know whether the museum opens on Mondays?",
    "Honestly, the new album is boring from start to end.",
    "I was there and it rained the whole day, still great.",
    "The headline promises more than the text delivers.",
    "My grandmother cooked it with nutmeg, try it.",
    "Please add a source for the claim about taxes.",
    "The mayor's plan is nonsense and far too expensive.",
    "Bus 12 has been late every day this week.",
    "I read this twice and still do not get the point.",
    "Great photos, especially the one from the harbour.",
    "That phone is overpriced junk, save your money.",
    "Killer concert last night, the drummer was on fire!",
    "Could you write about the east side of the city too?",
    "The comma in the title is wrong.",
    "I would shoot this scene from the other side, with softer light.",
)
CONTEXTS = (
    "",
    "Article: New tram line approved.\n",
    "Article: Ten soups for autumn.\n",
    "Article: City budget 2027.\n",
    "Article: Review of the open-air concert.\n",
    "Article: School closes its library.\n",
    "Article: Phones compared.\n",
    "Article: Derby ends in a draw.\n",
    "Article: Night market returns.\n",
)
# Where even large models slip: harsh words about things, and a threat in a calm voice.
HARD = {
    "The mayor's plan is nonsense and far too expensive.",
    "That phone is overpriced junk, save your money.",
    "Killer concert last night, the drummer was on fire!",
    "I would shoot this scene from the other side, with softer light.",
    "Honestly, the new album is boring from start to end.",
    "I know where you park your car, better watch out.",
    "My cousin got rich with this coin, join our channel today!",
}
TAILS = (
    "",
    "",
    "",
    " Just saying.",
    " And yes, I mean it.",
    " Greetings from Leeds.",
    " First!",
    " Edit: typo.",
)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        blocked = rng.random() < 0.3
        core = pick(rng, BLOCKED if blocked else ALLOWED)
        label, wrong = ("yes", "no") if blocked else ("no", "yes")
        user = f"{pick(rng, CONTEXTS)}Comment: {core}{pick(rng, TAILS)}"
        return single(SYSTEM, user, label, slip=wrong if core in HARD else None)

    return distinct(n, make)
