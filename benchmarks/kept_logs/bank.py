"""Regionalbank Mittelrhein eG: OpenAI shape, German and English."""
from datetime import timedelta
from .common import Log, js, u, a

CATS = ["Lebensmittel", "Miete", "Gehalt", "Versicherung", "Mobilität", "Gastronomie", "Freizeit", "Gesundheit", "Strom/Gas", "Telekommunikation", "Sparen", "Bargeld", "Steuern", "Online-Handel", "Kinder"]
SHOPS = {"Lebensmittel": ["REWE {city}", "EDEKA {last}", "ALDI SUED", "LIDL DIENSTL", "Bäckerei {last}"], "Miete": ["Hausverwaltung {last}", "{last} Miete {street}", "WBG {city} eG"], "Gehalt": ["{last} GmbH & Co. KG", "Stadt {city} Bezüge", "Klinikum {city} gGmbH"],
         "Versicherung": ["HUK24 AG", "DEBEKA KV", "R+V Allgem. Vers."], "Mobilität": ["ARAL {city}", "DB Vertrieb GmbH", "VRM {city}", "SHELL {n1000_9999}"], "Gastronomie": ["Pizzeria {last}", "LIEFERANDO.DE", "Café {last} {city}"], "Freizeit": ["Netflix Intl", "Fitness {city}", "Kino {city}", "STEAM PURCHASE"],
         "Gesundheit": ["Apotheke {street}", "Dr. {last} Zahnarzt", "Fielmann {city}"], "Strom/Gas": ["EVM Energie", "Stadtwerke {city}", "E.ON Energie"], "Telekommunikation": ["Telekom Deutschland", "1und1 Telecom", "Vodafone"], "Sparen": ["Übertrag {last} Sparkonto", "Union Investment", "Bausparkasse SHall"], "Bargeld": ["GA NR{n10000_99999} {city}", "Auszahlung {city}"],
         "Steuern": ["Finanzamt {city}", "Bundeskasse Kfz"], "Online-Handel": ["AMZN Mktp DE", "PayPal *{last}", "ZALANDO SE", "OTTO Payments"], "Kinder": ["Kita {street}", "Musikschule {city}", "Stadtkasse {city} Kita"]}
CITY = ["Koblenz", "Neuwied", "Andernach", "Mayen", "Boppard", "Bad Ems", "Lahnstein", "Montabaur", "Cochem", "Linz", "Remagen", "Bendorf"]
PROD = ["Girokonto Komfort", "Tagesgeld Plus", "Baufinanzierung", "Visa Gold", "Dispokredit", "Wertpapierdepot", "Junior-Konto", "Geschäftskonto", "Online-Banking", "Ratenkredit"]
PROD_EN = ["current account", "savings account", "mortgage", "Visa card", "overdraft", "securities account", "business account", "online banking", "instalment loan"]
POL = [("RL-12 §%d Kontoeröffnung", "Bei der Kontoeröffnung für {who} ist folgender Nachweis im Original vorzulegen: {doc}. Eine Kopie wird {n5_10} Jahre aufbewahrt. Ausnahmen genehmigt {role}."), ("RL-07 §%d Kreditentscheidung", "Kredite bis {n10_75}.000 EUR entscheidet {role}; darüber ist das Zweitvotum der Marktfolge erforderlich. {doc} darf nicht älter als {n3_12} Monate sein."),
       ("RL-21 §%d Geldwäsche", "Bareinzahlungen ab {n5_15}.000 EUR erfordern einen Herkunftsnachweis ({doc}). Verdachtsfälle sind unverzüglich zu melden (Stelle: {role})."), ("RL-03 §%d Vollmachten", "Vollmachten für {who} werden nur gegen Nachweis ({doc}) eingerichtet. Der Widerruf wirkt ab Eingang in der Filiale; Rückfragen: {role}."), ("RL-15 §%d Nachlass", "Im Todesfall ist {doc} vorzulegen; bis dahin sind Verfügungen außer Beerdigungskosten bis {n3_12}.000 EUR gesperrt. Zuständig ist {role}."),
       ("RL-30 §%d Homeoffice und Datenschutz", "Kundendaten dürfen nur in der gesicherten Umgebung bearbeitet werden. Ausdrucke sind binnen {n1_10} Tagen zu vernichten. Meldestelle für Verstöße: {role}."), ("RL-18 §%d Reklamation Karten", "Kartenumsätze können {n8_13} Wochen lang reklamiert werden. Benötigt wird {doc}. Gutschrift unter Vorbehalt; zuständig: {role}."), ("GL-05 §%d Sanctions screening", "All new customers are screened daily. A hit above {n70_95}% is escalated to [Compliance|the AML officer|the branch manager] within {n1_24} hours. [The passport copy|The hit report|The self-disclosure] must be archived for {n5_10} years.")]


