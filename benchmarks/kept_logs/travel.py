"""Waypost (B2B product sold to 14 travel agencies): Anthropic shape."""
from datetime import timedelta
from .common import Log, js, an, u, a

TEN = [("Sunny Coast Holidays", "en", "cheerful and informal, emojis allowed"), ("Alpenblick Reisen", "de", "formell, Sie-Form"), ("Voyages Lumière", "fr", "élégant, vouvoiement"), ("Viajes Candela", "es", "cercano, tuteo"), ("NordPol Expeditions", "en", "factual, safety first"), ("Campus Breaks", "en", "student slang is fine, very short"), ("Silver Years Travel", "en", "patient, plain words, no abbreviations"),
       ("Rossi & Figli Viaggi", "it", "caloroso, Lei"), ("Harrington Private", "en", "discreet, luxury, never mention prices unless asked"), ("Kids on Board", "en", "family friendly, nap times matter"), ("GreenRail", "en", "eco-minded, rail before air"), ("Bluewater Dive", "en", "expert divers, no fluff"), ("Corporate Hop", "en", "concise, bullet points, policy compliant"), ("Pilgrim Ways", "en", "calm, respectful, faith neutral")]
RULES = ["Never promise room upgrades.", "Always mention travel insurance once.", "Do not recommend flights with more than one stop.", "Cancellation terms must be stated in every offer.", "No competitor names.", "Prices in EUR incl. taxes.", "Quote in GBP.", "Ask for ages of children before quoting.", "Rail if under 6 hours.", "Max 3 options.", "Escalate group bookings above 9 people to a human.", "No alcohol recommendations.", "Mention our office hours 9-18.", "Check visa rules for non-EU passports."]
DEST = ["Lisbon", "Crete", "Kyoto", "Marrakesh", "Dolomites", "Reykjavik", "Split", "Zanzibar", "Oaxaca", "Madeira", "Tallinn", "Hanoi", "Puglia", "Lapland", "Cape Town", "Santiago de Compostela", "Sharm el-Sheikh", "Edinburgh", "Amalfi", "Cartagena", "Bali", "Azores", "Prague", "Patagonia"]
HOTEL = ["Casa", "Hotel", "Villa", "Riad", "Pension", "Grand", "Hostal", "Quinta"]
HOTB = ["Miramar", "Belvedere", "Aurora", "del Sol", "Zafira", "Lindenhof", "Montfort", "Las Palmas", "Orchidée", "Nordlys", "San Telmo", "Tamarind", "Castello", "Faro", "Blue Gate"]


