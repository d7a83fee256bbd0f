package simulate

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed words.yaml
var wordsFile []byte

// words is what customers say.
type words struct {
	Products []topic
	Outages  []topic
	Hello    texts
	Bye      texts
	Chatter  texts
	Thanks   texts
	Again    texts
	Chase    texts
	Other    texts
	Away     texts
	Remarks  texts
	Names    struct{ First, Last []string }
	Halls    []string
}

type texts struct{ NL, EN []string }

// in are the texts of a language.
func (t texts) in(language string) []string {
	if language == "en" {
		return t.EN
	}
	return t.NL
}

// topic is what an errand can be about.
type topic struct {
	ID      string
	Product string // of an outage
	Weight  float64
	Calls   float64 // how much more often by telephone; 1 when 0
	NL, EN  []string
}

func (t topic) in(language string) []string { return texts{t.NL, t.EN}.in(language) }

func readWords() (words, error) {
	var w words
	if err := yaml.UnmarshalWithOptions(wordsFile, &w, yaml.DisallowUnknownField()); err != nil {
		return w, fmt.Errorf("read what customers say: %s", yaml.FormatError(err, false, false))
	}
	return w, nil
}

// slots fills the gaps of a sentence.
type slots struct{ room, room2, hall, name, day, time, until, n, plate, phone string }

func (s slots) fill(sentence string) string {
	return strings.NewReplacer("{room}", s.room, "{room2}", s.room2, "{hall}", s.hall, "{name}", s.name, "{day}", s.day,
		"{time}", s.time, "{until}", s.until, "{n}", s.n, "{plate}", s.plate, "{phone}", s.phone).Replace(sentence)
}

func (w *words) slots(r *rand.Rand, now time.Time) slots {
	start := 9 + r.IntN(7)
	room := func() string { return fmt.Sprintf("%c%d.%02d", 'A'+rune(r.IntN(4)), r.IntN(5), 1+r.IntN(30)) }
	return slots{
		room: room(), room2: room(), hall: one(r, w.Halls), name: w.name(r), day: now.AddDate(0, 0, 2+r.IntN(12)).Format("02-01-2006"),
		time: fmt.Sprintf("%d:00", start), until: fmt.Sprintf("%d:30", start+1), n: fmt.Sprint(4 + r.IntN(20)),
		plate: fmt.Sprintf("%c%c-%03d-%c", 'A'+rune(r.IntN(26)), 'B'+rune(r.IntN(20)), r.IntN(1000), 'D'+rune(r.IntN(20))),
		phone: fmt.Sprintf("06 %08d", 10_000_000+r.IntN(80_000_000)),
	}
}

func (w *words) name(r *rand.Rand) string { return one(r, w.Names.First) + " " + one(r, w.Names.Last) }

// slip makes a typing mistake in a word that is long enough to stay readable.
func slip(r *rand.Rand, text string) string {
	all := strings.Split(text, " ")
	i := r.IntN(len(all))
	letters := []rune(all[i])
	if len(letters) < 6 || strings.ContainsAny(all[i], "{}0123456789@") {
		return text
	}
	k := 1 + r.IntN(len(letters)-3)
	if happens(r, 0.5) {
		letters[k], letters[k+1] = letters[k+1], letters[k]
	} else {
		letters = append(letters[:k], letters[k+1:]...)
	}
	all[i] = string(letters)
	return strings.Join(all, " ")
}
