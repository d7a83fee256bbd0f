package normalize

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/authres"
	"golang.org/x/net/publicsuffix"

	"github.com/balie/balie"
)

// proof is the verdict of the desk's own mail server about the sender (RFC
// 8601). Only fields with a trusted authserv-id above the first foreign
// Received count; without such ids nobody is ever proven.
func (n *Normalizer) proof(h header, from []balie.Address) balie.Proof {
	if len(n.opts.TrustedAuthserv) == 0 {
		return balie.Unproven
	}
	domains := map[string]bool{}
	for _, a := range from {
		if a.Value != "" {
			domains[a.Domain()] = true
		}
	}
	if len(domains) > 1 {
		return balie.Failed // several authors: whose mail would it be?
	}
	domain := ""
	for d := range domains {
		domain = d
	}
	v := n.verdict(h)
	switch {
	case v.dmarcFail:
		return balie.Failed
	case domain == "" || v.conflict:
		return balie.Unproven
	case v.dmarcPass != "":
		if v.dmarcPass == domain || aligned(v.dmarcPass, domain) {
			return balie.Proven
		}
		return balie.Unproven
	}
	for _, d := range v.passed {
		if aligned(d, domain) {
			return balie.Proven
		}
	}
	return balie.Unproven
}

// verdict is what the trusted fields say, put together.
type verdict struct {
	dmarcPass string // header.from of the pass
	dmarcFail bool
	conflict  bool // two fields disagree: somebody else wrote one of them
	passed    []string
}

// verdict reads the one run of trusted fields at the top. A field further
// down, behind fields of another kind, was there when the mail arrived.
func (n *Normalizer) verdict(h header) verdict {
	var v verdict
	results := map[string]string{}
	begun := false
	for _, f := range h {
		switch {
		case f.name == "authentication-results":
			id, res, err := authres.Parse(f.value)
			if err != nil || !n.trusted(id) {
				if begun {
					return v
				}
				continue
			}
			begun = true
			v.add(res, results)
		case f.name == "received":
			if n.foreign(f.value) {
				return v
			}
		case begun && !strings.HasPrefix(f.name, "arc-") && !strings.HasPrefix(f.name, "x-") && f.name != "received-spf":
			return v
		}
	}
	return v
}

func (v *verdict) add(res []authres.Result, seen map[string]string) {
	for _, r := range res {
		switch r := r.(type) {
		case *authres.DMARCResult:
			from := strings.ToLower(r.From)
			if old, ok := seen["dmarc"]; ok && old != string(r.Value)+from {
				v.conflict = true
			}
			seen["dmarc"] = string(r.Value) + from
			switch r.Value {
			case authres.ResultPass:
				v.dmarcPass = from
			case authres.ResultFail, authres.ResultHardFail:
				v.dmarcFail = true
			}
		case *authres.SPFResult:
			if old, ok := seen["spf"]; ok && old != string(r.Value)+r.From {
				v.conflict = true
			}
			seen["spf"] = string(r.Value) + r.From
			if r.Value == authres.ResultPass && r.From != "" {
				v.passed = append(v.passed, strings.ToLower(r.From[strings.LastIndexByte(r.From, '@')+1:]))
			}
		case *authres.DKIMResult:
			d := r.Domain
			if d == "" {
				d = r.Identifier[strings.LastIndexByte(r.Identifier, '@')+1:]
			}
			if r.Value == authres.ResultPass && d != "" {
				v.passed = append(v.passed, strings.ToLower(d))
			}
		}
	}
}

func (n *Normalizer) trusted(id string) bool {
	id = strings.ToLower(strings.TrimSpace(id))
	return slices.ContainsFunc(n.opts.TrustedAuthserv, func(t string) bool { return strings.EqualFold(t, id) })
}

// foreign reports a Received that another organisation's server wrote: its
// "by" is neither a trusted server nor a neighbour of one. Hops that name no
// sending host are internal ones.
func (n *Normalizer) foreign(received string) bool {
	words := strings.Fields(strings.ToLower(received))
	by := ""
	if i := slices.Index(words, "by"); i >= 0 && i+1 < len(words) {
		by = strings.Trim(words[i+1], "();,")
	}
	if _, err := netip.ParseAddr(strings.Trim(by, "[]")); err == nil && !slices.Contains(words, "from") {
		return false
	}
	for _, t := range n.opts.TrustedAuthserv {
		if strings.EqualFold(by, t) || strings.Contains(by, ".") && aligned(by, strings.ToLower(t)) {
			return false
		}
	}
	return true
}

// aligned reports that two domains belong to one organisation (RFC 7489
// section 3.1, relaxed).
func aligned(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if a == b {
		return true
	}
	oa, errA := publicsuffix.EffectiveTLDPlusOne(a)
	ob, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && oa == ob
}
