package normalize

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxHosts bounds the hosts that pictures of one mail may come from: a page's
// policy names them all.
const maxHosts = 50

// PicturePage is the HTML of a mail, sanitised like Message.HTML but with its
// pictures from elsewhere, and the hosts they would be fetched from, as a
// page's policy writes them. Nothing is fetched here.
type PicturePage struct {
	HTML  string
	Hosts []string
}

// Pictures reads the HTML of a mail once more, with the pictures that are left
// out of Message.HTML.
func Pictures(open Open) (PicturePage, error) {
	t, _, err := readTree(open)
	if err != nil {
		return PicturePage{}, err
	}
	var page []string
	for _, x := range unpack(t.root).texts {
		switch {
		case x.html != nil:
			text, _ := x.html.text()
			page = append(page, sanitize(pictured(), text))
		case x.plain != nil:
			text, _ := x.plain.text()
			page = append(page, "<pre>"+escapeHTML(text)+"</pre>")
		}
	}
	p := PicturePage{HTML: strings.Join(page, "<hr>\n")}
	p.Hosts = pictureHosts(p.HTML)
	return p, nil
}

func pictureHosts(page string) []string {
	var out []string
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		t := z.Token()
		if t.DataAtom != atom.Img {
			continue
		}
		for _, a := range t.Attr {
			u, err := url.Parse(a.Val)
			if a.Key != "src" || err != nil || u.Scheme != "https" || u.Host == "" {
				continue
			}
			if host := strings.ToLower(u.Host); !slices.Contains(out, host) && len(out) < maxHosts {
				out = append(out, host)
			}
		}
	}
	slices.Sort(out)
	return out
}
