package normalize

import (
	"regexp"
	"strings"
)

// failure is what is known about why a mail did not arrive.
type failure struct {
	status     string // as stated, "" when not
	diagnostic string // the server's own words, on one line
	words      string // what the bounce says to people
	subject    string
	delayed    bool
	local      bool // the words are those of a delivery program, not of a server
}

// reason is a class of failures. Its code is the detail of a status that was
// read from words: 9xx, which no server assigns (the convention of the
// sisimai project), so that it is not taken for what a server stated.
type reason struct {
	name  string
	code  string
	hard  bool // the address is wrong for good
	words []string
}

var (
	enhanced = regexp.MustCompile(`(?:^|[^\d.])([245])\.(\d{1,3})\.(\d{1,3})(?:[^\d.]|\.?$|\.\s)`)
	reply    = regexp.MustCompile(`(?m)(?:^|[^\d.:]|\s:)([45]\d\d)(?:[ \-#:,]|$)`)
)

// statusCode is the code of a Status field without its comment.
func statusCode(s string) string {
	if m := enhanced.FindStringSubmatch(" " + s + " "); m != nil {
		return m[1] + "." + m[2] + "." + m[3]
	}
	return ""
}

// generic reports a code that says no more than its class.
func generic(status string) bool { return status == "" || strings.HasSuffix(status, ".0.0") }

// judge gives the status and whether the address is wrong for good. The code
// in the server's own words wins from the one the reporting host states; where
// there is none at all the words decide.
func (f failure) judge() (status string, hard bool) {
	status = f.status
	for _, s := range []string{f.diagnostic, f.words} {
		c := bestCode(s)
		if c == "" || generic(c) && status != "" {
			continue
		}
		if generic(status) || s == f.diagnostic && c[0] == status[0] && !strings.HasSuffix(c, ".0") {
			status = c
			break
		}
	}
	r := f.reason(status)
	if status == "" {
		class := "5"
		if f.temporary() {
			class = "4"
		}
		return class + ".0." + r.code, r.hard && class == "5"
	}
	return status, r.hard && status[0] != '4'
}

// bestCode is the first code that names a cause, else the first of all.
func bestCode(s string) string {
	best := ""
	for _, m := range enhanced.FindAllStringSubmatch(clipBytes(s, 8<<10), 20) {
		c := m[1] + "." + m[2] + "." + m[3]
		if best == "" || strings.HasSuffix(best, ".0") && !strings.HasSuffix(c, ".0") {
			best = c
		}
	}
	return best
}

func (f failure) temporary() bool {
	if f.delayed {
		return true
	}
	for _, m := range reply.FindAllStringSubmatch(f.diagnostic+"\n"+f.words, 20) {
		if m[1] != "465" && m[1] != "587" { // ports
			return m[1][0] == '4'
		}
	}
	return false
}

// telling is the line of the words that says most.
func (f failure) telling() string {
	for _, l := range strings.Split(f.words, "\n") {
		if reply.MatchString(l) {
			return l
		}
	}
	for _, l := range strings.Split(f.words, "\n") {
		if _, ok := reasonOf(strings.ToLower(l)); ok {
			return l
		}
	}
	return squeeze(clipBytes(f.words, 300))
}

// reason is the class of the failure: by the server's words, then by the
// status, then by what the bounce says.
func (f failure) reason(status string) reason {
	if f.local {
		return reason{name: "delivery program", code: "939"}
	}
	said, ok := reasonOf(strings.ToLower(f.diagnostic))
	stated, known := reasonOfStatus(status)
	switch {
	case ok && said.name == "rate":
		return said
	case known && (stated.hard || strings.HasPrefix(status[2:], "7.")):
		return stated
	case ok && said.name == "user unknown" && status == "5.2.1" && !atRcpt.MatchString(f.words):
		return stated
	case ok:
		return f.doubt(said, status)
	}
	if status == "5.2.1" && curt.MatchString(f.words) && atRcpt.MatchString(f.words) {
		return reason{name: "user unknown", code: "911", hard: true}
	}
	if known {
		return stated
	}
	if r, ok := reasonOf(strings.ToLower(squeeze(f.subject + " | " + f.words))); ok {
		return f.doubt(r, status)
	}
	return reason{name: "undefined", code: "900"}
}

var (
	atData = regexp.MustCompile(`(?i)end of data|>>> data|smtp command\s+data|in reply to data`)
	atRcpt = regexp.MustCompile(`(?i)rcpt[ _]to`)
	// An address may hold any words ("no-such-user@spam.example").
	addressWord = regexp.MustCompile(`\S*@\S*|\S+://\S*`)
	curt        = regexp.MustCompile(`(?i)user unknown|unknown user|no such user|user not exist`)
)

// doubt takes "user unknown" for the refusal of a filter when the server had
// first accepted the address: it said so only after the content, or nothing
// shows that it was asked for the address alone.
func (f failure) doubt(r reason, status string) reason {
	if r.name != "user unknown" || strings.HasPrefix(status, "5.1.") {
		return r
	}
	all := f.diagnostic + "\n" + f.words
	if atData.MatchString(all) && !strings.Contains(all, ">>> RCPT") || status == "" && !atRcpt.MatchString(all) && curt.MatchString(all) {
		return reason{name: "filtered", code: "910"}
	}
	return r
}

