package engine

import "net/http"

// isAbsoluteForm says whether a client chose the host of the request's URL, which redirects of Gin's and of
// the app's may repeat (SEC-142). A server of net/http then takes the Host from there, too. Elsewhere, as in tests and in
// adapters of other servers, URLs have a host as a rule, and it counts when it is not the request's.
func isAbsoluteForm(r *http.Request) bool {
	if r.URL.Host == "" && r.URL.Scheme == "" {
		return false
	}
	_, served := r.Context().Value(http.ServerContextKey).(*http.Server)
	return served || r.URL.Host != r.Host
}
