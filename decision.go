package balie

// ActionKind is what a rule can do.
type ActionKind string

// Actions. Those for which Decides is true end the search for a rule; the
// others add up.
const (
	DoAnswer   ActionKind = "answer"   // send the product's answer
	DoAsk      ActionKind = "ask"      // ask the customer for Fields
	DoOffer    ActionKind = "offer"    // "did you mean A or B?" of Products
	DoHandOut  ActionKind = "hand_out" // to Team
	DoDesk     ActionKind = "to_desk"  // an agent looks at it
	DoDiscard  ActionKind = "discard"  // take in, but no request for a person; Reason says why
	DoAssign   ActionKind = "assign"   // to agent Value
	DoPriority ActionKind = "priority" // Value: low, normal, high, urgent
	DoTag      ActionKind = "tag"      // Value
	DoProduct  ActionKind = "product"  // Value
	DoKind     ActionKind = "kind"     // Value
	DoAlert    ActionKind = "alert"    // tell Value (a role or team) at once
)

// Decides reports whether the action says where the request goes.
func (k ActionKind) Decides() bool {
	switch k {
	case DoAnswer, DoAsk, DoOffer, DoHandOut, DoDesk, DoDiscard:
		return true
	}
	return false
}

// Action is one thing a decision does.
type Action struct {
	Do       ActionKind `json:"do"`
	Team     string     `json:"team,omitzero"`
	Products []string   `json:"products,omitzero"`
	Fields   []string   `json:"fields,omitzero"`
	Value    string     `json:"value,omitzero"`
	Reason   string     `json:"reason,omitzero"`
	Rule     string     `json:"rule,omitzero"` // which rule asked for it
}

// Facts is all a decision looked at. It is stored with the decision, so that
// the same pure function can be run again and explain itself.
type Facts struct {
	Message  MessageFacts  `json:"message"`
	Sender   SenderFacts   `json:"sender"`
	Request  RequestFacts  `json:"request"`
	Customer CustomerFacts `json:"customer"`
	Match    MatchFacts    `json:"match"`
	Product  ProductFacts  `json:"product"`
	Missing  []string      `json:"missing,omitzero"` // ids of required fields not given
	Now      NowFacts      `json:"now"`
}

// MessageFacts are facts of the message that is decided on.
type MessageFacts struct {
	Channel     string            `json:"channel"`
	Account     string            `json:"account"`
	Subject     string            `json:"subject"`
	Text        string            `json:"text"` // at most RuleTextLimit bytes
	Language    string            `json:"language"`
	Attachments int               `json:"attachments"`
	Automatic   bool              `json:"automatic"`
	Auto        string            `json:"auto"`
	NoReply     bool              `json:"no_reply"` // may not be answered automatically
	Fields      map[string]string `json:"fields,omitzero"`
	Warnings    int               `json:"warnings"` // what was guessed in reading it
	Unreadable  bool              `json:"unreadable"`
}

// SenderFacts are facts of whoever wrote.
type SenderFacts struct {
	Address string `json:"address"`
	Domain  string `json:"domain"`
	Proven  bool   `json:"proven"`
	Failed  bool   `json:"failed"`
	Known   bool   `json:"known"`
}

// RequestFacts are facts of the request the message belongs to.
type RequestFacts struct {
	Kind      string `json:"kind"`
	Priority  string `json:"priority"`
	State     string `json:"state"`      // empty for a new one
	OpenCases int    `json:"open_cases"` // other open requests of the same person
	Reopened  int    `json:"reopened"`
	Asked     int    `json:"asked"`      // rounds of questions asked so far
	StartedBy string `json:"started_by"` // customer, agent
}

// CustomerFacts are facts of the customer's organisation.
type CustomerFacts struct {
	Organisation string `json:"organisation"`
	KeyAccount   bool   `json:"key_account"`
	Segment      string `json:"segment"`
	Manager      string `json:"manager"` // team id of the account manager
}

// MatchFacts are facts of the match with the catalogue.
type MatchFacts struct {
	Product    string  `json:"product"`
	Score      float64 `json:"score"`
	Margin     float64 `json:"margin"` // score less that of the runner-up
	RunnerUp   string  `json:"runner_up"`
	Two        bool    `json:"two"`         // seems to hold two questions
	TwoCertain bool    `json:"two_certain"` // surely one of the first two
}

// ProductFacts are facts of the best matching product.
type ProductFacts struct {
	ID         string  `json:"id"`
	Group      string  `json:"group"`
	Owner      string  `json:"owner"` // "backoffice" or "account"
	Team       string  `json:"team"`
	Package    string  `json:"package"`
	Kind       string  `json:"kind"`
	AnswerMode string  `json:"answer_mode"`
	Threshold  float64 `json:"threshold"`
}

// NowFacts are facts of the moment, in the desk's zone.
type NowFacts struct {
	Open    bool   `json:"open"`
	Weekday int    `json:"weekday"` // 1 = Monday … 7 = Sunday (ISO 8601)
	Hour    int    `json:"hour"`
	Holiday string `json:"holiday"` // its name, or ""
}

// RuleTextLimit is how much of a message rules see, in bytes: a regular
// expression's cost is charged only after it ran, so the input is bounded.
const RuleTextLimit = 64 << 10

// Match is one product a question may be about.
type Match struct {
	Product string   `json:"product"`
	Score   float64  `json:"score"`          // calibrated probability 0..1
	Terms   []string `json:"terms,omitzero"` // the words that spoke for it, strongest first
	Like    string   `json:"like,omitzero"`  // the nearest example
}

// Decision is what is done with a message and why. It is never an error: in
// doubt, the desk.
type Decision struct {
	Do        []Action `json:"do"`
	Rule      string   `json:"rule"` // the rule that decided
	Ruleset   int      `json:"ruleset"`
	Catalogue int      `json:"catalogue"`
	Facts     Facts    `json:"facts"`
	Match     []Match  `json:"match,omitzero"`
	Matched   []string `json:"matched,omitzero"` // all rules that matched, in order
	Failed    []string `json:"failed,omitzero"`  // rules that could not be evaluated
	Reason    string   `json:"reason"`
}

// Deciding is the one action that says where the request goes; the desk when
// there is none.
func (d Decision) Deciding() Action {
	for _, a := range d.Do {
		if a.Do.Decides() {
			return a
		}
	}
	return Action{Do: DoDesk, Reason: "no rule decided"}
}
