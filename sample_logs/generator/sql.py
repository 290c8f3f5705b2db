"""Text to SQL over six small schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Write one SQLite SELECT statement that answers the question on the given tables. Answer "
    "with the SQL only, no explanation and no Markdown."
)
CITIES = ("Berlin", "Lisbon", "Oslo", "Prague", "Dublin", "Vienna", "Tallinn")
YEARS = ("2022", "2023", "2024", "2025")
COUNTS = ("2", "3", "5", "8", "10", "20")
# Per schema: its tables, then (question, SQL); {city}, {year}, {n} are drawn per call.
SCHEMAS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "customers(id, name, city, joined)\norders(id, customer_id, total, ordered_on)",
        (
            (
                "How many customers live in {city}?",
                "SELECT COUNT(*) FROM customers WHERE city = '{city}';",
            ),
            (
                "What is the total of all orders placed in {year}?",
                "SELECT SUM(total) FROM orders WHERE strftime('%Y', ordered_on) = '{year}';",
            ),
            (
                "List the names of customers with more than {n} orders.",
                "SELECT c.name FROM customers AS c JOIN orders AS o ON o.customer_id = c.id GROUP BY c.id, c.name HAVING COUNT(*) > {n};",
            ),
            (
                "Who are the {n} customers that spent the most?",
                "SELECT c.name, SUM(o.total) AS spent FROM customers AS c JOIN orders AS o ON o.customer_id = c.id GROUP BY c.id, c.name ORDER BY spent DESC LIMIT {n};",
            ),
            (
                "Which customers from {city} never ordered anything?",
                "SELECT name FROM customers WHERE city = '{city}' AND id NOT IN (SELECT customer_id FROM orders);",
            ),
        ),
    ),
    (
        "books(id, title, author, year, pages)\nloans(book_id, member, lent_on, returned_on)",
        (
            ("Which books appeared in {year}?", "SELECT title FROM books WHERE year = {year};"),
            (
                "How many books are on loan right now?",
                "SELECT COUNT(*) FROM loans WHERE returned_on IS NULL;",
            ),
            (
                "Show the {n} longest books with their page counts.",
                "SELECT title, pages FROM books ORDER BY pages DESC LIMIT {n};",
            ),
            (
                "Which authors have at least {n} books?",
                "SELECT author FROM books GROUP BY author HAVING COUNT(*) >= {n};",
            ),
            (
                "How often was each book lent in {year}?",
                "SELECT b.title, COUNT(l.book_id) AS times FROM books AS b LEFT JOIN loans AS l ON l.book_id = b.id AND strftime('%Y', l.lent_on) = '{year}' GROUP BY b.id, b.title;",
            ),
        ),
    ),
    (
        "servers(id, host, city, cores)\nincidents(id, server_id, opened_at, minutes, severity)",
        (
            (
                "List the hosts in {city} with more than {n} cores.",
                "SELECT host FROM servers WHERE city = '{city}' AND cores > {n};",
            ),
            (
                "How many incidents lasted longer than {n} minutes?",
                "SELECT COUNT(*) FROM incidents WHERE minutes > {n};",
            ),
            (
                "What is the average length of incidents per city?",
                "SELECT s.city, AVG(i.minutes) FROM incidents AS i JOIN servers AS s ON s.id = i.server_id GROUP BY s.city;",
            ),
            (
                "Which servers had no incident in {year}?",
                "SELECT host FROM servers WHERE id NOT IN (SELECT server_id FROM incidents WHERE strftime('%Y', opened_at) = '{year}');",
            ),
            (
                "Show the {n} servers with the most incidents.",
                "SELECT s.host, COUNT(*) AS incidents FROM servers AS s JOIN incidents AS i ON i.server_id = s.id GROUP BY s.id, s.host ORDER BY incidents DESC LIMIT {n};",
            ),
        ),
    ),
    (
        "employees(id, name, team, salary, office)\nabsences(employee_id, day, reason)",
        (
            (
                "What is the highest salary in the {city} office?",
                "SELECT MAX(salary) FROM employees WHERE office = '{city}';",
            ),
            (
                "Which teams have fewer than {n} people?",
                "SELECT team FROM employees GROUP BY team HAVING COUNT(*) < {n};",
            ),
            (
                "How many sick days were there in {year}?",
                "SELECT COUNT(*) FROM absences WHERE reason = 'sick' AND strftime('%Y', day) = '{year}';",
            ),
            (
                "List everyone in {city} by name.",
                "SELECT name FROM employees WHERE office = '{city}' ORDER BY name;",
            ),
            (
                "Which employees were absent on more than {n} days in {year}?",
                "SELECT e.name FROM employees AS e JOIN absences AS a ON a.employee_id = e.id WHERE strftime('%Y', a.day) = '{year}' GROUP BY e.id, e.name HAVING COUNT(*) > {n};",
            ),
        ),
    ),
    (
        "flights(id, origin, destination, departs_at, seats)\nbookings(flight_id, passenger, price)",
        (
            (
                "How many flights leave from {city}?",
                "SELECT COUNT(*) FROM flights WHERE origin = '{city}';",
            ),
            (
                "What did passengers to {city} pay on average?",
                "SELECT AVG(b.price) FROM bookings AS b JOIN flights AS f ON f.id = b.flight_id WHERE f.destination = '{city}';",
            ),
            (
                "Which flights have fewer than {n} bookings?",
                "SELECT f.id FROM flights AS f LEFT JOIN bookings AS b ON b.flight_id = f.id GROUP BY f.id HAVING COUNT(b.flight_id) < {n};",
            ),
            (
                "List all destinations reachable from {city}, each once.",
                "SELECT DISTINCT destination FROM flights WHERE origin = '{city}';",
            ),
            (
                "What is the revenue per destination for departures in {year}?",
                "SELECT f.destination, SUM(b.price) AS revenue FROM flights AS f JOIN bookings AS b ON b.flight_id = f.id WHERE strftime('%Y', f.departs_at) = '{year}' GROUP BY f.destination;",
            ),
        ),
    ),
    (
        "songs(id, title, artist, seconds, year)\nplays(song_id, listener, city, played_on)",
        (
            (
                "Which songs are shorter than {n} minutes?",
                "SELECT title FROM songs WHERE seconds < {n} * 60;",
            ),
            (
                "How many plays came from {city} in {year}?",
                "SELECT COUNT(*) FROM plays WHERE city = '{city}' AND strftime('%Y', played_on) = '{year}';",
            ),
            (
                "Show the {n} most played artists.",
                "SELECT s.artist, COUNT(*) AS plays FROM songs AS s JOIN plays AS p ON p.song_id = s.id GROUP BY s.artist ORDER BY plays DESC LIMIT {n};",
            ),
            (
                "Which songs from {year} were never played?",
                "SELECT title FROM songs WHERE year = {year} AND id NOT IN (SELECT song_id FROM plays);",
            ),
            (
                "How many different listeners are there per city?",
                "SELECT city, COUNT(DISTINCT listener) FROM plays GROUP BY city;",
            ),
        ),
    ),
)

# Where even large models slip: off by one, groups without rows, rows counted twice.
SLIPS = (
    ("HAVING COUNT(*) > ", "HAVING COUNT(*) >= "),
    ("LEFT JOIN", "JOIN"),
    ("COUNT(DISTINCT listener)", "COUNT(listener)"),
)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        tables, pairs = rng.choice(SCHEMAS)
        question, statement = rng.choice(pairs)
        slots = {"city": pick(rng, CITIES), "year": pick(rng, YEARS), "n": pick(rng, COUNTS)}
        user = f"Tables:\n{tables}\n\nQuestion: {question.format(**slots)}"
        answer = statement.format(**slots)
        slips = [answer.replace(old, new) for old, new in SLIPS if old in answer]
        return single(SYSTEM, user, answer, slip=slips[0] if slips else None)

    return distinct(n, make)
