"""Hartwell Brandt LLP (law firm): OpenAI shape, English."""
import re
from datetime import timedelta
from .common import Log, js, u, a

KINDS = ["Master Services Agreement", "Non-Disclosure Agreement", "Software Licence", "Commercial Lease", "Supply Agreement", "Share Purchase Agreement", "Employment Agreement", "Distribution Agreement", "Data Processing Addendum", "Consultancy Agreement"]
LAWS = ["England and Wales", "the State of New York", "Delaware", "Ireland", "Singapore", "Scotland"]
CLAUSE = {
 "term": "[This Agreement|The arrangement set out herein] [commences on|shall take effect from] {d1} [and continues for {n1_10} years|for an initial term of {n6_60} months][, renewing automatically for {n6_24} months unless {n30_120} days' notice is given|, and expires without notice].",
 "termination": "[Either party|{B}|{A}] may terminate [for convenience on {n14_180} days' written notice|forthwith if the other commits a material breach not remedied within {n7_45} days|upon insolvency of the other or change of control, with {n5_60} days' notice].",
 "liability": "[Save for|Except in respect of] [death, personal injury and fraud|clauses {n3_9} and {n10_22}], [the aggregate liability of {A}|each party's total liability] [shall not exceed|is limited to] [{cur} {n1_20},{n100_900},000|{n100_200}% of the fees paid in the {n6_24} months preceding the claim].",
 "payment": "{B} shall pay [all undisputed invoices|the Charges|the Rent] within {n7_90} days [of receipt|of month end], [interest accruing at {n2_8}% above base|failing which {A} may suspend after {n5_30} days|in {cur} without set-off].",
 "confidentiality": "[Each recipient|{B}] shall [keep confidential|not disclose] [the Confidential Information|all information marked as such] [for {n2_10} years after termination|during the term and {n1_7} years thereafter][, save to advisers of {A}|, except as required by law].",
 "law": "[This Agreement|Any dispute] is governed by the law of {law}[, and the courts of {law} have exclusive jurisdiction|; disputes go to {n1_3}-member arbitration seated in {seat}|].",
 "assignment": "[Neither party may|{B} shall not] [assign|novate|subcontract] [without the prior written consent of {A}|save to an affiliate on {n7_60} days' notice].",
 "ip": "[All Intellectual Property|Title in the Deliverables] [vests in {B} on payment of {cur} {n10_900},000|remains with {A}|is licensed to {B} for {n1_15} years].",
 "data": "[{A}|The processor] shall notify {B} of any personal data breach within {n12_96} hours [and keep records for {n1_7} years|and bear costs up to {cur} {n50_900},000].",
 "noncompete": "[For {n3_24} months|During a period of {n6_18} months] after [the Termination Date|Completion], [{A}|the Employee|the Seller] shall not [compete within {n5_90} miles of {seat}|solicit any of the {n10_300} scheduled customers].",
 "notice": "Notices [shall be sent to|must be served at] {street}, {seat}[, marked for {name}|, by courier, deemed received after {n1_5} days].",
}


