"""Language identification: the ISO 639-1 code of a short customer message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Identify the language of the message. Answer with its two-letter ISO 639-1 code in lower "
    "case and nothing else, for example: en"
)
# Per language: openings, then requests; any opening goes with any request.
SENTENCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        (
            "Good morning,",
            "Hello again,",
            "I have a question.",
            "Thanks for the quick reply.",
            "Sorry for the late answer.",
        ),
        (
            "my parcel has not arrived yet.",
            "how can I change my address?",
            "the lamp broke on the first day.",
            "please send me the invoice once more.",
            "do you also ship to Canada?",
            "I would like to cancel my order.",
            "the shoes are one size too small.",
            "when will the blue bag be available again?",
        ),
    ),
    "de": (
        (
            "Guten Morgen,",
            "Hallo zusammen,",
            "Ich habe eine Frage.",
            "Danke für die schnelle Antwort.",
            "Entschuldigung für die späte Rückmeldung.",
        ),
        (
            "mein Paket ist noch nicht angekommen.",
            "wie kann ich meine Adresse ändern?",
            "die Lampe ging am ersten Tag kaputt.",
            "bitte schicken Sie mir die Rechnung noch einmal.",
            "liefern Sie auch nach Österreich?",
            "ich möchte meine Bestellung stornieren.",
            "die Schuhe sind eine Nummer zu klein.",
            "wann ist die blaue Tasche wieder lieferbar?",
        ),
    ),
    "fr": (
        (
            "Bonjour,",
            "Bonsoir à tous,",
            "J'ai une question.",
            "Merci pour votre réponse rapide.",
            "Désolé pour le retard.",
        ),
        (
            "mon colis n'est pas encore arrivé.",
            "comment puis-je changer mon adresse ?",
            "la lampe s'est cassée dès le premier jour.",
            "pouvez-vous me renvoyer la facture ?",
            "livrez-vous aussi en Belgique ?",
            "je voudrais annuler ma commande.",
            "les chaussures sont trop petites d'une pointure.",
            "quand le sac bleu sera-t-il de nouveau disponible ?",
        ),
    ),
    "es": (
        (
            "Buenos días,",
            "Hola de nuevo,",
            "Tengo una pregunta.",
            "Gracias por la respuesta tan rápida.",
            "Perdón por la demora.",
        ),
        (
            "mi paquete todavía no ha llegado.",
            "¿cómo puedo cambiar mi dirección?",
            "la lámpara se rompió el primer día.",
            "envíenme otra vez la factura, por favor.",
            "¿también hacen envíos a Chile?",
            "quisiera cancelar mi pedido.",
            "los zapatos me quedan pequeños.",
            "¿cuándo volverá a estar disponible el bolso azul?",
        ),
    ),
    "it": (
        (
            "Buongiorno,",
            "Ciao a tutti,",
            "Ho una domanda.",
            "Grazie per la risposta veloce.",
            "Scusate il ritardo.",
        ),
        (
            "il mio pacco non è ancora arrivato.",
            "come posso cambiare il mio indirizzo?",
            "la lampada si è rotta il primo giorno.",
            "potete mandarmi di nuovo la fattura?",
            "spedite anche in Svizzera?",
            "vorrei annullare il mio ordine.",
            "le scarpe sono troppo piccole di una misura.",
            "quando sarà di nuovo disponibile la borsa blu?",
        ),
    ),
    "pt": (
        (
            "Bom dia,",
            "Olá novamente,",
            "Tenho uma pergunta.",
            "Obrigado pela resposta rápida.",
            "Desculpe pela demora.",
        ),
        (
            "a minha encomenda ainda não chegou.",
            "como posso mudar o meu endereço?",
            "o candeeiro avariou logo no primeiro dia.",
            "podem enviar-me a fatura outra vez?",
            "também fazem entregas nos Açores?",
            "gostaria de cancelar o meu pedido.",
            "os sapatos são um número abaixo do meu.",
            "quando é que a mala azul volta a estar disponível?",
        ),
    ),
    "nl": (
        (
            "Goedemorgen,",
            "Hallo allemaal,",
            "Ik heb een vraag.",
            "Bedankt voor het snelle antwoord.",
            "Sorry voor de late reactie.",
        ),
        (
            "mijn pakket is nog niet aangekomen.",
            "hoe kan ik mijn adres wijzigen?",
            "de lamp was de eerste dag al kapot.",
            "kunt u mij de factuur nog een keer sturen?",
            "levert u ook in België?",
            "ik wil mijn bestelling graag annuleren.",
            "de schoenen zijn een maat te klein.",
            "wanneer is de blauwe tas weer leverbaar?",
        ),
    ),
    "sv": (
        (
            "God morgon,",
            "Hej igen,",
            "Jag har en fråga.",
            "Tack för det snabba svaret.",
            "Förlåt att jag svarar så sent.",
        ),
        (
            "mitt paket har inte kommit än.",
            "hur kan jag ändra min adress?",
            "lampan gick sönder redan första dagen.",
            "kan ni skicka fakturan en gång till?",
            "levererar ni också till Finland?",
            "jag skulle vilja avbeställa min order.",
            "skorna är en storlek för små.",
            "när finns den blå väskan i lager igen?",
        ),
    ),
    "da": (
        (
            "Godmorgen,",
            "Hej igen,",
            "Jeg har et spørgsmål.",
            "Tak for det hurtige svar.",
            "Undskyld det sene svar.",
        ),
        (
            "min pakke er ikke kommet endnu.",
            "hvordan kan jeg ændre min adresse?",
            "lampen gik i stykker den første dag.",
            "vil I sende mig fakturaen en gang til?",
            "leverer I også til Færøerne?",
            "jeg vil gerne annullere min ordre.",
            "skoene er en størrelse for små.",
            "hvornår er den blå taske på lager igen?",
        ),
    ),
    "pl": (
        (
            "Dzień dobry,",
            "Witam ponownie,",
            "Mam pytanie.",
            "Dziękuję za szybką odpowiedź.",
            "Przepraszam za opóźnienie.",
        ),
        (
            "moja paczka jeszcze nie dotarła.",
            "jak mogę zmienić swój adres?",
            "lampa zepsuła się pierwszego dnia.",
            "proszę przesłać mi fakturę jeszcze raz.",
            "czy wysyłacie też do Czech?",
            "chciałbym anulować zamówienie.",
            "buty są o jeden rozmiar za małe.",
            "kiedy niebieska torba będzie znowu dostępna?",
        ),
    ),
    "tr": (
        (
            "Günaydın,",
            "Tekrar merhaba,",
            "Bir sorum var.",
            "Hızlı cevabınız için teşekkürler.",
            "Geç cevap için özür dilerim.",
        ),
        (
            "paketim henüz gelmedi.",
            "adresimi nasıl değiştirebilirim?",
            "lamba daha ilk gün bozuldu.",
            "faturayı bana tekrar gönderir misiniz?",
            "Kıbrıs'a da gönderim yapıyor musunuz?",
            "siparişimi iptal etmek istiyorum.",
            "ayakkabılar bir numara küçük geldi.",
            "mavi çanta ne zaman tekrar stokta olacak?",
        ),
    ),
    "fi": (
        (
            "Hyvää huomenta,",
            "Hei taas,",
            "Minulla on kysymys.",
            "Kiitos nopeasta vastauksesta.",
            "Anteeksi myöhäinen vastaus.",
        ),
        (
            "pakettini ei ole vielä saapunut.",
            "miten voin muuttaa osoitteeni?",
            "lamppu meni rikki heti ensimmäisenä päivänä.",
            "voitteko lähettää laskun uudelleen?",
            "toimitatteko myös Ruotsiin?",
            "haluaisin peruuttaa tilaukseni.",
            "kengät ovat yhden koon liian pienet.",
            "milloin sinistä laukkua on taas saatavilla?",
        ),
    ),
}
# Where even large models slip: close relatives, and a country code that nobody asked for.
SLIPS = {"da": "no", "sv": "no", "pt": "pt-PT"}
WEIGHTS = (20, 16, 12, 12, 8, 7, 6, 5, 4, 5, 3, 3)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        code = rng.choices(tuple(SENTENCES), WEIGHTS)[0]
        openings, requests = SENTENCES[code]
        request = pick(rng, requests)
        if rng.random() < 0.75:
            opening = pick(rng, openings)
            if opening[-1] == ".":
                request = request[0].upper() + request[1:]
            request = f"{opening} {request}"
        else:
            request = request[0].upper() + request[1:]
        return single(SYSTEM, request, code, slip=SLIPS.get(code))

    return distinct(n, make)
