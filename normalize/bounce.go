package normalize

import (
	"regexp"
	"strings"

	"github.com/balie/balie"
)

// bounce reads a delivery status notification: RFC 3464 where the mail is
// one, else what mail servers wrote before it or write instead of it. nil when
// the mail is something else.
func bounce(root *node, p parcel, from balie.Address, subject, text string) *balie.Bounce {
	status := deliveryStatus(p)
	stated := root.kind == "multipart/report" && strings.EqualFold(root.params["report-type"], "delivery-status")
	if len(status) == 0 && !stated && !informal(root.h, p, from, subject, text) {
		return nil
	}
	words := failureWords(text)
	b := &balie.Bounce{Action: "failed"}
	s := recipientStatus(status)
	b.Action = actionOf(s, subject, words)
	b.Recipient = recipientOf(s, root.h, words)
	program, diagnostic, found := strings.Cut(s.get("diagnostic-code"), ";")
	if !found {
		program, diagnostic = "", program
	}
	f := failure{
		status: statusCode(s.get("status")), diagnostic: squeeze(decodeWords(diagnostic)),
		words: words, subject: subject, delayed: b.Action == "delayed",
		local: strings.EqualFold(strings.TrimSpace(program), "x-unix"),
	}
	b.Status, b.Hard = f.judge()
	b.Text = f.diagnostic
	if b.Text == "" {
		b.Text = f.telling()
	}
	b.Text = clipBytes(cleanLine(b.Text), maxSubject)
	b.Original = originalID(p, text)
	return b
}

// deliveryStatus are the per-recipient blocks of the status part.
func deliveryStatus(p parcel) []header {
	var out []header
	for _, r := range p.reports {
		if r.kind != "message/delivery-status" && r.kind != "message/global-delivery-status" {
			continue
		}
		text, _ := decodeCharset(r.params["charset"], r.held)
		for _, block := range blocks(text) {
			h, _, _ := parseHeader([]byte(block))
			if h.has("final-recipient") || h.has("action") || h.has("status") || h.has("original-recipient") || h.has("diagnostic-code") {
				out = append(out, h)
			}
		}
	}
	return out
}

// blocks splits at empty lines; lines of white space alone count as empty.
func blocks(text string) []string {
	var out []string
	var b strings.Builder
	for _, l := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(l) != "" {
			b.WriteString(l + "\n")
			continue
		}
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

// recipientStatus is the block that matters most: one that failed, else the
// first.
func recipientStatus(all []header) header {
	for _, h := range all {
		if strings.HasPrefix(strings.ToLower(h.get("action")), "fail") {
			return h
		}
	}
	if len(all) > 0 {
		return all[0]
	}
	return nil
}

// actionOf is the action of RFC 3464 section 2.3.3, read from the words where
// it is not stated.
func actionOf(s header, subject, words string) string {
	a, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s.get("action"))), " ")
	switch a {
	case "failed", "delayed", "delivered", "relayed", "expanded":
		return a
	}
	low := strings.ToLower(subject + "\n" + words)
	for _, w := range []string{"warning message only", "do not need to resend", "will be retried", "delivery status notification (delay)", "delivery delayed", "delayed mail", "could not send message for past", "could not send mail for past"} {
		if strings.Contains(low, w) {
			return "delayed"
		}
	}
	return "failed"
}

// recipientOf is whom the mail did not reach.
func recipientOf(s header, h header, words string) string {
	for _, v := range []string{s.get("final-recipient"), s.get("original-recipient"), h.get("x-failed-recipients")} {
		if _, rest, found := strings.Cut(v, ";"); found {
			v = rest
		}
		if a, ok := ParseAddress(v); ok {
			return a.Value
		}
	}
	for _, f := range strings.Fields(words) {
		f = strings.Trim(f, `<>()[]:;,."'`)
		if v := addrSpec(f); v != "" && strings.Contains(f, "@") {
			return v
		}
	}
	return ""
}

// originalID is the Message-ID of the mail that came back.
func originalID(p parcel, text string) string {
	for _, r := range p.reports {
		switch r.kind {
		case "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global":
			held := strings.TrimLeft(string(r.held), "\r\n")
			head, _, _ := strings.Cut(strings.ReplaceAll(held, "\r\n", "\n"), "\n\n")
			h, _, _ := parseHeader([]byte(head))
			if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
				return ids[0]
			}
		}
	}
	if m := quotedID.FindStringSubmatch(clipBytes(text, maxClassified)); m != nil {
		return m[1]
	}
	return ""
}

