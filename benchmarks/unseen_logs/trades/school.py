"""A learning platform for schools in Spain and Latin America: prompts and pupils in Spanish."""
# ruff: noqa: E501 - prompts are long lines

from task import Task

WORDS = {
    "escuela": ["Colegio San Telmo", "Instituto Mar Azul", "Escuela Rural {pueblo}", "Liceo Andino", "Colegio {apellido}", "IES {pueblo}"],
    "pueblo": ["Almería", "Cuenca", "Rosario", "Arequipa", "Oaxaca", "Loja", "Temuco", "Tarija", "Mérida", "Jaén", "Salta"],
    "apellido": ["Belgrano", "Cervantes", "Mistral", "Neruda", "Goya", "Bolívar", "Machado"],
    "curso": ["{1..6}.º de primaria", "{1..4}.º de secundaria", "{1..2}.º de bachillerato"],
    "tema": ["la fotosíntesis", "los ríos de {pueblo}", "las fracciones", "la Revolución francesa", "el subjuntivo", "la célula", "los volcanes", "el imperio inca", "las ecuaciones de segundo grado", "el Barroco", "la energía eólica", "los pronombres", "la tabla periódica", "los derechos del niño"],
    "animal": ["gato", "perro", "caballo", "loro", "conejo", "delfín", "zorro", "búho"],
    "lugar": ["la playa de {pueblo}", "el mercado", "la casa de mi {pariente}", "el museo de {pueblo}", "la montaña", "el patio", "la biblioteca", "la feria de {mes}"],
    "pariente": ["abuela", "tío", "prima", "hermano", "madrina", "vecino"],
    "mes": ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre"],
    "cosa": ["bicicleta", "cometa", "guitarra", "mochila roja", "linterna", "cámara", "pelota de {2..60} pesos", "carta de {mes}"],
    "frase": [
        "El {mes} pasado fui con mi {pariente} a {lugar} y perdí mi {cosa}.",
        "Yo pienso que {tema} son muy importante porque mi {pariente} {first} me lo a dicho.",
        "Cuando llegamos a {lugar} avía un {animal} que tenía {2..14} años.",
        "Mi {pariente} {first} dice que sin {tema} no ubiera vida en {lugar}.",
        "En {pueblo} hace {2..40} grados y el {animal} de {first} duerme en {lugar}.",
        "Me gustaría que {first} me devolviera la {cosa} antes de {mes}.",
        "Habían {3..90} personas en {lugar} mirando la {cosa} de {first}.",
        "Aprendimos sobre {tema} y después comimos en {lugar} con {first}.",
        "El {animal} corrió {2..900} metros asta {lugar} y nadie lo vió.",
    ],
    "respuesta": [
        "Porque {tema} depende de {2..12} cosas, como dijo {first} en clase.",
        "Creo que fue en {1500..1990}, cerca de {pueblo}.",
        "El resultado es {2..900} porque multipliqué por {2..30}.",
        "{tema} sirve para que el {animal} pueda vivir {2..40} años.",
        "No sé, pero en {lugar} vimos {tema} con la profesora {apellido}.",
        "Se divide en {2..8} partes y la primera es {tema}.",
        "Es lo contrario de {tema}, eso lo leí en {mes}.",
    ],
    "pregunta": [
        "¿Cómo resuelvo {2..30}x + {2..90} = {100..900}?",
        "no entiendo {tema}, tengo examen el {1..28} de {mes}",
        "¿Por qué es importante {tema} en {pueblo}?",
        "¿Cuánto es {12..99} por {12..99} entre {2..9}?",
        "explícame {tema} con un ejemplo de un {animal}",
        "¿Qué pasó en {1700..1990} en {pueblo}?",
        "hazme un resumen de {tema} de {50..200} palabras para {first}",
        "¿Está bien dicho «{+frase}»?",
    ],
    "nota": [
        "{first} {last} participa mucho, pero entregó {2..9} tareas tarde en {mes}.",
        "Mejoró en {tema}: de {2..5} a {6..10}.",
        "Le cuesta {tema}; trabaja bien en grupo con {first}.",
        "Faltó {2..12} días en {mes}, avisó su {pariente}.",
        "Ganó el concurso de {tema} en {lugar} con su {cosa}.",
        "Se distrae después de {time} y ayuda a {first} con {tema}.",
    ],
    "aviso": [
        "La excursión a {lugar} será el {1..28} de {mes} a las {time}; cuesta {2..60} euros.",
        "Los alumnos de {curso} deben traer una {cosa} el {1..28} de {mes}.",
        "La reunión sobre {tema} pasa al aula {1..40}, a las {time}.",
        "El comedor cierra el {1..28} de {mes}; traigan comida para {lugar}.",
        "Buscamos {2..15} familias que ayuden en {lugar} el {1..28} de {mes}.",
    ],
    "elogio": ["Buen trabajo con {tema}.", "Revisa la parte de {lugar}.", "Te faltan {2..5} tildes.", "Cuenta más sobre tu {pariente}.", "Cuida la concordancia cuando hablas del {animal}.", "La idea de la {cosa} es muy original."],
    "opcion": ["{tema}", "{2..900}", "{pueblo}", "{1500..1990}"],
    "traduccion": ["The trip to {pueblo} is on {1..28} {month} at {time} and costs {2..60} euros.", "Pupils must bring a bag by {month} {1..28}.", "The meeting moves to room {1..40} at {time}."],
}  # fmt: skip

