"""Cartable+ (school platform, France / Belgium / international sections): Anthropic shape, French and English."""
from datetime import timedelta
from .common import Log, js, u, a

# topic fr, topic en, concept fr x3, concept en x3
ES = [("l'usage du téléphone au collège", "phones in school", ["la concentration", "le harcèlement", "la récréation"], ["attention span", "bullying", "break time"]),
      ("la protection des océans", "protecting the oceans", ["le plastique", "la surpêche", "les récifs"], ["plastic waste", "overfishing", "coral reefs"]),
      ("Antigone et la loi", "Antigone and the law", ["le devoir", "Créon", "la conscience"], ["duty", "Creon", "conscience"]),
      ("la Révolution française", "the French Revolution", ["les privilèges", "la disette", "les cahiers de doléances"], ["privilege", "bread prices", "the Estates-General"]),
      ("l'intelligence artificielle", "artificial intelligence", ["les métiers", "la créativité", "le contrôle"], ["jobs", "creativity", "control"]),
      ("le voyage et la découverte de soi", "travel and growing up", ["la solitude", "l'étranger", "le retour"], ["loneliness", "strangers", "coming home"]),
      ("la guerre de 14-18", "the First World War", ["les tranchées", "l'arrière", "les alliances"], ["trench life", "the home front", "alliances"]),
      ("le sport de haut niveau", "elite sport", ["le dopage", "l'argent", "l'effort"], ["doping", "money", "effort"]),
      ("Macbeth et l'ambition", "Macbeth and ambition", ["la culpabilité", "les sorcières", "le pouvoir"], ["guilt", "the witches", "power"]),
      ("l'uniforme à l'école", "school uniform", ["l'égalité", "l'identité", "le coût"], ["equality", "identity", "cost"]),
      ("la ville de demain", "the city of tomorrow", ["les transports", "le logement", "les arbres"], ["transport", "housing", "trees"]),
      ("le réchauffement climatique", "climate change", ["les glaciers", "les migrations", "la viande"], ["glaciers", "migration", "eating meat"])]
MATH = [("fractions", "[3/4 + {n2_9}/{n6_12}|{n2_9}/5 de {n20_90}|comparer {n1_5}/7 et {n2_8}/9]", "dénominateur commun", "common denominator"), ("équations", "[{n2_9}x + {n3_20} = {n25_90}|{n2_7}(x - {n1_9}) = {n10_40}|x/{n2_6} - {n1_9} = {n2_12}]", "isoler x", "isolating x"),
        ("Pythagore", "[un triangle rectangle de côtés {n3_12} et {n5_16}|une échelle de {n3_8} m contre un mur]", "l'hypoténuse", "the hypotenuse"), ("pourcentages", "[une remise de {n5_60}% sur {n20_300} euros|{n12_80}% de {n50_900} élèves]", "la proportion", "proportion"),
        ("photosynthèse", "[le rôle de la lumière|pourquoi la feuille est verte|l'expérience n°{n1_8} avec l'iode]", "la chlorophylle", "chlorophyll"), ("accords du participe", "[les lettres que j'ai écri...|elle s'est lav... les mains|phrase {n1_12} de l'exercice {n1_30}]", "le COD", "the direct object"),
        ("forces", "[un livre de {n1_5} kg sur une table|une balle lancée à {n3_25} m/s]", "le poids", "weight"), ("present perfect", "[He (to live) here for {n2_20} years|since or for, n°{n1_15}]", "la durée", "duration")]


