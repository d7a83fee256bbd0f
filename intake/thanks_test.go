package intake

import "testing"

// Who signs a thank-you with a whole name does not open the request again; who
// says more does.
func TestAThankYouIsSignedWithAWholeName(t *testing.T) {
	for _, tt := range []struct {
		text, name string
		want       bool
	}{
		{"Bedankt!\n\nMaartje van der Velde", "Maartje van der Velde", true},
		{"Bedankt!\n\nPiet", "", true},
		{"Thanks, works now. Kind regards, Grace Okoro", "Grace Okoro", true},
		{"Bedankt, maar de sleutel past niet. Maartje van der Velde", "Maartje van der Velde", false},
		{"Bedankt! Maartje Velde", "Jan Smit", false},
	} {
		if got := isThanks(tt.text, tt.name); got != tt.want {
			t.Errorf("%q of %s: %t", tt.text, tt.name, got)
		}
	}
}