def build(seed):
    L = Log("law", seed, "openai", hours=(7, 22), weekend=0.25, incident=(11.44, 11.52))
    n, pick = L.n, L.pick
    co = lambda: pick(["Aldgate", "Northmoor", "Pelham", "Quintessa", "Brightwater", "Harrow & Vine", "Castellan", "Ostrava", "Kestrel", "Tamar", "Lindqvist", "Meridian", "Osprey", "Vantis", "Greyfriars", "Halcyon"]) + " " + pick(["Logistics", "Foods", "Biotech", "Energy", "Holdings", "Software", "Textiles", "Capital", "Marine", "Media"]) + " " + pick(["Ltd", "plc", "LLC", "Inc.", "GmbH", "LLP"])
    L.lex.update(A=co, B=co, co=co, cur=["GBP", "USD", "EUR"], law=LAWS, seat=["London", "Geneva", "Dublin", "New York", "Leeds", "Singapore", "Edinburgh"], name=lambda: L.person("en"), last=lambda: L.person("en").split()[-1], street=lambda: "%d %s" % (n(1, 190), pick(["Cheapside", "King Street", "Park Row", "Canal Wharf", "Fleet Lane", "Harbour Road", "Queen's Gate"])), d1=lambda: "%d %s %d" % (n(1, 28), pick("January March May June September October November December".split()), n(2023, 2026)), kind=KINDS, day=["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
                 topic=["the limitation period for latent defects", "a penalty clause", "implied terms of good faith", "service out of the jurisdiction", "TUPE and insolvency", "without-prejudice privilege", "a Part 36 offer", "force majeure and tariffs", "rectification for common mistake", "directors' duties near insolvency", "battle of the forms", "dilapidations on lease expiry", "GDPR subject access in litigation", "the corporate opportunity doctrine", "enforcing a foreign arbitral award", "unfair prejudice petitions", "summary judgment on a guarantee"],
                 court=["the High Court", "the Employment Tribunal", "the County Court at Leeds", "the Court of Appeal", "SDNY", "the Technology and Construction Court", "the LCIA"])
    L.sticky = {"co", "name", "last", "law", "court", "topic", "kind", "seat", "d1"}
    MAT = ["M%05d" % n(10000, 99999) for _ in range(70)]
    meta = lambda: {"matter": pick(MAT)} if L.p(0.55) else {}

    # contracts
    docs = []
    for _ in range(215):
        A, B = co(), co()
        law = pick(LAWS)
        ks = ["term"] + L.some(list(CLAUSE)[1:], 5, 9)
        body, got = [], {}
        for i, k in enumerate(ks):
            t = L.s(CLAUSE[k], A=A, B=B, law=law)
            more = L.s(CLAUSE[k], A=A, B=B, law=law) if L.p(0.3) and k not in ("law", "term") else ""
            got[k] = t
            body.append("%d.%s %s%s %s" % (i + 1, pick(["", "1"]), pick([k.title(), k.upper(), ""]) + pick([". ", " – ", "\n"]), t, more))
        kind = pick(KINDS)
        head = pick(["THIS %s is made on %s between (1) %s and (2) %s", "%s dated %s\nBETWEEN: %s (\"Provider\") and %s (\"Customer\")", "%s\n%s\nParties: %s; %s"]) % (kind.upper(), L.spin("{d1}"), A, B)
        text = head + "\n\n" + L.typo("\n".join(body), 0.004)
        docs.append(dict(kind=kind, A=A, B=B, law=law, text=text, got=got))

    MON = dict((m, i + 1) for i, m in enumerate("January February March April May June July August September October November December".split()))

    def iso(text):
        m = re.search(r"(\d+) ([A-Z][a-z]+) (20\d\d)", text)
        return "%s-%02d-%02d" % (m.group(3), MON[m.group(2)], int(m.group(1))) if m and m.group(2) in MON else None

    def cap(text):
        m = re.search(r"(?:limited to|exceed) ([^.]*)", text)
        return m.group(1) if m else None

    def days(text):
        m = re.search(r"(\d+) days' (?:written )?notice", text)
        return int(m.group(1)) if m else None

    def schema(name, props):
        return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": {"type": "object", "properties": props, "required": list(props), "additionalProperties": False}}}
    SA = schema("clause_set", {"clauses": {"type": "array", "items": {"type": "object", "properties": {"type": {"type": "string", "enum": list(CLAUSE)}, "text": {"type": "string"}, "risk": {"type": "string", "enum": ["low", "medium", "high"]}}}}})
    SB = schema("contract_terms", {"parties": {"type": "array", "items": {"type": "string"}}, "contract_type": {"type": "string"}, "effective_date": {"type": ["string", "null"]}, "governing_law": {"type": ["string", "null"]}, "liability_cap": {"type": ["string", "null"]}, "notice_days": {"type": ["integer", "null"]}, "auto_renewal": {"type": "boolean"}})

    # 1+2 two schemas over the same contracts, v1 has the very same instruction and only the schema tells them apart
    for task, nn, day in (("clause_extraction", 205, 14), ("key_terms_extraction", 188, 14)):
        for ts, d in zip(L.times(nn, hours=(6, 21)), L.some(docs, nn)):
            v = L.version("ext", ts, day)
            if v == 1:
                sysm, msg = "You extract information from contracts. Answer strictly according to the JSON schema. Use only the contract text.", "Contract:\n\"\"\"\n%s\n\"\"\"" % d["text"]
            else:
                sysm = "You are a contract data extraction engine of Hartwell Brandt LLP. Follow the response schema exactly. Copy wording verbatim where a text field is asked. Use null where the contract is silent; never infer. " + ("Classify each clause and rate risk from the customer's point of view." if task == "clause_extraction" else "Report commercial terms for the deal sheet; dates in ISO 8601.")
                msg = "<document name=\"%s.docx\">\n%s\n</document>" % (d["kind"].replace(" ", "_") + "_%d" % n(1, 400), d["text"])
            if task == "clause_extraction":
                ans = {"clauses": [{"type": k, "text": t, "risk": pick(["low", "low", "medium", "high"])} for k, t in d["got"].items()]}
            else:
                ans = {"parties": [d["A"], d["B"]], "contract_type": d["kind"], "effective_date": iso(d["got"]["term"]), "governing_law": d["law"] if "law" in d["got"] else None, "liability_cap": cap(d["got"].get("liability", "")), "notice_days": days(d["got"].get("termination", "")), "auto_renewal": "renewing" in d["text"]}
            L.add(task, ts, "gpt-4o", [u(msg)], js(ans), system=sysm, max_tokens=2500, temperature=0, response_format=SA if task == "clause_extraction" else SB, metadata=meta())

    # 3 review memos over some of the same contracts
    for ts, d in zip(L.times(86, hours=(9, 22)), L.some(docs, 86)):
        v = L.version("memo", ts, 16)
        side = pick(["customer", "supplier", "buyer", "tenant", "employer"])
        if v == 1:
            sysm, msg = "You are a senior associate. Write a contract review memo: summary, key risks, suggested amendments.", "We act for the %s. Review:\n\n%s" % (side, d["text"])
        else:
            sysm = "Draft a contract review memorandum in the firm's house style.\nHeadings: To/From/Re; Executive summary (5 lines); Red flags (table: clause, issue, severity, proposed wording); Points to negotiate; Missing protections; Questions for the client.\nBritish English. Do not cite cases unless certain. Mark assumptions [ASSUMPTION]."
            msg = "Client position: %s\nDeal value: %s\nDeadline: %s\n\n%s" % (side, L.spin("{cur} {n100_900},000"), L.spin("{day}"), d["text"])
        ans = "**MEMORANDUM**\nRe: %s – %s / %s\n\n" % (d["kind"], d["A"], d["B"]) + L.para(["[In short|Summary|Overall]: [the draft favours {A}|the paper is balanced|we advise against signing] [unless clause {n2_14} changes|given {topic}|before {d1}].", "[Clause {n2_9}|The liability clause] [caps recovery at|leaves us with] {cur} {n50_900},000, [well below the deal value|which we think is market|and excludes {topic}].", "[Red flag|High risk]: [the {n14_180}-day notice|auto-renewal|the one-way indemnity] [in clause {n2_14}|for {B}], [propose {n30_90} days|ask for mutuality|delete].", "[Missing|Not addressed]: [step-in rights|a data breach deadline of {n24_72} hours|{topic}], [see our draft wording at {n2_14}.{n1_9}|usual in deals with {co}].", "[Question for the client|Please confirm]: [has {name} approved the {n7_60}-day payment term|is {A} insured for {cur} {n1_9} million|who holds the IP in {seat}]?", "[Next steps|Timing]: [call with {name} on {day}|mark-up by {d1}|wait for {B}'s counsel, {last}]."], 5, 6, sep="\n\n", A=d["A"], B=d["B"])
        L.add("contract_review_memo", ts, "gpt-4o", [u(msg)], ans, system=sysm, max_tokens=3000, temperature=0.3, metadata=meta())

    # 4 e-mail drafting: instructions are informal
    EM = ["[Tell|Write to|Email] {name} [at {co}|, opposing counsel|(client)] that [we got the {kind} draft|the hearing at {court} moved to {d1}|the {cur} {n10_900},000 is overdue|we can't accept clause {n2_14}][, keep it friendly|, firm but polite|, cc {last}|].", "[Chase|Follow up with|Reminder to] {name} [about|re] [the signed {kind}|documents for {court}|our invoice {n1000_9999} ({cur} {n2_90},{n100_900})|{topic}], [third time|short|before {day}].", "[Reply to this|Draft an answer]: \"[{name} here, |]{q}\" – [say yes|say we need until {d1}|decline, mention {topic}|ask {last} first]."]
    QQ = ["[can we|could you] [get the {kind} back by {day}|agree {n10_60} days|drop clause {n2_14}]?", "[we never received|where is] [the {d1} bundle|your note on {topic}|the counterpart from {co}]?", "[our board|{name}] [meets on {day}|won't sign] [and needs advice on {topic}|unless {cur} {n10_900},000 comes off]"]
    for ts in L.times(258, hours=(7, 22)):
        v = L.version("mail", ts, 10)
        ins = L.typo(L.s(EM, q=L.s(QQ)), 0.03)
        if v == 1:
            sysm, msg = "Draft a professional e-mail from the lawyer's instruction. British spelling.", ins
        else:
            sysm = "You draft e-mails for lawyers of Hartwell Brandt LLP.\n- Subject line first.\n- Under 150 words, no Latin, no exclamation marks.\n- Mark without-prejudice correspondence as such when settlement is discussed.\n- Never commit the firm to a date unless given.\n- Sign off with the fee earner's initials."
            msg = "Fee earner: %s\nMatter: %s\nInstruction: %s" % ("".join(w[0] for w in L.person("en").split()), pick(MAT), ins)
        ans = ("Subject: " + L.spin("[{kind}|{co}|Invoice {n1000_9999}|Hearing {d1}|Clause {n2_14}]") + "\n\n") + L.para(["Dear {name},", "[Thank you for|Further to|I refer to] [your e-mail of {d1}|our call on {day}|the draft {kind}].", "[We are unable to accept clause {n2_14}|The hearing before {court} is now listed for {d1}|Our invoice {n1000_9999} for {cur} {n2_90},{n100_900} remains outstanding|We are content with the {kind}][, for the reasons discussed with {last}|, subject to {topic}|].", "[Please let me have|I would be grateful for] [your comments|the signed counterpart|{co}'s position] [by {day}|before {d1}|in the next {n2_14} days].", "[Kind regards|Yours sincerely]"], 4, 5, sep="\n\n")
        L.add("email_drafting", ts, "gpt-4o" if L.p(0.75) else "gpt-4o-mini", [u(msg)], ans, system=sysm, max_tokens=500, temperature=0.6, metadata=meta())

    # 5 deadline extraction from orders and letters
    ORD = ["[IT IS ORDERED that|UPON hearing counsel,|By consent,] [the Claimant|{co}|the Respondent] shall [file and serve|exchange|disclose] [witness statements|a reply|the expert report of {name}|a list of documents] by [4pm on {d1}|{n7_42} days after service|no later than {d1}].", "[Permission to appeal|Any application to vary] must be [filed|made] within {n7_28} days [of {d1}|of this order|, before {court}].", "[The hearing|A case management conference] is [listed|fixed] for {d1} [at {n9_15}:{n10_50}|before {court}|, time estimate {n1_5} days].", "[Unless|If] {co} [pays {cur} {n10_900},000|complies with paragraph {n2_9}] by {d1}, [its defence is struck out|judgment will be entered|interest runs at {n2_8}%].", "[Please note|We remind you] [that the lease break notice|that the option|the limitation date for {topic}] [expires on|falls on] {d1}[; {name} to diarise|, matter of {co}|].", "[Costs|The deposit] [in the case|of {cur} {n2_90},{n100_900}] [payable within {n7_28} days|reserved to {court}|due {d1}]."]
    for ts in L.times(236, hours=(6, 20), weekend=0.1):
        t = L.spin("[In {court}\nClaim {n1000_9999}\n{co} -v- {co}|Letter from {last} LLP, {d1}|From: {name}\nRe: {co}]") + "\n\n" + L.typo(L.para(ORD, 2, 5, sep="\n", shuffle=True), 0.01)
        v = L.version("dl", ts, 19)
        items = []
        for line in t.split("\n")[2:]:
            rel = re.search(r"within (\d+) days|(\d+) days after service", line)
            if iso(line) or rel:
                what = next((w for k, w in (("ppeal", "permission to appeal"), ("conference", "CMC"), ("hearing is", "hearing"), ("Unless", "unless order"), ("If ", "unless order"), ("break notice", "break notice"), ("option", "exercise option"), ("limitation", "limitation date"), ("osts", "pay costs"), ("deposit", "pay deposit"), ("witness", "witness statements"), ("reply", "reply"), ("expert", "expert report"), ("documents", "list of documents"), ("vary", "application to vary")) if k in line), "deadline")
                items.append({"date": iso(line), "rule": rel.group(0) if rel else None, "what": what, "who": pick(["us", "other side", "court"]), "q": line[:90]})
        if v == 1:
            sysm, ans, rf = "List all deadlines in the document, one per line: date - action - responsible.", "\n".join("%s - %s - %s" % (i["date"] or i["rule"], i["what"], i["who"]) for i in items) or "No deadlines found.", None
        else:
            sysm = "Docketing assistant. Find every deadline, hearing and limitation date. Compute relative dates from the document date; if impossible give rule text. JSON: {\"deadlines\":[{date, rule, action, party, source_quote, confidence}]}. Do not give advice."
            ans, rf = js({"deadlines": [{"date": i["date"], "rule": i["rule"], "action": i["what"], "party": i["who"], "source_quote": i["q"], "confidence": L.f(0.6, 1)} for i in items]}), {"type": "json_object"}
        L.add("deadline_extraction", ts, "gpt-4o-mini" if v == 1 else "gpt-4o", [u(t)], ans, system=sysm, max_tokens=800, temperature=0, response_format=rf, metadata=meta())

    # 6 research chat, no system prompt, whatever people type (asks sometimes look like other tasks)
    RQ = ["[What is|Can you explain|Remind me of] [the test for|the leading case on|the current position on] {topic} [in {law}|since {n1996_2024}|, client is {co}]?", "[Our client|{co}|A tenant in {seat}] [says|claims|wants to argue] {topic} [against {co}|after {n2_12} years|, is that hopeless|]. [Thoughts?|Authorities please.|Both sides.]", "[compare|difference between] {law} and {law2} on {topic}[, table please| in {n3_8} bullets|, for {name}]", "[Draft|Write] [a short email to {name}|a paragraph for the skeleton|a polite letter to {co}] about {topic}[, {n80_200} words|, {court} hearing {d1}|]", "[What deadlines|How long] apply to {topic} [in {court}|under the law of {law}|if served on {d1}]?", "[is|Is] [this clause ok|the following enforceable]: \"{cl}\"", "[quick one|random|not work]: [best way to format footnotes in the {kind}|lunch near {court}|translate '{kind}' to German for {name}|how do I cite a {n1890_1990} case]?"]
    RF = ["[and|but what] [if|about] [{co} is insolvent|the contract is under {law}|notice came {n2_30} days late|it's in {court}]?", "[are you sure|source]? [I thought|{last} says] {topic} [changed in {n2005_2024}|is different in {law}]", "[shorter|rewrite] [for {name}|in {n2_6} bullets|, less hedging on {topic}]", "[thanks|ok], [now|next:] [the counter-argument|apply to {co}|same for {topic}]"]
    RA = ["[In {law}|Broadly|The starting point is that] {topic} [turns on|is governed by] [objective construction|a {n2_5}-stage test|statute, as amended in {n1996_2023}][, with a limitation of {n1_12} years|; the burden is on {co}|].", "[For {co}|On your facts|Here], [the stronger argument is|I would lead with] [prejudice to {co}|the wording of clause {n2_14}|the {n7_60}-day delay][, then {topic}|; expect a reply on {topic}].", "[Against that|The other side will say|The risk is that] {court} [may find|has held] [the notice valid|no loss proved|{topic} irrelevant] [where {n2_20} months passed|in similar facts|].", "[Please verify|Check] [the authorities|paragraph {n10_190}|whether {law} differs] before [relying on this|advising {name}|filing on {d1}].", "[Option {n1_3}|Alternatively]: [mediate in {seat}|apply for {topic}|reserve the position by letter to {last}]."]
    for s in L.times(92, hours=(8, 23), weekend=0.4):
        hist, ts = [], s
        mdl = pick(["gpt-4o", "gpt-4o", "gpt-4o-mini"])
        for turn in range(L.weighted([(1, 35), (2, 25), (3, 20), (4, 12), (6, 8)])):
            q = L.typo(L.s(RQ if not turn else RF, law2=pick(LAWS), cl=L.spin(pick(list(CLAUSE.values())))), 0.03)
            hist = hist + [u(q)]
            ans = L.para(RA, 2, 5, sep=pick(["\n\n", " "]))
            ts = L.add("research_chat", ts, mdl, hist, ans, max_tokens=None, metadata={"user": "u%03d" % n(1, 88), "ui": "chat"} if L.p(0.7) else {})
            hist, ts = hist + [a(ans)], ts + timedelta(seconds=n(30, 900))

    # 7 time-entry narratives, month-end peak; 8 document type; 9 deposition digest
    for ts in L.times(200, hours=(16, 23), weekend=0.3) + L.times(44, hours=(16, 23), weekend=0.6, days=(27, 30)):
        raw = L.typo(L.s(["[tc|call|conf] [w/|with] {name} re [{topic}|clause {n2_14}|{co}] {n0_3}.{n1_9}[h|]", "[rev|review] [{kind}|docs from {last}|bundle {n10_400}pp] [& mark up|, notes|; email {name}] {n0_6}.{n1_9}", "[prep|attend] {court} [hrg|cmc] {d1} [w/ {name}|{co}] {n1_9}.{n0_9}", "[research|resrch] {topic} [for {last}|{law}] {n0_5}.{n1_9}[h|]", "[draft|amend] [ltr to {co}|{kind} v{n2_9}|ws of {name}] {n0_6}.{n1_9}"]), 0.05)
        v = L.version("bill", ts, 15)
        sysm = "Rewrite the time entry as a billing narrative. One sentence, past tense." if v == 1 else "Clean up time entries for client invoices: one sentence, past tense, no abbreviations, no privileged detail, no block billing (split with semicolons). Output: narrative | UTBMS code | hours."
        ans = L.s("[Telephone conference with {name}|Reviewed and amended the {kind}|Prepared for hearing before {court}|Researched {topic}|Drafted correspondence to {co}] [regarding {topic}|regarding clause {n2_14}|and reported to {name}][.|; follow-up e-mail to {last}.]") + (" | %s | %s" % (pick(["A101", "A102", "A103", "A106", "L120", "L240"]), L.f(0.1, 6, 1)) if v == 2 else "")
        L.add("billing_narrative", ts, "gpt-4o-mini", [u(raw)], ans, system=sysm, max_tokens=100, temperature=0.3, metadata=meta())
    TYPES = ["contract", "court_order", "letter", "invoice", "witness_statement", "other"]
    for ts in L.times(76, hours=(1, 6), weekend=0.8):
        lab = L.weighted([("contract", 30), ("court_order", 22), ("letter", 22), ("invoice", 12), ("witness_statement", 14)])
        t = {"contract": pick(docs)["text"][:700], "court_order": "In " + L.spin("{court}, claim {n1000_9999}") + "\n" + L.para(ORD[:3], 2), "letter": L.s("Dear {name}, [we act for|we are instructed by] {co} [in relation to {topic}|re your letter of {d1}]. [Our client denies|We enclose] [any liability|the {kind}] [and requires a reply by {d1}|]."), "invoice": L.s("Invoice {n1000_9999}, {co}, {d1}: [counsel's fees|translation|courier] {cur} {n2_90},{n100_900}.{n10_99}, VAT {n5_23}%, due {d1}"), "witness_statement": L.s("I, {name}, of {street}, [state as follows|will say]: [1. I am a director of {co}|1. I have known {name} since {n1990_2020}]. 2. On {d1} [I saw|I signed|I was told about] [the {kind}|{topic}].")}[lab]
        v = L.version("type", ts, 13)
        sysm = "What type of document is this? " + "/".join(TYPES) if v == 1 else "DMS intake. Return the document class (%s) and a file name YYYY-MM-DD_party_type, separated by a tab." % ", ".join(TYPES)
        L.add("document_type", ts, "gpt-4o-mini", [u(t)], lab if v == 1 else "%s\t2025-%02d-%02d_%s_%s" % (lab, n(1, 10), n(1, 28), co().split()[0], lab), system=sysm, max_tokens=40, temperature=0, metadata={"job": "dms-intake"})
    for ts in L.times(13, free=True, hours=(18, 23), weekend=0.3):
        w = L.person("en")
        t = "DEPOSITION OF %s\n" % w.upper() + "\n".join("%d Q. %s\n%d A. %s" % (i * 4 + 1, L.s("[When|Why|How] did you [sign the {kind}|first meet {name}|learn of {topic}|send {cur} {n10_900},000 to {co}]?"), i * 4 + 3, L.s("[I believe|As I recall|No,|Yes,] [it was|that was|around] {d1}[, {name} was there|, in {seat}|, I have the email|, I don't remember {co}].")) for i in range(n(70, 150)))
        v = L.version("dep", ts, 14)
        sysm = "Summarise the deposition by topic with line references." if v == 1 else "Deposition digest: page/line table of admissions, contradictions and follow-up questions, then a one-page narrative for the partner. Quote exactly. Flag anything touching privilege."
        ans = L.para(["[Line {n10_300}|At {n10_300}-{n301_500}]: [admits|denies|cannot recall] [signing the {kind}|meeting {name}|paying {co}] [on {d1}|in {seat}]."] * 12 + ["[Contradiction|Follow up]: [date {d1} v {d1}|{name} absent at line {n10_400}]."], 8, 13, sep="\n")
        L.add("deposition_digest", ts, "gpt-4o", [u(t)], ans, system=sysm, max_tokens=4000, temperature=0.2, metadata=meta())
    return L