def build(seed):
    L = Log("bank", seed, "openai", hours=(6, 18), weekend=0.06, incident=(7.40, 7.46), error_rate=0.01)
    n, pick = L.n, L.pick
    L.lex.update(city=CITY, last=lambda: L.person("de").split()[-1], name=lambda: L.person("de"), street=lambda: pick(["Rhein", "Mosel", "Linden", "Bahnhof", "Schloss", "Kirch", "Garten", "Mühlen"]) + pick(["str.", "weg ", "gasse ", "allee "]) + str(n(1, 140)),
                 prod=PROD, prode=PROD_EN, eur=lambda: "%d,%02d" % (n(3, 4800), n(0, 99)), eure=lambda: "€%d.%02d" % (n(3, 4800), n(0, 99)), day=lambda: "%02d.%02d.2025" % (n(1, 28), n(7, 9)), due=lambda: "%02d.11.2025" % n(3, 28), who=["Minderjährige", "Vereine", "Betreute", "Erbengemeinschaften", "GbR", "US-Personen", "Auslandsstudierende"],
                 doc=["der Erbschein", "der Personalausweis", "die Gehaltsabrechnung", "der Handelsregisterauszug", "die Meldebescheinigung", "der Betreuerausweis", "das Formular 4711-R", "die Selbstauskunft"], role=["die Filialleitung", "die Geldwäschebeauftragte", "die Marktfolge Aktiv", "der Datenschutzbeauftragte", "die Rechtsabteilung", "Compliance Koblenz"])
    L.sticky = {"city", "last", "name", "prod", "prode", "eur", "eure", "due", "who", "doc"}
    tag = lambda dept: {"cost_center": dept, "env": "prod", "client": pick(["core-batch", "workbench", "workbench", "api"])} if L.p(0.8) else {"env": "prod"}

    # 1 transactions: single in v1, batches in v2; payroll days are heavy
    for ts in L.times(548, free=True, hours=(2, 9), weekend=0.8):
        k = 1 if L.version("txn", ts, 13) == 1 else n(3, 10)
        v = 1 if k == 1 else 2
        rows = []
        for _ in range(k):
            c = pick(CATS)
            shop = L.spin(SHOPS[c])
            use = L.spin(pick(["RE {n10000_99999} [vom {day}|Kd {n1000_9999}|]", "[SEPA-BASISLASTSCHRIFT|KARTENZAHLUNG|DAUERAUFTRAG|GUTSCHRIFT|ECHTZEIT-UEBERW] {n100000_999999}", "{name} [danke|Anteil|{day}|{street}]", "MREF+{n100000_999999} EREF+{n1000_9999} [SVWZ|]"]))
            rows.append((c, "%s | %s | %s%s EUR" % (shop.upper() if L.p(0.4) else shop, use, "" if c == "Gehalt" else "-", L.spin("{eur}"))))
        if v == 1:
            sysm = "Ordne die Kontobuchung genau einer Kategorie zu: " + ", ".join(CATS) + ". Antworte nur mit dem Namen der Kategorie."
            msg, ans, rf = rows[0][1], rows[0][0], None
        else:
            sysm = "Du kategorisierst Kontobuchungen einer Regionalbank. Kategorien:\n" + "\n".join("- " + c for c in CATS) + "\nEingabe: nummerierte Buchungen. Ausgabe: JSON {\"ergebnisse\":[{\"nr\":..,\"kategorie\":..,\"sicher\":0..1}]}. Bei Unklarheit: \"Sonstiges\"."
            msg = "\n".join("%d. %s" % (i + 1, r[1]) for i, r in enumerate(rows))
            ans, rf = js({"ergebnisse": [{"nr": i + 1, "kategorie": r[0] if L.p(0.96) else "Sonstiges", "sicher": L.f(0.5, 1)} for i, r in enumerate(rows)]}), {"type": "json_object"}
        L.add("transaction_categorisation", ts, "gpt-4o-mini", [u(msg)], ans, system=sysm, max_tokens=16 if v == 1 else 600, temperature=0, response_format=rf, metadata=tag("4410"))

    # 2 KYC extraction, some with an image part
    props = ["nachname", "vornamen", "geburtsdatum", "geburtsort", "staatsangehoerigkeit", "dokumentart", "dokumentnummer", "gueltig_bis", "anschrift"]
    for ts in L.times(163, hours=(7, 18)):
        lang = pick(["de", "de", "de", "en"])
        nm = L.person(lang).split()
        nat = pick(["DEU", "DEU", "DEU", "TUR", "GBR", "POL", "SYR", "FRA"])
        d = dict(nachname=nm[-1], vornamen=nm[0], geburtsdatum="%d-%02d-%02d" % (n(1940, 2007), n(1, 12), n(1, 28)), geburtsort=pick(CITY + ["Izmir", "Leeds", "Gdańsk", "Lyon", "Novi Sad", "Aleppo"]), staatsangehoerigkeit=nat,
                 dokumentart=pick(["Personalausweis", "Personalausweis", "Reisepass"]) if nat == "DEU" else "Reisepass", dokumentnummer=pick("LCTKJ") + "%08d" % n(0, 99999999), gueltig_bis="%d-%02d-%02d" % (n(2025, 2035), n(1, 12), n(1, 28)), anschrift=L.spin("{street}, 56{n100_800} {city}"))
        lines = ["BUNDESREPUBLIK DEUTSCHLAND  %s" % d["dokumentart"].upper() if d["staatsangehoerigkeit"] == "DEU" else "%s / PASSPORT" % d["staatsangehoerigkeit"], "Name/Surname/Nom: %s" % d["nachname"].upper(), "Vornamen/Given names %s" % d["vornamen"].upper(), "%s  %s" % (d["geburtsdatum"][8:] + "." + d["geburtsdatum"][5:7] + "." + d["geburtsdatum"][:4], d["geburtsort"].upper()), "Nr %s" % d["dokumentnummer"].replace("0", "O", 1 if L.p(0.3) else 0), "gültig bis %s" % d["gueltig_bis"], d["anschrift"].replace("str.", "strasse "), "%s<<%s<<<<<<%d" % (d["nachname"].upper(), d["vornamen"].upper(), n(0, 9))]
        ocr = "\n".join(L.typo(x, 0.06) for x in lines if L.p(0.95))
        v = L.version("kyc", ts, 10)
        if v == 1:
            sysm, msgs = "Extrahiere aus dem OCR-Text eines Ausweisdokuments folgende Felder als JSON: " + ", ".join(props) + ". Fehlende Felder = null.", [u("OCR:\n" + ocr)]
            rf = {"type": "json_object"}
        else:
            sysm = "KYC-Erfassung gem. GwG §11. Aus OCR-Text (und ggf. Bild) eines Ausweises werden die Felder des Schemas befüllt. Datumsformat ISO 8601. MRZ hat Vorrang vor Sichtzone. Nichts raten."
            rf = {"type": "json_schema", "json_schema": {"name": "kyc_ausweis", "strict": True, "schema": {"type": "object", "properties": {p: {"type": ["string", "null"]} for p in props}, "required": props, "additionalProperties": False}}}
            if L.p(0.35):
                msgs = [{"role": "user", "content": [{"type": "text", "text": "Vorgang KYC-%d\n%s" % (n(40000, 49999), ocr)}, {"type": "image_url", "image_url": {"url": "https://dms.rbm.internal/scan/%d.png" % n(10 ** 6, 10 ** 7)}}]}]
            else:
                msgs = [u("Vorgang KYC-%d\n%s" % (n(40000, 49999), ocr))]
        L.add("kyc_extraction", ts, "gpt-4o", msgs, js(d), system=sysm, max_tokens=400, temperature=0, response_format=rf, metadata=tag("2210"))

    # 3+4 complaints: classification then (some) reply
    CO = ["[Sehr geehrte Damen und Herren|Guten Tag|Hallo|An die Beschwerdestelle], [seit dem {day}|am {day}|zum wiederholten Mal] [wurde mir|haben Sie] [{eur} EUR Gebühr für {prod} berechnet|eine Lastschrift von {shop} über {eur} EUR zurückgegeben|meine Karte in {city} gesperrt|den Termin in der Filiale {city} abgesagt|die Überweisung an {name} nicht ausgeführt].", "[Ihre Mitarbeiterin Frau {last}|Ihr Herr {last}|Die Hotline] [hat mir zugesagt|meinte|versprach], dass [das bis {due} erledigt ist|{eur} EUR erstattet werden|ich beim {prod} nichts zahlen muss], [passiert ist nichts|das stimmt nicht|seitdem Funkstille].", "[Ich bin seit {n3_45} Jahren Kunde|Ich habe bereits {n2_6} mal angerufen|Vor {n20_70} Minuten Warteschleife habe ich aufgelegt] [und erwarte eine Antwort bis {due}|, so geht man nicht mit Kunden um|wegen {prod}].", "[Sollte ich bis {due} nichts hören|Andernfalls|Wenn nicht], [gehe ich zur BaFin|wende ich mich an den Ombudsmann|wechsle ich zur Bank in {city}|kündige ich mein {prod}].", "[Mit freundlichen Grüßen|MfG|Gruß|Hochachtungsvoll] {name}, [Kto ...{n100_999}|{street}|{city}]"]
    COE = ["[Dear Sir or Madam|Hello|To whom it may concern], [on {day}|since {day}] [I was charged {eure} for my {prode}|my card was blocked in {city}|a transfer of {eure} to {name} vanished|your app rejects my {prode} login].", "[Your colleague {last}|The hotline] [promised|told me] [a refund of {eure}|a call back by {due}|that the {prode} is free], [nothing happened|which is not true|and then hung up after {n5_60} minutes].", "[I work at the US base and|As an expat I] [cannot read your German letters|have banked in {city} for {n2_20} years] [and expect a reply by {due}|, please fix the {prode}].", "[Regards|Sincerely|Best], {name}"]
    KIND = ["Gebühren", "Karte", "Service", "Zahlungsverkehr", "Kredit", "Online-Banking"]
    made = []
    for ts in L.times(152, weekend=0.5, hours=(6, 21)):
        en = L.p(0.18)
        t = L.typo(L.para(COE if en else CO, 3, 5, sep=pick([" ", "\n"]), shop=L.spin(SHOPS[pick(CATS)])), 0.025)
        kind = next((k for k, ws in (("Gebühren", ("Gebühr", "charged")), ("Karte", ("Karte", "card was")), ("Zahlungsverkehr", ("berweisung", "Lastschrift", "transfer")), ("Online-Banking", ("your app",))) if any(w in t for w in ws)), "Service")
        made.append((ts, en, t, kind, dict(L.memory)))
        v = L.version("coc", ts, 18)
        if v == 1:
            sysm, ans = "Beschwerde klassifizieren. Thema (%s) und Eskalation ja/nein. Format: Thema;Eskalation" % "/".join(KIND), "%s;%s" % (kind, "ja" if "BaFin" in t or "Ombuds" in t else "nein")
        else:
            sysm = "Du bist das Beschwerdemanagement (MaComp/BT12). Liefere JSON: thema (eines aus %s), stimmung (1-5), droht_mit_aufsicht (bool), frist (Datum oder null)." % KIND
            ans = js({"thema": kind, "stimmung": n(1, 4), "droht_mit_aufsicht": "BaFin" in t or "Ombuds" in t, "frist": L.spin("{day}") if L.p(0.4) else None})
        L.add("complaint_classification", ts, "gpt-4o-mini", [u(t)], ans, system=sysm, max_tokens=80, temperature=0, metadata=tag("3105"))
    for ts, en, t, kind, mem in L.some(made, 108):
        L.memory = mem
        ts2 = ts + timedelta(hours=L.f(0.2, 30))
        v = L.version("cor", ts2, 14)
        if v == 1:
            sysm, msg = "Schreibe eine höfliche Antwort auf die Kundenbeschwerde. Keine Schuldanerkenntnis, keine Zusagen zur Erstattung. Sprache der Beschwerde.", t
        else:
            sysm = "Du schreibst für die Regionalbank Mittelrhein eG Antwortentwürfe auf Beschwerden.\nAufbau: Dank – Zusammenfassung in einem Satz – Stand – nächster Schritt mit Datum – Hinweis Ombudsmann (nur bei Eskalation).\nKeine Floskeln, keine Schuldanerkenntnis. Sprache: wie Kunde. Länge: 120 bis 180 Wörter."
            msg = "Thema: %s\nBearbeiter: %s\n---\n%s" % (kind, L.person("de"), t)
        if en:
            ans = L.para(["Dear {name},", "[thank you for your letter of {day}|thank you for telling us about the {prode}].", "[You write|You describe] that [you were charged {eure}|the {prode} did not work|a call back never came] [on {day}|in {city}].", "[We are checking|Our colleague {last} is reviewing] [the entries|the call record|the transfer] and will [write|call] by {due}.", "[Kind regards|Yours sincerely], Regionalbank Mittelrhein, {name}"], 4, 5, sep="\n\n")
        else:
            ans = L.para(["[Guten Tag|Sehr geehrte/r] {name},", "[vielen Dank für Ihre Nachricht|danke, dass Sie uns schreiben|Ihr Schreiben] [vom {day}|zum {prod}][ haben wir erhalten|].", "[Sie schildern|Sie berichten|Es geht darum], dass [{eur} EUR berechnet wurden|die Karte in {city} nicht funktionierte|ein zugesagter Rückruf ausblieb|die Buchung vom {day} fehlt].", "[Wir prüfen|Frau {last} prüft|Unsere Fachabteilung in {city} klärt] [die Umsätze|die Gesprächsnotiz|den Vorgang {n10000_99999}] und [meldet sich|schreibt Ihnen] [bis zum {due}|spätestens in {n2_10} Werktagen].", "[Sie können sich auch|Unabhängig davon können Sie sich] an den Ombudsmann [der genossenschaftlichen Bankengruppe|in Berlin] wenden, Az. {n1000_9999}.", "[Freundliche Grüße|Mit freundlichen Grüßen aus {city}]\n{name}"], 4, 6, sep="\n\n")
        L.add("complaint_reply", ts2, "gpt-4o", [u(msg)], ans, system=sysm, max_tokens=600, temperature=0.4, metadata=tag("3105"))

    L.memory = None
    # 5 SQL
    DDL = "dim_kunde(kunde_id, plz, geburtsjahr, segment, seit)\ndim_konto(konto_id, kunde_id, produkt, eroeffnet, geschlossen)\nfakt_umsatz(konto_id, buchungstag, betrag, kategorie, kanal)\nfakt_kredit(kredit_id, kunde_id, art, summe, zins, ausfall)\ndim_filiale(filiale_id, ort, region)"
    Q = ["[Wie viele|Anzahl der] {prod}-[Kunden|Konten] [in {city}|je Filiale|unter {n25_40} Jahren] [wurden seit {day} eröffnet|am {day}|pro Monat 2025]?", "[Durchschnittlicher|Summe|Median] [Umsatz|Saldo|Zinssatz] [pro Segment|nach Kanal|je Region] [für {prod}|seit {day}|in {city}]", "[Top {n5_50}|Liste der] [Filialen|Kunden|Konten] [nach|mit] [Kreditausfällen|Kartenumsätzen über {n200_9000} EUR|Gebühren] [seit {day}|in {city}]", "[Which|How many] [branches|customers|accounts] [have|had] [more than {n2_90}|no] {prode} [products|movements] [since {day}|in {city}]?", "[Vergleiche|Entwicklung] {prod} [und {prod2}|Neugeschäft] [Q{n1_3} zu Q{n2_4}|{city} gegen {city2}|vor und nach {day}]"]
    for ts in L.times(148, hours=(8, 18), weekend=0.02):
        q = L.typo(L.s(Q, prod2=pick(PROD), city2=pick(CITY)), 0.02)
        v = L.version("sql", ts, 20)
        sysm = ("Schema:\n%s\nSchreibe eine SQL-Abfrage (DB2) zur Frage. Nur SQL." % DDL if v == 1 else "Du übersetzt Fachfragen in SQL für das DWH (Snowflake).\n\n-- Schema\n%s\ndim_kalender(tag, monat, quartal, bankarbeitstag)\n\nRegeln: nur SELECT; Datumsfilter immer über dim_kalender; keine Klarnamen; LIMIT 1000. Ausgabe: ```sql ...``` und eine Zeile Erklärung." % DDL)
        sql = L.spin("SELECT [f.ort|k.segment|c.kategorie|k.plz], [COUNT(DISTINCT k.kunde_id)|SUM(c.betrag)|AVG(r.zins)|COUNT(*)] AS wert\nFROM dim_kunde k JOIN dim_konto o ON o.kunde_id = k.kunde_id [JOIN fakt_umsatz c ON c.konto_id = o.konto_id|LEFT JOIN fakt_kredit r ON r.kunde_id = k.kunde_id|]\nWHERE [o.produkt = '{prod}'|o.produkt = '{prod}' AND k.plz LIKE '56%'|f.ort = '{city}'] AND o.eroeffnet >= DATE '2025-0{n1_9}-{n10_28}'\nGROUP BY 1 ORDER BY 2 DESC[ LIMIT {n5_1000}|]")
        ans = sql if v == 1 else "```sql\n%s\n```\n%s" % (sql, L.s("[Zählt|Summiert|Gruppiert] [nach Ort|nach Segment|je Kategorie] [für {prod}|seit {day}|ohne geschlossene Konten in {city}]."))
        L.add("warehouse_sql", ts, "gpt-4o", [u(q)], ans, system=sysm, max_tokens=500, temperature=0, metadata=tag("5001"))

    # 6+7 policy RAG with a rewrite step before some
    pool = [(x[0] % k, L.spin(x[1])) for x in POL for k in range(1, 9)]
    PQ = ["[Welche|Was für] [Unterlagen|Nachweise] [brauche ich|muss der Kunde bringen] [für|bei] {who} [und {prod}|, Kunde aus {city}|wenn {doc} fehlt]?", "[Darf ich|Dürfen wir|Kann die Filiale {city}] [{eur} EUR bar annehmen|eine Vollmacht für {who} ohne {doc} eintragen|das {prod} nach {n2_20} Tagen stornieren]?", "[Wer entscheidet|Wer ist zuständig|An wen melde ich] [bei {prod} über {n10_90}.000 EUR|wenn {doc} abgelaufen ist|einen Treffer bei {who}]?", "[How long|When] [do we keep {doc}|must a {prode} hit be escalated|can a customer dispute {eure}] [for {who}|in {city}|if the client moved abroad]?", "[Kundin|Kunde] {last} [fragt|möchte wissen], ob [{doc} reicht|das {prod} gesperrt wird|{n2_8} Erben unterschreiben müssen] [, was sage ich?|– Richtlinie?|]"]
    FU = ["[und|ok und] [bei|für] {who}[?| in {city}?|, gilt das auch?]", "[auch|gilt das] [wenn|falls] {doc} [fehlt|abgelaufen ist]?", "and for a {prode}[?| over {eure}?]", "[ab welchem Betrag|wie lange|wer genau] [beim {prod}|dann|bei {who}]?"]
    for ts in L.times(236, hours=(7, 18)):
        q = L.typo(L.s(PQ), 0.02)
        if L.p(0.42):
            fu = L.s(FU)
            ans = L.s("[Richtlinie|Vorgaben|Zuständigkeit|Frist] {who} [{prod}|{doc}|{city}] [Nachweis|Betragsgrenze|Aufbewahrung|Genehmigung]", who=L.spin("{who}"))
            v = L.version("rw", ts, 16)
            sysm = "Formuliere die letzte Nutzerfrage als eigenständige Suchanfrage. Nur die Suchanfrage." if v == 1 else "Schreibe aus Verlauf und letzter Frage eine eigenständige Suchanfrage (Deutsch, max. 12 Wörter, Stichworte) für den Richtlinien-Index. Gib nur die Anfrage aus."
            ts = L.add("rag_query_rewrite", ts, "gpt-4o-mini", [u("Verlauf:\nNutzer: %s\nAssistent: %s\nLetzte Frage: %s" % (q, L.spin(pick(pool)[1])[:160], fu))], ans, system=sysm, max_tokens=40, temperature=0, metadata=tag("1010")) + timedelta(seconds=L.f(0.8, 3))
            q = fu if L.p(0.5) else ans + "?"
        docs = L.some(pool, 3, 6)
        v = L.version("rag", ts, 12)
        if v == 1:
            sysm, msg = "Beantworte die Frage nur mit den Textstellen. Wenn nicht enthalten: 'Dazu finde ich nichts.'", "\n\n".join("[%d] %s\n%s" % (i + 1, d[0], d[1]) for i, d in enumerate(docs)) + "\n\nFrage: " + q
        else:
            sysm = "Du bist der Richtlinien-Assistent der Regionalbank Mittelrhein eG.\n\n# Quellen\n" + "\n".join("<quelle id=\"%s\">%s</quelle>" % d for d in docs) + "\n\n# Regeln\nNur aus den Quellen antworten, jede Aussage mit (RL-xx §y) belegen, in der Sprache der Frage, höchstens 6 Sätze. Bei Widerspruch beide nennen."
            msg = q
        d = pick(docs)
        ans = "Dazu finde ich nichts." if L.p(0.08) else L.para(["[Nach|Gemäß|Laut] %s [gilt|ist geregelt]: %s" % (d[0], d[1].split(". ")[0]), "[In Ihrem Fall|Für {who}|Beim {prod}] [ist zusätzlich|brauchen Sie auch|genügt] {doc}[, zuständig ist {role}| (Frist {n2_30} Tage)].", "[Bitte|Im Zweifel] [vorher {role} fragen|den Vorgang im System {n100_999} dokumentieren|auf den {due} wiedervorlegen]."], 2, 3, limit=9)
        L.add("policy_rag", ts, "gpt-4o", [u(msg)], ans, system=sysm, max_tokens=500, temperature=0.1, metadata=tag("1010"))

    L.memory = None
    # 8 AML narratives, 9 credit memo summaries
    for ts in L.times(36, free=True, hours=(9, 17), weekend=0):
        rows = "\n".join("%s;%s;%s EUR;%s" % (L.spin("{day}"), pick(["BAR", "SEPA", "SWIFT", "KARTE"]), L.spin("{n1_49}.{n100_999},00"), L.spin("[{name}|{last} Trading Ltd|{last} GmbH], [{city}|Vilnius|Dubai|Limassol|Istanbul]")) for _ in range(n(15, 60)))
        v = L.version("aml", ts, 15)
        sysm = "Schreibe die Begründung für die Geldwäsche-Verdachtsprüfung anhand der Umsätze. Sachlich, max 250 Wörter." if v == 1 else "Verfasse den Sachverhalt einer internen Verdachtsmeldung (goAML) aus Umsatzliste und Kundenprofil: 1 Anlass, 2 Feststellungen mit Daten und Beträgen, 3 Bewertung (Typologie), 4 Empfehlung melden/schließen. Keine Vermutungen über Herkunft oder Religion."
        ans = L.para(["[Anlass|Auslöser] [ist|war] [eine Bareinzahlung|eine Häufung von SEPA-Eingängen|ein Szenariotreffer {n1_40}] [am {day}|in {city}] [über {eur} EUR|mit {n3_30} Buchungen].", "[Zwischen {day} und {day}|Im Zeitraum ab {day}] [gingen|flossen] {n10_190}.{n100_999} EUR [ein|ab], davon {n20_95}% [bar|an {last} Trading Ltd|ins Ausland].", "[Die Muster|Die Buchungen] [entsprechen|ähneln] [Smurfing|einem Durchlaufkonto|Rechnungsbetrug], [das Profil|{name}] [als {job}|mit Einkommen von {eur} EUR] [passt nicht dazu|erklärt das nur teilweise].", "[Empfehlung|Votum]: [melden|schließen|Rückfrage bei {role}] [bis {due}|, Az. {n1000_9999}]."], 4, 4, sep="\n\n", job=pick(["Student", "Gastwirt", "Rentner", "Autohändler", "Pflegekraft"]))
        L.add("aml_narrative", ts, "gpt-4o", [u("Kunde: %s, %s\n%s" % (L.person("de"), pick(["Gastwirt", "Student", "Autohandel", "Rentnerin", "Bauunternehmer"]), rows))], ans, system=sysm, max_tokens=1200, temperature=0.2, metadata=tag("2290"))
    for ts in L.times(24, hours=(9, 18), weekend=0):
        t = L.para(["[Antragsteller|Kreditnehmer] [ist|sind] {name} [und {name}|GmbH|], [{city}|{street}], [Kunde seit {n1985_2020}|Neukunde|Bestandskunde mit {prod}].", "[Beantragt werden|Vorhaben:] {n80_950}.000 EUR [Baufinanzierung|Betriebsmittel|Investition Maschinen], [Laufzeit {n5_30} Jahre|Tilgung {n1_5},{n0_9}%|KfW {n124_300}].", "[Umsatz|Einkommen] {n2021_2022}: {n40_990} TEUR, {n2023_2024}: {n40_990} TEUR, [EBITDA|frei verfügbar] {n5_90} TEUR.", "[Sicherheiten|Besicherung]: [Grundschuld {street}|Bürgschaft {name}|Sicherungsübereignung], [Beleihungsauslauf {n45_110}%|Wert {n50_900} TEUR].", "[Schufa|Creditreform]: {n85_99},{n0_9}[, keine Negativmerkmale|, {n1_3} Rücklastschriften {n2022_2024}|].", "[Branche|Markt] [in {city}|regional] [stabil|rückläufig um {n2_15}%|von {last} GmbH dominiert]."] * 3, 14, 18, sep="\n")
        v = L.version("cm", ts, 14)
        sysm = "Fasse die Kreditvorlage zusammen (1 Seite): Kunde, Vorhaben, Kapitaldienst, Sicherheiten, Risiken, Votum." if v == 1 else "Erstelle die Entscheidungszusammenfassung zur Kreditvorlage (MaRisk BTO 1.2). Tabelle Kennzahlen, dann Chancen/Risiken je 3 Punkte, dann offener Klärungsbedarf. Kein eigenes Votum."
        ans = L.para(["**Vorhaben:** {n80_950}.000 EUR [für {name}|in {city}], [Laufzeit {n5_30} J|Tilgung {n1_5}%].", "**Kapitaldienst:** [tragbar|knapp], Deckung {n85_190}% [bei Zins {n2_6},{n0_9}%|nach Stress].", "**Sicherheiten:** [Grundschuld|Bürgschaft {last}] [Auslauf {n45_110}%|{n50_900} TEUR].", "**Risiken:** [Branche rückläufig um {n2_15}%|Abhängigkeit von {last} GmbH|fehlend: {doc}].", "**Klärung:** {doc} [bis {due}|durch {role}]."], 4, 5, sep="\n")
        L.add("credit_memo_summary", ts, "gpt-4o", [u(t)], ans, system=sysm, max_tokens=1500, temperature=0.2, metadata=tag("6600"))
    return L
