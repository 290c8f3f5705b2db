"""Grupo Hospitalario Ribera Norte: Anthropic shape, Spanish and English."""
from .common import Log, js, an, u, a

# code, es, en, symptoms es, symptoms en, drug es, drug en, service
DX = [
 ("J18.9", "neumonía adquirida en la comunidad", "community-acquired pneumonia", "fiebre y tos con expectoración verdosa", "fever and a productive cough", "amoxicilina-clavulánico", "co-amoxiclav", "neumologia"),
 ("I50.9", "insuficiencia cardiaca descompensada", "decompensated heart failure", "disnea de esfuerzo y edemas en piernas", "exertional dyspnoea and leg swelling", "furosemida", "furosemide", "cardiologia"),
 ("I48.91", "fibrilación auricular de novo", "new-onset atrial fibrillation", "palpitaciones y mareo", "palpitations and light-headedness", "apixabán", "apixaban", "cardiologia"),
 ("N39.0", "infección del tracto urinario", "urinary tract infection", "disuria y dolor suprapúbico", "dysuria and suprapubic pain", "fosfomicina", "fosfomycin", "urologia"),
 ("K35.80", "apendicitis aguda", "acute appendicitis", "dolor en fosa iliaca derecha con vómitos", "right iliac fossa pain with vomiting", "cefazolina y metronidazol", "cefazolin and metronidazole", "cirugia"),
 ("K80.20", "colelitiasis sintomática", "symptomatic gallstones", "dolor en hipocondrio derecho tras comidas grasas", "right upper quadrant pain after fatty meals", "metamizol", "metamizole", "cirugia"),
 ("S72.001A", "fractura de cadera derecha", "right hip fracture", "impotencia funcional tras caída en domicilio", "inability to bear weight after a fall at home", "enoxaparina", "enoxaparin", "traumatologia"),
 ("S52.501A", "fractura distal de radio", "distal radius fracture", "dolor y deformidad en muñeca", "wrist pain and deformity", "paracetamol", "paracetamol", "traumatologia"),
 ("E11.65", "diabetes mellitus tipo 2 con hiperglucemia", "type 2 diabetes with hyperglycaemia", "poliuria, sed y pérdida de peso", "polyuria, thirst and weight loss", "metformina", "metformin", "endocrinologia"),
 ("J44.1", "EPOC con exacerbación aguda", "acute exacerbation of COPD", "aumento de disnea y sibilancias", "worsening breathlessness and wheeze", "prednisona", "prednisone", "neumologia"),
 ("I63.9", "ictus isquémico", "ischaemic stroke", "debilidad brusca en hemicuerpo izquierdo", "sudden left-sided weakness", "ácido acetilsalicílico", "aspirin", "neurologia"),
 ("G43.909", "migraña sin aura", "migraine without aura", "cefalea pulsátil con fotofobia", "throbbing headache with photophobia", "sumatriptán", "sumatriptan", "neurologia"),
 ("N20.0", "litiasis renal", "kidney stone", "dolor lumbar cólico irradiado a ingle", "colicky flank pain radiating to the groin", "ketorolaco", "ketorolac", "urologia"),
 ("K21.9", "enfermedad por reflujo gastroesofágico", "gastro-oesophageal reflux disease", "pirosis nocturna", "night-time heartburn", "omeprazol", "omeprazole", "digestivo"),
 ("K57.32", "diverticulitis de colon", "colonic diverticulitis", "dolor en fosa iliaca izquierda y febrícula", "left iliac fossa pain and low-grade fever", "ciprofloxacino", "ciprofloxacin", "digestivo"),
 ("L03.116", "celulitis de miembro inferior izquierdo", "cellulitis of the left leg", "eritema y calor en la pierna", "redness and warmth of the leg", "cloxacilina", "cloxacillin", "dermatologia"),
 ("M54.50", "lumbalgia mecánica", "mechanical low back pain", "dolor lumbar que aumenta al moverse", "low back pain worse on movement", "ibuprofeno", "ibuprofen", "traumatologia"),
 ("D50.9", "anemia ferropénica", "iron-deficiency anaemia", "astenia y palidez", "tiredness and pallor", "hierro oral", "oral iron", "hematologia"),
 ("I26.99", "tromboembolismo pulmonar", "pulmonary embolism", "dolor torácico pleurítico y taquicardia", "pleuritic chest pain and tachycardia", "heparina de bajo peso molecular", "low-molecular-weight heparin", "neumologia"),
 ("O80", "parto eutócico a término", "normal term delivery", "dinámica uterina regular", "regular contractions", "oxitocina", "oxytocin", "ginecologia"),
 ("J45.901", "crisis asmática", "asthma attack", "opresión torácica y tos nocturna", "chest tightness and night cough", "salbutamol inhalado", "inhaled salbutamol", "neumologia"),
 ("F41.1", "trastorno de ansiedad generalizada", "generalised anxiety disorder", "inquietud e insomnio", "restlessness and insomnia", "sertralina", "sertraline", "psiquiatria"),
 ("H25.9", "catarata senil", "age-related cataract", "pérdida progresiva de visión", "gradual loss of vision", "colirio de dexametasona", "dexamethasone drops", "oftalmologia"),
 ("C50.912", "carcinoma de mama izquierda", "carcinoma of the left breast", "nódulo palpable en cuadrante superoexterno", "palpable lump in the upper outer quadrant", "tamoxifeno", "tamoxifen", "oncologia"),
 ("C18.7", "adenocarcinoma de sigma", "sigmoid adenocarcinoma", "rectorragia y cambio del ritmo intestinal", "rectal bleeding and change of bowel habit", "capecitabina", "capecitabine", "oncologia"),
 ("N17.9", "fracaso renal agudo", "acute kidney injury", "oliguria y vómitos", "low urine output and vomiting", "sueroterapia", "intravenous fluids", "nefrologia"),
]
COM = [("I10", "hipertensión arterial", "hypertension"), ("E78.5", "dislipemia", "dyslipidaemia"), ("E11.9", "diabetes tipo 2", "type 2 diabetes"),
       ("F17.210", "tabaquismo activo", "current smoker"), ("N18.30", "enfermedad renal crónica estadio 3", "stage 3 chronic kidney disease"),
       ("E66.9", "obesidad", "obesity"), ("M17.9", "gonartrosis", "knee osteoarthritis"), ("E03.9", "hipotiroidismo", "hypothyroidism"),
       ("G47.33", "apnea del sueño con CPAP", "sleep apnoea on CPAP"), ("I25.10", "cardiopatía isquémica", "ischaemic heart disease"), ("Z88.0", "alergia a penicilina", "penicillin allergy"), ("F32.A", "síndrome depresivo", "depression")]
