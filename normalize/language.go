package normalize

import (
	"strings"
	"unicode"

	"github.com/abadojack/whatlanggo"
)

// functionWords are words that hold a language together, and for Dutch and
// English the commonest words of a service desk besides. Short questions are
// told apart by them alone.
var functionWords = map[string]string{
	"nl": "de het een en van ik je jij u uw niet dat die wat is zijn op te met voor er maar om aan ook als naar dan nog al wel bij graag kan kunt kunnen heb hebben heeft hebt mijn jullie wij we ze deze dit hoe waar wanneer waarom wie welke wordt worden geen uit over tot door bent ben moet moeten zou zouden willen wil wilt hallo beste groet groeten geachte mvg alvast bedankt dank vriendelijke onze ons mij me hem haar hun hoi goedemorgen goedemiddag doet doe lukt mag morgen vandaag gisteren iets iemand zonder tijdens sinds omdat nieuw nieuwe wachtwoord vergeten aanvragen aanvraag werkt werken nodig stuk storing toegang probleem vraag scherm toetsenbord bestellen melden telefoon parkeerplaats medewerker vergaderzaal kapot sleutel pas",
	"en": "the a an and of to in is are was were i you he she it we they my your our their not that this these those what which who how where when why with for from on at by as but or if so do does did can could will would should have has had be been am there here please thanks thank hello hi dear regards me him her us them no yes about out up get got need want know cannot can't don't doesn't isn't i'm it's i've any some just than then into because new password request issue problem work working works access broken need needs forgot phone screen keyboard order employee meeting room key",
	"de": "der die das und ist nicht ich sie wir ihr es ein eine einen einem eines zu mit von für auf dem den des im am an bei aus nach wie was wer wo wann warum kann können habe haben hat hatte bitte danke hallo sehr geehrte grüße freundlichen mein meine ihre unsere uns mir mich dass oder aber auch noch nur wenn wird werden wurde sind war sein vom zum zur über ob kein keine",
	"fr": "le la les un une des du de et est sont je tu il elle nous vous ils ne pas que qui quoi dans pour avec sur au aux ce cette ces mon ma mes votre vos notre nos bonjour merci cordialement mais ou où comment quand pourquoi avoir ai avez a été être suis êtes plus par se s'il plaît l d j n c'est j'ai salut",
	"es": "el la los las un una unos y es son yo tú usted nosotros no que qué en para con por del al mi mis su sus este esta estos como cómo cuando cuándo donde dónde pero o si sí hola gracias saludos buenos días tengo tiene puedo puede quiero más muy está están ha he favor me se le lo contraseña olvidado necesito ayuda",
	"it": "il lo la gli le un una di e è sono io tu lei noi voi non che chi cosa in per con su del della dei al alla mio mia questo questa come quando dove perché ma o se ciao grazie saluti buongiorno ho ha hai abbiamo può posso più anche mi ci si",
	"pt": "o a os as um uma de e é são eu você nós não que em para com por do da dos das no na meu minha seu sua este esta como quando onde mas ou se olá obrigado obrigada bom dia tenho tem posso pode mais muito está me",
}

// wordLanguages maps a function word to the languages that use it.
var wordLanguages = func() map[string][]string {
	m := map[string][]string{}
	for lang, words := range functionWords {
		for _, w := range strings.Fields(words) {
			m[w] = append(m[w], lang)
		}
	}
	return m
}()

// certainty is how many times likelier the first language must be than the
// second before it is named.
const certainty = 1.3

// Language is the ISO 639-1 code of the language a text is written in, or ""
// when that is not sure.
func Language(text string) string {
	words := wordsOf(clipBytes(text, maxClassified))
	if len(words) == 0 {
		return ""
	}
	scores := map[string]float64{}
	hits := 0
	for _, w := range words {
		langs := wordLanguages[w]
		if len(langs) > 0 {
			hits++
		}
		for _, l := range langs {
			scores[l] += 1 / float64(len(langs))
		}
	}
	best, second := topTwo(scores)
	clear := scores[best] >= certainty*scores[second] && scores[best] > scores[second]
	if clear && (scores[best] >= 1.5 || len(words) <= 6 && scores[best] >= 0.5 && scores[second] == 0) && hits*8 >= len(words) {
		return best
	}
	info := whatlanggo.Detect(strings.Join(words, " "))
	code := info.Lang.Iso6391()
	switch {
	case code == "":
		return ""
	case scores[code] > 0 && scores[code] >= scores[best]*0.9:
		return code
	case functionWords[code] == "" && info.Confidence > 0.8 && hits*6 < len(words):
		return code // a language we have no words of
	case info.Confidence > 0.9 && len(words) >= 8 && hits*6 < len(words):
		return code
	}
	return ""
}

// topTwo are the two languages with the highest scores, in a stable order.
func topTwo(scores map[string]float64) (best, second string) {
	for _, l := range []string{"nl", "en", "de", "fr", "es", "it", "pt"} {
		switch {
		case best == "" || scores[l] > scores[best]:
			best, second = l, best
		case second == "" || scores[l] > scores[second]:
			second = l
		}
	}
	return best, second
}

// wordsOf are the lower-cased words of a text, without addresses and links.
func wordsOf(text string) []string {
	var out []string
	for _, f := range strings.Fields(strings.ToLower(text)) {
		if strings.Contains(f, "@") || strings.Contains(f, "://") || strings.HasPrefix(f, "www.") {
			continue
		}
		f = strings.ReplaceAll(f, "’", "'")
		f = strings.TrimFunc(f, func(r rune) bool { return !unicode.IsLetter(r) })
		if f != "" {
			out = append(out, f)
		}
	}
	return out
}
