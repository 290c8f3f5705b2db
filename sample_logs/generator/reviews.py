"""Sentiment of app-store reviews: positive, negative or neutral."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Decide the sentiment of the customer review. Answer with one word: positive, negative or "
    "neutral. Neutral means a plain statement of fact, or praise and blame in equal parts."
)
POSITIVE = (
    "Set it up in five minutes and it just works.",
    "Best editor I have used on a tablet so far.",
    "Support answered within the hour and fixed my problem.",
    "The new timeline view saves me an hour every day.",
    "I recommended it to my whole team and they all love it.",
    "Fast, clean and no advertising, exactly what I wanted.",
    "After the last update it feels twice as quick.",
    "Sync between my phone and laptop has never failed me.",
    "Worth every cent of the subscription.",
    "Finally an app that respects my privacy.",
    "The tutorial is wonderful, even my father understood it.",
    "I was sceptical at first, now I would not give it back.",
    "Beautiful icons and a layout that makes sense.",
    "It found a bug in my code that I had hunted for days.",
    "Offline mode works perfectly on the train.",
    "They listened to our feedback and added dark mode, great people.",
    "Great value compared with the big names.",
    "My students enjoy it and ask for more exercises.",
    "The battery lasts all day with it running in the background, brilliant.",
    "Everything I need and nothing I do not, five stars.",
)
NEGATIVE = (
    "Crashes every time I open a file larger than a few megabytes.",
    "I lost two days of notes after the update.",
    "The price doubled without a single new feature.",
    "Nobody has answered my messages for three weeks.",
    "Logging in takes longer than the work itself.",
    "Full of advertising, even in the paid version.",
    "It drains my battery before lunch.",
    "The new design hides every button I need.",
    "Cancelling the trial was a nightmare.",
    "Search never finds what I am looking for.",
    "It asks for my location for no reason at all, uninstalled.",
    "Notifications arrive hours late, useless for my job.",
    "I paid for the year and it stopped working in March.",
    "The export produces broken files that nothing can read.",
    "Painfully slow on my phone, which is not even old.",
    "The keyboard covers the text field, did anyone test this?",
    "Sync duplicated all of my contacts.",
    "Don't waste your money on this.",
    "What used to be a good app is now a mess.",
    "It froze in the middle of my presentation, so embarrassing.",
)
NEUTRAL = (
    "I installed version 4.2 on Tuesday.",
    "It has a list view and a board view.",
    "The app is available for Android and for the web.",
    "I use it at work, a colleague set it up for us.",
    "The settings page has three tabs.",
    "You need an account to share a project.",
    "The free plan allows two projects.",
    "There is an update about once a month.",
    "I have not tried the reporting part yet.",
    "It replaces the older app of the same company.",
    "The manual is a PDF of forty pages.",
    "It imports CSV files and exports them too.",
    "Fast on my laptop, but far too slow on my phone.",
    "I love the design, yet it crashes about as often as I love it.",
    "Good support, bad documentation, so it evens out.",
    "Cheaper than before, but some features are gone.",
)
LEADS = (
    "",
    "",
    "",
    "Update after a month:",
    "Used on a Pixel 7.",
    "Bought it in September.",
    "We are a team of nine.",
    "First review I ever write.",
    "Version 4.2.1.",
    "Teacher here.",
    "Switched from a competitor.",
)
# Where even large models slip: praise and blame in equal parts, praise that starts with doubt.
HARD = {
    "Fast on my laptop, but far too slow on my phone.": "negative",
    "I love the design, yet it crashes about as often as I love it.": "negative",
    "Good support, bad documentation, so it evens out.": "negative",
    "Cheaper than before, but some features are gone.": "negative",
    "The free plan allows two projects.": "positive",
    "I was sceptical at first, now I would not give it back.": "neutral",
    "After the last update it feels twice as quick.": "neutral",
    "It asks for my location for no reason at all, uninstalled.": "neutral",
}
POOLS = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        label = rng.choices(tuple(POOLS), (45, 37, 18))[0]
        parts = rng.sample(POOLS[label], k=rng.choice((1, 2, 2, 2)))
        user = " ".join(part for part in (pick(rng, LEADS), *parts) if part)
        slips = [HARD[part] for part in parts if part in HARD]
        return single(SYSTEM, f"Review: {user}", label, slip=slips[0] if slips else None)

    return distinct(n, make)
