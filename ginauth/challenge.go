package ginauth

import (
	"slices"

	"github.com/gin-gonic/gin"
)

// add appends a backend, with what answers say about it.
func (m *mount) add(p provider) {
	m.providers = append(m.providers, p)
	if challenge := p.scheme.Challenge(); !slices.Contains(m.challenges, challenge) {
		m.challenges = append(m.challenges, challenge)
	}
	if header := p.scheme.Header(); !slices.Contains(m.varies, header) {
		m.varies = append(m.varies, header)
	}
	m.ambient = m.ambient || p.scheme.Ambient()
}

// challenged are the challenges of a 401. A bearer token that was refused is named as such (RFC
// 6750, 3.1).
func (m *mount) challenged(refusedBy int32) []string {
	if refusedBy == 0 || !m.providers[refusedBy-1].scheme.Bearer() {
		return m.challenges
	}
	refused := m.providers[refusedBy-1].scheme.Challenge()
	list := slices.Clone(m.challenges)
	for i := range list {
		if list[i] == refused {
			list[i] += `, error="invalid_token"`
		}
	}
	return list
}

// refuser is the provider that refused the request's credentials, counted from one; zero is none.
func refuser(c *gin.Context) int32 {
	if st := attached(c); st != nil {
		return st.refusedBy.Load()
	}
	return 0
}
