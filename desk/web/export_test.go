package web

// Row is a route of the table, for tests.
type Row struct {
	Method, Path  string
	Right, Object string
	Public, Files bool
}

// Table is every route there is.
func (w *Web) Table() []Row {
	var out []Row
	for _, r := range w.allRoutes() {
		out = append(out, Row{r.method, r.path, string(r.right), string(r.object), r.public != nil, r.files})
	}
	return out
}
