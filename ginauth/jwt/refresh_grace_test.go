package jwt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// SEC-193
func TestUseWithinTheGraceFromElsewhereIsAnEvent(t *testing.T) {
	t.Parallel()
	const home, phone = "192.0.2.7:1000", "phone/1"
	type from struct{ addr, agent string }
	for name, test := range map[string]struct {
		first from // who replaces the token
		then  []from
		want  []string // the clients that are written down
	}{
		"the same client":                  {from{home, phone}, []from{{home, phone}, {home, phone}}, nil},
		"the same from another port":       {from{home, phone}, []from{{"192.0.2.7:2000", phone}}, nil},
		"another address":                  {from{home, phone}, []from{{"198.51.100.7:1", phone}}, []string{"198.51.100.7 phone/1"}},
		"another browser":                  {from{home, phone}, []from{{home, "curl"}}, []string{"192.0.2.7 curl"}},
		"another of both":                  {from{home, phone}, []from{{"198.51.100.7:1", "curl"}}, []string{"198.51.100.7 curl"}},
		"no browser":                       {from{home, phone}, []from{{home, ""}}, []string{"192.0.2.7 "}},
		"the same /64":                     {from{"[2001:db8::1]:1", phone}, []from{{"[2001:db8::ffff:1]:1", phone}}, nil},
		"another /64":                      {from{"[2001:db8::1]:1", phone}, []from{{"[2001:db8:0:1::1]:1", phone}}, []string{"2001:db8:0:1::1 phone/1"}},
		"IPv4, written as IPv6":            {from{home, phone}, []from{{"[::ffff:192.0.2.7]:1", phone}}, nil},
		"from IPv4 to IPv6":                {from{home, phone}, []from{{"[2001:db8::1]:1", phone}}, []string{"2001:db8::1 phone/1"}},
		"no address, as on a unix socket":  {from{"@", phone}, []from{{"@", phone}}, nil},
		"many, of which one is enough":     {from{home, phone}, []from{{home, phone}, {home, "curl"}, {home, phone}, {home, "wget"}, {home, "curl"}}, []string{"192.0.2.7 curl"}},
		"the thief first, then the client": {from{home, "curl"}, []from{{home, phone}}, []string{"192.0.2.7 phone/1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			use := func(token string, by from) string {
				t.Helper()
				r := formRequest("/refresh", "refresh_token="+token)
				r.RemoteAddr = by.addr
				r.Header.Set("User-Agent", by.agent)
				return answerIn(t, s.send(r)).RefreshToken
			}
			token := s.logIn(t).RefreshToken
			for range 2 { // each token has a grace of its own
				next := use(token, test.first)
				for _, by := range test.then {
					s.clock.Advance(time.Second)
					if got := use(token, by); got != next {
						t.Errorf("%v gets another successor", by)
					}
				}
				token = next
			}
			want := append(append([]string(nil), test.want...), test.want...)
			if diff := cmp.Diff(strings.Join(want, "\n"), s.text(t, `SELECT COALESCE(string_agg(host(ip) || ' ' || user_agent, E'\n' ORDER BY id), '')
				FROM ginauth.events WHERE kind = 'authn_token_grace' AND outcome = 'success' AND actor_id IS NULL AND user_id IS NOT NULL AND operation = 'tokenRefresh'
				AND session IN (SELECT id::text FROM ginauth.refresh_tokens)`)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUseFromElsewhereIsLogged(t *testing.T) { //nolint:paralleltest // it reads the process's log
	s := newSite(t)
	token := s.logIn(t).RefreshToken
	answerIn(t, s.refresh(token))
	log := s.logged(func() {
		for _, agent := range []string{"", "curl", "curl"} {
			r := formRequest("/refresh", "refresh_token="+token)
			r.Header.Set("User-Agent", agent)
			answerIn(t, s.send(r))
		}
	})
	if strings.Count(log, `"authn_token_grace"`) != 1 || !strings.Contains(log, `"WARN"`) || !strings.Contains(log, string(s.ada.ID)) || strings.Contains(log, token) {
		t.Errorf("log: %s", log)
	}
}

func (s *site) text(tb testing.TB, sql string) (text string) {
	tb.Helper()
	if err := s.pool.QueryRow(tb.Context(), sql).Scan(&text); err != nil {
		tb.Fatal(err)
	}
	return text
}
