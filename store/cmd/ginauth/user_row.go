package main

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/internal/records"
)

// row is a row on its way from text to a user.
type row = store.ImportedUser[store.User]

// importField is a field that a column can be read as.
type importField struct {
	name string
	set  func(*row, string) (code string)
}

var fieldsOfUsers = []importField{
	{"id", func(r *row, s string) string { r.User.ID = driver.UserID(s); return "" }},
	{"username", func(r *row, s string) string { r.User.Username = &s; return "" }},
	{"email", func(r *row, s string) string { r.User.Email = s; return "" }},
	{"name", func(r *row, s string) string { r.User.Name = s; return "" }},
	{"password_hash", func(r *row, s string) string { r.PasswordHash = s; return "" }},
	{"created_at", func(r *row, s string) string { return setTime(&r.User.CreatedAt, s) }},
	{"verified_at", func(r *row, s string) string {
		r.User.VerifiedAt = new(time.Time)
		return setTime(r.User.VerifiedAt, s)
	}},
	{"disabled_at", func(r *row, s string) string {
		r.User.DisabledAt = new(time.Time)
		return setTime(r.User.DisabledAt, s)
	}},
	{"must_change_password", func(r *row, s string) string { return setFlag(&r.User.MustChangePassword, s, true) }},
	{"verified", func(r *row, s string) string { return setFlag(&r.Verified, s, true) }},
	{"disabled", func(r *row, s string) string { return setFlag(&r.Disabled, s, true) }},
	{"active", func(r *row, s string) string { return setFlag(&r.Disabled, s, false) }},
}

func importFields() (names []string) {
	for _, f := range fieldsOfUsers {
		names = append(names, f.name)
	}
	return names
}

func isImportField(name string) bool { return slices.Contains(importFields(), name) }

// users turns rows of text into users. What is wrong with a row goes into the report.
func users(rows iter.Seq2[records.Row, error]) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for text, err := range rows {
			u, err := userOf(text, err)
			if !yield(u, err) {
				return
			}
		}
	}
}

func userOf(text records.Row, err error) (row, error) {
	u := row{Source: text.Source}
	var fault *records.Fault
	switch {
	case errors.As(err, &fault):
		return u, &store.ImportRefusal{Source: fault.Source, Code: fault.Code, Reason: fault.Reason}
	case err != nil:
		return u, err
	}
	for _, f := range fieldsOfUsers {
		value, has := text.Values[f.name]
		if !has || value == "" {
			continue
		}
		if code := f.set(&u, value); code != "" {
			return u, &store.ImportRefusal{Source: text.Source, Code: code, Reason: f.name + remedies[code]}
		}
	}
	return u, nil
}

const (
	badTime = "invalid_time"
	badFlag = "invalid_flag"
)

var remedies = map[string]string{
	badTime: " is no time: write it as 2006-01-02T15:04:05Z, or leave it empty",
	badFlag: " is neither true nor false",
}

// timeLayouts are RFC 3339 and what databases print. A time without a zone is in UTC.
var timeLayouts = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07",
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly,
}

func setTime(to *time.Time, s string) (code string) {
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, s); err == nil {
			*to = at
			return ""
		}
	}
	return badTime
}

func setFlag(to *bool, s string, when bool) (code string) {
	switch strings.ToLower(s) {
	case "true", "t", "1", "yes":
		*to = *to || when
	case "false", "f", "0", "no":
		*to = *to || !when
	default:
		return badFlag
	}
	return ""
}