func reasonOf(low string) (reason, bool) {
	low = addressWord.ReplaceAllString(low, "@")
	for _, r := range reasons {
		if containsAny(low, r.words) {
			return r, true
		}
	}
	return reason{}, false
}

func reasonNamed(name string) (reason, bool) {
	for _, r := range reasons {
		if r.name == name {
			return r, true
		}
	}
	return reason{}, false
}

// reasonOfStatus reads RFC 3463.
func reasonOfStatus(status string) (reason, bool) {
	if len(status) < 5 {
		return reason{}, false
	}
	switch status[2:] {
	case "1.1", "1.3":
		return reasonNamed("user unknown")
	case "1.2":
		return reasonNamed("host unknown")
	case "1.6":
		return reasonNamed("moved")
	case "1.10":
		return reasonNamed("accepts no mail")
	case "2.1":
		return reasonNamed("suspended")
	case "2.2":
		return reasonNamed("mailbox full")
	case "2.3", "3.4":
		return reasonNamed("message too big")
	case "4.4":
		return reasonNamed("host unknown")
	case "4.7", "4.1", "4.2":
		return reasonNamed("expired")
	}
	if strings.HasPrefix(status[2:], "7.") {
		return reason{name: "policy", code: "972"}, true
	}
	return reason{}, false
}

