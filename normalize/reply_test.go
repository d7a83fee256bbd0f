package normalize

import (
	"strings"
	"testing"
)

// What mail programs put between an answer and the mail it answers to.
var introductions = []string{
	// Dutch
	"Op ma 3 mrt 2025 om 10:12 schreef Desk <desk@example.nl>:\n\n> Q\n",
	"Op ma 3 mrt 2025 om 10:12 schreef Servicedesk Gemeente Voorbeeld <\nservicedesk@gemeente-voorbeeld.example>:\n\n> Q\n",
	"Op 3 mrt. 2025 om 10:12 heeft Desk <desk@example.nl> het volgende geschreven:\n\n> Q\n",
	"> Op 3 mrt. 2025 om 10:12 heeft Desk <desk@example.nl> het volgende geschreven:\n>\n> Q\n",
	"Op 03-03-2025 om 10:12 schreef Desk:\n> Q\n",
	"Op 2025-03-03 10:12, Desk schreef:\n> Q\n",
	"Op maandag 3 maart 2025 om 10:12:00 CET heeft Desk <desk@example.nl> het volgende geschreven:\n\nQ\n",
	"Op maandag 3 maart 2025 om 10:12, Desk <desk@example.nl> schreef:\n\n> Q\n",
	"Desk schreef op 3-3-2025 om 10:12:\n> Q\n",
	"Van: Desk <desk@example.nl>\nVerzonden: maandag 3 maart 2025 10:12\nAan: Jan Jansen\nCC: Piet\nOnderwerp: RE: vraag\n\nQ\n",
	"________________________________\nVan: Desk <desk@example.nl>\nVerzonden: maandag 3 maart 2025 10:12\nAan: Jan Jansen\nOnderwerp: RE: vraag\n\nQ\n",
	"*Van:* Desk <desk@example.nl>\n*Verzonden:* maandag 3 maart 2025 10:12\n*Aan:* Jan Jansen\n*Onderwerp:* RE: vraag\n\nQ\n",
	"Van:\tDesk\nAan:\tJan\nDatum:\t03-03-2025 10:12\nOnderwerp:\tvraag\n\nQ\n",
	"-----Oorspronkelijk bericht-----\nVan: Desk\nVerzonden: maandag 3 maart 2025\nAan: Jan\nOnderwerp: vraag\n\nQ\n",
	"-------- Oorspronkelijk bericht --------\nVan: Desk <desk@example.nl>\nDatum: 03-03-2025 10:12 (GMT+01:00)\nAan: Jan\nOnderwerp: vraag\n\nQ\n",
	"Verstuurd vanaf mijn iPhone\n\n> Op 3 mrt. 2025 om 10:12 heeft Desk <desk@example.nl> het volgende geschreven:\n>\n> Q\n",
	"Verzonden vanuit Outlook voor Android\n________________________________\nFrom: Desk <desk@example.nl>\nSent: Monday, March 3, 2025 10:12:00 AM\nTo: Jan\nSubject: Re: vraag\n\nQ\n",
	"Outlook voor iOS downloaden<https://aka.ms/x>\n________________________________\nVan: Desk <desk@example.nl>\nVerzonden: maandag, maart 3, 2025 10:12\nAan: Jan\nOnderwerp: vraag\n\nQ\n",
	"Verzonden met Proton Mail beveiligde e-mail.\n\nOp maandag 3 maart 2025 om 10:12 schreef Desk <desk@example.nl>:\n\n> Q\n",
	// English
	"On Mon, Mar 3, 2025 at 10:12 AM Desk <desk@example.nl> wrote:\n\n> Q\n",
	"On Mon, 3 Mar 2025 at 10:12, Desk <desk@example.nl>\nwrote:\n\n> Q\n",
	"On Mar 3, 2025, at 10:12 AM, Desk <desk@example.nl> wrote:\n\nQ\n",
	"On 3/3/25 10:12, Desk wrote:\n> Q\n",
	"On 2025-03-03 10:12, Desk wrote:\n> Q\n",
	"On Monday, March 3, 2025 at 10:12:00 AM GMT+1, Desk <desk@example.nl> wrote:\n\nQ\n",
	"Desk wrote on 3/3/2025 10:12 AM:\n> Q\n",
	"From: Desk <desk@example.nl>\nSent: Monday, March 3, 2025 10:12 AM\nTo: John\nSubject: RE: question\n\nQ\n",
	"From: Desk <desk@example.nl>\nDate: Monday, 3 March 2025 at 10:12\nTo: John\nSubject: question\n\nQ\n",
	"---- On Mon, 03 Mar 2025 10:12:00 +0100 Desk <desk@example.nl> wrote ---\n\nQ\n",
	"-------- Original message --------\nFrom: Desk <desk@example.nl>\nDate: 03/03/2025 10:12 (GMT+01:00)\nTo: John\nSubject: question\n\nQ\n",
	"Sent from my Galaxy\n\n-------- Original message --------\nFrom: Desk\nDate: 03/03/2025\nTo: John\nSubject: question\n\nQ\n",
	"Get Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Desk <desk@example.nl>\nSent: Monday, March 3, 2025 10:12:00 AM\nTo: John\nSubject: Re: question\n\nQ\n",
	// German, French, Spanish, Italian
	"Am Mo., 3. März 2025 um 10:12 Uhr schrieb Desk <desk@example.nl>:\n\n> Q\n",
	"Am 03.03.2025 um 10:12 schrieb Desk:\n> Q\n",
	"Von: Desk <desk@example.nl>\nGesendet: Montag, 3. März 2025 10:12\nAn: Jan\nBetreff: AW: Frage\n\nQ\n",
	"-----Ursprüngliche Nachricht-----\nVon: Desk\nGesendet: Montag\nAn: Jan\nBetreff: Frage\n\nQ\n",
	"Le lun. 3 mars 2025 à 10:12, Desk <desk@example.nl> a écrit :\n\n> Q\n",
	"De : Desk <desk@example.nl>\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : Jean\nObjet : question\n\nQ\n",
	"El lun, 3 mar 2025 a las 10:12, Desk (<desk@example.nl>) escribió:\n\n> Q\n",
	"De: Desk <desk@example.nl>\nEnviado el: lunes, 3 de marzo de 2025 10:12\nPara: Juan\nAsunto: pregunta\n\nQ\n",
	"Il giorno lun 3 mar 2025 alle ore 10:12 Desk <desk@example.nl> ha scritto:\n\n> Q\n",
}