var quotedID = regexp.MustCompile(`(?im)^[> \t]*message-id:\s*<([^<>\s]{1,250})>`)

// machine reports senders that mail servers use.
func machine(h header, from balie.Address) bool {
	local, _, _ := strings.Cut(from.Value, "@")
	plain := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	if strings.HasPrefix(plain, "mailerdaemon") || strings.HasPrefix(plain, "postmaster") || strings.HasPrefix(plain, "maildaemon") || strings.HasPrefix(plain, "mdaemon") {
		return true
	}
	name := strings.ToLower(from.Name)
	for _, w := range []string{"mailer-daemon", "mail delivery", "mail deliver system", "postmaster", "system administrator"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return from.IsZero() && strings.Contains(strings.ToLower(h.get("from")), "mailer-daemon") || nullSender(h)
}

// informal reports a bounce that is not RFC 3464: a mail server wrote it, and
// it says that a mail did not arrive.
func informal(h header, p parcel, from balie.Address, subject, text string) bool {
	words := strings.ToLower(failureWords(text))
	subject = strings.ToLower(subject)
	returned := len(p.reports) > 0 || strings.Contains(words, "\n550") || strings.Contains(words, "<<< 5")
	local, _, _ := strings.Cut(from.Value, "@")
	said := containsAny(words, bounceWords)
	titled := containsAny(subject, bounceSubjects)
	submitted, _ := parameters(h.get("auto-submitted"))
	switch {
	case h.get("x-failed-recipients") != "":
		return true
	case machine(h, from):
		return said || titled && submitted != "auto-generated"
	case robot(local) || from.IsZero():
		return titled && (said || returned) || said && returned
	case strings.HasSuffix(local, "-admin") || strings.HasSuffix(local, "-owner") || strings.HasPrefix(local, "majordomo") || strings.HasPrefix(local, "listserv"):
		return containsAny(words, []string{"not a member of this mailing list", "duplicated message-id"}) || titled && said
	}
	return false
}

// bounceSubjects are what servers write above a bounce.
var bounceSubjects = []string{
	"undeliver", "delivery status notification", "delivery failure", "delivery failed", "delivery has failed", "delivery report", "delivery problem", "delivery error", "delivery status", "failure notice",
	"returned mail", "mail failure", "returned to sender", "could not be delivered", "could not send", "mail system error", "failed delivery", "message delivery", "nondeliverable", "non-deliverable", "non delivery", "delivery notification", "permanent delivery", "mail could not",
	"onbestelbaar", "niet bezorgd", "niet afgeleverd", "unzustellbar", "nicht zugestellt", "non remis", "échec de la remise", "no entregado", "non recapitabile", "не доставлен",
}

// bounceWords are what they write in it.
var bounceWords = []string{
	"could not be delivered", "couldn't be delivered", "was not delivered", "wasn't delivered", "not be delivered", "delivery problems", "delivery errors", "permanent fatal errors", "transcript of session",
	"undeliverable", "unable to deliver", "wasn't able to deliver", "cannot deliver", "can't deliver", "did not reach the following", "delivery failed", "failed to deliver", "has been rejected by", "rejected by a remote", "delivery to the following recipient", "delivery has failed",
	"message could not be sent", "returned mail", "user unknown", "unknown user", "no such user", "invalid user", "mailbox unavailable", "permanent error", "non-deliverable", "mail delivery failed", "not able to deliver",
	"kon niet worden bezorgd", "konden niet worden bezorgd", "kon niet worden afgeleverd", "niet worden bezorgd", "konnte nicht zugestellt", "nicht zugestellt werden", "n'a pas pu être remis", "n'a pas été remis", "no se pudo entregar", "не может быть доставлено", "送信できませんでした",
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// failureWords is the text of a bounce up to where the mail that came back is
// quoted, so that its words are not taken for the server's.
func failureWords(text string) string {
	text = clipBytes(text, maxClassified)
	if loc := quotedMail.FindStringIndex(text); loc != nil {
		return text[:loc[0]]
	}
	return text
}

var quotedMail = regexp.MustCompile(`(?im)^[ \t>]*(-{2,}.{0,12}(this is a copy of|the header of the original|original message|below this line is a copy|included is a copy|unsent message|message header|your message follows|the body of the message|headers of the original|copy of the message).{0,60}|included is a copy of the message header.*)$|^(?:received:\s*(?:from|by)\s|return-path:\s*<|message-id:\s*<)`)
