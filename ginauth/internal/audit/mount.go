package audit

import (
	"reflect"

	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// Mount is a compiled Config. Handlers that are made from a Config have one in their Info.
type Mount interface {
	Facts() Facts
	// Differs is empty if a handler with this Config may stand behind a Session with the other one.
	Differs(session Mount) string
	// Unlike is empty if a Session with this Config may stand behind the outer one.
	Unlike(outer Mount) string
}

// Facts is what the checks need to know about a Config.
type Facts struct {
	User    reflect.Type
	Pages   PagePaths
	Proxies proxy.Trusted
	OptOuts []OptOut
	// WantsVerified: users who have not proved their address may not do everything.
	WantsVerified bool
	// SendsMail: the store queues mails to users.
	SendsMail bool
}

// PagePaths are the app's pages.
type PagePaths struct{ Login, AfterLogin, AfterLogout, ChangePassword string }

// OptOut is a rule that removes a check from some requests of a route.
type OptOut struct {
	Field, Text string
	Routes      rule.List
}

// The fields of Options with such rules, except TrustedOriginsFor.
const (
	ExcludeIf       = "ExcludeIf"
	SkipOriginCheck = "SkipOriginCheck"
)
