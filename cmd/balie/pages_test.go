package main

import (
	"testing"

	"github.com/balie/balie/channels/webform"
	"github.com/balie/balie/desk/api"
	"github.com/balie/balie/desk/web"
	"github.com/balie/balie/internal/i18n"
	"github.com/balie/balie/internal/ui"
)

// TestEveryPageCanBePutTogether: a start does not read them, so a page that
// cannot be read is found here and not by whoever opens it.
func TestEveryPageCanBePutTogether(t *testing.T) {
	texts, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	u, err := ui.New(texts, ui.Brand{}, webform.Pages(), web.Pages(), api.Pages())
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Check(); err != nil {
		t.Error(err)
	}
}
