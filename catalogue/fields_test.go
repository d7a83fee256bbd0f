package catalogue

import (
	"maps"
	"testing"
	"time"

	"github.com/balie/balie"
)

// tuesday is 24 November 2026, half past nine, in the desk's zone.
func tuesday(t testing.TB) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 11, 24, 9, 30, 0, 0, zone)
}

func sampleCatalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Parse("sample.yaml", Sample())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func product(t testing.TB, id string) balie.Product {
	t.Helper()
	p, ok := sampleCatalogue(t).Product(id)
	if !ok {
		t.Fatalf("no product %s", id)
	}
	return p
}

type values = map[string]string

func TestFieldsAreReadFromTheFirstMail(t *testing.T) {
	for _, c := range []struct {
		product, text, language string
		want                    values
	}{
		{"sleutel", "Ik heb een sleutel nodig van kamer B2.14, hoe regel ik dat?", "nl", values{"room": "kamer B2.14"}},
		{"sleutel", "Ik ben de sleutel van kamer 3.20 kwijt", "nl", values{"room": "kamer 3.20", "reason": "verloren"}},
		{"sleutel", "Graag een extra sleutel van B2.14 voor mijn collega Jan de Vries", "nl", values{"room": "B2.14", "reason": "extra", "holder": "Jan de Vries"}},
		{"sleutel", "I lost the key of room 3.20. It was for my colleague Anna Smith.", "en", values{"room": "room 3.20", "reason": "verloren", "holder": "Anna Smith"}},
		{"sleutel", "Kan mijn nieuwe collega ook een sleutel van het magazijn krijgen?", "nl", values{"room": "magazijn"}},
		{"sleutel", "Mijn sleutel is niet kwijt maar wel afgebroken", "nl", values{"reason": "defect"}},
		{"sleutel", "Sleutel van kamer 2.14 en van kamer 2.15 graag", "nl", values{}},
		{"vergaderruimte", "Ik wil donderdag 26 november van 10 tot 12 uur een vergaderruimte voor twaalf personen", "nl",
			values{"start": "2026-11-26T10:00", "end": "2026-11-26T12:00", "people": "12"}},
		{"vergaderruimte", "Ik wil donderdagmiddag een vergaderruimte voor twaalf personen", "nl", values{"people": "12"}},
		{"vergaderruimte", "Is zaal Beuk vrij op 3 december?", "nl", values{}},
		{"vergaderruimte", "We need a room next Tuesday at 10 for 15 people, in U shape", "en", values{"start": "2026-12-01T10:00", "people": "15", "layout": "u-vorm"}},
		{"vergaderruimte", "A room tomorrow from 2 pm to 4 pm for five people please", "en", values{"start": "2026-11-25T14:00", "end": "2026-11-25T16:00", "people": "5"}},
		{"vergaderruimte", "woensdag 26 november om 10 uur", "nl", values{}}, // 26 November is a Thursday
		{"vergaderruimte", "Morgen of overmorgen om 10 uur", "nl", values{}},
		{"vergadercatering", "Graag lunch voor vijftien personen in zaal Beuk op 26-11 om half een, kostenplaats 4410", "nl",
			values{"people": "15", "place": "zaal Beuk", "when": "2026-11-26T12:30", "cost_centre": "4410"}},
		{"klimaat", "Het is ijskoud op de vierde verdieping bij HR", "nl", values{"room": "vierde verdieping", "symptom": "te koud"}},
		{"klimaat", "It is freezing on the fourth floor near HR", "en", values{"room": "fourth floor", "symptom": "te koud"}},
		{"klimaat", "De ventilatie ruikt muf in de trainingszaal", "nl", values{"room": "trainingszaal", "symptom": "stank"}},
		{"klimaat", "Het is te warm en het stinkt op 3e verdieping", "nl", values{"room": "3e verdieping"}},
		{"lekkage", "Er druppelt water uit het plafond bij de kantine, bel me op 06-12345678", "nl",
			values{"place": "kantine", "severity": "druppelt", "phone": "+31612345678"}},
		{"lekkage", "The toilet on the ground floor is blocked. Call +31 20 555 0100", "en",
			values{"place": "ground floor", "severity": "verstopt", "phone": "+31205550100"}},
		{"automaten", "De koffiemachine in de pantry op de 2e verdieping geeft alleen heet water", "nl",
			values{"place": "pantry op de 2e verdieping", "problem": "De koffiemachine in de pantry op de 2e verdieping geeft alleen heet water"}},
		{"automaten", "Hallo,\n\nEr staat foutcode 17 op de koffieautomaat.\n\nGroeten,\nPiet", "nl", values{"problem": "Er staat foutcode 17 op de koffieautomaat."}},
		{"automaten", "Kan er havermelk in het apparaat?", "nl", values{}},
		{"verhuizing", "Kan deze kast van kamer A1.02 naar kamer D0.11 op 1 december?", "nl", values{"from": "kamer A1.02", "to": "kamer D0.11", "date": "2026-12-01"}},
		{"verhuizing", "Can this cupboard go from room A1.02 to room D0.11?", "en", values{"from": "room A1.02", "to": "room D0.11"}},
		{"parkeren", "Morgen graag een plek voor mevrouw Aylin Kaya, kenteken 12-ABC-3", "nl", values{"date": "2026-11-25", "for_whom": "mevrouw Aylin Kaya", "plate": "12-ABC-3"}},
		{"verbouwing", "Budgethouder is Petra.Jansen@linde.example. Het gaat om de tweede verdieping.", "nl", values{"place": "tweede verdieping", "budget_holder": "petra.jansen@linde.example"}},
		{"klacht", "De medewerker aan de telefoon was erg onvriendelijk", "nl", values{"about": "De medewerker aan de telefoon was erg onvriendelijk"}},
	} {
		got := ReadFields(product(t, c.product), nil, c.text, c.language, tuesday(t))
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %q\n got %v\nwant %v", c.product, c.text, got, c.want)
		}
	}
}

