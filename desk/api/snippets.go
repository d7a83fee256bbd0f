package api

import (
	"context"

	"github.com/balie/balie"
	"github.com/balie/balie/desk"
)

// SnippetLine is a piece of text that agents insert.
type SnippetLine struct {
	ID       string `json:"id"`
	Version  uint64 `json:"version"`
	Name     string `json:"name"`
	Language string `json:"language,omitempty"` // none: any
	Text     string `json:"text"`               // Markdown with {placeholders}
	By       string `json:"by"`
}

// SuggestionLine is an answer of the catalogue for a request.
type SuggestionLine struct {
	Product   string   `json:"product"`
	Score     float64  `json:"score"`
	Threshold float64  `json:"threshold"` // from which it could go out by itself
	Terms     []string `json:"terms"`     // that spoke for it
	Answer    string   `json:"answer,omitempty"`
	NoAnswer  string   `json:"no_answer,omitempty"` // why there is none
}

// snippets registers what helps writing.
func (a *api) snippets() {
	if a.Desk == nil {
		return
	}
	type list struct {
		Body struct {
			Snippets []SnippetLine `json:"snippets"`
			Gaps     []string      `json:"placeholders"`
		}
	}
	add(a, op("GET", "/snippets", "list-snippets", "List the pieces of text that agents insert", desk.SeeDocuments, noObject),
		func(ctx context.Context, _ *struct{}) (*list, error) {
			all, err := a.Desk.Snippets(ctx, actor(ctx), "")
			out := &list{}
			out.Body.Snippets, out.Body.Gaps = []SnippetLine{}, desk.Gaps()
			for _, s := range all {
				out.Body.Snippets = append(out.Body.Snippets, SnippetLine{s.ID, s.Version, s.Name, s.Language, s.Text, s.By})
			}
			return out, err
		})
	type suggestions struct {
		Body struct {
			Suggestions []SuggestionLine `json:"suggestions"`
		}
	}
	add(a, op("GET", "/requests/{name}/suggestions", "suggest", "Say what the catalogue would answer, filled in for the customer", desk.ActOnRequests, requestObject),
		func(ctx context.Context, in *OneRequest) (*suggestions, error) {
			r, err := a.request(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			v, err := a.Desk.View(ctx, actor(ctx), r.ID, a.Now())
			if err != nil {
				return nil, err
			}
			out := &suggestions{}
			out.Body.Suggestions = []SuggestionLine{}
			for _, s := range a.Desk.SuggestFor(ctx, v, a.Now()) {
				out.Body.Suggestions = append(out.Body.Suggestions, SuggestionLine{s.Product.ID, s.Score, s.Threshold, s.Terms, s.Answer, s.NoAnswer})
			}
			return out, nil
		})
	a.snippetEdits()
}

func (a *api) snippetEdits() {
	type text struct {
		Name     string `json:"name"`
		Language string `json:"language,omitempty"`
		Text     string `json:"text"`
	}
	save := func(ctx context.Context, id string, version uint64, b text) (*changed, error) {
		s, err := a.Desk.SaveSnippet(ctx, actor(ctx), desk.Snippet{ID: id, Version: version, Name: b.Name, Language: b.Language, Text: b.Text}, a.Now())
		if err != nil {
			return nil, err
		}
		return &changed{etag(s.Version), Changed{s.ID, s.Version}}, nil
	}
	type made struct{ Body text }
	add(a, op("POST", "/snippets", "add-snippet", "Keep a piece of text", desk.ActOnRequests, noObject).once(),
		func(ctx context.Context, in *made) (*changed, error) { return save(ctx, "", 0, in.Body) })
	type edit struct {
		ID      string `path:"id"`
		IfMatch string `header:"If-Match" doc:"Its version, as in the list."`
		Body    text
	}
	add(a, op("PUT", "/snippets/{id}", "change-snippet", "Replace a piece of text", desk.ActOnRequests, snippetObject),
		func(ctx context.Context, in *edit) (*changed, error) {
			base, err := ifMatch(in.IfMatch)
			if err != nil {
				return nil, err
			}
			return save(ctx, in.ID, base, in.Body)
		})
	type one struct {
		ID string `path:"id"`
	}
	add(a, op("DELETE", "/snippets/{id}", "delete-snippet", "Remove a piece of text; one that is gone is no error", desk.ActOnRequests, snippetObject),
		func(ctx context.Context, in *one) (*struct{}, error) {
			return nil, a.Desk.DeleteSnippet(ctx, actor(ctx), in.ID, a.Now())
		})
}

// releasing registers what is done with messages that were not taken in.
func (a *api) releasing() {
	if a.Upkeep == nil {
		return
	}
	add(a, op("POST", "/messages/{message}/release", "release-message", "Make a request of a message that was held back", desk.Manage, messageObject).once(),
		func(ctx context.Context, in *OneMessage) (*acted, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			if _, err := a.Store.Message(ctx, id); err != nil {
				return nil, err
			}
			var r balie.Request
			r, err = a.Upkeep.Release(ctx, actor(ctx), id, a.Now())
			return did(r, err)
		})
}
