"""Tables proposed for logs whose columns are called in other languages than English."""

from __future__ import annotations

import tomllib

import pytest

from auditor.readers import proposal

COLUMNS = {
    "German": ("Modell", "Eingabe-Token", "Ausgabe-Token", "Frage", "Antwort"),
    "French": ("modèle", "jetons_entrée", "jetons_de_sortie", "question", "réponse"),
    "Spanish": ("modelo", "tokens_entrada", "tokens_salida", "pregunta", "respuesta"),
    "Portuguese": ("modelo", "tokens_de_entrada", "tokens_de_saída", "pergunta", "resposta"),
    "Italian": ("modello", "tokenIngresso", "tokenUscita", "domanda", "risposta"),
    "Chinese": ("模型", "输入令牌", "输出令牌数", "问题", "回答"),
    "Japanese": ("モデル", "入力トークン", "出力トークン数", "質問", "答え"),
}
NAMES = ("model", "input_tokens", "output_tokens", "prompt", "answer")


@pytest.mark.parametrize("language", COLUMNS)
def test_tokens_and_texts_are_found_by_the_words_of_a_language(language):
    said = ("法国的首都是哪里?请回答", "法国的首都是巴黎。") if language[:3] in ("Chi", "Jap") else (
        "Where does the train go?", "It goes to Ghent."
    )  # fmt: skip
    row = dict(zip(COLUMNS[language], ("gpt-4o-mini", "100", "20", *said), strict=True))
    table = proposal.propose([row], "log")
    assert table is not None
    (found,) = tomllib.loads(table)["readers"].values()
    assert found["fields"] == dict(zip(NAMES, COLUMNS[language], strict=True))