func TestAnswersToQuestionsAreReadInTheirOrder(t *testing.T) {
	for _, c := range []struct {
		product  string
		ask      []string
		text     string
		language string
		want     values
	}{
		{"sleutel", []string{"room", "holder"}, "1. kamer 2.14 2. Jan", "nl", values{"room": "kamer 2.14", "holder": "Jan"}},
		{"sleutel", []string{"room", "holder", "reason"}, "Hoi,\n\n1) B2.14\n2) Jan de Vries\n3) hij is kwijt\n\nGroet,\nPiet", "nl",
			values{"room": "B2.14", "holder": "Jan de Vries", "reason": "verloren"}},
		{"sleutel", []string{"room", "holder"}, "Kamer 2.14\nJan de Vries", "nl", values{"room": "Kamer 2.14", "holder": "Jan de Vries"}},
		{"sleutel", []string{"room"}, "de kast naast de printer", "nl", values{"room": "de kast naast de printer"}},
		{"sleutel", []string{"room"}, "Dat weet ik niet, wie kan mij helpen?", "nl", values{}},
		{"sleutel", []string{"reason"}, "It is a new one", "en", values{"reason": "nieuw"}},
		{"sleutel", []string{"holder"}, "Dat is mijn collega Fatima el Amrani", "nl", values{"holder": "Fatima el Amrani"}},
		{"vergaderruimte", []string{"start", "end", "people"}, "26 november 10.00 uur\n26 november 12.00 uur\n12", "nl",
			values{"start": "2026-11-26T10:00", "end": "2026-11-26T12:00", "people": "12"}},
		{"vergaderruimte", []string{"people"}, "We zijn met twaalf", "nl", values{"people": "12"}},
		{"vergaderruimte", []string{"people"}, "10 of 12 denk ik", "nl", values{}},
		{"automaten", []string{"place", "problem"}, "Plaats: pantry 2e verdieping\nProbleem: geen heet water", "nl", values{"place": "pantry 2e verdieping", "problem": "geen heet water"}},
		{"automaten", []string{"problem"}, "Hij geeft geen heet water meer.", "nl", values{"problem": "Hij geeft geen heet water meer"}},
		{"bezoeker", []string{"guest"}, "Mevrouw Aydin van Bouwbedrijf Oost", "nl", values{"guest": "Mevrouw Aydin van Bouwbedrijf Oost"}},
		{"lekkage", []string{"phone"}, "06 12345678", "nl", values{"phone": "+31612345678"}},
		{"werkplek", []string{"approver"}, "mijn manager: p.jansen@linde.example", "nl", values{"approver": "p.jansen@linde.example"}},
	} {
		got := ReadFields(product(t, c.product), c.ask, c.text, c.language, tuesday(t))
		if !maps.Equal(got, c.want) {
			t.Errorf("%s asked %v: %q\n got %v\nwant %v", c.product, c.ask, c.text, got, c.want)
		}
	}
}

func TestWhatIsMissingOrCannotBeIsAskedAgain(t *testing.T) {
	p := product(t, "lekkage")
	for _, c := range []struct {
		fields values
		want   string
	}{
		{nil, "place severity phone "},
		{values{"place": "kelder", "severity": "druppelt", "phone": "06 12345678"}, ""},
		{values{"place": " ", "severity": "een beetje", "phone": "12"}, "place severity phone "},
	} {
		got := ""
		for _, f := range Missing(p, c.fields) {
			got += f.ID + " "
		}
		if got != c.want {
			t.Errorf("%v: got %q, want %q", c.fields, got, c.want)
		}
	}
}

func TestValuesOfAFormAreTakenAsBrowsersSendThem(t *testing.T) {
	for _, c := range []struct {
		f     balie.Field
		value string
		want  bool
	}{
		{balie.Field{Type: balie.DateTimeField}, "2026-11-26T10:00", true},
		{balie.Field{Type: balie.DateTimeField}, "2026-11-26", false},
		{balie.Field{Type: balie.DateField}, "2026-02-30", false},
		{balie.Field{Type: balie.NumberField}, "2,5", true},
		{balie.Field{Type: balie.NumberField}, "twaalf", false},
		{balie.Field{Type: balie.EmailField}, "a@b.example", true},
		{balie.Field{Type: balie.EmailField}, "a@b.example, c@d.example", false},
		{balie.Field{Type: balie.TextField, Pattern: "[0-9]{4}"}, "44101", false},
		{balie.Field{Type: balie.TextField, Pattern: "[0-9]{4}"}, "4410", true},
	} {
		if got := Valid(c.f, c.value); got != c.want {
			t.Errorf("%s %q %q: got %v", c.f.Type, c.f.Pattern, c.value, got)
		}
	}
}

func TestAPatternFindsItsValueInRunningText(t *testing.T) {
	p := balie.Product{Fields: []balie.Field{{ID: "centre", Type: balie.TextField, Pattern: "[A-Z]{2}[0-9]{4}"}}}
	for text, want := range map[string]string{"Boek het op KP4410, graag.": "KP4410", "KP4410 of KP4411": "", "XKP44100": ""} {
		if got := ReadFields(p, nil, text, "nl", tuesday(t))["centre"]; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
