"""A German savings bank: German prompts, German customers, SQL, cases of money laundering."""
# ruff: noqa: E501 - prompts are long lines

from task import Task

WORDS = {
    "ort": ["Kassel", "Lübeck", "Ulm", "Jena", "Trier", "Bochum", "Passau", "Kiel", "Gera", "Siegen", "Fulda", "Emden"],
    "betrag": ["{3..999},{10..99} Euro", "{1..49}.{100..999} Euro", "{10..95} Euro"],
    "tag": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"],
    "monat": ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November"],
    "datum": ["{1..28}. {monat} 2026", "{1..28}.{1..9}.2026", "{tag}, {1..28}. {monat}"],
    "laden": ["Bäckerei {last}", "Tankstelle {ort}", "Möbelhaus {last}", "Apotheke am Markt {ort}", "Elektro {last}", "Reisebüro {ort}", "Supermarkt {last}", "Gartencenter {ort}", "Fahrradladen {last}", "Optik {last}"],
    "produkt": ["Girokonto", "Tagesgeld", "Depot", "Kreditkarte", "Bausparvertrag", "Ratenkredit", "Sparbuch", "Gemeinschaftskonto", "Jugendkonto", "Geschäftskonto"],
    "name": ["{first} {last}"],
    "anliegen": [
        "Am {datum} wurden mir {betrag} von {laden} abgebucht, die ich nicht kenne.",
        "Meine Karte für das {produkt} ist seit {tag} gesperrt, obwohl {betrag} darauf sind.",
        "Ich ziehe nach {ort} um und möchte mein {produkt} ab dem {datum} mitnehmen.",
        "Die Überweisung über {betrag} an {name} vom {datum} ist nie angekommen.",
        "Wie hoch sind die Gebühren für mein {produkt} nach dem {datum}?",
        "Bitte erhöhen Sie mein Limit in {ort} auf {betrag}.",
        "Die Fotofreigabe zeigt seit {tag} Fehler {100..999}, ich wollte {betrag} überweisen.",
        "Ich habe am Automaten in {ort} statt {betrag} nur die Hälfte bekommen.",
        "Mein Sohn {first} ist {10..19} und braucht ein {produkt} ab {monat}.",
        "Kündigen Sie mein {produkt} zum {datum} und zahlen Sie {betrag} auf Konto {1000..9999} aus.",
        "Warum kostet das {produkt} seit {monat} plötzlich {betrag}?",
        "{laden} hat meine Lastschrift über {betrag} am {datum} zurückbekommen.",
    ],
    "bitte": ["Bitte rufen Sie mich am {tag} zurück.", "Ich warte seit {2..30} Tagen.", "Viele Grüße, {name}", "Mit freundlichen Grüßen\n{name}", "Danke im Voraus, {name}", "Das ist mein {2..6}. Versuch!"],
    "umsatz": ["{laden} SAGT DANKE {1000..9999} {ort} EC {10..99}", "SEPA LASTSCHRIFT {laden} MANDAT {code}", "MIETE {monat} {name} WHG {1..40}", "GEHALT {monat} {last} GMBH PERS {1000..9999}", "PAYPAL *{last}{10..99} {code}", "STROM ABSCHLAG {monat} STADTWERKE {ort} {code}", "BARAUSZAHLUNG {ort} {time} KARTE {1..9}", "VERSICHERUNG {last} VERTRAG {code}"],
    "kategorie": ["Wohnen", "Lebensmittel", "Mobilität", "Gehalt", "Freizeit", "Versicherung", "Bargeld", "Gesundheit", "Energie"],
    "bewegung": [
        "{datum}: Bareinzahlung {betrag} in {ort} durch {name}, ohne Beleg.",
        "{datum}: Überweisung {betrag} an {name}, Zweck „Beratung {code}“, Empfängerbank in {land}.",
        "{datum}: {2..15} Gutschriften von je {betrag} innerhalb von {2..50} Minuten.",
        "{datum}: Eröffnung eines zweiten Kontos für {name} in {ort}, Beruf: {beruf}.",
        "{datum}: Rückfrage an {name}, Antwort: Verkauf eines Autos für {betrag}.",
        "{datum}: Weiterleitung von {betrag} an {laden} am selben {tag}.",
    ],
    "land": ["Zypern", "Panama", "der Türkei", "Litauen", "Malta", "den Emiraten"],
    "beruf": ["Student", "Gastwirtin", "Autohändler", "Rentnerin", "Kurier", "Steuerberater"],
    "antwort": ["Vielen Dank für Ihre Nachricht vom {datum}.", "Wir haben den Betrag von {betrag} geprüft.", "Ihr {produkt} ist ab dem {datum} wieder frei.", "Bitte bringen Sie Ihren Ausweis in die Filiale {ort}.", "Die Gebühr beträgt ab {monat} {betrag}.", "Frau {last} meldet sich am {tag} bei Ihnen."],
    "frage": ["Wie viele {produkt}-Kunden in {ort} haben mehr als {betrag} Guthaben?", "Summe der Gebühren pro Filiale im {monat}, nur über {betrag}", "Welche {10..90} Kunden haben seit dem {datum} keine Buchung?", "Durchschnittliche Buchung je {produkt} an einem {tag} in {ort}", "Anzahl Rücklastschriften von {laden} zwischen {datum} und {datum}", "Top {3..50} Filialen nach Neukunden im {monat}, ohne {ort}"],
    "tabelle": ["kunden", "konten", "buchungen", "filialen", "gebuehren"],
    "protokoll": [
        "{name} möchte {betrag} für {2..20} Jahre anlegen und schläft schlecht bei Verlusten.",
        "Erfahrung mit Aktien seit {1990..2024}, zuletzt {betrag} in einem Fonds.",
        "Kredit über {betrag} bei der Bank in {ort}, Rate {100..990} Euro, bis {monat} {2027..2040}.",
        "Ziel: ein Haus in {ort}, Eigenkapital {betrag}, Kauf im {monat}.",
        "Empfohlen wurde ein {produkt} mit {1..6},{1..9} Prozent, Kosten {betrag} im Jahr.",
        "{name} lehnte das {produkt} ab, weil {betrag} Gebühr zu hoch sind.",
    ],
    "plausch": ["was ist besser, {produkt} oder {produkt}", "Schreib mir einen Geburtstagsgruß für Kollegin {first} aus {ort}", "Rezept für {4..30} Leute beim Sommerfest am {datum}", "Formel in Excel: Zinsen auf {betrag} bei {1..9} Prozent bis {datum}", "erklär mir Inflation am Beispiel von {laden} und {betrag}", "kürze das: {+anliegen}"],
}  # fmt: skip