// reasons in the order they are tried: what is said exactly goes before what
// is said in passing.
var reasons = []reason{
	{"rate", "945", false, []string{"too many recipients", "rate limit", "ratelimit", "too many messages", "sending rate", "too many connections", "throttl", "too many concurrent", "exceeded the rate", "message rate", "sending limit"}},
	{"rejected", "918", false, []string{"google groups"}},
	{"accepts no mail", "932", true, []string{"no smtp service", "null mx", "does not accept mail", "doesn't accept mail", "not accept any mail", "does not accept any", "smtp protocol returned a permanent error", "nullmx", "name server: .: host not found"}},
	{"mailbox full", "922", false, []string{"mailbox full", "mailbox is full", "mail box full", "mail box is full", "quota exceeded", "over quota", "overquota", "exceeded the local limit", "exceeded storage", "exceed quota", "exceeds quota", "exceeded quota", "insufficient disk", "not enough disk space", "not enough storage", "not enough space", "out of storage", "mailbox size limit", "mailbox exceeds", "exceed mailbox", "full mailbox", "user has too many messages", "disk quota", "account is full", "storage space", "storage quota", "mailbox quota", "exceeded his/her quota", "exceeded its quota", "quota has been exceeded", "mail quota", "exceeds allowed size", "mailbox has exceeded", "mailbox limit", "mailbox is currently full", "too much mail", "inbox is full", "mailfolder is full", "メールボックスが一杯", "boite de reception pleine", "boîte aux lettres pleine", "postvak vol", "mailbox vol"}},
	{"message too big", "934", false, []string{"size limit exceeded", "message too big", "message too large", "message size exceeds", "exceeds maximum message size", "exceeds size limit", "message file too big", "max message size", "maximum message size", "too large to send", "message is too large", "message length exceeds", "exceeded maximum inbound message size", "message exceeds", "message size limit", "larger than the current", "mail size limit"}},
	{"system full", "931", false, []string{"insufficient system storage", "requested mail action aborted: exceeded", "mail system full", "no space left on device"}},
	{"virus", "971", false, []string{"virus", "malware", "trojan", "infected"}},
	{"authentication", "973", false, []string{" spf", "spf ", "dkim", "dmarc", "not authenticated", "unauthenticated email", "authentication-required", "authentication information", "authentication check"}},
	{"spam", "980", false, []string{"spam", "blacklisted url", "uribl", "junk mail", "unsolicited", "advertisement", "bulk mail", "message content rejected", "content filter", "high probability of", "considered uce", "contains a url", "mail appears to be"}},
	{"relay", "909", false, []string{"relaying denied", "relay denied", "relaying not", "relay not permitted", "unable to relay", "relay access denied", "not permitted to relay", "relaying mail to", "no relaying", "open relay", "relaying is", "relay is not", "we do not relay"}},
	{"blocked", "971", false, []string{"blocked", "blacklist", "black list", "block list", "blocklist", "blocklisted", " rbl", "spamhaus", "connection reset by peer", "invalid domain name", "dnsbl", "reverse dns", "ptr record", "access denied", "connection refused by", "poor reputation", "bad reputation", "your ip", "not allowed to connect", "client host rejected", "connection dropped", "we do not accept mail from", "sender ip", "cannot find your hostname", "cannot resolve your address", "helo command rejected"}},
	{"suspended", "921", false, []string{"mailbox unavailable or access denied", "account suspended", "suspended", "account disabled", "is disabled", "has been disabled", "mailbox disabled", "mailbox currently suspended", "user is locked", "mailbox is frozen", "account expired", "deactivated", "inactive", "temporarily locked", "not currently active", "closed account", "account closed", "no longer on server", "has been blocked for inactivity"}},
	{"moved", "916", true, []string{"has moved", "address changed", "no longer employed", "has been replaced by", "new address", "recipient has moved"}},
	{"host unknown", "912", true, []string{"host unknown", "dns lookup failure", "unknown host", "host not found", "domain not found", "no such domain", "unrouteable mail domain", "unrouteable domain", "name service error", "no mx", "domain does not exist", "nxdomain", "hostname unknown", "unknown domain", "domain name not found", "domain is not reachable", "host or domain name not found", "non-existent host", "all relevant mx records point to non-existent", "is not a valid domain", "domain must exist", "name or service not known", "invalid domain", "domain couldn't be found", "no such host", "could not be found or was misconfigured", "recipient domain must exist", "couldn't find any host", "cannot resolve", "mail domain mentioned in email address is unknown", "domain that does not exist"}},
	{"sender rejected", "918", false, []string{"sender rejected", "sender denied", "sender address rejected", "sender verify failed", "sender verification", "invalid sender", "unknown sender", "bad sender", "sender is not allowed", "sender not", "return path", "does not resolve to a valid", "sender domain", "backscatter", "different address or alias", "<> invalid sender", "from address"}},
	{"user unknown", "911", true, []string{"user unknown", "unknown user", "no such user", "unknown recipient", "recipient unknown", "invalid recipient", "invalid user", "no such recipient", "recipient name is not recognized", "does not exist", "doesn't exist", "not exist", "mailbox not found", "user not found", "recipient address rejected", "address rejected", "unknown address", "address unknown", "no mailbox", "mailbox unavailable", "mailbox not available", "mailbox invalid", "not a known user", "no such address", "no such mailbox", "no such person", "no account", "recipient not found", "not listed in", "unknown local", "account that you tried to reach", "address not found", "email address wasn't found", "address couldn't be found", "not found in", "unknown account", "account not found", "no valid recipient", "recipientnotfound", "bad destination mailbox", "undeliverable address", "invalid mailbox", "user doesn't have", "final delivery userid", "unrouteable address", "unknown or illegal alias", "undefined mail", "not our customer", "invalid address", "invalid email address", "unknown virtual", "not a valid mailbox", "not a valid user", "is not a valid", "no mail box", "cannot find user", "invalid local part", "is unknown", "nonexistent", "non-existent", "no longer valid", "unknown mailbox", "isn't in my", "no user", "recipient is not recognized", "addressee unknown", "bad address", "unknown mail address", "not known here", "no local mailbox", "recipients address", "user is unknown", "delivery to local recipient failed", "onbekende gebruiker", "adres is onbekend", "bestaat niet", "unbekannter benutzer", "existiert nicht", "n'existe pas", "no existe", "utilisateur inconnu"}},
	{"filtered", "910", false, []string{"was rejected by a remote mail server"}},
	{"loop", "930", false, []string{"duplicated message-id"}},
	{"expired", "947", false, []string{"in the queue too long", "delivery time expired", "delivery expired", "envelope expired", "retry time", "retry timeout", "message expired", "unable to deliver for", "could not send message for", "could not send mail for", "cannot send message for", "too old", "not delivered within", " attempts:", "giving up", "failed to deliver for", "maximum retry", "undelivered after", "message timed out", "delivery timed out", "not been delivered after", "could not be delivered for"}},
	{"network", "944", false, []string{"network error", "connection timed out", "operation timed out", "connection refused", "network unreachable", "network is unreachable", "no route", "loop detected", "too many hops", "hop count", "routing loop", "mail forwarding loop", "mail loop", "address family mismatch", "unable to connect", "could not connect", "failed to connect", "connection broken", "lost connection", "connection lost", "dns lookup", "mx server", "starttls", "tls "}},
	{"expired", "947", false, []string{"host not reachable", "has been delayed", "delayed", "gave up", "timeout", "timed out", "delivery attempts"}},
	{"policy", "972", false, []string{"policy", "not compliant", "rfc 5322", "rfc5322", "rfc 2822", "restricted", "prohibited", "duplicate header", "missing header"}},
	{"content", "960", false, []string{"message content", "content rejected", "content denied", "attachment", "unsupported format"}},
	{"system", "930", false, []string{"system error", "internal error", "local error", "service unavailable", "service currently unavailable", "temporary failure", "configuration error", "system is not", "out of memory", "i/o error", "cannot open", "server error", "loops back to myself", "command failed", "try again later", "resources temporarily", "local configuration", "unable to process", "system resources", "requested action aborted"}},
	{"filtered", "910", false, []string{"refused by the recipient", "rejected by the recipient", "only accepting mail from", "has not subscribed"}},
	{"syntax", "902", false, []string{"syntax error", "command unrecognized", "command not implemented", "unexpected character", "bad sequence"}},
	{"security", "970", false, []string{"security", "unauthorized", "authorization"}},
	{"rejected", "918", false, []string{"not a member", "may not have permission", "permission to post", "able to post", "don't have permission", "not authorized", "not allowed to", "permission denied", "rejected", "denied", "refused", "you need to be"}},
}