TASKS = [
    Task(
        name="corregir-redaccion", weight=3.5, model="claude-sonnet-4-5-20250929",
        systems=["Eres profesora de Lengua en {escuela}. Corrige la redacción de un alumno de {curso}. Devuelve primero el texto corregido y después tres consejos amables en una lista. No cambies sus ideas."],
        users=["{+frase 3..7}"], answers=["{+frase 2..3}\n\n- {elogio}\n- {elogio}\n- {elogio}"],
    ),
    Task(
        name="puntuar-respuesta", weight=5, model="gpt-4.1-mini-2025-04-14", json_mode=True,
        systems=[
            "Evalúas respuestas cortas de alumnos de {escuela}. Devuelve JSON con puntos (de 0 a 4) y comentario (una frase).",
            "Evalúas respuestas cortas de alumnos de {escuela} según la pauta del departamento. Devuelve JSON con puntos (de 0 a 4) y comentario (una frase, sin repetir la respuesta).",
        ],
        users=["Pregunta: ¿Qué sabes de {tema}?\nRespuesta: {+respuesta 1..3}"], answers=[{"puntos": "{0..4}", "comentario": "{elogio}"}],
    ),
    Task(
        name="generar-test", weight=3, model="gpt-4.1-2025-04-14", schema="pregunta_test",
        systems=["Crea una pregunta de opción múltiple para {curso}: enunciado, cuatro opciones, índice de la correcta y explicación. Solo una opción puede ser correcta."],
        users=["Tema: {tema}. Texto base: {+respuesta 1..2}", "Tema: {tema}, dificultad {1..5}. {+respuesta 1..1}"],
        answers=[{"enunciado": "¿Qué es {tema}?", "opciones": ["{opcion}", "{opcion}", "{opcion}", "{opcion}"], "correcta": 2, "explicacion": "{respuesta}"}],
    ),
    Task(
        name="plan-de-clase", weight=2, model="gpt-4.1-2025-04-14", schema="plan_clase",
        systems=["Crea un plan de clase de {40..90} minutos para {curso}: objetivos, actividades con minutos, materiales y evaluación. Sin ordenadores."],
        users=["Tema: {tema}. Grupo de {12..34} alumnos en {pueblo}. {+nota 1..2}"],
        answers=[{"objetivos": ["Comprender {tema}"], "actividades": ["{5..20} min: dibujar {tema}", "{5..20} min: hablar de {lugar}"], "materiales": ["{cosa}"], "evaluacion": "{elogio}"}],
    ),
    Task(
        name="tutor", weight=2.5, model="claude-sonnet-4-5-20250929",
        systems=["Eres Lumi, tutor del alumno en la plataforma de {escuela}. Nunca des la solución: haz una pregunta que ayude a dar el siguiente paso. Habla de tú y usa frases cortas. El alumno está en {curso}."],
        users=["{+pregunta 1..1}"], answers=["¿Qué sabes ya de {tema}?", "¿Y si pruebas con {2..30}?", "Piensa en un {animal}: ¿qué haría en {lugar}?"], turns=4, followups=["no sé, ¿{2..90}?", "{+pregunta 1..1}", "creo que {+respuesta}"],
    ),
    Task(
        name="informe-familia", weight=2.5, model="claude-sonnet-4-5-20250929",
        systems=["Redacta el informe trimestral para la familia a partir de las notas del tutor de {escuela}. Tono cercano, usted, sin comparar con otros alumnos, máximo 150 palabras."],
        users=["Notas:\n{+nota 3..5}"], answers=["Estimada familia:\n\n{+nota 2..2} {elogio}\n\nUn saludo,\n{first} {last}"],
    ),
    Task(
        name="traducir-aviso", weight=3, model="gpt-4.1-mini-2025-04-14",
        users=["Traduce al inglés este aviso para las familias. Conserva fechas y precios.\n\n{+aviso 1..3}"], answers=["{traduccion}", "{traduccion} {traduccion}"],
    ),
    Task(
        name="detectar-acoso", weight=3, model="gpt-4.1-mini-2025-04-14",
        systems=["Lee el mensaje que un alumno de {escuela} escribió en el foro. ¿Hay señales de acoso, autolesión o ninguna? Responde solo con acoso, autolesión o ninguna."],
        users=["{+frase 1..2}", "{+respuesta 1..1} {+frase 1..1}"], answers=["ninguna", "ninguna", "ninguna", "acoso", "autolesión"],
    ),
    Task(
        name="pregunta-libre", weight=2.5, model="gpt-4.1-2025-04-14",
        users=["{+pregunta 1..1}", "{+pregunta 1..2}"], answers=["{+respuesta 1..3}", "{elogio} {+respuesta 1..2}"], turns=2, followups=["{+pregunta 1..1}"],
    ),
]  # fmt: skip