func TestReplyIsWhatThePersonWrote(t *testing.T) {
	const words = "Ja, dat is goed. Het werkt op 3 maart om 10:30 weer.\n\nKunnen jullie mij bellen? Thanks!"
	for _, in := range introductions {
		quote := strings.ReplaceAll(in, "Q\n", "Beste Jan,\n> \n> Is het opgelost?\n")
		if !strings.Contains(in, "> Q") {
			quote = strings.ReplaceAll(in, "Q\n", "Beste Jan,\n\nIs het opgelost?\n\nMet vriendelijke groet,\nDesk\n")
		}
		if reply, rest := Reply(words + "\n\n" + quote); reply != words || !strings.Contains(rest, "opgelost") {
			t.Errorf("%q\n got %q\nrest %q", in, reply, rest)
		}
		if reply, _ := Reply(words + "\n" + quote); reply != words {
			t.Errorf("no empty line before %q\n got %q", in, reply)
		}
	}
}

// What looks like a quote or a signature and is not.
func TestReplyKeepsWhatThePersonWrote(t *testing.T) {
	for _, s := range []string{
		"Op 3 maart schreef ik u al over de verwarming, maar er is niets gebeurd.\nGraag actie.",
		"Van: maandag\nTot: vrijdag\nDatum: 3 maart\nGraag een auto reserveren.",
		"On Monday I wrote to you about the badge.\n\nIt still does not work.",
		"Sent from my desk, is much easier then my mobile phone.",
		"Met betrekking tot de groet: die klopt niet.\nWie past dat aan?",
		"Naam: Jan\nDatum: 3 maart\nOnderwerp: stoel\n\nMijn stoel is kapot.",
		"---------- Forwarded message ---------\nFrom: a@b.nl\nDate: 3 mrt\nSubject: x\nTo: c@d.nl\n\nDit is de vraag.",
		"Zie hieronder:\n\n> stap 1\n\nDeze lukt niet.\n\n> stap 2\n\nDeze wel.",
		"- toner\n- papier\n-- nietjes",
		"Groet,\nJan\n\nPS: kunt u mij voor 12:00 bellen op 06-12345678?",
	} {
		if reply, rest := Reply(s); reply != s || strings.TrimSpace(rest) != "" {
			t.Errorf("%q\n got %q\nrest %q", s, reply, rest)
		}
	}
}

