package normalize

import (
	"regexp"
	"strings"
)

// introductionKind is the way a quote is introduced.
type introductionKind uint8

const (
	attribution  introductionKind = iota + 1 // "On … X wrote:"
	headerBlock                              // From:, Sent:, To:, Subject:
	originalMark                             // "-----Original Message-----"
)

// Limits of an attribution: mail programs fold it over a few lines.
const (
	attributionLines = 5
	attributionBytes = 400
)

// introduction looks whether a quote is introduced at the first line and how
// many lines that takes.
func introduction(lines []string) (n int, kind introductionKind) {
	first := strings.TrimSpace(lines[0])
	if first == "" || len(first) > attributionBytes {
		return 0, 0
	}
	if originalMessage.MatchString(first) {
		return 1, originalMark
	}
	if delimiter(first) {
		// A line drawn above the header of the quoted mail belongs to it.
		for i, l := range lines[1:min(len(lines), 5)] {
			if strings.TrimSpace(l) == "" {
				continue
			}
			if m := headerLines(lines[1+i:]); m > 0 {
				return 1 + i + m, headerBlock
			}
			break
		}
		return 0, 0
	}
	if m := headerLines(lines); m > 0 {
		return m, headerBlock
	}
	if !mayAttribute(first) {
		return 0, 0
	}
	if m := attributionLength(lines); m > 0 {
		return m, attribution
	}
	return 0, 0
}

// mayAttribute is a cheap look before the patterns: an attribution has a
// digit or an address, or starts with one of few words or signs.
func mayAttribute(line string) bool {
	if strings.ContainsAny(line, "0123456789<@") || strings.HasPrefix(line, "--") || strings.HasSuffix(line, ":") {
		return true
	}
	word, _, _ := strings.Cut(strings.ToLower(clipBytes(line, 20)), " ")
	return starters[word]
}

// starters are the first words of attributions whose date stands on the next
// line.
var starters = map[string]bool{"on": true, "op": true, "am": true, "le": true, "el": true, "il": true, "em": true, "den": true, "på": true, "w": true, "dnia": true, "at": true}

// attributionLength joins lines until they make an attribution; 0 when they
// do not.
func attributionLength(lines []string) int {
	joined := ""
	for i, l := range lines[:min(len(lines), 2*attributionLines)] {
		t := strings.TrimSpace(l)
		if i > 0 && isQuoted(l) && strings.Count(joined, "<") <= strings.Count(joined, ">") {
			return 0
		}
		if t == "" {
			// QUIRK: some programs leave an empty line before the address.
			if i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "<") && i < 3 {
				continue
			}
			return 0
		}
		if i > 0 && len(joined) > 0 && strings.ContainsAny(joined[len(joined)-1:], ".!?") && !abbreviated(joined) {
			return 0
		}
		joined = strings.ReplaceAll(strings.TrimSpace(joined+" "+t), "：", ":")
		if len(joined) > attributionBytes {
			return 0
		}
		if attributes(joined) {
			return i + 1 + addressBelow(joined, lines[i+1:])
		}
		if i == 0 && weak.MatchString(joined) && quotedNext(lines[1:]) {
			return 1
		}
		if i+1 >= attributionLines && !strings.Contains(joined, "<") {
			return 0
		}
	}
	return 0
}

// addressBelow is 1 when the name or address of the writer stands on the line
// below the verb.
func addressBelow(joined string, below []string) int {
	if strings.HasSuffix(joined, ":") || len(below) == 0 || isQuoted(below[0]) {
		return 0
	}
	if t := strings.TrimSpace(below[0]); strings.HasSuffix(t, ":") && len(t) < 150 && attributes(joined+" "+t) {
		return 1
	}
	return 0
}

// quotedNext reports that the next line with something on it is a quote.
func quotedNext(lines []string) bool {
	for _, l := range lines[:min(len(lines), 4)] {
		if strings.TrimSpace(l) != "" {
			return isQuoted(l)
		}
	}
	return false
}

// abbreviated reports that a full stop ends an abbreviation, as in "16 aug.".
func abbreviated(s string) bool {
	i := strings.LastIndexByte(s, ' ')
	return len(s)-i <= 6
}

const verbs = `(?:wrote|writes|schreef|schrijft|geschreven|schrieb|geschrieben|a écrit|a ecrit|escribió|escribio|ha scritto|scrive|escreveu|skrev|skrifaði|napisał(?:\(a\)|a)?|napisal|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|kirjoitti|kirjutas|rašė|rakstīja|a scris|írta|написал(?:\(а\)|а)?|пишет|писал(?:\(а\)|а)?|написав|έγραψε|yazdı|đã viết|写道|寫道|のメール|作成|작성|כתב|كتب)`

