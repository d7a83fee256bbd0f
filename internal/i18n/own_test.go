package i18n_test

import (
	"slices"
	"testing"

	"github.com/balie/balie/internal/i18n"
)

func TestOwnTextsGoOverTheBuiltInOnesAndLeaveThemAlone(t *testing.T) {
	base, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	was := base.Text("nl", "mail.hello", "name", "Els")
	own := base.With(map[string]map[string]string{"mail.hello": {"nl": "Dag {name},"}, "mail.gone": {"nl": "x"}})
	if got := own.Text("nl", "mail.hello", "name", "Els {name}"); got != "Dag Els {name}," {
		t.Errorf("own: %q", got)
	}
	if got := base.Text("nl", "mail.hello", "name", "Els"); got != was {
		t.Errorf("the built-in text became %q", got)
	}
	if own.Text("en", "mail.hello", "name", "Els") != base.Text("en", "mail.hello", "name", "Els") {
		t.Error("the other language changed")
	}
	if slices.Contains(own.Keys(), "mail.gone") {
		t.Error("a key nobody knows came in")
	}
}