// An answer below an introduction without a quote is not cut off with it.
func TestReplyBelowItsIntroductionStays(t *testing.T) {
	if reply, _ := Reply("On 8 May 2025 17:34, Desk <desk@example.nl> wrote:\n\nDit is mijn antwoord."); reply != "Dit is mijn antwoord." {
		t.Errorf("got %q", reply)
	}
}

func TestSignatureGoesAndNameStays(t *testing.T) {
	for in, want := range map[string]string{
		"Hoi\n-- \nJan\n06-12345678":                                                            "Hoi",
		"Hoi\n\nVerstuurd vanaf mijn iPhone":                                                    "Hoi",
		"Hoi\n\nGet Outlook for Android":                                                        "Hoi",
		"Hoi\n\nMet vriendelijke groet,\n\nJan\nBeheerder\nTel. 020 123 45 67":                  "Hoi\n\nMet vriendelijke groet,\n\nJan",
		"Hi\n\nKind regards,\nJohn\nExample Ltd\nwww.example.com\nThis e-mail is confidential.": "Hi\n\nKind regards,\nJohn",
		"Groeten Jan":                 "Groeten Jan",
		"Verstuurd vanaf mijn iPhone": "Verstuurd vanaf mijn iPhone",
		"Hoi\n\n____________________\nlijst mailing list\nlijst@b.nl": "Hoi",
	} {
		if got, _ := Reply(in); got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestLanguageOfShortQuestions(t *testing.T) {
	for text, want := range map[string]string{
		"Mijn laptop start niet op":                "nl",
		"Printer doet het niet":                    "nl",
		"Nieuwe telefoon aanvragen":                "nl",
		"Wachtwoord vergeten":                      "nl",
		"Kan ik een tweede scherm krijgen?":        "nl",
		"Hoi, de beamer in zaal 3 is stuk":         "nl",
		"My laptop does not start":                 "en",
		"The printer is out of order":              "en",
		"Forgot my password":                       "en",
		"Could I get a second screen?":             "en",
		"New phone request":                        "en",
		"Ich habe mein Passwort vergessen":         "de",
		"Wo kann ich mein Auto parken?":            "de",
		"J'ai oublié mon mot de passe":             "fr",
		"¿Cómo puedo cambiar mi contraseña?":       "es",
		"Wifi":                                     "",
		"12345":                                    "",
		"":                                         "",
		"https://example.nl/over-ons/het-team-van": "",
	} {
		if got := Language(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTextOfHTMLReadsAsPeopleSeeIt(t *testing.T) {
	for in, want := range map[string]string{
		"<p>Een</p><p>Twee<br>drie</p>":                                    "Een\n\nTwee\ndrie",
		"<div>a</div><div>b</div>":                                         "a\nb",
		"<style>p{}</style><script>x()</script><title>t</title>tekst":      "tekst",
		"Hoi<blockquote>citaat<blockquote>ouder</blockquote></blockquote>": "Hoi\n> citaat\n>> ouder",
		"<ul><li>een</li><li>twee</li></ul>":                               "- een\n- twee",
		"<pre>a\n  b</pre>":                                                "a\n  b",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>":  "a b\nc",
		"a&nbsp;&amp;&nbsp;b   c":                                          "a & b c",
		"&amp;lt;b&amp;gt;":                                                "&lt;b&gt;",
		"woord<b>deel</b>":                                                 "woorddeel",
	} {
		if got := TextOfHTML(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
