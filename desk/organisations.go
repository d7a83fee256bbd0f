package desk

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"

	"github.com/balie/balie"
	"github.com/balie/balie/internal/yamltree"
)

// organisationsLimit is in bytes; 20,000 customer organisations are about 3 MiB.
const organisationsLimit = 4 << 20

// ParseOrganisations reads organisations.yaml. Its error joins a
// *balie.InvalidError for every problem there is.
func ParseOrganisations(file string, body []byte) ([]balie.Organisation, error) {
	o := &organisations{Reader: yamltree.Reader{File: file, MaxBytes: organisationsLimit}, ids: map[string]int{}, domains: map[string]claim{}}
	for _, e := range o.Mapping(o.Open(body), "", "organisations") {
		for i, n := range o.List(e.Value, e.Field) {
			o.one(n, fmt.Sprintf("%s[%d]", e.Field, i))
		}
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	return o.all, nil
}

// organisations is the state of one ParseOrganisations.
type organisations struct {
	yamltree.Reader
	all     []balie.Organisation
	ids     map[string]int // to the line they stand on
	domains map[string]claim
}

// claim is the organisation that has a domain.
type claim struct {
	field string
	line  int
}

func (o *organisations) one(n yamltree.Node, field string) {
	var x balie.Organisation
	before, where := o.Count(), n
	for _, e := range o.Mapping(n, field, "id", "name", "domains", "key_account", "segment", "account_manager") {
		switch e.Key {
		case "id":
			x.ID, where = strings.TrimSpace(o.Text(e.Value, e.Field)), e.Value
		case "name":
			x.Name = strings.TrimSpace(o.Text(e.Value, e.Field))
		case "domains":
			x.Domains = o.domainsOf(e, field)
		case "key_account":
			x.KeyAccount = !e.Value.Empty() && o.Bool(e.Value, e.Field)
		case "segment":
			x.Segment = o.Text(e.Value, e.Field)
		case "account_manager":
			x.AccountManager = o.Text(e.Value, e.Field)
		}
	}
	line, _ := where.Place()
	first, twice := o.ids[x.ID]
	switch {
	case x.ID == "" && o.Count() > before: // one mistake is not told twice
	case x.ID == "":
		o.Problem(where, field+".id", "an organisation has no id", "give it one")
	case twice:
		o.Problem(where, field+".id", fmt.Sprintf("%q is there twice, first on line %d", yamltree.Short(x.ID), first), "give each its own id")
	default:
		o.ids[x.ID] = line
	}
	o.all = append(o.all, x)
}

// domainsOf reads the mail domains of an organisation. Each belongs to one
// organisation only: whoever writes from it is taken for theirs.
func (o *organisations) domainsOf(e yamltree.Entry, field string) []string {
	var out []string
	for _, n := range o.List(e.Value, e.Field) {
		before := o.Count()
		written := strings.TrimSpace(o.Text(n, e.Field))
		domain, key, ok := mailDomain(written)
		had, taken := o.domains[key]
		switch {
		case o.Count() > before:
		case !ok:
			o.Problem(n, e.Field, fmt.Sprintf("%q is not a mail domain", yamltree.Short(written)), domainFix(written))
		case taken && had.field == field:
			o.Problem(n, e.Field, fmt.Sprintf("%q stands here twice", yamltree.Short(written)), "remove one of them")
		case taken:
			o.Problem(n, e.Field, fmt.Sprintf("%q is a domain of another organisation too, on line %d", yamltree.Short(written), had.line), "a domain belongs to one organisation: remove one of them")
		default:
			line, _ := n.Place()
			o.domains[key] = claim{field, line}
			out = append(out, domain)
		}
	}
	return out
}

// mailDomain is a domain in small letters, and the form in which two that are
// the same are equal. A name without a dot is none: everybody below it would
// belong to the organisation, as with "nl".
func mailDomain(s string) (domain, key string, ok bool) {
	const longest = 253 // characters, RFC 1035 section 2.3.4
	key, err := idna.Lookup.ToASCII(s)
	if err != nil || len(key) > longest || !strings.Contains(key, ".") {
		return "", "", false
	}
	for label := range strings.SplitSeq(key, ".") {
		if label == "" || len(label) > 63 {
			return "", "", false
		}
	}
	return strings.ToLower(s), key, true
}

// domainFix names the domain that somebody may have meant who wrote an address.
func domainFix(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "/")
	s = s[strings.LastIndexByte(s, '@')+1:]
	s = strings.TrimPrefix(strings.TrimPrefix(s, "*."), "www.")
	if domain, _, ok := mailDomain(strings.Trim(s, ".")); ok {
		return fmt.Sprintf("write %q; domains below it are meant too", domain)
	}
	return "write the part after the @, such as example.nl"
}
