package desk

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/balie/balie"
)

// AuditKind is the kind of the records that are lines of the audit log. Their
// key is a ULID: they are listed by when they were written.
const AuditKind = "audit"

// AuditLine says who did what to which object (S13). Before and After are what
// it was and became, as JSON; a secret never stands in them.
type AuditLine struct {
	At     time.Time       `json:"at"`
	By     string          `json:"by"`     // as in events: "agent:sanne", "setup"
	Act    string          `json:"act"`    // "user.add", "rules.publish": noun and verb
	Object string          `json:"object"` // "user:sanne", "request:7K3Q-F"
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	From   string          `json:"from,omitempty"` // client address, when the act came over HTTP
	Via    string          `json:"via,omitempty"`  // "token:reports", when an API token acted
}

// AuditRecord is the audit line of a change; it goes into the same Change.
// before and after are marshalled as JSON, nil for what was not there.
func AuditRecord(now time.Time, by, act, object string, before, after any) balie.Record {
	return AuditLine{At: now.UTC(), By: by, Act: act, Object: object, Before: auditJSON(before), After: auditJSON(after)}.Record()
}

// Audit is the audit line of a change by the actor: who, from where and with
// which token.
func (a Actor) Audit(now time.Time, act, object string, before, after any) balie.Record {
	return AuditLine{At: now.UTC(), By: a.By(), Act: act, Object: object, Before: auditJSON(before), After: auditJSON(after),
		From: a.From, Via: a.Via}.Record()
}

// Record is the line as it is stored.
func (l AuditLine) Record() balie.Record {
	b, err := json.Marshal(l)
	if err != nil { // a line is strings, a time and JSON that was made by auditJSON
		b = fmt.Appendf(nil, `{"by":%q,"act":%q,"object":%q}`, l.By, l.Act, l.Object)
	}
	return balie.Record{Kind: AuditKind, Key: balie.NewID(l.At).String(), Version: 1, Body: b}
}

// ParseAudit reads a stored line.
func ParseAudit(r balie.Record) (AuditLine, error) {
	var l AuditLine
	if err := json.Unmarshal(r.Body, &l); err != nil {
		return l, fmt.Errorf("read audit line %s: %w", r.Key, err)
	}
	return l, nil
}

// auditJSON never lets an act fail because its trace could not be written: what
// JSON cannot say is named by its type.
func auditJSON(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Appendf(nil, "%q", fmt.Sprintf("%T", v))
	}
	return b
}
