package web

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/desk"
	"github.com/balie/balie/desk/auth"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

func (w *Web) channelsRoutes() []route {
	return []route{
		{method: fiber.MethodGet, path: "/settings/channels", right: desk.SeeAudit, handle: w.channels},
		{method: fiber.MethodPost, path: "/settings/channels/test", right: desk.Manage, handle: w.tryChannel},
	}
}

// channelsPage is what settingschannels.html shows.
type channelsPage struct {
	shell
	Can    bool
	Lines  []channelLine
	Ways   []pick // channels a test can go out by
	To     string // as typed
	Fault  string
	Result string // of the test, in words
	Sent   bool
}

// channelLine is one channel and how it fares.
type channelLine struct {
	Name, Kind, Icon, Where string
	State, Class, Since     string
	Heard, Within           string
	Error                   string
	Restarts                int
	In, Out                 bool
}

// lineIcons by kind.
var lineIcons = map[string]string{"email": "mail", "smtp": "send", "slack": "chat", "form": "web", "phone": "phone"}

func (w *Web) channels(c *fiber.Ctx, s auth.Session) error {
	return w.UI.Render(c, "settingschannels", w.channelsView(c, s))
}

func (w *Web) channelsView(c *fiber.Ctx, s auth.Session) channelsPage {
	l := ui.Language(c)
	p := channelsPage{shell: w.around(c, s), Can: s.Actor().Can(desk.Manage)}
	if w.Lines == nil {
		return p
	}
	fares := map[string]channels.Status{}
	for _, h := range w.Lines.Health() {
		fares[h.Name] = h
	}
	for _, k := range w.Lines.Known() {
		line := channelLine{Name: k.Name, Kind: w.Texts.Text(l, "settings.kind_"+k.Kind), Icon: lineIcons[k.Kind], Where: k.Where, Out: k.Sends != ""}
		if h, ok := fares[k.Name]; ok {
			line.In = true
			w.faring(&line, h, l)
		}
		if line.Icon == "" {
			line.Icon = "link"
		}
		p.Lines = append(p.Lines, line)
		if k.Sends != "" {
			p.Ways = append(p.Ways, pick{Value: k.Sends, Words: line.Kind + " (" + k.Where + ")"})
		}
	}
	return p
}

// faring says in words how a channel fares.
func (w *Web) faring(line *channelLine, h channels.Status, l string) {
	key, class := "", ""
	switch h.State {
	case channels.Up:
		key, class = "up", "ok"
	case channels.Silent:
		key, class = "silent", "warn"
	case channels.BackingOff:
		key, class = "backing_off", "bad"
	default:
		key, class = "down", "bad"
	}
	line.State, line.Class, line.Restarts, line.Error = w.Texts.Text(l, "settings.state_"+key), class, h.Restarts, h.LastError
	if !h.Since.IsZero() {
		line.Since = i18n.Moment(l, h.Since.In(w.Zone))
	}
	if !h.Heard.IsZero() {
		line.Heard = i18n.Moment(l, h.Heard.In(w.Zone))
	}
	if h.Within > 0 {
		line.Within = w.Texts.Text(l, "settings.within", "minutes", figure(l, h.Within.Round(time.Second).Minutes()))
	}
}

// trialWait bounds how long a test may take: whoever asked waits for it.
const trialWait = 20 * time.Second

// tryChannel sends a real message to an address somebody typed, past the
// queue, and shows what came of it.
func (w *Web) tryChannel(c *fiber.Ctx, s auth.Session) error {
	f, l, a := values(c), ui.Language(c), s.Actor()
	channel, typed := f.Get("channel"), strings.TrimSpace(f.Get("to"))
	p := w.channelsView(c, s)
	p.To = typed
	known := false
	for i := range p.Ways {
		p.Ways[i].On = p.Ways[i].Value == channel
		known = known || p.Ways[i].On
	}
	to, ok := trialAddress(channel, typed)
	if !known || !ok {
		c.Status(fiber.StatusUnprocessableEntity)
		p.Fault = w.Texts.Text(l, "settings.wrong_to_"+trialKind(channel))
		return w.UI.Render(c, "settingschannels", p)
	}
	now := w.Now()
	m := balie.Message{ID: balie.NewID(now), Direction: balie.Out, Side: balie.DeskSide, Channel: channel, To: []balie.Address{to}, At: now, Language: i18n.Language(l),
		Subject: w.Texts.Text(l, "settings.test_subject"), Text: w.Texts.Text(l, "settings.test_text", "who", a.Name, "when", i18n.Moment(l, now.In(w.Zone)))}
	ctx, cancel := context.WithTimeout(c.UserContext(), trialWait)
	defer cancel()
	receipt, err := w.Lines.Try(ctx, channel, to, m)
	result := receipt
	if err != nil {
		result = err.Error()
	}
	if terr := w.Upkeep.Tried(c.UserContext(), a, channel, to.Value, result, err == nil, now); terr != nil {
		return terr
	}
	p.Sent = err == nil
	if p.Sent {
		p.Result = w.Texts.Text(l, "settings.test_sent", "to", to.Value)
	} else {
		c.Status(fiber.StatusBadGateway)
		p.Result = w.Texts.Text(l, "settings.test_failed", "why", err.Error())
	}
	return w.UI.Render(c, "settingschannels", p)
}

func trialKind(channel string) string {
	if channel == "slack" {
		return "slack"
	}
	return "email"
}

// trialAddress reads the address of a test: a mail address, or a Slack
// workspace and channel.
func trialAddress(channel, text string) (balie.Address, bool) {
	if strings.ContainsAny(text, "\r\n<>\", ") || len(text) > 254 {
		return balie.Address{}, false
	}
	if channel == "slack" {
		team, rest, ok := strings.Cut(text, "/")
		return balie.Address{Scheme: balie.Slack, Value: text}, ok && strings.HasPrefix(team, "T") && rest != ""
	}
	local, domain, ok := strings.Cut(text, "@")
	return balie.Address{Scheme: balie.Mail, Value: strings.ToLower(text)}, ok && local != "" && strings.Contains(domain, ".") && !strings.Contains(domain, "@")
}
