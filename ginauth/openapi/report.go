package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// Report says where a document and its router differ. Routes are written as "METHOD /template".
type Report struct {
	// Undocumented are routes that neither the app's document nor ginauth describes.
	Undocumented []string
	// Missing are operations of the app's document that have no route. They are left out.
	Missing []string
	// UnusedRules are rules of Options.Exclude that match no route.
	UnusedRules []string
	// Unguarded are routes that neither Session nor Authenticate covers, except those of
	// Options.Open.
	Unguarded []string
	// Contradicted are operations of the app's document whose @Security names credentials of
	// ginauth, but whose route answers without any.
	Contradicted []string
	// Public are the routes that answer without credentials. They are no fault, but worth a look.
	Public []string
}

// Faults returns the faults in sentences. It is empty if there are none.
func (r Report) Faults() []string {
	var faults []string
	add := func(routes []string, format string) {
		for _, name := range routes {
			faults = append(faults, fmt.Sprintf(format, name))
		}
	}
	add(r.Undocumented, "%s is not documented: annotate its handler, or name it in Options.Hide")
	add(r.Missing, "%s is documented and has no route: correct its @Router")
	add(r.UnusedRules, "the Exclude rule %q matches no route: correct or remove it")
	add(r.Unguarded, "%s is not covered by Session: register it after router.Use(ginauth.Session(cfg)), or name it in Options.Open")
	add(r.Contradicted, "%s is documented with @Security and answers without credentials: remove the annotation, or the rule that excludes the route")
	return faults
}

// String returns the faults, one a line.
func (r Report) String() string { return strings.Join(r.Faults(), "\n") }

func (b *builder) noteRoute(m mounted) {
	if !m.access.covered && !b.open.Match(m.method, m.template) {
		b.report.Unguarded = append(b.report.Unguarded, m.String())
	}
	if !m.access.secured {
		b.report.Public = append(b.report.Public, m.String())
	}
	if b.hide.Match(m.method, m.template) {
		b.app.take(m) // a hidden route that is documented is not missing
	}
}

func (b *builder) finishReport() Report {
	r := b.report
	r.Missing = b.app.left()
	for _, list := range []*[]string{&r.Undocumented, &r.Unguarded, &r.Contradicted, &r.Public} {
		slices.Sort(*list)
	}
	return r
}