HEAD = "Eres un asistente clínico del Grupo Hospitalario Ribera Norte. Trabajas para profesionales sanitarios. No inventes datos y no sustituyas el juicio clínico.\n\n"

NOTE_ES = [
 "[Paciente|Varón|Mujer|Enf.] de {age} años [que acude a|traído/a a|remitido/a a] [urgencias|la urgencia|consulta|CCEE] por {sx} de {n2_12} [días|horas|semanas] de evolución[|, en aumento|, sin otra clínica|, que no cede con analgesia habitual].",
 "[Antecedentes|AP|Antec. personales]: {coms}. [No alergias conocidas|NAMC|Alergias: las referidas|Sin alergias medicamentosas]. [Vive con {rel}|Vive solo/a|Institucionalizado/a|Independiente para ABVD|Barthel {n40_100}].",
 "[EF|Exploración|A la exploración]: TA {n95_175}/{n50_98}, FC {n52_128}, Tª {n35_38},{n0_9}, SatO2 {n86_99}% [basal|con GN a 2 l|aa]. [AC: rítmica sin soplos|AC arrítmica|AP: crepitantes en base {side}|AP: mvc|Abdomen blando, doloroso a la palpación|Abdomen anodino|EEII sin edemas|EEII con fóvea hasta rodillas|Neurológico sin focalidad].",
 "[Analítica|AS|Lab]: Hb {n7_16},{n0_9}, leucocitos {n3_22}.{n100_900}, PCR {n1_240}, creatinina {n0_3},{n1_9}, [Na {n128_146}|K {n3_5},{n0_9}|glucosa {n70_390}|dímero D {n200_4500}|troponina {n3_90}].",
 "[Rx|TAC|Ecografía|RM] [de tórax|abdominal|realizada hoy|de urgencia] [sin hallazgos agudos|con hallazgos compatibles con {dx}|que muestra cambios de {dx}|pendiente de informe definitivo].",
 "[Se inicia|Se pauta|Recibe] {drug} [iv|vo|según protocolo|cada {n6_12} h] con [buena|regular|lenta|favorable] evolución, [afebril desde el día {n2_5}|tolerando dieta|con mejoría del dolor|sin incidencias|precisando ajuste de dosis].",
 "[Interconsulta a|Valorado por|Comentado con] {serv}, que [recomienda|aconseja|indica] [control en {n1_8} semanas|mantener tratamiento {n5_21} días|completar estudio ambulatorio|ingreso a su cargo|alta con seguimiento].",
 "[JC|Juicio clínico|Dx principal|Orientación diagnóstica]: {dx}[| en paciente con {com1}| sobre {com1} de base|, {com1}].",
]
NOTE_EN = [
 "[Pt|Patient|This] {age}[-year-old|yo|y/o] [man|woman] [seen in A&E|admitted via ED|reviewed in clinic|transferred from the Marbella clinic] with {n2_12} [days|hours|weeks] of {sx}[|, getting worse|, no other symptoms|, not settling with simple analgesia].",
 "[PMH|Background|Hx]: {coms}. [NKDA|No known allergies|Allergies as listed]. [Lives with {rel}|Lives alone|Independent at baseline|Retired, winters on the Costa].",
 "[O/E|On examination|Exam]: BP {n95_175}/{n50_98}, HR {n52_128}, temp {n35_38}.{n0_9}, sats {n86_99}% on [air|2 L]. [Chest clear|Creps at the {side} base|Abdomen soft, tender|Abdomen unremarkable|Calves soft|Pitting oedema to knees|No focal neurology].",
 "[Bloods|Labs]: Hb {n70_160}, WCC {n3_22}.{n0_9}, CRP {n1_240}, creatinine {n55_290}, [Na {n128_146}|K {n3_5}.{n0_9}|glucose {n4_24}|D-dimer {n200_4500}|troponin {n3_90}].",
 "[CXR|CT|Ultrasound|MRI] [today|on arrival|overnight] [showed no acute changes|in keeping with {dx}|reported as {dx}|awaiting formal report].",
 "[Started on|Given|Treated with] {drug} [IV|PO|per protocol|every {n6_12} h], [good|slow|steady|some] response, [apyrexial by day {n2_5}|eating and drinking|pain settling|needed a dose change].",
 "[Discussed with|Seen by] {serv}, [advised|suggest] [review in {n1_8} weeks|{n5_21} days of treatment|outpatient work-up|admission under them].",
 "[Imp|Impression|Dx]: {dx}[| on a background of {com1}|, {com1}].",
]
MSG_ES = [
 "[Hola|Buenos días|Buenas tardes|Buenas|Hola buenas], [soy {name}|soy la hija de {name}|escribo por mi padre, {name}|me llamo {name}], {body} {end}",
 "{body} [Me operaron el {n1_30} de septiembre|Estuve ingresado/a {n2_9} días en {hosp}|Me ve el Dr. {last}|Llevo el tratamiento desde hace {n2_11} semanas]. {end}",
 "[Dr|Dra]. {last}, {body} {end}",
]
BODY_ES = {
 "urgente": ["[desde esta mañana|desde anoche|hace {n1_5} horas|desde hace un rato] tengo {sxbad} [y me cuesta hablar|y sudor frío|y no se me pasa|y estoy muy asustado/a|que me baja al brazo|y la tensión a {n18_23}].", "[mi madre|mi marido|el niño|mi abuelo] [se ha caído y|lleva desde las {n1_12} con|tiene de repente] {sxbad} [y está confuso/a|y no responde bien|y vomita todo|y tiene {n39_41} de fiebre]."],
 "preferente": ["[llevo|hace ya] {n2_6} días con {sx} [y no mejoro con {drug}|y va a más|y ayer tuve 38,{n0_5}|y se me está poniendo peor].", "[la herida|el drenaje|la zona de la vía|el vendaje] [está roja|supura un líquido {color}|huele mal|se ha abierto un poco] desde [el {dow}|hace {n1_4} días] [y me duele al apoyar|y noto calor|aunque no tengo fiebre]."],
 "rutina": ["[quería saber|me gustaría saber|no sé] si [puedo|debo|conviene] [tomar {drug} con {drug2}|dejar {drug} antes del {dow}|hacer deporte después de {n2_8} semanas|viajar en avión el día {n1_30}|repetir la analítica antes de la revisión].", "[en la última analítica|en el informe del día {n1_30}] [me sale|pone] [el colesterol a {n190_290}|la ferritina a {n4_20}|la TSH en {n4_9},{n0_9}|una palabra que no entiendo sobre {dx}] y [no sé si es grave|quería comentarlo|quería saber qué hago]."],
 "administrativo": ["[necesito|querría|me hace falta] [cambiar la cita del {dow} {n1_30}|un justificante para el trabajo del día {n1_30}|el informe de alta de {hosp}|una copia de la resonancia del {n1_30}|saber si mi seguro {insurer} cubre la prueba|renovar la receta de {drug}] [porque|ya que] [me voy de viaje el {n1_30}|me lo pide la mutua|trabajo de tarde|no me funciona la app|no puedo ir ese día]."],
}
END_ES = ["[Gracias|Muchas gracias|Un saludo|Gracias por todo|Espero respuesta|Mi tlf es 6{n10_99} {n100_999} {n100_999}|Saludos, {name}][|.|!|...]"]
MSG_EN = ["[Hi|Hello|Good morning|Dear doctor|Hiya], [this is {name}|{name} here, room {n100_480} last month|writing for my wife {name}], {body} {end}", "{body} {end}"]
BODY_EN = {
 "urgente": ["since [this morning|last night|about {n1_11} am] I have [had|got] {sxbad} [and it is getting worse|and feel faint|and can't catch my breath|spreading to my jaw]."],
 "preferente": ["I've had {sx} for {n2_6} days [and the {drug} isn't helping|and it's no better|and now a temp of 38.{n0_5}].", "the [wound|dressing|drain site|cast] has [gone red|started leaking {color} fluid|come loose] since [{dow}|{n1_4} days ago] [but no fever|and it throbs at night]."],
 "rutina": ["[can I|is it ok to|should I] [take {drug} with {drug2}|fly home on the {n1_30}th|stop {drug} before {dow}|start swimming again after {n2_8} weeks]?", "my [blood test|report] says [cholesterol {n190_290}|ferritin {n4_20}|something about {dx}], [is that bad|what should I do|do I need to see someone]?"],
 "administrativo": ["I need [to move my {dow} appointment|a letter for {insurer}|a copy of the scan from the {n1_30}th|a repeat of {drug}|a receipt for {n80_900} euros], [flying home on the {n1_30}th|they keep asking me|the app logs me out|can't do mornings]."],
}
END_EN = ["[Thanks|Many thanks|Cheers|Regards|Kind regards, {name}|Thank you {name}][|.|!]"]