def build(seed):
    L = Log("travel", seed, "anthropic", hours=(6, 22), weekend=0.7, incident=(20.58, 20.64), blocks_from=None)
    n, pick = L.n, L.pick
    tens = [dict(name=t[0], lang=t[1], tone=t[2], rules=L.some(RULES, 3, 6), id="t_%02d" % (i + 1), w=pick([1, 2, 3, 5, 9]), agent=pick(["Mia", "Jonas", "Claire", "Luz", "Otto", "Sam", "Grace", "Giulia", "Pip", "Nell"])) for i, t in enumerate(TEN)]
    ten = lambda: L.weighted([(t, t["w"]) for t in tens])
    L.lex.update(dest=DEST, hotel=lambda: pick(HOTEL) + " " + pick(HOTB), city=["London", "Munich", "Lyon", "Madrid", "Milan", "Dublin", "Oslo", "Leeds", "Hamburg"], mon=["November", "December", "January", "March", "April", "May", "June"], who=["two adults", "my mum and me", "a family of {n3_6}", "{n2_8} friends", "just me", "us and a toddler", "{n10_24} colleagues"], act=["a cooking class", "the old town walk", "a boat trip", "the cathedral", "a guided hike", "snorkelling", "a wine tasting", "the night train", "the museum pass"],
                 name=lambda: L.person("en"), ref=lambda: pick("ABCDEFGHKM") + pick("PQRSTVWX") + str(n(10000, 99999)), bud=lambda: str(n(4, 90)) + "00")
    L.sticky = {"dest", "hotel", "city", "mon", "who", "name", "ref", "bud"}
    meta = lambda t: {"tenant": t["id"], "env": "prod"} if L.p(0.85) else {"env": "prod"}

    def T(name, desc, *ps):
        return an(name, desc, {p: {"type": "integer" if p in ("nights", "pax", "stars", "max_price") else "string"} for p in ps})
    TOOLS = {x["name"]: x for x in [T("search_flights", "Search flights", "origin", "destination", "date", "pax"), T("search_hotels", "Search hotels by place and date", "place", "checkin", "nights", "stars"), T("get_hotel_details", "Details of a hotel", "hotel"), T("find_activities", "Activities in a place", "place", "date"), T("check_visa", "Visa rules", "passport", "destination"), T("price_quote", "Total price of a basket", "basket", "currency"), T("hold_booking", "Hold a basket for 24h", "basket", "customer"), T("weather", "Climate for a month", "place", "month"), T("rail_search", "Search trains", "origin", "destination", "date"), T("car_hire", "Car hire offers", "place", "from", "days"), T("loyalty_lookup", "Loyalty account", "member_id"), T("dive_sites", "Dive site conditions", "place", "date")]}

    def args(k):
        g = lambda s: L.spin(s)
        full = {"origin": g("{city}"), "destination": g("{dest}"), "place": g("{dest}"), "date": "2026-%02d-%02d" % (n(1, 9), n(1, 28)), "pax": n(1, 8), "checkin": "2026-%02d-%02d" % (n(1, 9), n(1, 28)), "nights": n(2, 14), "stars": n(3, 5), "hotel": g("{hotel}"), "passport": pick(["DE", "GB", "FR", "IN", "BR", "TR"]), "basket": g("b_{n10000_99999}"), "currency": pick(["EUR", "GBP"]), "customer": g("{name}"), "month": g("{mon}"), "from": "2026-05-%02d" % n(1, 28), "days": str(n(2, 14)), "member_id": g("M{n100000_999999}")}
        return {p: full[p] for p in TOOLS[k]["input_schema"]["properties"]}

    def result(k):
        if L.p(0.05):
            return pick(["No results.", "Error: supplier timeout", "Error 422: date in the past"])
        if k in ("search_flights", "rail_search"):
            return js([{"no": pick(["LH", "TP", "BA", "AF", "ICE", "FR"]) + str(n(100, 9999)), "dep": "%02d:%02d" % (n(5, 22), n(0, 59)), "stops": n(0, 2), "price": n(40, 980)} for _ in range(n(2, 7))])
        if k in ("search_hotels", "get_hotel_details", "car_hire"):
            return js([{"name": L.spin("{hotel}"), "stars": n(3, 5), "night": n(45, 520), "rating": L.f(6, 9.8, 1), "left": n(1, 9)} for _ in range(n(1, 6))])
        if k == "price_quote":
            return js({"total": n(300, 9800), "currency": "EUR", "valid_until": "24h"})
        return js({"ok": True, "info": L.spin("[{act}|{dest} in {mon}|hold {ref}|{n8_32}°C] [available|no visa up to {n30_90} days|{n1_30} places left|tier silver]")})
    ASK = ["[Hi|Hello|Hey there|Good evening], [we're looking for|can you plan|I'd like] [{n3_14} days|a week|a long weekend] in {dest} [in {mon}|around {mon} {n1_28}|before {mon}] for {who}, [budget {bud} euros|not more than {bud}|money isn't the issue|leaving from {city}][. We love {act}.|, no early flights please|; one vegan|.]", "[What would|How much is] [a trip|{n3_10} nights] [to|in] {dest} [and then {dest2}|with {act}|at {hotel}] [for {who}|from {city}] [cost|in {mon}]?", "[Booking|Our trip] {ref}: [can we|please] [add {act}|change to {mon} {n1_28}|swap {hotel} for something {adj}|add one night in {dest}]?", "[{city} to {dest}|{dest} from {city}], {n2_12} nights, {who}, [{mon}|flexible], [{bud} max|{adj} hotel|with {act}]", "[My boss|My daughter|Our group] [wants|needs] [{dest}|{dest} or {dest2}] [{mon} {n1_28}|in {mon}], [something {adj}|{who}, {bud} budget|{act} is a must]. [Ideas?|What do you suggest?|Help!]"]
    FOL = ["[and|ok,] [what about|could we do] {dest} instead[?| in {mon}?| with {act}?]", "[sounds good|perfect|nice], [please hold it|book {hotel}|hold for {name}][ until {mon} {n1_9}|, card is fine|]", "[too expensive|a bit much], [anything under {bud}|without {act}|{n2_9} nights only]?", "[is|Is] {hotel} [ok with a pram|quiet|near the station|walkable to {act}]?"]
    OUT = ["[Here is|I've put together|This is] [a plan|an idea|your outline] for {dest}: [Days 1-{n2_3}|First night] at {hotel} ({n60_400} per night), [then {act}|with {act} on day {n2_6}|followed by a transfer to {dest2}].", "[The best connection|Your flight|The train] [leaves {city} at {n6_21}:{n10_59}|from {city}], [direct|one change|{n2_12} hours], {n60_900} per person.", "[In {mon}|At that time] [expect around {n8_31} degrees|it can rain|it is quiet] in {dest}[, so {act} is best early|; pack layers|].", "[Total|All in|The whole trip] [comes to|is about] {n400_9000} [for {who}|including {act}|before insurance].", "[Shall I|Would you like me to] [hold it for 24 hours|look at {dest2}|check {hotel} again|add {act}]?"]

    def prompt(t, v):
        r = t["rules"]
        if v == 1:
            return "You are %s, the travel assistant of %s. Tone: %s. Answer in %s unless the customer writes in another language.\nRules:\n%s\nUse the tools to find real offers. Do not invent prices." % (t["agent"], t["name"], t["tone"], t["lang"], "\n".join("- " + x for x in r))
        return "<agency name=\"%s\" id=\"%s\"/>\n<persona>%s. %s</persona>\n<language default=\"%s\"/>\n<agency_rules>\n%s\n</agency_rules>\n\nYou plan trips end to end: clarify (max one question), search, compare, quote. Every price must come from a tool result in this conversation. Before holding a booking repeat dates, names and total. Finish offers with a short day-by-day outline. Today is %s." % (t["name"], t["id"], t["agent"], t["tone"], t["lang"], "\n".join("%d. %s" % (i + 1, x) for i, x in enumerate(r)), "{today}")
    # 1 itinerary agent
    for ts in L.times(132):
        t, hist, cur = ten(), [], ts
        base = L.some(TOOLS, 4, 8)
        for turn in range(L.weighted([(1, 55), (2, 30), (3, 15)])):
            hist = hist + [u(L.typo(L.s(ASK if turn == 0 else FOL, dest2=pick(DEST), adj=pick(["quieter", "cheaper", "central", "by the sea", "charming"])), 0.02))]
            for step in range(L.weighted([(0, 20), (1, 35), (2, 30), (3, 15)])):
                names = sorted(set(base + (["price_quote"] if step else []) + (["hold_booking"] if turn else [])))
                if L.p(0.3):
                    names = L.some(names, max(2, len(names) - 2))
                calls = [L.tool_call(k, args(k)) for k in L.some(names, 1, 2)]
                say = L.spin("[Let me look at|I'll check|Searching] [flights to {dest}|hotels in {dest}|options in {mon}|{hotel}].") if L.p(0.4) else None
                v = L.version("agent", cur, 13)
                cur = L.add("itinerary_agent", cur, "claude-sonnet-4-5", hist, say, system=prompt(t, v).replace("{today}", cur.strftime("%A %d %B %Y")), tools=[TOOLS[k] for k in names], tool_calls=calls, max_tokens=1500, temperature=0.4, metadata=meta(t))
                hist = hist + [{"role": "assistant", "content": ([{"type": "text", "text": say}] if say else []) + calls}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": c["id"], "content": result(c["name"])} for c in calls]}]
                cur += timedelta(seconds=n(3, 20))
            v = L.version("agent", cur, 13)
            ans = L.para(OUT, 2, 5, sep=pick([" ", "\n\n"]), dest2=pick(DEST)) or "Could you tell me your dates?"
            cur = L.add("itinerary_agent", cur, "claude-sonnet-4-5", hist, ans, system=prompt(t, v).replace("{today}", cur.strftime("%A %d %B %Y")), tools=[TOOLS[k] for k in sorted(base)], max_tokens=1500, temperature=0.4, no_dup=True, metadata=meta(t))
            hist, cur = hist + [a(ans)], cur + timedelta(seconds=n(40, 900))

    # 2 translation
    HD = ["[Set|Tucked away|Perched|Located] [{n2_30} minutes from|above|beside] [the harbour of|the centre of|the old town of] {dest}, {hotel} [offers|has] {n8_240} rooms [with balcony|, some with sea view|renovated in {n2012_2024}].", "[Guests enjoy|There is|Includes] [a {n10_25} m pool|a roof terrace|free parking|a spa with {n2_9} treatment rooms|breakfast until {n10_12}] [and {act} on request|and a shuttle to {dest}|(seasonal, from {mon})].", "[Please note|Important]: [check-in from {n13_16}:00|city tax {n1_6} EUR per night|pets up to {n3_20} kg|lift out of order until {mon}].", "[Our tip|Don't miss]: {act} [with {name}|on Thursdays at {n9_18}:00|below {hotel}|, {n5_60} EUR]."]
    TR = {"es": ["[Situado|Ubicado] a {n2_30} minutos del centro de {dest}, {hotel} [cuenta con|ofrece] {n8_240} habitaciones.", "[Hay|Incluye] [piscina de {n10_25} m|terraza|aparcamiento gratuito] y {n1_9} [salas|bares] [cerca de {dest}|en {hotel}].", "Entrada desde las {n13_16}:00[, tasa {n1_6} EUR|, {hotel}]."], "fr": ["[Situé|Niché] à {n2_30} minutes du centre de {dest}, {hotel} [dispose de|propose] {n8_240} chambres.", "[Piscine de {n10_25} m|Terrasse|Parking gratuit] [près de {dest}|au {hotel}].", "Arrivée dès {n13_16} h, taxe de {n1_6} EUR[ à {dest}|]."], "de": ["[Nur {n2_30} Minuten vom Zentrum|Ruhig gelegen nahe] {dest} [bietet|hat] {hotel} {n8_240} Zimmer.", "[Pool von {n10_25} m|Dachterrasse|Kostenlose Parkplätze] [in {dest}|im {hotel}].", "Check-in ab {n13_16} Uhr, Kurtaxe {n1_6} EUR[ in {dest}|]."], "it": ["A {n2_30} minuti dal centro di {dest}, {hotel} [dispone di|offre] {n8_240} camere.", "[Piscina di {n10_25} m|Terrazza|Parcheggio gratuito] [vicino a {dest}|presso {hotel}].", "Check-in dalle {n13_16}, tassa {n1_6} EUR[ a {dest}|]."]}
    LN = {"es": "Spanish", "fr": "French", "de": "German", "it": "Italian"}
    for ts in L.times(278, hours=(3, 20)):
        t, lang = ten(), pick(list(TR))
        hd = L.spin("{hotel}")
        dst = pick(DEST)
        same = dict(hotel=hd, dest=dst, n2_30=n(2, 30), n8_240=n(8, 240), n10_25=n(10, 25), n13_16=n(13, 16), n1_6=n(1, 6))
        src = L.para(HD, 2, 4, **same) or hd
        v = L.version("tr", ts, 17)
        if v == 1:
            sysm, msg = None, "Translate into %s. Keep hotel names. Agency tone: %s.\n\n%s" % (LN[lang], t["tone"], src)
        else:
            sysm, msg = "You translate travel content for %s. Target language: %s. Register: %s. Keep proper names, times and amounts exactly; localise units; no additions. Return only the translation." % (t["name"], LN[lang], t["tone"]), "<source>%s</source>" % src
        L.add("content_translation", ts, "claude-haiku-4-5", [u(msg)], L.para(TR[lang], 2, 3, **same), system=sysm, max_tokens=600, temperature=0.2, metadata=meta(t))

    # 3 review summaries
    RV = ["[Lovely|Great|Decent|Overpriced|Tired|Spotless] [place|hotel|stay] [in {mon}|for {n2_9} nights|with {who}], [staff|{name} at reception] [remembered us|was rude|helped with {act}|never answered].", "[Breakfast|The pool|Wifi|The room ({n101_640})|Parking] [was|is] [superb|cold|noisy until {n1_4} am|tiny|worth {n8_30} euros], [would|wouldn't] return[ to {dest}|].", "[Muy bien|Todo perfecto|Regular], [cerca de|a {n3_40} min de] {dest}, [el desayuno flojo|la cama dura|volveremos en {mon}].", "[Sehr schön|Leider laut|Sauber], [Zimmer {n101_640}|{n2_9} Nächte], [Frühstück top|Aufzug kaputt|gerne wieder {mon}].", "[Très bien|Décevant|Correct], [chambre {n101_640}|{n2_9} nuits à {dest}], [accueil froid|vue superbe|bruit de la rue en {mon}].", "[Pro|+]: [location|{act} nearby|beds]. [Con|-]: [price {n80_400}|damp|{n10_50} min to centre] [{n1_5}/5|{mon}]"]
    for ts in L.times(238, hours=(2, 18)):
        t, hd = ten(), L.spin("{hotel}")
        revs = ["(%d/10) %s" % (n(2, 10), L.typo(L.s(RV), 0.03)) for _ in range(n(5, 16))]
        v = L.version("rv", ts, 10)
        if v == 1:
            sysm, msg = "Summarise the guest reviews in 3 sentences for our website.", "%s\n\n%s" % (hd, "\n".join("- " + r for r in revs))
            ans = L.para(["[Guests|Visitors|Most reviewers] [like|praise|mention] [the staff|the beds|{act} nearby|the location in {dest}] [and the view|though {n2_6} found it loud|at {hotel}].", "[Some|A few|{n2_6} reviews] [complain about|note|were unhappy with] [breakfast|parking at {n8_30} euros|noise until {n1_4} am|the lift].", "[Best for|Good choice for] {who} [in {mon}|who want {act}]."], 3, 3, hotel=hd)
        else:
            sysm = "Summarise hotel reviews for %s. Output JSON {\"summary\": max 60 words in %s, \"pros\": [..3], \"cons\": [..3], \"best_for\": string}. Do not quote names of staff." % (t["name"], t["lang"])
            msg = "<hotel>%s</hotel>\n<reviews>\n%s\n</reviews>" % (hd, "\n".join(revs))
            ans = js({"summary": L.para(["[Guests|Visitors] [like|praise] [the beds|{act} nearby|{dest}] [at {hotel}|in {mon}].", "[Some|{n2_6} reviews] [note|mention] [noise until {n1_4} am|parking at {n8_30}|slow breakfast] [in {mon}|]."], 2, 2, hotel=hd), "pros": L.some(["location", "staff", "beds", "view", "breakfast", "quiet"], 2, 3), "cons": L.some(["parking", "noise", "price", "wifi", "lift", "damp"], 1, 3), "best_for": L.spin("{who}")})
        L.add("review_summary", ts, "claude-haiku-4-5", [u(msg)], ans, system=sysm, max_tokens=300, temperature=0.3, metadata=meta(t))

    # 4 mail intent, 5 quote mails
    INT = {"new_request": ASK[:2], "change": ["[Ref|Booking] {ref}: [please change|we need to move] [the dates to {mon} {n1_28}|the name to {name}|{hotel} to a twin room][, thanks|, {name}]", "[Unfortunately|Sorry], {name} [can't come|broke a leg], [can we|please] [replace with {name}|go {mon} instead] ({ref})"], "cancel": ["[I have to|We must] cancel {ref} [to {dest}|because of illness|, {name} passed away][. What do I get back?|, we paid {bud}|]"], "invoice": ["[Please send|I'm missing] the [invoice|receipt] for {ref}[, company is {name} Ltd|, {bud} euros paid {mon} {n1_9}|]"], "complaint": ["[The transfer|Our guide|{hotel}] in {dest} [never showed up|was a disaster|smelled of damp], [we lost {n2_9} hours|we want {bud} back], [ref {ref}|{name}]"], "spam": ["[Boost|Rank] your agency [site in {city}|with {n100_900} backlinks] [today|-{n10_70}%] [{name}, SEO|]", "[Dear partner|Hello dear], [we are hotel {hotel}|DMC in {dest}] [offering {n10_30}% commission|new rates {mon}]"]}
    for ts in L.times(262, hours=(5, 23)):
        t, lab = ten(), L.weighted([("new_request", 38), ("change", 22), ("cancel", 10), ("invoice", 10), ("complaint", 8), ("spam", 12)])
        m = L.typo(L.s(INT[lab], dest2=pick(DEST)), 0.03)
        v = L.version("int", ts, 15)
        subj = L.spin("[Re: |Fwd: |]" + pick(["{dest}", "Trip {mon}", "{ref}", "question", "Urgent!!", "our holiday", "{hotel}"]))
        sysm = ("Classify the e-mail to %s: new_request, change, cancel, invoice, complaint, spam. Answer with the label." % t["name"] if v == 1 else "Inbox router for %s. Labels: %s. Reply as JSON {\"intent\":..., \"ref\": booking reference or null, \"urgent\": true|false}." % (t["name"], ", ".join(INT)))
        ans = lab if v == 1 else js({"intent": lab, "ref": next((w.strip(".:,()") for w in m.split() if w.strip(".:,()")[2:].isdigit() and len(w.strip(".:,()")) == 7), None), "urgent": L.p(0.2)})
        L.add("email_intent", ts, "claude-haiku-4-5", [u("Subject: %s\n\n%s" % (subj, m))], ans, system=sysm, max_tokens=60, temperature=0.0, metadata=meta(t))
    for ts in L.times(106, hours=(8, 19)):
        t = ten()
        v = L.version("quote", ts, 19)
        b = {"customer": L.person("en"), "destination": L.spin("{dest}"), "hotel": L.spin("{hotel}"), "nights": n(2, 14), "transport": L.spin("[flight|train|own car] from {city}"), "extras": [L.spin("{act}") for _ in range(n(0, 3))], "total": n(300, 12000), "valid_until": "2025-%02d-%02d" % (n(10, 11), n(10, 28))}
        if v == 1:
            sysm, msg = "You write offer e-mails for %s (%s). %s Sign as %s." % (t["name"], t["tone"], " ".join(t["rules"][:3]), t["agent"]), "Write the offer mail:\n" + "\n".join("%s: %s" % kv for kv in b.items())
        else:
            sysm, msg = "Agency: %s\nVoice: %s\nLanguage: %s\nSignature: %s, %s\nMandatory: %s\n\nTask: from the basket JSON write a personal offer e-mail: subject line, greeting, why this fits, table of what is included, price and validity, one call to action. 150-220 words." % (t["name"], t["tone"], t["lang"], t["agent"], t["name"], " ".join(t["rules"])), js(b)
        ans = "Subject: " + L.spin("[Your|An offer for|Ready for] %s[ in {mon}|!|]" % b["destination"]) + "\n\n" + L.para(["[Dear|Hello|Hi] {customer},", "[Thank you for asking about|As promised, here is|We've prepared] {destination}: {nights} nights at {hotel}, [{transport}|travelling by {transport}].", "[We picked it because|It fits you because|What we like:] [it is close to {act}|the rooms were redone in {n2018_2024}|{mon} is quiet there].", "[Included|In the price]: [breakfast|transfers|{act}], [luggage {n10_30} kg|city tax|local guide {name}].", "[The total is|All in:] {total}, [valid until|held until] {valid_until}.", "[Just reply|Call us|Click below] [by {mon} {n1_9}|and I'll book it|to confirm {hotel}]."], 5, 6, sep="\n\n", **{k: str(x) for k, x in b.items()}) + "\n\n%s, %s" % (t["agent"], t["name"])
        L.add("offer_email", ts, "claude-sonnet-4-5", [u(msg)], ans, system=sysm, max_tokens=700, temperature=0.7, metadata=meta(t))

    # 6 hotel facts with a forced tool, 7 visa answers, 8 disputes
    ft = an("save_hotel_facts", "Store hotel facts", {"rooms": {"type": "integer"}, "checkin": {"type": "string"}, "pool": {"type": "boolean"}, "city_tax_eur": {"type": "number"}, "notes": {"type": "string"}}, ["rooms", "checkin"])
    for ts in L.times(58, hours=(1, 5), weekend=1, days=(8, 20)):
        fx = dict(n8_240=n(8, 240), n13_16=n(13, 16), n1_6=n(1, 6))
        src = L.para(HD + HD[1:] + HD[3:], 5, 7, **fx)
        facts = {"rooms": fx["n8_240"], "checkin": "%d:00" % fx["n13_16"], "pool": " m pool" in src, "city_tax_eur": fx["n1_6"], "notes": L.spin("[shuttle from {dest}|closed until {mon}|{act}]")}
        facts = {k: x for k, x in facts.items() if not (k == "rooms" and " rooms" not in src) and not (k == "checkin" and "check-in" not in src) and not (k == "city_tax_eur" and "city tax" not in src)}
        v = L.version("facts", ts, 14)
        sysm = "Extract the hotel facts." if v == 1 else "Read the supplier description and call save_hotel_facts. Missing values: omit. Do not guess stars."
        L.add("hotel_fact_extraction", ts, "claude-haiku-4-5", [u(src)], None, system=sysm, tools=[ft], tool_choice={"type": "tool", "name": "save_hotel_facts"}, tool_calls=[L.tool_call("save_hotel_facts", facts)], max_tokens=400, temperature=0.0, metadata={"env": "prod", "job": "supplier-import"})
    for ts in L.times(62):
        t = ten()
        q = L.typo(L.s(["[Do I|Does my wife|Do we] need a visa for {dest} [with a {nat} passport|, passport {nat}, staying {n5_120} days|if we transit {city}]?", "{nat} [passport holder|citizen], [going to|layover in] {dest} [in {mon}|for {n5_120} days], [passport expires {mon}|travelling with a baby|working remotely]. [What papers?|ESTA or similar?|Allowed?]"], nat=pick(["Indian", "Turkish", "British", "German", "Brazilian", "Moroccan", "US", "Ukrainian", "Filipino"])), 0.02)
        v = L.version("visa", ts, 11)
        sysm = ("You answer entry requirement questions for customers of %s. Tone: %s. Always say that rules may change." % (t["name"], t["tone"]) if v == 1 else "<agency name=\"%s\" tone=\"%s\"/>\nAnswer questions about passports, visas, health and customs. Use only the country sheet given below. If it does not cover the case, refer to the consulate. End with the date of the sheet.\n<sheet country=\"%s\" date=\"2025-%02d-01\">visa-free up to %d days for group %s; passport valid %d months beyond stay; proof of funds EUR %d/day; yellow fever: %s</sheet>" % (t["name"], t["tone"], pick(DEST), n(5, 9), pick([30, 60, 90]), pick("ABC"), pick([3, 6]), n(30, 90), pick(["no", "if arriving from risk area"])))
        ans = L.para(["[For|With] [that passport|a stay like yours] [no visa is needed for|you need an e-visa for|you can stay visa-free in] {dest} [up to {n14_90} days|, fee {n10_60} euros].", "[Your passport|The document] must be valid [{n3_6} months beyond|on] [your return in {mon}|the day you leave {dest}].", "[Rules may change|Please double check]: [the consulate in {city}|sheet of {mon} {n1_9}] [has the final word|confirms within {n2_15} days]."], 2, 3)
        L.add("entry_requirements", ts, "claude-sonnet-4-5" if L.p(0.6) else "claude-haiku-4-5", [u(q)], ans, system=sysm, max_tokens=400, temperature=0.2, metadata=meta(t))
    for ts in L.times(15, hours=(9, 17), weekend=0):
        t = ten()
        thread = "\n\n".join("%s wrote on %d October:\n%s" % (pick([L.person("en"), t["agent"], L.spin("{hotel}")]), n(1, 28), L.para(INT["complaint"] + INT["cancel"] + ["[We|Our records] [confirm|show] [arrival {n1_9} hours late|a refund of {bud}|no such booking at {hotel}] [on {mon} {n1_28}|for {ref}].", "[According to|Under] [clause {n3_19}|the package travel rules|your terms], [{n10_90}% is due|we owe nothing|{bud} must be paid] [within {n7_30} days|]."], 2, 4, shuffle=True)) for _ in range(n(7, 16)))
        v = L.version("disp", ts, 15)
        sysm = "Summarise the dispute and propose a settlement for %s." % t["name"] if v == 1 else "Dispute desk for %s. From the mail thread give: timeline, claims of each side with amounts, our exposure under the Package Travel Directive, recommended settlement range, draft next message." % t["name"]
        ans = L.para(["**Timeline**: [booked|travelled] in {mon}, [complaint after {n1_9} days|{hotel} denied it on the {n1_28}th].", "**Claims**: [customer {name}|the family] [asks {bud}|wants {n10_90}% back] [for {dest}|over {hotel}].", "**Exposure**: [between {n100_400} and {n500_1900} euros|low|{n10_50}% of price] [because {act} was cancelled|as notice was given].", "**Settlement**: offer [{bud} or a voucher|{n10_40}%] [by {mon} {n1_9}|to {name}].", "**Draft**: [Dear {name}, we are sorry that {act} failed|Dear {name}, having reviewed {ref} we offer {bud}]."], 5, 5, sep="\n")
        L.add("dispute_summary", ts, "claude-sonnet-4-5", [u(thread)], ans, system=sysm, max_tokens=2000, temperature=0.3, metadata=meta(t))
    return L
