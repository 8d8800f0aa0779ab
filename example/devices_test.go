package main

import (
	"net/http"
	"regexp"
	"testing"
)

func TestDevicesAreListedAndLoggedOutFromAnother(t *testing.T) {
	t.Parallel()
	for store, open := range stores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			laptop := newClient(t, a.url)
			laptop.signUp(t, "Ada Lovelace", "ada@example.com")
			phone := newClient(t, laptop.base)
			phone.post(t, "/login", "email", "ada@example.com", "password", passphrase, "remember", "true").redirects(t, "/user")

			profile := laptop.get(t, "/user")
			profile.has(t, http.StatusOK, "Your devices", "this device", "Log out everywhere")
			revoke := regexp.MustCompile(`/sessions/[0-9a-f-]{36}/revoke`).FindAllString(profile.body, -1)
			if len(revoke) != 1 {
				t.Fatalf("%d other devices", len(revoke))
			}
			laptop.post(t, revoke[0]).redirects(t, "/user")
			phone.get(t, "/user").redirects(t, "/login?next=%2Fuser")
			laptop.post(t, "/sessions/revoke-all").redirects(t, "/")
			laptop.get(t, "/user").redirects(t, "/login?next=%2Fuser")
		})
	}
}
