package catalogue

import (
	"time"

	"github.com/balie/balie"
)

// Missing are the required fields that were not given or whose value cannot be.
func Missing(p balie.Product, fields map[string]string) []balie.Field {
	var out []balie.Field
	for _, f := range p.Fields {
		if f.Required && fields[f.ID] == "" {
			out = append(out, f)
		}
	}
	return out
}

// ReadFields reads the values of the asked fields from a customer's words.
func ReadFields(p balie.Product, ask []string, text, language string, now time.Time) map[string]string {
	return map[string]string{}
}