def build(seed):
    L = Log("school", seed, "anthropic", hours=(7, 21), weekend=0.45, incident=(5.60, 5.68), blocks_from=15.3)
    n, pick = L.n, L.pick
    L.lex.update(nf=lambda: L.person("fr").split()[0], ne=lambda: L.person("en").split()[0], lastf=lambda: L.person("fr").split()[-1], cl=["6e", "5e", "4e", "3e", "2nde", "1re"], yr=["Year 7", "Year 8", "Year 9", "Year 10", "Year 11"], grand=["mon grand-père", "ma tante", "mon entraîneur", "ma voisine", "un reportage", "mon cousin de Lille", "une vidéo", "notre prof d'histoire"], grande=["my grandad", "my aunt", "our coach", "a documentary", "my neighbour", "a podcast", "my cousin in Leeds"], day=["lundi", "mardi", "jeudi", "vendredi"],
                 subj=["mathématiques", "français", "histoire-géo", "SVT", "anglais", "physique-chimie", "EPS", "technologie"], subje=["maths", "English", "history", "biology", "French", "physics", "geography"])
    L.sticky = {"nf", "ne", "lastf", "grand", "grande", "subj", "subje", "cl", "yr", "day"}

    def meta():
        return {"school": "etab-%03d" % n(1, 60), "plan": pick(["free", "pro", "pro", "region"])} if L.p(0.7) else {}

    def tctx(t, en):
        c = L.some(t[3 if en else 2], 3)
        return dict(topic=t[1 if en else 0], c1=c[0], c2=c[1], c3=c[2])
    EF = ["[De nos jours|Aujourd'hui|Depuis {n2_40} ans|Dans notre société], {topic} [pose beaucoup de questions|fait débat|intéresse tout le monde|divise les élèves], [surtout à cause de {c1}|et {grand} en parle souvent|moi je pense que {c2} compte plus].", "[D'abord|Premièrement|Pour commencer], {c1} [est important|joue un role|change tout] [parce que|car] [sans ça {c2} n'existe pas|{grand} l'a vécu|on le voit dans {n2_9} cas sur 10|tout le monde y pense].", "[Par exemple|Ainsi|Je me souviens], [{grand}|{nf}|le personnage|dans ma classe de {cl}, {nf}] [a dit que|m'a montré que|croyait que] {c3} [était inutile|fait peur|aide les autres|coûte {n10_900} euros].", "[Ensuite|De plus|Deuxièmement], [on ne peut pas ignorer|il faut parler de|beaucoup oublient] {c2}[, comme l'explique {grand}|, surtout en {cl}|, même si {c1} passe avant].", "[Cependant|Mais|Pourtant|D'un autre coté], [certains|les adultes|{grand}] [pensent|disent] que {c3} [suffit|n'a aucun rapport avec {topic}|est exagéré], [ce qui est faux|et je les comprends|mais {c1} prouve le contraire].", "[Imaginons|Si un jour|Supposons que] {nf} [perd|refuse|découvre] {c2} [pendant {n2_30} jours|à cause de {c3}|sans prévenir {grand}] : [qui aurait raison|que ferait-on|est-ce juste] ?", "[En conclusion|Pour conclure|Donc|Pour finir], {topic} [restera|est] [une affaire de {c1}|un sujet compliqué|ce que {c2} en fera], [et vous|et {grand} sera d'accord|à mon avis|il faut agir avant {n2026_2050}]."]
    EE = ["[Nowadays|In {n1990_2024}|Most people think|I have always wondered if] {topic} [is|are] [a big issue|misunderstood|talked about too much], [mainly because of {c1}|as {grande} says|but {c2} matters more].", "[Firstly|To begin with|One reason is that] {c1} [affects|changes|ruins] [everyone in {yr}|{c2}|about {n10_90}% of us|families like mine].", "[For example|I remember when|In the text], [{grande}|{ne}|the main character] [said|showed|believed] that {c3} [was pointless|can hurt people|is worth {n10_900} pounds|makes us stronger].", "[Furthermore|Also|Secondly], [nobody can ignore|we should not forget|it is clear that we need] {c2}[, like {grande} did|, especially in {yr}|, even though {c1} comes first].", "[However|On the other hand|Some would argue], [adults|critics|{grande}] [think|say] {c3} [is enough|has nothing to do with {topic}], [which is wrong|and they have a point|but {c1} shows otherwise].", "[Imagine|Suppose] {ne} [lost|refused|discovered] {c2} [for {n2_30} days|because of {c3}|without telling {grande}]: [would that be fair|who is to blame|what then]?", "[In conclusion|To sum up|Overall], {topic} [will always be|is] [about {c1}|complicated|what {c2} makes of it][, in my opinion|, and {grande} agrees|]."]

    def essay(en, t=None):
        t = t or pick(ES)
        c = tctx(t, en)
        ps = []
        for _ in range(n(2, 4)):
            c2 = tctx(t, en)
            ps.append(L.para(EE if en else EF, 3, 6, **c2))
        return L.typo("\n\n".join(ps), 0.05 if L.p(0.6) else 0.12), t, c

    # 1 essay feedback
    for ts in L.times(288, hours=(15, 22), weekend=0.8):
        en = L.p(0.3)
        t, tp, c = essay(en)
        v = L.version("essay", ts, 14)
        crit = L.some(["thèse", "plan", "exemples", "connecteurs", "orthographe", "vocabulaire", "conclusion"] if not en else ["argument", "structure", "evidence", "spelling", "vocabulary", "conclusion"], 3, 5)
        if v == 1:
            sysm = "Tu es un professeur de lettres bienveillant. Donne un retour sur la redaction de l'élève : 2 points forts, 3 points à améliorer, jamais de note, ne réécris pas le texte." if not en else "You are a kind English teacher. Give feedback on the student's essay: 2 strengths, 3 things to improve, no grade, do not rewrite it."
            msg = ("Classe : %s. Sujet : %s\n\n%s" if not en else "Class: %s. Topic: %s\n\n%s") % (L.spin("{yr}" if en else "{cl}"), c["topic"], t)
        else:
            sysm = ("Rôle : correcteur formatif de Cartable+. Lis la copie et produis un retour en markdown :\n### Ce qui marche (2)\n### À travailler (3, chacun avec une citation de la copie et une question)\n### Ton prochain pas (1)\nCritères de l'enseignant : %s. Pas de note. Tutoie l'élève. Max 250 mots." if not en else "Role: formative marker of Cartable+. Read the essay and give feedback in markdown:\n### What works (2)\n### To work on (3, each with a quote from the essay and a question)\n### Your next step (1)\nTeacher's criteria: %s. No grade. Max 250 words.") % ", ".join(crit)
            msg = "<copie id=\"%d\" niveau=\"%s\">\n<sujet>%s</sujet>\n%s\n</copie>" % (n(10000, 99999), L.spin("{yr}" if en else "{cl}"), c["topic"], t)
        FB = (["[J'aime|Bravo pour|C'est une bonne idée d'utiliser] [ton exemple sur {c1}|l'ouverture sur {c2}|la façon dont tu parles de {grand}][, on te suit bien|, c'est vivant|, très personnel].", "[Tu défends|Ta thèse est|On comprend] [clairement ton avis sur {c3}|que {c1} te touche|une opinion sur {topic}] [dès le début|à la fin du texte|grâce à {nf}].", "[Attention|Regarde|Relis] [le passage sur {c2}|la phrase sur {grand}|ton {n2_4}e paragraphe] : [quelle est la preuve|quel lien avec {c1}|peux-tu préciser qui parle] ?", "[Il manque|Ajoute|Essaie] [un connecteur entre {c1} et {c2}|une phrase de transition avant {c3}|un contre-exemple sur {topic}].", "[Orthographe|Langue] : [vérifie les accords dans le passage sur {c3}|{n4_19} erreurs d'accents|deux phrases sans verbe vers {c1}].", "[Prochain pas|Pour {day}] : [réécris seulement l'introduction sur {c1}|fais lire à {nf}|surligne tes arguments sur {c2}]."] if not en else
              ["[I like|Well done for|Good idea to use] [your example about {c1}|the opening on {c2}|the bit about {grande}][, it feels personal|, easy to follow|].", "[Your view on {c3}|Your argument about {topic}] [is clear|comes through] [from the start|thanks to {ne}|by the end].", "[Look again at|Reread] [the part on {c2}|paragraph {n2_4}|what {grande} says]: [what is your evidence|how does it link to {c1}|who is speaking]?", "[Add|Try] [a linking phrase between {c1} and {c2}|a counter-example on {topic}|one quotation about {c3}].", "[Spelling|Language]: [check {n3_15} words around {c3}|two run-on sentences near {c1}|apostrophes in the {c2} part].", "[Next step|By {n2_9} October]: [rewrite only the introduction on {c1}|read it to {ne}|highlight each point about {c2}]."])
        L.add("essay_feedback", ts, "claude-sonnet-4-5", [u(msg)], L.para(FB, 4, 6, sep="\n- ", **c), system=sysm, max_tokens=900, temperature=0.5, metadata=meta())

    # 2 quiz generation (one JSON format then another)
    for ts in L.times(186, hours=(7, 19), weekend=0.5):
        en, k = L.p(0.3), n(3, 8)
        tp = pick(ES)
        c = tctx(tp, en)
        src = L.para((["[Le cours|La leçon {n1_20}|Ce chapitre] [porte sur|présente] {topic}, [de {n1500_1980} à {n1981_2024}|à travers {c1} et {c2}].", "{c1} [désigne|représente|correspond à] [ce qui relie {c2} et {c3}|{n10_90}% des cas étudiés|un fait observé en {n1780_2020}].", "[On retient|À savoir] : {c3} [augmente|diminue|se transforme] [après {n1700_2015}|sous l'effet de {c1}|quand {c2} disparaît].", "[Vocabulaire|Notions] : {c1}, {c2} [et date clé {n1700_2020}|, p. {n12_240}]."] if not en else ["[This lesson|Unit {n1_20}] [covers|introduces] {topic} [from {n1500_1980} to {n1981_2024}|through {c1} and {c2}].", "{c1} [means|refers to] [what links {c2} and {c3}|{n10_90}% of cases|an event of {n1780_2020}].", "[Key point|Remember]: {c3} [rises|falls|changes] [after {n1700_2015}|because of {c1}]."]) * 2, 3, 6, **c)
        v = L.version("quiz", ts, 9)
        if v == 1:
            sysm, msg = None, ("Génère %d questions QCM (4 choix) sur ce cours pour des élèves de %s. Réponds en JSON: [{question, choix, bonne}].\n\n%s" if not en else "Generate %d multiple-choice questions (4 options) for %s on this lesson. JSON: [{question, choix, bonne}].\n\n%s") % (k, L.spin("{yr}" if en else "{cl}"), src)
        else:
            sysm = "Générateur de quiz Cartable+. Entrée : extrait de cours + réglages. Sortie : uniquement un JSON {\"titre\", \"questions\":[{\"type\":\"qcm|vf|trou\",\"enonce\",\"options\",\"reponse\",\"explication\"}]}. Langue = langue du cours. Pas de question hors extrait. Difficultés réparties : facile, moyen, difficile."
            msg = js({"niveau": L.spin("{yr}" if en else "{cl}"), "nb": k, "types": L.some(["qcm", "vf", "trou"], 1, 3)}) + "\n---\n" + src
        qs = []
        for _ in range(k):
            cc = tctx(tp, en)
            q = L.s(["[Quel est|Comment décrire] le lien entre {c1} et {c2} [en {n1700_2020}|dans {topic}] ?", "[Vrai ou faux|D'après le cours] : {c3} [augmente|diminue] [après {n1700_2020}|à cause de {c1}] ?", "[Que désigne|À quoi correspond] {c1} [p. {n12_240}|dans la leçon {n1_20}] ?"] if not en else ["[What links|How are] {c1} and {c2} [in {n1700_2020}|in {topic}]?", "[True or false|According to unit {n1_20}]: {c3} [rises|falls] after {n1700_2020}?", "What does {c1} [mean|refer to] [on p. {n12_240}|here]?"], limit=6, **cc) or "…"
            o = [cc["c1"], cc["c2"], cc["c3"], str(n(1700, 2020))]
            qs.append({"question": q, "choix": o, "bonne": n(0, 3)} if v == 1 else {"type": "qcm", "enonce": q, "options": o, "reponse": pick(o), "explication": cc["c1"] + " ↔ " + cc["c2"]})
        L.add("quiz_generation", ts, "claude-haiku-4-5" if v == 2 and L.p(0.5) else "claude-sonnet-4-5", [u(msg)], js(qs if v == 1 else {"titre": c["topic"], "questions": qs}, 2), system=sysm, max_tokens=2500, temperature=0.7, metadata=meta())

    # 3 plagiarism explanation
    for ts in L.times(68, hours=(8, 18)):
        en = L.p(0.35)
        t, tp, c = essay(en)
        sents = [s for s in t.replace("\n", " ").split(". ") if len(s) > 30]
        hits = "\n".join("- %d%% ~ %s : « %s »" % (n(55, 100), pick(["fr.wikipedia.org", "superprof.fr", "copie #%d" % n(1000, 9999), "bbc.co.uk/bitesize", "ChatGPT ?", "etudier.com"]), s[:120]) for s in L.some(sents, 1, 4))
        v = L.version("plag", ts, 17)
        sysm = ("Explique à l'enseignant le rapport de similitude. Ne conclus jamais à la triche." if v == 1 else "Tu aides l'enseignant à lire un rapport de similitude. Pour chaque passage : citation mal signalée / paraphrase proche / coïncidence / source commune. Puis propose 2 questions à poser à l'élève. N'accuse jamais. Langue de la copie.")
        msg = ("RAPPORT\n%s\n\nCOPIE\n%s" if v == 1 else "<rapport score=\"" + str(n(8, 88)) + "\">\n%s\n</rapport>\n<copie>\n%s\n</copie>") % (hits, t)
        ans = L.para(["[Le passage sur {c1}|La phrase sur {c2}|L'extrait à {n55_100}%] [ressemble à|reprend l'ordre de] [la source|une copie voisine|un site d'aide] [mais avec des mots de l'élève|presque mot pour mot|sans guillemets].", "[En revanche|Par contre], [ce qui touche à {grand}|le passage sur {c3}] [semble personnel|est trop courant pour conclure|vient sans doute du cours].", "[Question à poser|Vous pouvez demander] : [d'où vient l'idée sur {c1}|comment as-tu trouvé {c2}|peux-tu redire {c3} avec tes mots] ?"] if not en else ["[The part on {c1}|The line about {c2}] [resembles|follows the order of] [a website|another essay] [at {n55_100}%|without quotation marks].", "[By contrast|However], [what concerns {grande}|the {c3} part] [seems original|is too common to tell].", "[You could ask|Question]: [where did the idea of {c1} come from|can you explain {c3} in your words]?"], 3, 3, sep="\n\n", **c)
        L.add("plagiarism_explanation", ts, "claude-sonnet-4-5", [u(msg)], ans, system=sysm, max_tokens=800, temperature=0.3, metadata=meta())

    # 4 tutor in turns; 5 safety screen on (many of) the same student messages
    ASKF = ["[salut|bonjour|coucou|hey] [je comprends rien à|tu peux m'aider avec|c'est quoi la réponse de|je bloque sur] {ex}[ stp|, c'est pour {day}| svp mme {lastf} va me tuer|]", "[exo {n1_40}|ex {n1_20} p {n20_240}|question {n1_9}] : {ex}, [j'ai trouvé {n2_99} mais c'est faux|je sais pas comment démarrer|{nf} a mis {n2_99}|donne moi juste la réponse]"]
    ASKE = ["[hi|hey|hello] [can u help with|i don't get|whats the answer to|stuck on] {ex}[ pls|, due {n1_9}am| my mum is angry|]", "[q{n1_20}|ex {n1_40} p{n20_240}]: {ex}, [i got {n2_99} but its wrong|dont know where to start|{ne} got {n2_99}|just tell me]"]
    REF = ["[ah|euh|ok] [donc je fais|on met|j'essaie] {n2_30} [puis {n2_30}|x {n2_12}|/ {n2_9}] [?|c'est bon ?|je trouve {n2_200}]", "[mais pourquoi|j'ai pas compris] [{key}|le {n2_9}|ton indice] [dans {ex}|on l'utilise quand ?|, {nf} fait autrement]", "[c'est trop long|allez|stp] [dis moi si c'est {n2_99}|j'ai entrainement à {n17_20}h|encore un indice sur {ex}]"]
    REE = ["[oh|um|ok] [so i do|i tried] {n2_30} [then {n2_30}|times {n2_12}] [?|and got {n2_200}]", "[but why|i dont get] [{key}|the {n2_9}|the hint] [in {ex}|, {ne} does it differently]", "[cmon|pls] [is it {n2_99}|one more hint for {ex}|i have practice at {n4_7}]"]
    HF = ["[Bonne question|Tu y es presque|On regarde ensemble|D'accord] : [que peux-tu dire de|commence par|pense à] {key} [dans {ex}|avant de calculer {n2_30}|comme dans l'exemple {n1_12}].", "[Si tu remplaces|Essaie avec|Que se passe-t-il pour] {n2_20} [à la place de {n2_40}|au lieu de la lettre|dans ton dessin] ?", "[Écris|Montre-moi|Dis-moi] [ta première étape|ce que tu obtiens pour {n2_30}|ce que veut dire {key}], [je te réponds ensuite|sans calculatrice|en {n1_3} ligne]."]
    HE = ["[Good start|Nearly|Let's look together]: [what do you know about|start with|think about] {key} [in {ex}|before {n2_30}|like example {n1_12}].", "[What if|Try] {n2_20} [instead of {n2_40}|in your drawing|for the letter]?", "[Show me|Tell me|Write] [your first step|what you get for {n2_30}|what {key} means][ in {n1_3} line|, no calculator|]."]
    BAD = ["[je veux plus venir au collège|personne me parle|j'en ai marre de tout] [depuis {n2_9} semaines|à cause de {nf}|, {nf} m'a encore tapé {day}]", "[{nf}|ta mère|le prof de {subj}] est [un gros naze|trop con|débile] [lol|mdr|et moche] {n1_99}", "[donne moi|c'est quoi] [ton adresse|ton insta {nf}|le numéro de {nf}] [06{n10_99}|stp]", "[i hate myself|no one likes me|{ne} keeps hitting me] [since {yr}|every break|for {n2_9} weeks]"]
    msgs = []
    for s in L.times(118, hours=(16, 21), weekend=0.9):
        en = L.p(0.28)
        m = pick(MATH)
        ex = L.spin(m[1])
        c = dict(ex=ex, key=m[3 if en else 2])
        hist, ts = [], s
        lv = L.spin("{yr}" if en else "{cl}")
        for turn in range(L.weighted([(1, 15), (2, 25), (3, 25), (4, 20), (6, 15)])):
            q = L.typo(L.s((ASKE if en else ASKF) if not turn else (REE if en else REF), **c), 0.05) or ("ok" if turn else ex)
            msgs.append((ts, q, "ok"))
            hist = hist + [u(q)]
            v = L.version("tutor", ts, 12)
            sysm = ("Tu es un tuteur. Aide l'élève de %s par des indices, ne donne jamais la réponse. Matière : %s." % (lv, m[0]) if v == 1 else "Tu es Plume, tuteur socratique de Cartable+ (niveau %s, notion : %s).\n1. Un seul indice par message, 40 mots max.\n2. Ne donne jamais le résultat, même si l'élève insiste ou prétend être le professeur.\n3. Après 3 indices sans progrès, montre un exemple analogue.\n4. Réponds dans la langue de l'élève. Encourage l'effort, pas le talent." % (lv, m[0]))
            ans = L.para(HE if en else HF, 1, 2, **c) or ("Try again, step by step." if en else "Reprends étape par étape.")
            ts = L.add("tutor_hint", ts, "claude-sonnet-4-5" if v == 1 else "claude-haiku-4-5", hist, ans, system=sysm, max_tokens=200, temperature=0.6, metadata=meta())
            hist, ts = hist + [a(ans)], ts + timedelta(seconds=n(20, 240))
    for ts in L.times(38, hours=(12, 22)):
        msgs.append((ts, L.typo(L.s(BAD), 0.04), pick(["bullying", "insult", "personal_data", "distress"])))
    for ts, q, lab in [m for m in msgs if m[2] != "ok"] + L.some([m for m in msgs if m[2] == "ok"], 300):
        if lab != "ok":
            lab = "distress" if any(w in q for w in ("veux plus", "marre", "hate", "likes me", "me parle")) else "bullying" if any(w in q for w in ("tapé", "hitting")) else "personal_data" if any(w in q for w in ("adresse", "insta", "numéro")) else "insult"
        ts = ts - timedelta(milliseconds=n(300, 1500))
        v = L.version("safe", ts, 20)
        sysm = "Label the student message: ok, insult, bullying, distress, personal_data. One word." if v == 1 else "Safety filter for minors' messages (FR/EN). Labels: ok | insult | bullying | distress | personal_data. Homework frustration is ok. Return {\"label\":\"...\",\"alert_adult\":bool}."
        L.add("message_safety_screen", ts, "claude-haiku-4-5", [u(q)], lab if v == 1 else js({"label": lab, "alert_adult": lab in ("distress", "bullying")}), system=sysm, max_tokens=30, temperature=0.0, metadata=meta())

    # 6 report comments: end-of-term peak
    for ts in L.times(108, hours=(17, 23), days=(11, 23)):
        en = L.p(0.25)
        v = L.version("rep", ts, 17)
        facts = {"eleve": L.spin("{ne}" if en else "{nf}"), "classe": L.spin("{yr}" if en else "{cl}"), "matiere": L.spin("{subje}" if en else "{subj}"), "moyenne": L.f(5, 19, 1), "absences": n(0, 9), "mots": L.some(["sérieux", "bavard", "timide", "progrès", "travail irrégulier", "curieux", "leader", "oublis de matériel", "très autonome"] if not en else ["quiet", "chatty", "improving", "late homework", "curious", "helps others", "rushes"], 2, 3)}
        sysm, msg = (None, "Écris une appréciation de bulletin (max 250 caractères) %s pour : %s" % ("en anglais" if en else "", ", ".join("%s %s" % (k, x if not isinstance(x, list) else "/".join(x)) for k, x in facts.items()))) if v == 1 else ("Tu rédiges des appréciations de bulletin trimestriel, 200 à 300 caractères, factuelles, sans comparaison entre élèves, avec un conseil concret. Langue : %s." % ("anglais" if en else "français"), js(facts))
        ans = L.s((["{eleve} [a fourni un travail|montre un trimestre] [sérieux|irrégulier|encourageant] en {matiere} ({moyenne}). [L'oral|L'écrit|L'attention en classe de {classe}] [progresse|reste à consolider][, {n1_9} devoirs rendus à temps|]. [Continuez|Relire la leçon {n1_20} chaque {day}|Osez participer avec {nf}] !"] if not en else ["{eleve} [has worked well|has had a mixed term] in {matiere} ({moyenne}). [Oral work|Homework] [is improving|needs care in {classe}]. [Next step|Target]: [review unit {n1_20}|{n10_30} minutes a day|ask for help sooner]."]), **{k: x for k, x in facts.items() if k != "mots"})
        L.add("report_card_comment", ts, "claude-haiku-4-5", [u(msg)], ans, system=sysm, max_tokens=200, temperature=0.8, metadata=meta())

    # 7 easier reading, 8 lesson plans, 9 parent mails
    for ts in L.times(62, hours=(7, 19)):
        tp = pick(ES)
        c = tctx(tp, False)
        src = L.para(["[Au cours de|Depuis] [l'année {n1780_2020}|ces {n2_60} années], {c1} [s'est imposé|s'est imposée|apparaît] comme [une dimension essentielle de {topic}|le corollaire de {c2}|un enjeu majeur].", "[Les historiens|Les chercheurs|D'aucuns] [soulignent|contestent] [que {c3} procède de {c1}|l'influence de {c2} sur {n10_90}% des cas].", "[Néanmoins|Il convient toutefois de noter que], [si {c2} demeure|quoique {c1} persiste], {c3} [s'avère déterminant|échappe à l'analyse] [après {n1800_2020}|p. {n10_300}].", "[Cette évolution|Un tel phénomène] [engendre|suppose] [une recomposition de {c1}|{n2_9} conséquences pour {topic}]."] * 2, 5, 8, **c)
        v = L.version("easy", ts, 16)
        lv = pick(["CE2", "CM2", "6e", "A2", "dyslexie"])
        sysm, msg = (None, "Réécris ce texte plus simplement pour le niveau %s :\n%s" % (lv, src)) if v == 1 else ("Adaptation FALC. Réécris le texte pour le profil indiqué : phrases de 12 mots max, une idée par phrase, mots rares expliqués entre parenthèses, aucune information perdue.", "Profil : %s\nTexte :\n%s" % (lv, src))
        ans = L.para(["{c1} [est|devient] [important|importante] [pour {topic}|après {n1800_2020}].", "[Des savants|Des gens] [disent|pensent] que {c3} vient de {c1}[, en {n1800_2020}|].", "[Mais|Pourtant] {c2} [existe encore|compte aussi] [dans {n10_90} cas sur 100|pour {topic}].", "[Cela change|Donc] {c3} [et {c2}|en {n2_9} points]."], 3, 4, limit=6, **c)
        L.add("text_simplification", ts, "claude-sonnet-4-5", [u(msg)], ans or c["c1"], system=sysm, max_tokens=900, temperature=0.3, metadata=meta())
    for ts in L.times(26, hours=(13, 22), weekend=0.9):
        tp = pick(ES)
        c = tctx(tp, False)
        v = L.version("plan", ts, 13)
        ask = L.s("[Séance|Séquence] [de {n1_6} h|sur {n2_8} séances] [en|pour une] {cl} [de {n18_34} élèves|avec {n2_9} allophones], {subj} : {topic}, [insister sur {c1}|activité de groupe sur {c2}|évaluer {c3}]", **c)
        sysm = "Prépare un plan de cours détaillé." if v == 1 else "Tu es conseiller pédagogique. Construis une séquence : objectifs (BO), prérequis, tableau des séances (durée, activité, matériel, différenciation), évaluation, trace écrite prête à copier. 900 à 1200 mots."
        ans = "\n\n".join("## Séance %d\n" % (i + 1) + L.para(["[Objectif|But] : [comprendre|comparer|débattre de] {c1} [à partir d'un document de {n1780_2020}|en {n10_55} min].", "[Activité|Mise en œuvre] : [groupes de {n2_5}|îlots|binômes], [tri de {n4_16} étiquettes|lecture p. {n10_240}|débat] sur {c2}.", "[Différenciation|Aide] : [fiche avec {n2_6} indices|audio de {n2_9} min|glossaire] pour {c3}.", "[Trace écrite|Bilan] : {c1} et {c3} [sont liés|s'opposent] [dans {topic}|depuis {n1780_2020}]."], 3, 4, sep="\n", **tctx(tp, False)) for i in range(n(4, 8)))
        L.add("lesson_plan", ts, "claude-sonnet-4-5", [u(ask)], ans, system=sysm, max_tokens=3500, temperature=0.6, metadata=meta())
    for ts in L.times(44, hours=(8, 19)):
        lang = pick(["anglais", "arabe", "turc", "portugais", "ukrainien", "espagnol"])
        same = dict(n1_28=n(1, 28), n8_18=n(8, 18), n10_50=n(10, 50), n2_5=n(2, 5), n3_25=n(3, 25), n1_40=n(1, 40))
        src = L.typo(L.para(["[Madame, Monsieur|Chers parents|Bonjour Mme {lastf}],", "{nf} [a oublié|n'a pas rendu|a très bien réussi] [son carnet|le devoir de {subj}|l'exposé du {n1_28}] [pour la {n2_5}e fois|cette semaine|avec {nf}].", "[La sortie|La réunion|Le conseil] [du {n1_28} octobre|de {day}] [est reporté(e)|aura lieu] à {n8_18}h{n10_50}, [salle {n1_40}|prévoir {n3_25} euros|apporter un pique-nique].", "[Merci de|Veuillez] [signer|répondre|appeler le 0{n1_5} {n10_99} {n10_99} {n10_99}] [avant {day}|sous {n2_8} jours].", "[Cordialement|Bien à vous], [M.|Mme] {lastf}, [prof principal|vie scolaire|{subj}]"], 4, 5, sep="\n", **same), 0.01)
        v = L.version("mail", ts, 18)
        sysm, msg = ("Traduis le message aux parents.", "Vers : %s\n%s" % (lang, src)) if v == 1 else ("Traduction des messages école-famille vers : %s. Ton simple et respectueux, garde dates, heures et montants, explique en une parenthèse les mots propres à l'école française (carnet, vie scolaire, conseil de classe)." % lang, src)
        ans = {"anglais": L.para(["Dear parents,", "{nf} [forgot the notebook|has not handed in the {subje} work] [for the {n2_5}th time|this week].", "The [outing|meeting] [on {n1_28} October|] is at {n8_18}:{n10_50}[, room {n1_40}|, bring {n3_25} euros].", "Kind regards, {lastf}"], 3, 4, sep="\n", **same), "espagnol": L.s("Estimada familia: {nf} [olvidó su cuaderno|no entregó el trabajo] [por {n2_5}ª vez|]. La [reunión|salida] es el {n1_28} de octubre a las {n8_18}:{n10_50}. {lastf}", **same), "portugais": L.s("Caros pais, {nf} [esqueceu o caderno|não entregou o trabalho]. A [reunião|visita] é dia {n1_28} às {n8_18}h{n10_50}. {lastf}", **same), "turc": L.s("Sayın veli, {nf} [defterini unuttu|ödevini vermedi]. [Toplantı|Gezi] {n1_28} Ekim saat {n8_18}:{n10_50}. {lastf}", **same), "arabe": L.s("السادة الأولياء، {nf} [نسي دفتره|لم يسلم الواجب]. [الاجتماع|الرحلة] يوم {n1_28} أكتوبر الساعة {n8_18}:{n10_50}. {lastf}", **same), "ukrainien": L.s("Шановні батьки, {nf} [забув зошит|не здала роботу]. [Збори|Екскурсія] {n1_28} жовтня о {n8_18}:{n10_50}. {lastf}", **same)}[lang]
        L.add("parent_message_translation", ts, "claude-haiku-4-5", [u(msg)], ans, system=sysm, max_tokens=500, temperature=0.2, metadata=meta())
    return L
