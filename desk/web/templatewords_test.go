package web_test

import (
	"strings"
	"testing"

	"github.com/balie/balie/desk"
)

// Whoever changes what letters say finds every one of them, by a name they
// know, with what its placeholders look like.
func TestEveryTextOfALetterHasANameAndSamples(t *testing.T) {
	r := newRig(t)
	u := r.as(ada)
	for _, l := range []string{"nl", "en"} {
		list := u.get("/settings/templates?lang=" + l).body
		for _, key := range desk.LetterKeys(r.texts) {
			if r.texts.Raw("templates.key_"+key) == nil {
				t.Errorf("%s has no name in templates.yaml: key_%s", key, key)
			}
			path := "/settings/templates/text/" + key + "/" + l
			if !strings.Contains(list, `href="`+path+`"`) {
				t.Errorf("%s is not in the list", path)
			}
			page := u.get(path).body
			for _, gap := range desk.LetterGaps(r.texts, key) {
				if strings.Contains(page, "["+gap+"]") {
					t.Errorf("%s: {%s} has no sample in gapSamples (desk/web/templates.go)", key, gap)
				}
			}
		}
	}
}
