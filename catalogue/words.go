package catalogue

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

// textLimit is how much of a question is looked at, in bytes: a mail says what
// it is about before this, and the cost of a match stays bounded.
const textLimit = 8 << 10

// tokens calls yield with each run of letters and digits, in lower case.
// The slice is only valid during the call.
func tokens(s string, yield func(word string)) {
	start := -1
	for i, r := range s {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			yield(s[start:i])
			start = -1
		}
	}
	if start >= 0 {
		yield(s[start:])
	}
}

// prepare brings a text to the form features are made of: composed, lower
// case, bounded, valid.
func prepare(s string) string {
	if len(s) > textLimit {
		s = s[:textLimit]
	}
	if ascii(s) {
		return strings.ToLower(s)
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, " ")
	}
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	return strings.ToLower(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// envs are used again: a stemmer's environment is the costly part of a stem.
var envs = sync.Pool{New: func() any { return snowballstem.NewEnv("") }}

// stem is the word without its endings. The word is in lower case.
func stem(word, language string) string {
	env := envs.Get().(*snowballstem.Env)
	defer envs.Put(env)
	env.SetCurrent(word)
	if language == "nl" {
		dutch.Stem(env)
	} else {
		english.Stem(env)
	}
	return env.Current()
}

// common are words that say little about what a question is about. They are
// also how a language is told.
var common = map[string]map[string]bool{
	"nl": set(`de het een en van ik je u we wij jullie ze hij zij er dat die dit deze is zijn was waren ben bent wordt worden werd
		heb hebt heeft hebben had kan kun kunt kunnen mag mogen moet moeten wil wilt willen zou zouden zal zullen
		niet geen nog al ook maar of om te in op aan bij met voor naar uit over onder door tot als dan dus want
		mijn jouw uw ons onze hun haar me mij hem wat wie waar hoe wanneer welke waarom graag even dank bedankt
		vraag vraagje vragen verzoek groet groeten beste geachte hallo hoi met vriendelijke alvast vandaag morgen gisteren hier daar nu weer steeds`),
	"en": set(`the a an and of i you we they he she it its that this these those is are was were am be been being
		have has had do does did can could may might must should would will shall not no also but or to in on at by with
		for from out about under through until as than so because my your our their her his me him us them what who where
		how when which why question questions request please thanks thank regards dear hello hi kind best today tomorrow yesterday here there now again`),
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// languageOf tells Dutch from English by their small words; English when
// nothing tells.
func languageOf(prepared string) string {
	nl, en := 0, 0
	tokens(prepared, func(w string) {
		if common["nl"][w] {
			nl++
		}
		if common["en"][w] {
			en++
		}
	})
	if nl > en {
		return "nl"
	}
	return "en"
}