def build(seed):
    L = Log("hospital", seed, "anthropic", hours=(6, 19), weekend=0.35, incident=(14.40, 14.53))
    n, pick = L.n, L.pick
    HOSP = ["Hospital Ribera Norte", "Clínica Santa Águeda", "Hospital del Estrecho", "Hospital Costa Clara", "Clínica Marbella Este"]
    INS = ["Adeslas", "Sanitas", "Asisa", "DKV", "Mapfre", "Bupa", "Cigna"]
    L.lex.update(hosp=HOSP, insurer=INS, last=lambda: L.person("es").split()[1])

    def ctx(lang, d=None):
        d = d or pick(DX)
        coms = L.some(COM, 1, 4)
        i = 1 if lang == "es" else 2
        return dict(dx=d[i], sx=d[i + 2], drug=d[i + 4], drug2=pick(DX)[i + 4], serv=pick(DX)[7] if lang == "es" else pick(["cardiology", "surgery", "ortho", "respiratory", "urology", "neurology", "medics"]),
                    age=n(19, 94), coms=", ".join(c[i] for c in coms), com1=pick(coms)[i], name=L.person(lang),
                    rel=pick(["su mujer", "su marido", "una hija", "un hijo", "cuidadora interna", "su hermana"] if lang == "es" else ["his wife", "her husband", "a daughter", "a carer", "a friend"]),
                    side=pick(["derecha", "izquierda"] if lang == "es" else ["right", "left"]),
                    color=pick(["amarillo", "verdoso", "rosado", "turbio"] if lang == "es" else ["yellow", "greenish", "pink", "cloudy"]),
                    dow=pick(["lunes", "martes", "miércoles", "jueves", "viernes"] if lang == "es" else ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]),
                    sxbad=pick(["un dolor fuerte en el pecho", "mucha falta de aire", "la cara torcida y el brazo dormido", "un sangrado que no para", "un dolor de cabeza como nunca", "el labio y la lengua hinchados", "convulsiones"] if lang == "es"
                               else ["a crushing chest pain", "trouble breathing", "one side of my face drooping", "bleeding that won't stop", "the worst headache of my life", "swelling of my lips"])), d, coms

    def note(lang, lo=5, hi=8, d=None):
        c, d, coms = ctx(lang, d)
        t = L.para(NOTE_ES if lang == "es" else NOTE_EN, lo, hi, sep=pick([" ", "\n"]), **c)
        return L.typo(t, 0.015), c, d, coms

    def meta():
        return {"app": "his-gateway", "centro": "H%02d" % n(1, 5)}

    def message():
        lang = "es" if L.p(0.74) else "en"
        lab = L.weighted([("urgente", 8), ("preferente", 24), ("rutina", 36), ("administrativo", 32)])
        c, d, _ = ctx(lang)
        b = L.s((BODY_ES if lang == "es" else BODY_EN)[lab], **c)
        t = L.s(MSG_ES if lang == "es" else MSG_EN, limit=3, body=b[:1].lower() + b[1:], end=L.spin(END_ES if lang == "es" else END_EN, **c), **c) or b
        return lang, lab, L.typo(t, 0.04), c

    # 1 coding
    for ts in L.times(372, weekend=0.5):
        lang = "es" if L.p(0.8) else "en"
        t, c, d, coms = note(lang)
        v = L.version("coding", ts, 12)
        if v == 1:
            sysm = HEAD + "Tarea: codificación CIE-10-ES. Lee la nota y devuelve un JSON con \"principal\" (código y descripción) y \"secundarios\" (lista). Maximo 6 secundarios. Solo JSON."
            msg = "Nota clínica:\n" + t
        else:
            sysm = HEAD + "Tarea: codificación CIE-10-ES (edición 2024). Lee la nota clínica y devuelve solo un JSON con las claves \"principal\" {codigo, descripcion}, \"secundarios\" [{codigo, descripcion, poa}] y \"dudas\" (texto breve o null). No codifiques diagnósticos de sospecha en episodios ambulatorios. Si la nota está en inglés, las descripciones van en español."
            msg = "<nota episodio=\"%d\" servicio=\"%s\">\n%s\n</nota>" % (n(2200000, 2299999), d[7], t)
        sec = [{"codigo": x[0], "descripcion": x[1]} for x in coms]
        ans = {"principal": {"codigo": d[0], "descripcion": d[1]}, "secundarios": sec}
        if v == 2:
            for x in sec:
                x["poa"] = pick(["S", "S", "S", "N"])
            ans["dudas"] = L.spin("[Lateralidad no especificada|Falta confirmar estadio de {com1}|No consta si {dx} está presente al ingreso]", **c) if L.p(0.2) else None
        L.add("clinical_coding", ts, "claude-sonnet-4-5", [u(msg)], js(ans, 2 if L.p(0.2) else None), system=sysm, max_tokens=800, temperature=0.0, metadata=meta())

    # 2 discharge letters
    for ts in L.times(165, hours=(10, 17)):
        lang = "es" if L.p(0.78) else "en"
        d = pick(DX)
        days = [note(lang, 3, 6, d) for _ in range(n(2, 5))]
        c, coms = days[0][1], days[0][3]
        v = L.version("discharge", ts, 18)
        body = "\n\n".join("%s %d:\n%s" % ("Día" if lang == "es" else "Day", i + 1, x[0]) for i, x in enumerate(days))
        who = "%s, %d años, NHC %d, ingreso %02d/10/2025, alta %02d/10/2025, %s" % (c["name"], c["age"], n(100000, 999999), n(1, 12), n(13, 30), pick(HOSP))
        if v == 1:
            sysm = HEAD + "Redacta el informe de alta a partir de los evolutivos. Apartados: Motivo de ingreso, Antecedentes, Evolución, Diagnósticos, Tratamiento al alta, Recomendaciones. Estilo sobrio. Idioma: %s." % ("español" if lang == "es" else "inglés")
        else:
            sysm = HEAD + "Redacta la carta de alta a partir de los evolutivos del ingreso. Empieza con un párrafo de 2 frases para el médico de familia y sigue con: Motivo de ingreso · Evolución · Diagnósticos · Tratamiento al alta (tabla: fármaco, dosis, duración) · Signos de alarma en lenguaje llano · Revisiones. Idioma de salida: %s. No incluyas códigos CIE." % lang
        if lang == "es":
            ans = "\n\n".join([
                "**Motivo de ingreso**\n" + L.s("[Ingresa|Paciente que ingresa|Ingreso] por {sx} de {n2_12} [días|horas] de evolución, [compatible con|con sospecha de|por] {dx}.", **c),
                "**Antecedentes**\n- " + "\n- ".join(x[1] for x in coms),
                "**Evolución**\n" + L.para(["[Durante el ingreso|En planta|A su llegada] se [inició|pautó] {drug} con [respuesta favorable|mejoría progresiva|control de {sx}] [a partir del día {n2_4}|en las primeras {n24_72} horas].", "[Las pruebas complementarias|La analítica|El estudio de imagen] [confirmaron|apoyaron|fueron compatibles con] {dx}[, sin complicaciones|, con PCR máxima de {n20_240}|, valorado por {serv}].", "[Al alta|En el momento del alta] [afebril|estable|deambula con {rel}], SatO2 {n93_99}% [basal|aa] y TA {n110_145}/{n60_88}."], 2, 3, **c),
                "**Diagnósticos**\n1. %s\n" % d[1].capitalize() + "\n".join("%d. %s" % (i + 2, x[1]) for i, x in enumerate(coms)),
                "**Tratamiento al alta**\n" + L.spin("{drug}: [1 comp|{n20_500} mg|según pauta] cada {n6_24} h, {n5_21} días. [Mantener resto de medicación habitual.|Suspender {drug2}.|Paracetamol si dolor.]", **c),
                "**Recomendaciones**\n" + L.s("[Acudir a urgencias|Consultar] si [reaparece|empeora] {sx} [o fiebre mayor de 38|o dificultad para respirar]. [Revisión en {serv}|Control por su médico de familia|Cita en consultas] en {n1_8} semanas[|, con analítica previa].", **c)])
        else:
            ans = "\n\n".join([
                "**Reason for admission**\n" + L.s("[Admitted with|Presented with] {n2_12} [days|hours] of {sx}, [in keeping with|diagnosed as] {dx}.", **c),
                "**Hospital course**\n" + L.para(["[Treated with|Started on] {drug} with [good|gradual] improvement [by day {n2_5}|over {n24_72} hours].", "[Imaging|Blood tests] [confirmed|supported] {dx}[, peak CRP {n20_240}|, reviewed by {serv}|, no complications].", "[At discharge|On leaving] sats {n93_99}% on air, BP {n110_145}/{n60_88}[, walking with {rel}|, eating normally]."], 2, 3, **c),
                "**Diagnoses**\n1. %s\n" % d[2] + "\n".join("%d. %s" % (i + 2, x[2]) for i, x in enumerate(coms)),
                "**Medication**\n" + L.spin("{drug}, [one tablet|{n20_500} mg] every {n6_24} h for {n5_21} days. [Continue usual medication.|Stop {drug2}.]", **c),
                "**When to seek help**\n" + L.s("[Come back|Call 112 or return] if {sx} [returns|gets worse] or [you have a fever above 38|you feel breathless]. [Follow-up with {serv}|GP review] in {n1_8} weeks.", **c)])
        L.add("discharge_letter", ts, "claude-sonnet-4-5", [u(who + "\n\n" + body)], ans, system=sysm, max_tokens=2000, temperature=0.3, metadata=dict(meta(), user="med%03d" % n(1, 140)))

    # 3 triage and 4 reply drafts over the same messages
    made = [(ts, message()) for ts in L.times(500, hours=(5, 23), weekend=0.7)]
    for ts, (lang, lab, t, c) in made:
        v = L.version("triage", ts, 9)
        if v == 1:
            sysm = "Clasifica el mensaje del paciente en una de: urgente, preferente, rutina, administrativo. Responde con una sola palabra."
            msg, ans = t, lab
        else:
            sysm = "Clasifica el mensaje recibido por el portal del paciente.\nNiveles: URGENTE (avisar ya), PREFERENTE (<24 h), RUTINA (<72 h), ADMINISTRATIVO (no clínico).\nAnte la duda elige el nivel superior. Contesta con una línea: NIVEL | motivo en 10 palabras como maximo."
            msg = "Canal: %s\nMensaje:\n%s" % (pick(["portal", "app", "whatsapp"]), t)
            ans = lab.upper() + " | " + {"urgente": L.spin("[posible emergencia: {sxbad}|síntoma de alarma agudo|{sxbad}]", **c), "preferente": L.spin("[evolución desfavorable de {sx}|posible complicación de herida|sin mejoría con {drug}]", **c),
                                         "rutina": L.spin("[duda sobre medicación|duda sobre resultados|consulta no urgente sobre {drug}]", **c), "administrativo": L.spin("[gestión de cita|solicitud de documento|receta o seguro]", **c)}[lab]
        L.add("message_triage", ts, "claude-haiku-4-5", [u(msg)], ans, system=sysm, max_tokens=40, temperature=0.0, metadata=meta())
    for ts, (lang, lab, t, c) in L.some(made, 118):
        from datetime import timedelta
        ts2 = ts + timedelta(minutes=L.n(3, 240))
        v = L.version("reply", ts2, 22)
        if v == 1:
            sysm = HEAD + "Prepara un borrador de respuesta de enfermería al mensaje del paciente. Tono cercano, 80-120 palabras, en el idioma del paciente. No des dosis."
        else:
            sysm = HEAD + "Eres enfermera de enlace. Escribe un borrador de respuesta al mensaje del paciente (máx. 110 palabras, idioma del paciente, trato de usted). Incluye siempre qué vigilar y cuándo acudir a urgencias. No des dosis ni diagnósticos."
        if lang == "es":
            ans = L.para(["[Buenos días|Hola|Estimado/a] {name}: [gracias por escribirnos|hemos recibido su mensaje|lamentamos las molestias].", "[Por lo que nos cuenta|Según indica|Hemos comentado con {serv} que], [conviene|le recomendamos|sería bueno] [valorarle en consulta el {dow}|que su médico revise {drug}|que no cambie {drug} por su cuenta|revisar la documentación de {insurer}|que le vea hoy mismo un médico].", "[Mientras tanto|Hasta entonces] [vigile|observe] [la temperatura|la herida|si aparece {sx}] y [anótelo|avísenos si cambia|no fuerce].", "[Acuda a urgencias|Llame al 112] si [nota {sxbad}|tiene fiebre de más de 38,{n0_5}|empeora].", "[Un saludo|Quedamos a su disposición|Cuídese], [equipo de enfermería de {hosp}|enfermería, {hosp}]."], 4, 5, **c)
        else:
            ans = L.para(["[Dear|Hello] {name}, [thank you for your message|thanks for getting in touch|sorry to hear this].", "[From what you describe|Having spoken to {serv}], we [suggest|would like] [a review on {dow}|you to keep taking {drug} as before|you to be seen today|to check your {insurer} cover].", "[Meanwhile|Until then], [keep an eye on|watch] [your temperature|the wound|whether {sx} comes back].", "[Go to A&E|Call 112] if you [notice {sxbad}|have a fever over 38.{n0_5}|feel worse].", "[Best wishes|Kind regards], the nursing team, {hosp}."], 4, 5, **c)
        L.add("message_reply_draft", ts2, "claude-sonnet-4-5", [u("Mensaje del paciente:\n" + t)], ans, system=sysm, max_tokens=400, temperature=0.5, metadata=meta())

    # 5 radiology in plain words
    RAD = ["[Técnica|Exploración]: [TC de tórax con contraste|RM de rodilla {side}|Ecografía abdominal|TC craneal sin contraste|Rx de tórax PA y L|RM lumbar|Mamografía bilateral].",
           "[Se observa|Se identifica|Existe] [un nódulo de {n3_14} mm en lóbulo {lobe}|una lesión quística de {n5_40} mm|una rotura del cuerno posterior del menisco {mm}|una protrusión discal en L{n3_5}|esteatosis hepática leve|un derrame pleural {side} de {n1_4} cm|una imagen hipodensa de {n4_20} mm].",
           "[No se aprecian|Sin evidencia de|No hay] [adenopatías mayores de {n8_12} mm|signos de sangrado|líquido libre|fracturas|dilatación de la vía biliar] [en el estudio actual|en las regiones valoradas|respecto a {n2018_2024}].",
           "[Hallazgo|Imagen] [sin cambios|con discreto aumento|de nueva aparición] [respecto a estudio de {n2019_2024}|comparado con el previo del {n1_28}/0{n1_9}/{n2021_2024}].",
           "[Conclusión|Impresión]: [hallazgos compatibles con {dx}|sin hallazgos agudos, hallazgo incidental de {n3_14} mm|se recomienda control en {n3_12} meses|BI-RADS {n1_4}|cambios degenerativos grado {n1_3}] [a valorar por {serv}|en el contexto clínico|]."]
    for ts in L.times(92):
        c, d, _ = ctx("es")
        c.update(lobe=pick(["superior derecho", "inferior izquierdo", "medio"]), mm=pick(["interno", "externo"]))
        t = L.para(RAD, 4, 5, sep="\n", **c)
        out = pick(["es", "es", "es", "en"])
        v = L.version("rad", ts, 15)
        sysm = ("Explica este informe de radiología a un paciente sin conocimientos médicos. Maximo 150 palabras. Idioma: %s. No alarmes." if v == 1 else
                "Traduce informes de radiología a lenguaje llano para el paciente (nivel de lectura: 12 años). Estructura: Qué se ha mirado / Qué se ve / Qué significa / Qué hacer ahora. Idioma: %s. Nunca digas si es cáncer o no.") % {"es": "español", "en": "inglés"}[out]
        if out == "es":
            ans = L.para(["[La prueba|Este estudio] [mira|sirve para ver] [la zona que le dolía|los órganos por dentro|huesos y tejidos blandos], y se [hizo|realizó] para [estudiar|entender] {sx}.", "[El radiólogo|El informe] [describe|menciona] [una imagen pequeña de {n3_14} mm|un cambio por desgaste|un hallazgo que ya se conocía|algo de líquido], [que suele ser frecuente|que no parece urgente|que hay que seguir] [a los {age} años|en personas con {com1}].", "[También es buena noticia|Además], [no se ven|no aparecen] [roturas|sangrados|ganglios grandes] [en esta prueba|en lo que se ha mirado].", "[Lo siguiente es|Ahora conviene|El paso siguiente es] [hablarlo con {serv}|repetir la prueba en {n3_12} meses|comentarlo en su cita del {dow}]."], 3, 4, sep="\n\n", **c)
        else:
            ce, _, _ = ctx("en", d)
            ans = L.para(["[This scan|The test] was done to look into {sx}.", "It [shows|mentions] [a small spot of {n3_14} mm|some wear and tear|a little fluid|a finding already known], which is [common at {age}|not urgent|something to follow up] [in people with {com1}|in most cases].", "[The next step is|Next,] [to talk to {serv}|a repeat scan in {n3_12} months|your {dow} appointment]."], 3, 3, sep="\n\n", **ce)
        L.add("radiology_plain_language", ts, "claude-haiku-4-5" if v == 2 else "claude-sonnet-4-5", [u(t)], ans, system=sysm, max_tokens=500, temperature=0.4, metadata=meta())

    # 6 medication reconciliation, with a forced tool
    tool = an("registrar_conciliacion", "Guarda la conciliación de medicación del paciente", {"discrepancias": {"type": "array", "items": {"type": "object", "properties": {"farmaco": {"type": "string"}, "tipo": {"type": "string", "enum": ["omision", "duplicidad", "dosis", "interaccion"]}, "accion": {"type": "string"}}}}, "sin_cambios": {"type": "array", "items": {"type": "string"}}})
    MEDS = [d[5] for d in DX] + ["atorvastatina", "bisoprolol", "losartán", "amlodipino", "levotiroxina", "lorazepam", "acenocumarol", "tramadol", "insulina glargina", "alopurinol", "digoxina", "pregabalina", "clopidogrel"]
    for ts in L.times(54):
        home = ["%s %d mg %s" % (m, pick([2, 5, 10, 20, 40, 50, 75, 100, 500, 850]), pick(["1-0-0", "1-0-1", "0-0-1", "1-1-1", "c/24h", "si precisa"])) for m in L.some(MEDS, 5, 13)]
        hosp = [x if L.p(0.6) else x.split()[0] + " " + pick(["iv según protocolo", "20 mg c/12h", "suspendido", "40 mg c/24h"]) for x in home if L.p(0.8)] + L.some(MEDS, 1, 3)
        v = L.version("med", ts, 16)
        t = ("MEDICACIÓN DOMICILIARIA\n- " + "\n- ".join(home) + "\n\nPRESCRIPCIÓN HOSPITALARIA\n- " + "\n- ".join(hosp) + "\n\nFG %d ml/min, peso %d kg, alergias: %s" % (n(18, 100), n(44, 120), pick(["no", "penicilina", "AINE", "sulfamidas", "metamizol"])))
        sysm = HEAD + ("Compara la medicación domiciliaria y la hospitalaria. Detecta omisiones, duplicidades, dosis e interacciones. Usa la herramienta." if v == 1 else "Eres farmacéutico hospitalario. Concilia la medicación: marca cada discrepancia con tipo y acción propuesta, ajusta a función renal y llama siempre a registrar_conciliacion. No propongas fármacos fuera de guía.")
        inp = {"discrepancias": [{"farmaco": x.split()[0], "tipo": pick(["omision", "duplicidad", "dosis", "interaccion"]), "accion": L.spin("[reiniciar al alta|consultar con prescriptor|ajustar a FG|suspender durante ingreso|cambiar a {m}|monitorizar INR|confirmar dosis con familia]", m=pick(MEDS))} for x in L.some(home, 1, 5)], "sin_cambios": [x.split()[0] for x in L.some(home, 1, 4)]}
        L.add("medication_reconciliation", ts, "claude-sonnet-4-5", [u(t)], None, system=sysm, tools=[tool], tool_choice={"type": "tool", "name": "registrar_conciliacion"}, tool_calls=[L.tool_call("registrar_conciliacion", inp)], max_tokens=1500, metadata=meta())

    # 7 referral routing
    REF = ["[Estimado compañero|Estimados|Buenos días]: [remito a|envío a|ruego valoración de] {name}, {age} años, [con|por] {sx} [desde hace {n2_11} meses|de {n3_9} semanas|recurrente].", "[Como antecedentes|AP]: {coms}[; tto con {drug2}|].", "[Se ha probado|He iniciado|Toma] {drug} [sin respuesta|con mejoría parcial|con mala tolerancia] [durante {n2_10} semanas|estos {n2_6} meses].", "[Sospecho|Me preocupa|Quisiera descartar] {dx}[, agradezco vuestra opinión|; no tengo acceso a {test}|. {test} pendiente].", "[Gracias|Un saludo|Atentamente], [Dr|Dra]. {last}, [CS|Centro de Salud] {cs}."]
    for ts in L.times(108):
        c, d, _ = ctx("es")
        c.update(test=pick(["la ecografía", "el Holter", "la RM", "la endoscopia", "la espirometría", "el TAC"]), cs=pick(["La Vega", "San Roque", "El Palo", "Los Alcores", "Ensanche", "Puerto Alto", "Las Lagunas"]))
        t = L.typo(L.para(REF, 4, 5, sep=pick(["\n", " "]), **c), 0.02)
        v = L.version("ref", ts, 20)
        sysm = ("Indica la especialidad de destino de esta derivación. Opciones: " if v == 1 else "Encamina la derivación de atención primaria. Responde solo JSON {\"servicio\":..., \"prioridad\":\"normal|preferente\"}. Servicios: ") + ", ".join(sorted({x[7] for x in DX})) + "."
        ans = d[7] if v == 1 else js({"servicio": d[7], "prioridad": pick(["normal", "normal", "preferente"])})
        L.add("referral_routing", ts, "claude-haiku-4-5", [u(t)], ans, system=sysm, max_tokens=30, temperature=0.0, metadata=meta())

    # 8 de-identification, a night batch with no system prompt
    for ts in L.times(62, hours=(1, 4), weekend=1, days=(5, 12)) :
        t, c, d, _ = note("es", 4, 7)
        head = "%s, NHC %d, tlf 6%d%d. " % (c["name"], n(100000, 999999), n(10, 99), n(100000, 999999))
        v = L.version("deid", ts, 9)
        p = ("Sustituye nombres, NHC, teléfonos, fechas y centros por [NOMBRE], [NHC], [TEL], [FECHA], [CENTRO]. Devuelve el texto completo sin comentarios.\n\n" if v == 1 else "Anonimiza el siguiente texto clínico. Sustituye los identificadores por etiquetas [NOMBRE] [NHC] [TEL] [FECHA] [CENTRO] [PROFESIONAL] y conserva todo lo demás tal cual, incluidas las erratas.\n---\n")
        L.add("deidentification", ts, "claude-haiku-4-5", [u(p + head + t)], "[NOMBRE], NHC [NHC], tlf [TEL]. " + t, max_tokens=1500, temperature=0.0, metadata={"app": "investigacion-batch"})

    # 9 tumour board extraction, rare and expensive
    onc = [d for d in DX if d[7] == "oncologia"]
    for ts in L.times(19, hours=(15, 19), weekend=0):
        d = pick(onc)
        parts = [note("es", 6, 8, d) for _ in range(n(9, 16))]
        t = "\n\n".join("[%02d/%02d/2025] %s" % (n(1, 28), i % 9 + 1, x[0]) for i, x in enumerate(parts))
        v = L.version("tb", ts, 13)
        sysm = HEAD + ("Extrae para el comité de tumores: TNM, estadio, ECOG, líneas de tratamiento, pendiente. JSON y después un resumen de 10 lineas." if v == 1 else "Prepara la ficha del comité de tumores a partir de la historia completa. Primero JSON {tnm, estadio, ecog, biomarcadores, lineas, pruebas_pendientes}; después un resumen cronológico de 10 a 15 líneas y la pregunta al comité.")
        cc = parts[0][1]
        ans = js({"tnm": "T%dN%dM%d" % (n(1, 4), n(0, 2), n(0, 1)), "estadio": pick(["IIA", "IIB", "IIIA", "IIIB", "IV"]), "ecog": n(0, 2), "biomarcadores": L.some(["RE+", "RP+", "HER2-", "KRAS wt", "MSS", "BRCA-"], 1, 3), "lineas": L.some(["cirugía", "FOLFOX", "AC-T", d[5], "radioterapia"], 1, 3), "pruebas_pendientes": L.some(["PET-TC", "RM hepática", "BRCA", "DPD"], 0, 2)}, 2) + "\n\n" + L.para(
            ["[Debut|Inicio del cuadro] en {n1_9}/2025 con {sx}, [con biopsia positiva|confirmado por anatomía patológica] a las {n1_5} semanas.", "[Se presentó|Comentado] previamente en comité el {n1_28}/0{n5_9}, [que propuso|con propuesta de] [neoadyuvancia|cirugía|tratamiento sistémico].", "[Recibe|Ha recibido] {n2_8} ciclos con [toxicidad grado {n1_3}|buena tolerancia|retraso de {n1_3} semanas].", "[Comorbilidad relevante|A tener en cuenta]: {coms}.", "[Última imagen|TC de {n1_28}/09]: [respuesta parcial|enfermedad estable|progresión de {n4_20} mm] [en lesión principal|hepática|ganglionar].", "[Pregunta al comité|Se plantea]: ¿[cirugía|segunda línea|radioterapia|seguimiento] en paciente de {age} años con ECOG {n0_2}?"], 5, 6, sep="\n", **cc)
        L.add("tumour_board_summary", ts, "claude-sonnet-4-5", [u(t)], ans, system=sysm, max_tokens=3000, temperature=0.2, metadata=meta())
    return L
