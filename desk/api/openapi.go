package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/balie/balie/internal/ui"
)

// document is the one OpenAPI document of all that is under /api/v1, and the
// page that is made of it.
type document struct {
	text  []byte
	shown docsPage
}

// about are the words at the beginning.
const aboutAPI = "All that the desk does. Errors are problems (RFC 9457). Lists go on by next, given back as after. What people edit has an ETag and is written back with If-Match; " +
	"an act with an Idempotency-Key happens once. x-right says which right a token needs, x-object whose access is checked besides: " +
	"what is not yours to see is not found."

// make joins ours with the documents of what else is served here.
func (d *document) make(ours *huma.OpenAPI, also [][]byte) error {
	ours.Info.Description = aboutAPI
	b, err := json.Marshal(ours)
	if err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(b), "/ErrorModel\"", "/Problem\"")), &whole); err != nil {
		return fmt.Errorf("read the OpenAPI document: %w", err)
	}
	for _, text := range also {
		var other map[string]any
		if err := json.Unmarshal(text, &other); err != nil {
			return fmt.Errorf("read another OpenAPI document: %w", err)
		}
		join(whole, other)
	}
	if schemas, ok := at(whole, "components", "schemas"); ok {
		delete(schemas, "ErrorModel")
		delete(schemas, "ErrorDetail")
		if schemas["Problem"] == nil {
			schemas["Problem"] = map[string]any{"type": "object", "description": "RFC 9457"}
		}
	}
	if d.text, err = json.Marshal(whole); err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	d.shown = describe(whole)
	return nil
}

// at is an object inside an object.
func at(v map[string]any, names ...string) (map[string]any, bool) {
	for _, n := range names {
		next, ok := v[n].(map[string]any)
		if !ok {
			return nil, false
		}
		v = next
	}
	return v, true
}

// join adds paths, schemas and ways to sign in that are not there yet. The
// other's token is another: it is named apart.
func join(whole, other map[string]any) {
	b, err := json.Marshal(other)
	if err != nil {
		return // it was JSON a moment ago
	}
	text := strings.ReplaceAll(string(b), `"security":[{"token":[]}]`, `"security":[{"intake":[]}]`)
	if json.Unmarshal([]byte(text), &other) != nil {
		return
	}
	if schemes, ok := at(other, "components", "securitySchemes"); ok && schemes["token"] != nil {
		scheme, _ := schemes["token"].(map[string]any)
		scheme["description"] = "A secret of form.api in balie.yaml; it hands in questions and does nothing else."
		schemes["intake"] = scheme
		delete(schemes, "token")
	}
	for _, part := range [][]string{{"paths"}, {"components", "schemas"}, {"components", "securitySchemes"}} {
		from, ok := at(other, part...)
		to, there := at(whole, part...)
		if !ok || !there {
			continue
		}
		for k, v := range from {
			if to[k] == nil {
				to[k] = v
			}
		}
	}
}

func (d *document) json(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "application/openapi+json")
	return c.Send(d.text)
}

func (d *document) page(c *fiber.Ctx, u *ui.UI) error {
	if u == nil {
		return fiber.ErrNotFound
	}
	return u.Render(c, "apidocs", d.shown)
}
