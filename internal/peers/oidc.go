package peers

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// OIDC is a provider of single sign-on on loopback: discovery, a page with one
// button for each person, codes that hold once and only with their verifier
// (PKCE), and ID tokens signed with RS256.
type OIDC struct {
	Issuer string // what to configure
	Client string
	Secret string

	server *http.Server
	key    *rsa.PrivateKey

	mu     sync.Mutex
	people []OIDCPerson
	codes  map[string]grant
	wrong  func(claims map[string]any) // scripted: what an ID token says instead
	log    []string
}

// OIDCPerson is somebody the provider knows.
type OIDCPerson struct {
	Sub, Name, Mail string
	Verified        bool
	Groups          []string
}

// grant is what a code was given for.
type grant struct {
	who                        OIDCPerson
	redirect, nonce, challenge string
}

// StartOIDC starts a provider that knows some people.
func StartOIDC(people ...OIDCPerson) (*OIDC, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for single sign-on: %w", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		ln.Close()
		return nil, fmt.Errorf("make a key: %w", err)
	}
	o := &OIDC{Issuer: "http://" + ln.Addr().String(), Client: "balie", Secret: "OIDC-CLIENT-SECRET", key: key, people: people, codes: map[string]grant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", o.discovery)
	mux.HandleFunc("GET /authorize", o.page)
	mux.HandleFunc("POST /authorize", o.choose)
	mux.HandleFunc("POST /token", o.token)
	mux.HandleFunc("GET /keys", o.keys)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	o.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go o.server.Serve(ln) // ends with Close
	return o, nil
}

// Close ends the provider.
func (o *OIDC) Close() error { return o.server.Close() }

// Know adds somebody, or says anew who a Sub is.
func (o *OIDC) Know(p OIDCPerson) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.people {
		if o.people[i].Sub == p.Sub {
			o.people[i] = p
			return
		}
	}
	o.people = append(o.people, p)
}

// Lie changes the claims of every ID token from now on; nil ends it.
func (o *OIDC) Lie(change func(claims map[string]any)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wrong = change
}

// Refused are the reasons why codes were refused, oldest first.
func (o *OIDC) Refused() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.log...)
}

func (o *OIDC) discovery(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"issuer": o.Issuer, "authorization_endpoint": o.Issuer + "/authorize", "token_endpoint": o.Issuer + "/token", "jwks_uri": o.Issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
	})
}

var oidcPage = template.Must(template.New("oidc").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Work account</title>
<main><h1>Work account</h1><p>A stand-in for the sign-in of your organisation.</p><form method="post">{{range .}}<p><button name="sub" value="{{.Sub}}">{{.Name}}</button></p>{{end}}</form></main></html>`))

// page asks who one is. It has no script and no style, so that nothing of it
// can go wrong.
func (o *OIDC) page(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != o.Client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" {
		http.Error(w, "this client, or what it asks, is not known here", http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	people := append([]OIDCPerson(nil), o.people...)
	o.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	oidcPage.Execute(w, people)
}

// choose gives whoever pressed a button a code, and sends them back.
func (o *OIDC) choose(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.people {
		if p.Sub != r.PostFormValue("sub") {
			continue
		}
		code := rand.Text()
		o.codes[code] = grant{p, q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge")}
		back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {o.Issuer}}
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
		return
	}
	http.Error(w, "nobody of that name", http.StatusBadRequest)
}

// token trades a code for an ID token.
func (o *OIDC) token(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	refuse := func(status int, code, why string) {
		o.log = append(o.log, why)
		answerJSON(w, status, map[string]string{"error": code, "error_description": why + ": " + r.PostFormValue("code")})
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != o.Client || secret != o.Secret {
		refuse(http.StatusUnauthorized, "invalid_client", "client")
		return
	}
	g, ok := o.codes[r.PostFormValue("code")]
	delete(o.codes, r.PostFormValue("code")) // a code holds once, RFC 6749 section 4.1.2
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case !ok:
		refuse(http.StatusBadRequest, "invalid_grant", "code")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		refuse(http.StatusBadRequest, "invalid_grant", "verifier")
	case r.PostFormValue("redirect_uri") != g.redirect:
		refuse(http.StatusBadRequest, "invalid_grant", "redirect")
	default:
		answerJSON(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": o.sign(o.claims(g))})
	}
}

func (o *OIDC) claims(g grant) map[string]any {
	now := time.Now()
	c := map[string]any{
		"iss": o.Issuer, "aud": o.Client, "sub": g.who.Sub, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "nonce": g.nonce,
		"name": g.who.Name, "email": g.who.Mail, "email_verified": g.who.Verified, "groups": g.who.Groups,
	}
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == "" })
	if o.wrong != nil {
		o.wrong(c)
	}
	return c
}

// sign is a JWS in compact form, RFC 7515 section 7.1.
func (o *OIDC) sign(claims map[string]any) string {
	b64 := base64.RawURLEncoding.EncodeToString
	body, err := json.Marshal(claims)
	if err != nil {
		return ""
	}
	signed := b64([]byte(`{"alg":"RS256","kid":"one","typ":"JWT"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, o.key, crypto.SHA256, sum[:])
	if err != nil {
		return ""
	}
	return signed + "." + b64(sig)
}

func (o *OIDC) keys(w http.ResponseWriter, _ *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	answerJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
		"n": b64(o.key.N.Bytes()), "e": b64(big.NewInt(int64(o.key.E)).Bytes()),
	}}})
}

// answerJSON writes an answer.
func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