var (
	// With a date and a verb of writing at its end, or a name or address after
	// it.
	dated  = regexp.MustCompile(`^(?i)(?:[>\s]*)(?:-{2,}\s?)?(?:on|op|am|le|el|il|em|den|på|w dniu|dnia|at|no dia|a)\s.{0,250}?\d.{0,250}?\s` + verbs + `(?:\s[^:]{0,150})?\s?(?::|-{2,}|$)`)
	loose  = regexp.MustCompile(`(?i)\d{1,2}[:.]\d{2}.{0,250}[\s>]` + verbs + `(?:\s.{0,150})?\s?:$`)
	called = regexp.MustCompile(`(?i)<?[^<>\s@]+@[^<>\s@]+>?\s?` + verbs + `\s?:$`)
	dashed = regexp.MustCompile(`^(?i)-{2,}\s?.{3,200}\s` + verbs + `\s?-{2,}$`)

	// Without a verb: a date and an address in brackets with a colon.
	bare = regexp.MustCompile(`(?:\d{1,2}[:.]\d{2}|\b(?:19|20)\d\d\b).{0,200}<[^<>\s@]+@[^<>\s@]+>\s*:$`)
	iso  = regexp.MustCompile(`^(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}(?:,? \d{1,2}:\d{2}(?::\d\d)?)?(?: (?:GMT|UTC)[+\-]?[\d:]*.{1,100}$| .{1,120}<\s?[^<>\s@]+@[^<>\s@]+>\s*:?$)`)

	shared3 = regexp.MustCompile(`-{3} On .{5,200} wrote:$`)
	// Enough only when a quote follows: "Jan schreef op 3-3-2025 om 10:12:".
	weak = regexp.MustCompile(`^(?i)[^.!?]{2,120}\s` + verbs + `(?:\s.{0,80}\d.{0,10})?\s?:$`)
)

// attributes reports whether the joined lines introduce a quote.
func attributes(s string) bool {
	if (s[0] == '1' || s[0] == '2') && iso.MatchString(s) || strings.HasSuffix(s, ":") && strings.Contains(s, "@") && bare.MatchString(s) {
		return true
	}
	if !saysWrote(s) {
		return false
	}
	if shared3.MatchString(s) || dashed.MatchString(s) || called.MatchString(s) || loose.MatchString(s) {
		return true
	}
	if !dated.MatchString(s) {
		return false
	}
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "-") || endsWithVerb.MatchString(s) || strings.HasSuffix(s, ">")
}

// saysWrote looks for the stem of any verb of writing, which costs a tenth of
// the patterns.
func saysWrote(s string) bool {
	low := strings.ToLower(s)
	for _, stem := range verbStems {
		if strings.Contains(low, stem) {
			return true
		}
	}
	return false
}

var verbStems = []string{"wrote", "writes", "schreef", "schrijft", "geschreven", "schrieb", "geschrieben", "écrit", "ecrit", "escribi", "scritto", "scrive", "escreveu", "skrev", "skrifa", "napisa", "napsal", "napísal", "kirjoitti", "kirjutas", "rašė", "rakstīja", "scris", "írta", "написа", "пишет", "писал", "έγραψε", "yazdı", "viết", "写道", "寫道", "メール", "作成", "작성", "כתב", "كتب"}

var endsWithVerb = regexp.MustCompile(`(?i)\s` + verbs + `$`)

var originalMessage = regexp.MustCompile(`^(?i)[>*\s]*[-_=—]{2,}\s*(?:original message|original appointment|reply message|reply above this line|oorspronkelijk bericht|origineel bericht|originele bericht|originalnachricht|original-nachricht|ursprüngliche nachricht|ursprüngliche mitteilung|message d'origine|message original|message initial|mensaje original|mensaje de origen|messaggio originale|messaggio originario|mensagem original|ursprungligt meddelande|originalmeddelande|opprinnelig melding|oprindelig meddelelse|original besked|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|исходное сообщение|původní zpráva)\s*[-_=—]{2,}\s*$`)

var forwardedMessage = regexp.MustCompile(`^(?i)[>*\s]*(?:[-_=]{2,}\s*(?:forwarded (?:message|by .{1,60})|doorgestuurd bericht|weitergeleitete nachricht|message transféré|message transmis|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|vidarebefordrat meddelande|videresendt melding|пересылаемое сообщение)\s*[-_=]{2,}|begin forwarded message:|begin doorgestuurd bericht:|anfang der weitergeleiteten nachricht:|début du message (?:transféré|réexpédié)\s?:|inicio del mensaje reenviado:|inizio messaggio inoltrato:)\s*$`)

