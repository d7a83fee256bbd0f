package balie

import "time"

// Kind of request; a fault is never answered with an order's text, a complaint
// is never answered or closed by itself.
type Kind string

// The kinds of request.
const (
	Question   Kind = "question"
	Order      Kind = "order"
	Fault      Kind = "fault"
	Complaint  Kind = "complaint"
	Wish       Kind = "wish"
	Compliment Kind = "compliment"
)

// FieldType says how the value of a field is read from words.
type FieldType string

// The types of field.
const (
	TextField     FieldType = "text"
	NumberField   FieldType = "number"
	DateField     FieldType = "date"
	DateTimeField FieldType = "datetime"
	ChoiceField   FieldType = "choice"
	LocationField FieldType = "location"
	PersonField   FieldType = "person"
	EmailField    FieldType = "email"
	PhoneField    FieldType = "phone"
)

// Field is something a product needs to know before it can be delivered.
type Field struct {
	ID       string            `json:"id"`
	Type     FieldType         `json:"type"`
	Required bool              `json:"required,omitzero"`
	Prompts  map[string]string `json:"prompts"` // the question to the customer, by language
	Pattern  string            `json:"pattern,omitzero"`
	Options  []Option          `json:"options,omitzero"`
}

// Prompt is the question to the customer in a language.
func (f Field) Prompt(language string) string { return inLanguage(f.Prompts, language, f.ID) }

// Option is one choice of a field: what is stored and how people say it.
type Option struct {
	Value string            `json:"value"`
	Names map[string]string `json:"names,omitzero"`
}

// AnswerMode says what may be done with a product's answer.
type AnswerMode string

// The answer modes.
const (
	Send    AnswerMode = "send"    // may go out by itself
	Confirm AnswerMode = "confirm" // stands ready, and goes out when an agent says so
	Suggest AnswerMode = "suggest" // an agent decides
	Off     AnswerMode = "off"     // is not proposed to anybody
)

// Product is a product or service the desk informs about and delivers.
type Product struct {
	ID           string              `json:"id"`
	Group        string              `json:"group,omitzero"`
	Kind         Kind                `json:"kind"`
	Package      string              `json:"package"` // basis, plus, maatwerk
	Names        map[string]string   `json:"names"`
	Descriptions map[string]string   `json:"descriptions,omitzero"`
	Synonyms     map[string][]string `json:"synonyms,omitzero"`
	Examples     map[string][]string `json:"examples,omitzero"`
	Counter      map[string][]string `json:"counter,omitzero"` // questions that look like this and are about something else
	Answers      map[string]string   `json:"answers,omitzero"` // Markdown with {placeholders}
	Fields       []Field             `json:"fields,omitzero"`
	Owner        string              `json:"owner"`                  // Team.ID
	AccountOwned bool                `json:"account_owned,omitzero"` // the customer's own account manager has it
	Calendar     string              `json:"calendar,omitzero"`
	Respond      time.Duration       `json:"respond"` // promised first response, in opening hours
	Resolve      time.Duration       `json:"resolve"` // promised resolution, in opening hours
	Price        Price               `json:"price,omitzero"`
	Mode         AnswerMode          `json:"mode"`
	Threshold    float64             `json:"threshold"` // score from which it may be answered without a person
	From         time.Time           `json:"from,omitzero"`
	Until        time.Time           `json:"until,omitzero"`
}

// Name is the product's name in a language.
func (p Product) Name(language string) string { return inLanguage(p.Names, language, p.ID) }

// Answer is the Markdown answer in a language and whether there is one in
// exactly that language or, failing that, any.
func (p Product) Answer(language string) (string, bool) {
	s := inLanguage(p.Answers, language, "")
	return s, s != ""
}

// Price is what a product costs, in hundredths of the currency.
type Price struct {
	Model  string            `json:"model,omitzero"` // included, per_piece, quotation
	Amount int64             `json:"amount,omitzero"`
	Notes  map[string]string `json:"notes,omitzero"`
}
