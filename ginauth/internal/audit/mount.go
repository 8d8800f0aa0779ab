package audit

import (
	"reflect"

	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// Mount is a compiled Config. The Info of every handler has one that is made of a Config.
type Mount interface {
	Facts() Facts
	// Differs is empty where a handler with this Config may stand behind a Session with another.
	Differs(session Mount) string
	// Unlike is empty where a Session with this Config may stand behind another.
	Unlike(outer Mount) string
}

// Facts are what the checks ask of a Config.
type Facts struct {
	User    reflect.Type
	Pages   PagePaths
	Proxies proxy.Trusted
	OptOuts []OptOut
	// WantsVerified: users whose address was not proved may not do everything.
	WantsVerified bool
	// SendsMail: the store writes mails to users.
	SendsMail bool
}

// PagePaths are the app's pages.
type PagePaths struct{ Login, AfterLogin, AfterLogout, ChangePassword string }

// OptOut is a rule by which some requests of a route are checked less.
type OptOut struct {
	Field, Text string
	Routes      rule.List
}

// The fields of Options that have such rules, beside TrustedOriginsFor.
const (
	ExcludeIf       = "ExcludeIf"
	SkipOriginCheck = "SkipOriginCheck"
)