// forwardMark reports the line above a forwarded mail.
func forwardMark(line string) bool {
	return len(line) < 120 && strings.ContainsAny(line, "-_=:") && forwardedMessage.MatchString(line)
}

// labelKind says which field a label of a quoted header names.
type labelKind uint8

const (
	labelFrom labelKind = iota + 1
	labelDate
	labelTo
	labelSubject
	labelOther
)

// labels are the field names mail programs write above a quoted mail.
var labels = map[string]labelKind{
	"from": labelFrom, "van": labelFrom, "von": labelFrom, "de": labelFrom, "da": labelFrom, "från": labelFrom, "fra": labelFrom, "lähettäjä": labelFrom, "od": labelFrom, "от": labelFrom, "kimden": labelFrom, "发件人": labelFrom, "差出人": labelFrom, "expéditeur": labelFrom, "mittente": labelFrom, "afzender": labelFrom, "absender": labelFrom, "от кого": labelFrom, "remitente": labelFrom,
	"sent": labelDate, "date": labelDate, "verzonden": labelDate, "verstuurd": labelDate, "datum": labelDate, "gesendet": labelDate, "envoyé": labelDate, "enviado": labelDate, "enviado el": labelDate, "enviada em": labelDate, "data": labelDate, "skickat": labelDate, "sendt": labelDate, "dato": labelDate, "inviato": labelDate, "wysłano": labelDate, "отправлено": labelDate, "дата": labelDate, "fecha": labelDate, "lähetetty": labelDate, "päivämäärä": labelDate, "sent at": labelDate, "发送时间": labelDate, "送信日時": labelDate, "sent on": labelDate, "odesláno": labelDate,
	"to": labelTo, "aan": labelTo, "an": labelTo, "à": labelTo, "a": labelTo, "para": labelTo, "till": labelTo, "til": labelTo, "do": labelTo, "кому": labelTo, "vastaanottaja": labelTo, "收件人": labelTo, "宛先": labelTo, "komu": labelTo, "dla": labelTo, "ontvanger": labelTo, "empfänger": labelTo, "destinataire": labelTo, "destinatario": labelTo,
	"subject": labelSubject, "onderwerp": labelSubject, "betreff": labelSubject, "objet": labelSubject, "sujet": labelSubject, "asunto": labelSubject, "oggetto": labelSubject, "assunto": labelSubject, "ämne": labelSubject, "emne": labelSubject, "temat": labelSubject, "тема": labelSubject, "aihe": labelSubject, "主题": labelSubject, "件名": labelSubject, "předmět": labelSubject,
	"cc": labelOther, "bcc": labelOther, "kopie": labelOther, "copie": labelOther, "reply-to": labelOther, "risposta": labelOther, "importance": labelOther, "prioriteit": labelOther, "priority": labelOther, "urgentie": labelOther, "attachments": labelOther, "bijlagen": labelOther, "anlagen": labelOther, "when": labelOther, "where": labelOther, "beantwoorden": labelOther, "antwoord aan": labelOther, "copia": labelOther, "kopia": labelOther, "organization": labelOther, "reply to": labelOther, "kopi": labelOther, "cc:": labelOther,
}

// label is the field a line names, if any.
func label(line string) labelKind {
	t := strings.TrimLeft(line, "> \t*_|")
	i := strings.IndexAny(t, ":：")
	if i <= 0 || i > 40 {
		return 0
	}
	return labels[strings.ToLower(strings.Trim(t[:i], " \t*_\u00a0"))]
}

// headerLines is the length of the header of a quoted mail that starts at the
// first line: a From with at least two other fields, or a From and a Subject.
func headerLines(lines []string) int {
	if k := label(lines[0]); k == 0 || k == labelOther {
		return 0
	}
	var seen [labelOther + 1]bool
	n, gap := 0, 0
	for i, l := range lines[:min(len(lines), 20)] {
		k := label(l)
		switch {
		case k != 0:
			seen[k] = true
			n, gap = i+1, 0
		case strings.TrimSpace(l) == "" && gap > 0:
			i = len(lines)
		default:
			gap++
		}
		if gap > 2 || i == len(lines) {
			break
		}
	}
	kinds := 0
	for _, k := range []labelKind{labelDate, labelTo, labelSubject} {
		if seen[k] {
			kinds++
		}
	}
	if seen[labelFrom] && kinds >= 2 {
		return n
	}
	return 0
}