TASKS = [
    Task(
        name="anliegen-klassifizieren", weight=5, model="gpt-4.1-mini-2025-04-14",
        systems=[
            "Du sortierst die Post der Sparkasse {ort}. Ordne die Nachricht genau einem Anliegen zu: Reklamation, Kartensperre, Umzug, Überweisung, Gebühren, Limit, Onlinebanking, Kontoeröffnung, Kündigung. Antworte nur mit dem Anliegen.",
            "Du sortierst die Post der Sparkasse {ort}. Ordne die Nachricht genau einem Anliegen zu: Reklamation, Kartensperre, Umzug, Überweisung, Gebühren, Limit, Onlinebanking, Kontoeröffnung, Kündigung, Sonstiges. Antworte nur mit dem Anliegen, ohne Punkt.",
        ],
        users=["{+anliegen 1..2}", "{+anliegen 1..2} {bitte}"], answers=["Reklamation", "Kartensperre", "Umzug", "Überweisung", "Gebühren", "Limit", "Onlinebanking", "Kontoeröffnung", "Kündigung"],
    ),
    Task(
        name="stimmung", weight=3, model="gpt-4.1-mini-2025-04-14",
        systems=["Du sortierst die Post der Sparkasse {ort}. Wie verärgert ist die Person? Antworte nur mit einer Zahl von 1 (ruhig) bis 5 (droht mit Kündigung oder Anwalt)."],
        users=["{+anliegen 1..2} {bitte}"], answers=["1", "2", "3", "4", "5"],
    ),
    Task(
        name="umsatz-kategorie", weight=5, model="gpt-4.1-nano-2025-04-14", schema="umsatz",
        systems=["Ordne den Kontoumsatz einer Haushaltskategorie zu und nenne den Händler ohne Zusätze. Kategorien: Wohnen, Lebensmittel, Mobilität, Gehalt, Freizeit, Versicherung, Bargeld, Gesundheit, Energie."],
        users=["{+umsatz 1..1} | {betrag}"], answers=[{"kategorie": "{kategorie}", "haendler": "{laden}"}],
    ),
    Task(
        name="antwort-entwurf", weight=3, model="claude-sonnet-4-5-20250929",
        systems=["Du schreibst Antwortentwürfe für den Kundendienst der Sparkasse {ort}. Höflich, per Sie, höchstens 120 Wörter, keine Zusagen über Geld. Unterschrift: {name}."],
        users=["{+anliegen 1..2} {bitte}"], answers=["Guten Tag,\n\n{antwort} {antwort} {antwort}\n\nFreundliche Grüße\n{name}"],
    ),
    Task(
        name="geldwaesche", weight=2, model="claude-opus-4-1-20250805",
        systems=["Du unterstützt den Geldwäschebeauftragten. Fasse die Kontobewegungen zusammen, nenne auffällige Muster und schlage vor: Meldung, Rückfrage oder Ablage. Begründe den Vorschlag in zwei Sätzen."],
        users=["Fall {code}\n{+bewegung 3..7}"], answers=["Vorschlag: Rückfrage. {+bewegung 1..1} Das Muster spricht für {2..9} verbundene Konten.", "Vorschlag: Meldung. {+bewegung 1..2}"],
    ),
    Task(
        name="beratungsprotokoll", weight=2.5, model="gpt-4.1-2025-04-14", schema="geeignetheit",
        systems=["Lies das Gesprächsprotokoll der Anlageberatung und fülle die Geeignetheitserklärung aus. Was nicht gesagt wurde, bleibt null."],
        users=["{+protokoll 2..5}"], answers=[{"anlageziel": "Haus in {ort}", "horizont_jahre": "{2..20}", "risiko": "{1..5}", "kosten": "{betrag}", "empfehlung": "{produkt}"}],
    ),
    Task(
        name="sql-controlling", weight=2, model="gpt-4.1-2025-04-14",
        systems=["Du schreibst Oracle-SQL für das Controlling. Tabellen: kunden(id, ort, geboren), konten(id, kunde_id, produkt, saldo), buchungen(konto_id, datum, betrag, text), filialen(id, ort), gebuehren(konto_id, monat, betrag). Gib nur die Abfrage aus."],
        users=["{+frage 1..1}"], answers=["SELECT ort, COUNT(*) FROM {tabelle} WHERE betrag > {10..9000} GROUP BY ort", "SELECT AVG(betrag) FROM {tabelle} JOIN konten ON konten.id = konto_id WHERE monat = {1..12}"],
    ),
    Task(
        name="mitarbeiter-chat", weight=2, model="gpt-4.1-2025-04-14", systems=["Du bist ein hilfreicher Assistent."],
        users=["{+plausch 1..1}"], answers=["{antwort} {antwort}", "Gern: {antwort}"], turns=3, followups=["und für {ort}?", "kürzer bitte", "{+plausch 1..1}"],
    ),
]  # fmt: skip
