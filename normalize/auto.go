package normalize

import (
	"slices"
	"strings"

	"github.com/balie/balie"
)

// auto says why a mail counts as written by a machine, as far as its header
// tells (RFC 3834 section 2 and what is common besides). Bounces and reports
// are found elsewhere and passed in.
func (n *Normalizer) auto(h header, from balie.Address, bounce *balie.Bounce, report bool) balie.Auto {
	submitted, _ := parameters(h.get("auto-submitted"))
	switch {
	case h.has("x-balie-loop") || from.Value != "" && slices.Contains(n.opts.OwnAddresses, from.Value):
		return balie.AutoLoop
	case bounce != nil:
		return balie.AutoBounce
	case report:
		return balie.AutoReport
	case strings.HasPrefix(submitted, "auto-replied"), vacation(h):
		return balie.AutoReply
	case submitted != "" && !strings.HasPrefix(submitted, "no"):
		return balie.AutoSystem
	case bulk(h):
		return balie.AutoBulk
	}
	return ""
}

// vacation reports the marks of autoresponders that do not know RFC 3834.
func vacation(h header) bool {
	for _, name := range []string{"x-autoreply", "x-autorespond", "x-autoresponder", "x-autoreply-from", "x-mail-autoreply", "x-vacation", "x-facilityautoreply"} {
		if v := strings.ToLower(strings.TrimSpace(h.get(name))); v != "" && v != "no" {
			return true
		}
	}
	switch precedence(h) {
	case "auto_reply", "auto-reply", "autoreply":
		return true
	}
	subject := strings.ToLower(cleanLine(decodeWords(h.get("subject"))))
	for _, p := range vacationSubjects {
		if strings.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}

// vacationSubjects are what mail programs put before the subject they answer
// to, each with the colon or the bracket they write.
var vacationSubjects = []string{
	"automatisch antwoord:", "automatische reactie:", "automatisch bericht:", "afwezigheidsbericht:", "afwezig:", "niet aanwezig:",
	"automatic reply:", "auto reply:", "auto-reply:", "autoreply:", "automatic response:", "auto response:", "auto-response:", "autoresponse:",
	"out of office:", "out of the office:", "out of office autoreply:", "out of office reply:", "out of office automatic reply:", "auto: ", "[auto-reply]", "[autoreply]", "[auto reply]",
	"automatische antwort:", "abwesenheitsnotiz:", "abwesenheitsmeldung:", "abwesend:", "automatische abwesenheitsmeldung:",
	"réponse automatique", "reponse automatique", "absence du bureau", "message d'absence",
	"respuesta automática", "respuesta automatica", "fuera de la oficina:", "risposta automatica:", "fuori sede:", "resposta automática:",
	"automatiskt svar:", "autosvar:", "automatisk svar:", "automaattinen vastaus:", "odpowiedź automatyczna:", "automatyczna odpowiedź:", "автоответ:",
}

// bulk reports list and mass mail (RFC 2369, RFC 2919).
func bulk(h header) bool {
	switch precedence(h) {
	case "bulk", "junk", "list":
		return true
	}
	for _, f := range h {
		switch f.name {
		case "list-id", "list-unsubscribe", "list-post", "list-help", "list-subscribe", "list-owner", "list-archive", "x-mailing-list", "x-mailman-version":
			return true
		}
	}
	return false
}

func precedence(h header) string {
	return strings.ToLower(strings.TrimSpace(h.get("precedence")))
}

// noReply says why no automatic answer may go to a sender although a person
// may have written, or "". named says that from stood in the From field.
func noReply(h header, from balie.Address, proof balie.Proof, named bool) string {
	suppress := strings.ToLower(h.get("x-auto-response-suppress"))
	local, _, _ := strings.Cut(from.Value, "@")
	switch {
	case nullSender(h):
		return "null envelope sender"
	case strings.Contains(suppress, "all") || strings.Contains(suppress, "oof") || strings.Contains(suppress, "autoreply"):
		return "the sender asks for no automatic answers"
	case robot(local):
		return "the address is a robot's"
	case proof == balie.Failed:
		return "the sender did not pass the check of its domain"
	case len(h.all("received")) > maxHops:
		return "more than 50 hops"
	case from.IsZero() || !named:
		return noSender
	}
	return ""
}

// noSender is the reason when the From holds no address: another one in the
// mail may be shown, but nothing is sent to it by itself.
const noSender = "no sender"

// maxHops is where a mail is taken to go in circles (RFC 5321 section 6.3).
const maxHops = 50

// nullSender reports the envelope sender <> of mail nobody may answer.
func nullSender(h header) bool {
	v, ok := "", false
	for _, f := range h {
		if f.name == "return-path" {
			v, ok = strings.TrimSpace(f.value), true
			break
		}
	}
	return ok && (v == "<>" || strings.EqualFold(v, "<mailer-daemon>"))
}

// robot reports local parts nobody reads.
func robot(local string) bool {
	local, _, _ = strings.Cut(local, "+")
	plain := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	switch plain {
	case "mailerdaemon", "postmaster", "noreply", "donotreply", "noanswer", "nepasrepondre", "nietbeantwoorden", "nichtantworten", "noresponder", "nobody", "maildaemon", "autoresponder", "autoreply":
		return true
	}
	return strings.HasPrefix(plain, "noreply") || strings.HasPrefix(plain, "donotreply") || strings.HasPrefix(plain, "bounce") ||
		strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-request") || strings.HasSuffix(plain, "noreply") || strings.HasSuffix(local, "-bounces")
}
