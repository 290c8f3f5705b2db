"""Open chat: hand-written conversations; each turn is one call with the history before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task

if TYPE_CHECKING:
    from random import Random

SYSTEM = "You are a helpful assistant."
Turns = tuple[tuple[str, str], ...]
CONVERSATIONS: tuple[Turns, ...] = (
    (
        (
            "What can I cook with lentils, carrots and half a pot of yoghurt?",
            "A warm lentil salad works well: cook the lentils for 20 minutes, roast the carrots with cumin and oil, mix both with lemon juice, and serve with the yoghurt stirred with salt and a little garlic.",
        ),
        (
            "No lemons here. Vinegar?",
            "Yes. Use about half as much as you would of lemon juice, a mild one such as white wine or apple vinegar, and add a pinch of sugar to round it off.",
        ),
        (
            "How long does it keep in the fridge?",
            "Two to three days in a closed box. Keep the yoghurt separate and add it when you serve, otherwise the salad turns watery.",
        ),
    ),
    (
        (
            "Write a short birthday greeting for my colleague Samira who loves climbing.",
            "Happy birthday, Samira! May the year ahead be full of good holds, steady ropes and summits with a view. We are glad to have you on our team.",
        ),
        (
            "A bit funnier please.",
            "Happy birthday, Samira! Another year higher up the wall and still no sign of coming down. We promise to catch you, at least when there is cake at the bottom.",
        ),
        (
            "And as two rhyming lines?",
            "Happy birthday, Samira, queen of rock and stone,\nmay every route you try this year be one to call your own.",
        ),
    ),
    (
        (
            "Explain the difference between RAM and disk storage to a ten-year-old.",
            "RAM is like your desk: what you are working on lies there, so you can grab it at once, but it is cleared when you leave. The disk is like your shelf: there is much more room and things stay there overnight, but fetching them takes longer.",
        ),
        (
            "Why not make the desk as big as the shelf?",
            "Because desk space is much more expensive than shelf space, and it needs electricity all the time to remember things. So computers have a small, quick desk and a big, slower shelf.",
        ),
    ),
    (
        (
            "I have to give a five-minute talk about bees on Friday. Can you suggest an outline?",
            "1. A surprise: one third of what we eat depends on pollinators (30 seconds). 2. Who lives in a hive (1 minute). 3. How bees tell each other where flowers are (1.5 minutes). 4. Why they are in trouble (1 minute). 5. Three things anybody can do (1 minute).",
        ),
        (
            "What are the three things?",
            "Plant flowers that bloom from spring to autumn, leave a corner of the garden wild for nests, and use no insect sprays on plants in bloom.",
        ),
        (
            "Give me a good last sentence.",
            "The next time a bee flies past your lunch, don't wave it away too quickly: without it, there might be no lunch.",
        ),
        (
            "What if I run out of time?",
            "Drop the part about who lives in a hive; nothing later depends on it. Keep the dance and the three things, because those are what people remember.",
        ),
    ),
    (
        (
            "How do I remove a coffee stain from a wool carpet?",
            "Blot it with a dry cloth, do not rub. Then mix a litre of lukewarm water with a teaspoon of wool detergent, dab it on from the edge to the middle, blot again and repeat with clear water. Let it dry flat, away from heat.",
        ),
        (
            "It is already dry, from last week.",
            "Then moisten it first with lukewarm water for ten minutes, and dab with a mix of two parts water and one part white vinegar. Test it in a hidden corner, and call a cleaner if the colour of the wool changes.",
        ),
    ),
    (
        (
            "Is a hot dog a sandwich?",
            "By structure, yes: filling between bread. By usage, no: nobody who asks for a sandwich expects one. I would call it a cousin that stopped coming to family dinners.",
        ),
    ),
    (
        (
            "Plan a rainy Sunday in Lisbon for two adults and a child of six.",
            "Morning: the Oceanário, two to three hours under cover. Lunch: Mercado da Ribeira, everyone finds something. Afternoon: the Pavilion of Knowledge with its hands-on exhibits. Late: tram 28 if the queue is short, and custard tarts in Belém.",
        ),
        (
            "We have seen the Oceanário already.",
            "Then start at the Museu da Marioneta, a puppet museum in an old convent that six-year-olds like, and move the Pavilion of Knowledge to the longer slot after lunch.",
        ),
        (
            "How do we get around without a car?",
            "The metro covers the Pavilion (Oriente station) and the market (Cais do Sodré). Buy a Navegante day ticket for the adults; children under four ride free and many discounts exist for older ones, so ask at the counter.",
        ),
    ),
    (
        (
            "Give me three names for a small bakery near the harbour.",
            "Tide & Crumb, The Floury Anchor, and Quayside Oven.",
        ),
        (
            "I like the second. A slogan for it?",
            "The Floury Anchor: bread worth staying ashore for.",
        ),
    ),
    (
        (
            "My neighbour plays drums at 10 pm. Help me write a polite note.",
            "Dear neighbour, I enjoy that there is music in the house. After ten in the evening, though, the drums come right through my bedroom wall, and I get up at five. Could we agree on a time until which you play? I am happy to talk. Kind regards, your neighbour from the second floor.",
        ),
        (
            "Shorter, and mention a coffee.",
            "Dear neighbour, your drums reach my bedroom after ten and I get up at five. Shall we find a good time over a coffee? I invite you. Your neighbour from the second floor.",
        ),
    ),
    (
        (
            "What is a good way to learn the names of 30 new colleagues?",
            "Learn five a day. Say each name when you greet the person, link it to something you notice, and write the five down in the evening from memory. On the next morning test yourself before you learn the next five.",
        ),
        (
            "I always forget during meetings.",
            "Draw the table on your notepad and write each name at its place when people introduce themselves. With the map in front of you, you can use the names at once, and using them is what makes them stick.",
        ),
    ),
    (
        (
            "Should I repair my nine-year-old washing machine or buy a new one? The pump is broken, 140 euros.",
            "At nine years, with a repair below a third of a new machine's price, repairing usually pays if the drum bearings are quiet. If it already roars when it spins, put the 140 euros towards a new one.",
        ),
        (
            "It is quiet. It uses a lot of water though.",
            "Then repair it. The water saved by a new machine is perhaps 20 to 40 euros a year, so it would take a decade to earn back the difference.",
        ),
        (
            "Can I replace the pump myself?",
            "On most models, yes: unplug it, close the tap, drain the rest through the filter, tip the machine back, take off the hose clamps and the plug, and swap the pump. Plan an hour and keep towels near. If the pump sits behind the drum, leave it to a technician.",
        ),
    ),
    (
        (
            "Tell me a joke about databases.",
            "A query walks into a bar, goes up to two tables and asks: may I join you?",
        ),
        (
            "Another one, please.",
            "Why did the database administrator leave his wife? She had one-to-many relationships.",
        ),
    ),
    (
        (
            "How much paint do I need for a room of 4 by 5 metres, 2.5 m high?",
            "The walls are 2 x (4 + 5) x 2.5 = 45 square metres. Less about 4 for a door and a window that is 41. With two coats and 10 square metres per litre you need about 8.2 litres, so buy 10.",
        ),
        (
            "And the ceiling?",
            "The ceiling is 4 x 5 = 20 square metres; two coats are 40 square metres, about 4 litres.",
        ),
        (
            "What does that cost roughly?",
            "Fourteen litres of a good white emulsion cost about 60 to 110 euros, plus some 25 euros for rollers, tape and sheets.",
        ),
    ),
    (
        (
            "Rewrite more politely: Send me the numbers today or I tell your boss.",
            "Could you please send me the numbers by the end of today? If that is not possible, let me know, so that we can find a solution together with your manager.",
        ),
        (
            "Without the manager.",
            "Could you please send me the numbers by the end of today? If that is difficult, just tell me what you need from me.",
        ),
    ),
    (
        (
            "Which is heavier, a kilo of feathers or a kilo of lead?",
            "Both weigh the same, one kilo. The feathers just take up far more room.",
        ),
    ),
    (
        (
            "My tomato plants have yellow leaves at the bottom. What is wrong?",
            "Most often it is lack of nitrogen or too much water. If the soil is wet, water less and only in the morning. If it is dry and the plant bears many fruits, give a tomato fertiliser. A few yellow leaves at the very bottom late in summer are normal.",
        ),
        (
            "The leaves have brown rings too.",
            "Then it is probably early blight, a fungus. Remove the affected leaves, do not compost them, water only the soil, and give the plants more air. Fruits without spots can be eaten.",
        ),
    ),
    (
        (
            "Describe autumn in four short lines.",
            "Leaves let go without a sound,\ngold and copper on the ground.\nMorning smells of smoke and rain,\ngeese write letters on the pane.",
        ),
        (
            "Now winter, same style.",
            "Roofs are sleeping under white,\nfour o'clock already night.\nBreath goes up like little ghosts,\nkettles sing and bread becomes toast.",
        ),
    ),
    (
        (
            "I want to start running. I am 48 and have not moved in years.",
            "Start with three sessions a week of 25 minutes: five minutes of brisk walking, then one minute slow running and two minutes walking, six times. Add half a minute of running per interval each week. See a doctor first if you have heart trouble or pain in your chest.",
        ),
        (
            "My knees hurt after the first time.",
            "Take two or three days off, then go on with walking only. Run on soft ground, shorten your steps, and have your shoes checked. If the pain comes back or the knee swells, let a doctor look at it before you go on.",
        ),
        (
            "What can I do on days off?",
            "Twenty minutes of cycling or swimming, and two short sessions a week of squats to a chair, bridges and calf raises. Strong thighs take load off the knees.",
        ),
    ),
    (
        (
            "Is it safe to eat rice from yesterday?",
            "Yes, if it was cooled within an hour or so and kept in the fridge. Heat it until it steams all the way through, and only once. Rice that stood at room temperature overnight should be thrown away.",
        ),
    ),
    (
        (
            "Help me decide: train or plane from Vienna to Hamburg next month?",
            "The night train takes about twelve hours, saves a hotel and brings you into the centre; book early for a sleeper. The plane takes five hours from door to door and is often cheaper, with roughly ten times the emissions. For a meeting at ten in the morning, I would take the night train.",
        ),
        (
            "I sleep badly in trains.",
            "Then the day train is the third way: about ten to twelve hours with one change, a table and time to work. If a day is too dear, fly, but choose a flight before noon so that delays do not hurt.",
        ),
    ),
    (
        (
            "Make a packing list for four days of hiking from hut to hut.",
            "Boots worn in, rain jacket, warm layer, two shirts, two pairs of socks, sleeping-bag liner, head torch, first-aid kit with plasters for blisters, sun cream, hat, water bottle, snacks, cash, map and phone with power bank, hut booking, earplugs.",
        ),
        (
            "How heavy may the pack be?",
            "Aim for no more than 15 percent of your body weight, that is about 9 to 11 kilos for most people, water included. For huts, 7 to 8 kilos is quite possible.",
        ),
        (
            "What would you leave at home first?",
            "The second pair of trousers, thick books, and full-size bottles of anything. Huts have blankets, so a sleeping bag can stay at home as well.",
        ),
    ),
    (
        (
            "Summarise the plot of Romeo and Juliet in two sentences.",
            "Two young people from feuding families in Verona fall in love and marry in secret. A chain of bad luck and haste drives both into death, which at last ends the feud.",
        ),
        (
            "As a newspaper headline.",
            "Secret wedding ends in double tragedy: Verona families declare truce.",
        ),
    ),
    (
        (
            "How do I politely leave a boring party early?",
            "Thank the host in one sentence, mention one thing you enjoyed, and give a plain reason without details: I have an early start tomorrow. Then go at once; long goodbyes are what makes it awkward.",
        ),
        (
            "The host is my boss.",
            "Stay for an hour and a half, speak with your boss once properly, and say goodbye the same way. Nobody will remember when you left, only that you said goodbye.",
        ),
    ),
    (
        (
            "Convert 350 degrees Fahrenheit for my oven.",
            "350 °F is about 177 °C. Set the oven to 175 or 180 °C, or 160 °C with fan.",
        ),
        ("And one stick of butter?", "One stick is 113 grams, or eight tablespoons."),
        (
            "One cup of flour?",
            "About 120 to 125 grams if you spoon it in loosely, up to 140 if you scoop.",
        ),
    ),
)
CUT_OFF = frozenset({(3, 0), (17, 2)})  # (conversation, turn) whose answer ran into max_tokens


def tasks(rng: Random, n: int) -> list[Task]:
    """Every turn of every conversation; `n` must be what the material holds."""
    found = [
        _turn(number, turn)
        for number, turns in enumerate(CONVERSATIONS)
        for turn in range(len(turns))
    ]
    if len(found) != n:
        raise ValueError(f"the conversations hold {len(found)} calls, not {n}")
    rng.shuffle(found)
    return found


def _turn(number: int, turn: int) -> Task:
    turns = CONVERSATIONS[number]
    history = [
        message
        for question, answer in turns[:turn]
        for message in (("user", question), ("assistant", answer))
    ]
    question, answer = turns[turn]
    cut = (number, turn) in CUT_OFF
    return Task(
        system=SYSTEM,
        messages=(*history, ("user", question)),
        answer=answer[: len(answer) * 2 // 3] if cut else answer,
        conversation=f"chat-{number + 1:02}",
        turn=turn,
        finish="length" if cut else "stop",
    )
