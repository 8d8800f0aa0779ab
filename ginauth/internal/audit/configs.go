package audit

import (
	"fmt"
	"reflect"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// configs finds Sessions and handlers of one route that were made from different Configs.
func (a audit) configs() (faults []string) {
	for _, r := range a.routes {
		if len(r.sessions) == 0 {
			continue
		}
		session, cookie := r.sessions[0].mount, r.sessions[0].Cookie
		for _, further := range r.sessions[1:] {
			if reason := further.mount.Unlike(session); reason != "" {
				faults = append(faults, fmt.Sprintf("%s has two Sessions that cannot work together: %s", r, reason))
			}
		}
		for _, h := range r.handlers {
			switch {
			case h.mount == nil || h.IsSession():
			case h.Cookie != cookie:
				faults = append(faults, fmt.Sprintf("%s uses the cookie %s, but its Session %s: give both the same Config", r, h.Cookie, cookie))
			case h.mount.Differs(session) != "":
				faults = append(faults, fmt.Sprintf("%s has another Config than its Session: %s", r, h.mount.Differs(session)))
			}
		}
	}
	return faults
}

// userTypes finds handlers and guards whose user type differs from the Session's.
func (a audit) userTypes() (faults []string) {
	for _, r := range a.routes {
		if len(r.sessions) == 0 {
			continue
		}
		has := r.sessions[0].facts.User
		for _, h := range r.handlers {
			asked := h.Users
			if h.mount != nil {
				asked = append(asked[:len(asked):len(asked)], h.facts.User)
			}
			for _, wants := range asked {
				if wants != has {
					faults = append(faults, fmt.Sprintf("%s has a %s for users of the type %s, but its Session has %s: give both the same type", r, handlerWord(h.Name), typeName(wants), typeName(has)))
				}
			}
		}
	}
	return faults
}

func handlerWord(operation string) string {
	switch operation {
	case route.Guard:
		return "guard"
	case route.Session, route.Wrapper:
		return "Session"
	}
	return "handler"
}

func typeName(t reflect.Type) string {
	if t == nil {
		return "none"
	}
	return t.String()
}
