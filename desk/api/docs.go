package api

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed pages/*.html
var pages embed.FS

// Pages are the templates, for ui.New.
func Pages() fs.FS {
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		panic(err) // the folder is built in
	}
	return sub
}

// docsPage is the document for people: what apidocs.html shows.
type docsPage struct {
	About  string
	Groups []docsGroup
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Words, Right, Object string
	Params                                          []docsField
	Fields                                          []docsField // of the body
	Curl                                            string
}

type docsField struct {
	Name, In, Type, Words string
	Needed                bool
}

// describe makes the page of a whole document.
func describe(whole map[string]any) docsPage {
	p := docsPage{About: aboutAPI}
	groups := map[string][]docsOperation{}
	paths, _ := at(whole, "paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		methods, _ := at(paths, path)
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			o, ok := at(methods, method)
			if !ok {
				continue
			}
			group, _, _ := strings.Cut(strings.TrimPrefix(path, prefix+"/"), "/")
			groups[group] = append(groups[group], describeOne(whole, path, method, o))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		p.Groups = append(p.Groups, docsGroup{name, groups[name]})
	}
	return p
}

func text(v map[string]any, name string) string {
	s, _ := v[name].(string)
	return s
}

func describeOne(whole map[string]any, path, method string, o map[string]any) docsOperation {
	out := docsOperation{ID: text(o, "operationId"), Method: strings.ToUpper(method), Path: path, Summary: text(o, "summary"), Words: text(o, "description"),
		Right: text(o, "x-right"), Object: text(o, "x-object")}
	params, _ := o["parameters"].([]any)
	for _, v := range params {
		p, ok := v.(map[string]any)
		if !ok {
			continue
		}
		schema, _ := at(p, "schema")
		needed, _ := p["required"].(bool)
		out.Params = append(out.Params, docsField{text(p, "name"), text(p, "in"), typeOf(schema), text(p, "description"), needed})
	}
	body, _ := at(o, "requestBody", "content", "application/json", "schema")
	out.Fields = fieldsOf(whole, body)
	out.Curl = curl(out)
	return out
}

// fieldsOf are the fields of an object, one level deep.
func fieldsOf(whole, schema map[string]any) []docsField {
	schema = resolved(whole, schema)
	props, _ := at(schema, "properties")
	required, _ := schema["required"].([]any)
	var out []docsField
	for _, name := range slices.Sorted(maps.Keys(props)) {
		p, _ := at(props, name)
		if name == "$schema" {
			continue
		}
		out = append(out, docsField{name, "body", typeOf(p), text(p, "description"), slices.Contains(required, any(name))})
	}
	slices.SortStableFunc(out, func(x, y docsField) int {
		if x.Needed != y.Needed {
			return cmp.Compare(bit(y.Needed), bit(x.Needed))
		}
		return 0
	})
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// resolved follows one reference.
func resolved(whole, schema map[string]any) map[string]any {
	name, ok := strings.CutPrefix(text(schema, "$ref"), "#/components/schemas/")
	if !ok {
		return schema
	}
	found, _ := at(whole, "components", "schemas", name)
	return found
}

// typeOf is a type in words.
func typeOf(schema map[string]any) string {
	if values, ok := schema["enum"].([]any); ok {
		var all []string
		for _, v := range values {
			all = append(all, fmt.Sprint(v))
		}
		return strings.Join(all, " | ")
	}
	if ref := text(schema, "$ref"); ref != "" {
		return ref[strings.LastIndexByte(ref, '/')+1:]
	}
	switch t := schema["type"].(type) {
	case string:
		if items, ok := at(schema, "items"); ok && t == "array" {
			return "list of " + typeOf(items)
		}
		return t
	case []any:
		var all []string
		for _, v := range t {
			if v == "array" {
				items, _ := at(schema, "items")
				return "list of " + typeOf(items)
			}
			if v != "null" {
				all = append(all, fmt.Sprint(v))
			}
		}
		return strings.Join(all, " | ")
	}
	return ""
}

// curl is a call as one would type it.
func curl(o docsOperation) string {
	var b strings.Builder
	b.WriteString(`curl -H "Authorization: Bearer $TOKEN"`)
	if o.Method != "GET" {
		b.WriteString(" -X " + o.Method)
	}
	for _, p := range o.Params {
		switch {
		case p.Name == "If-Match":
			b.WriteString(` \` + "\n  -H 'If-Match: \"7\"'")
		case p.Name == keyHeader:
			b.WriteString(` \` + "\n  -H 'Idempotency-Key: \"8e03978e-40d5\"'")
		}
	}
	if len(o.Fields) > 0 {
		b.WriteString(` \` + "\n  --json '" + example(o.Fields) + "'")
	}
	b.WriteString(` \` + "\n  \"$BALIE" + strings.NewReplacer("{name}", "7K3Q-P", "{kind}", "rules", "{", "$", "}", "").Replace(o.Path) + `"`)
	return b.String()
}

// example is a body with the fields that are needed, or the first one.
func example(fields []docsField) string {
	var all []string
	for i, f := range fields {
		if !f.Needed && i > 0 {
			continue
		}
		name, _ := json.Marshal(f.Name)
		value := `"…"`
		first, _, several := strings.Cut(f.Type, " | ")
		switch {
		case several:
			value = `"` + first + `"`
		case f.Type == "integer" || f.Type == "number":
			value = "1"
		case f.Type == "boolean":
			value = "true"
		case strings.HasPrefix(f.Type, "list of "):
			value = "[]"
		case f.Type != "string":
			value = "{}"
		}
		all = append(all, string(name)+": "+value)
	}
	return "{" + strings.Join(all, ", ") + "}"
}
