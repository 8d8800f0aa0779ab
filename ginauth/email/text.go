package email

import (
	"errors"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"
	"unicode"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Texts are the mails of one language. If a kind is missing, the text of the default language is
// used.
type Texts map[driver.MailKind]Text

// Text is a mail as templates over Data: Subject and Plain of text/template, HTML of html/template.
// Without HTML the mail is plain text. If a mail has a link, Plain and HTML must contain it, and
// Subject must not.
type Text struct {
	Subject, Plain, HTML string
}

// Data is the data of the templates of a Text.
type Data struct {
	// Site and BaseURL are those of Options.
	Site, BaseURL string
	// Realm is the tenant of the user, see ginauth.Options.Realm.
	Realm string
	// Email is the address that the mail goes to.
	Email string
	// Link is the URL of the page of the mail's kind. It is a credential. It is empty for
	// driver.MailTaken, MailPassword, MailNewBrowser and MailReuse, and for driver.MailUndo if
	// there is no such page.
	Link string
	// ForgotPage is the URL of Pages.Forgot, or empty. It is not a credential.
	ForgotPage string
	// Lifetime is how long Link is valid, in words, such as "30 minutes".
	Lifetime string
	// User is the user in the app's own type. Built-in texts do not contain any of it, not even the
	// name: somebody who signs up with another person's address chooses the name, and could send
	// that person a message.
	User any
}

// letter is a compiled Text.
type letter struct {
	subject, plain *text.Template
	html           *html.Template
}

// catalogs has the letters by locale.
type catalogs map[string]map[driver.MailKind]letter

// compileTexts compiles the texts and writes each once, so that a misspelled field is found at
// start-up.
func compileTexts[U any](texts map[string]Texts) (catalogs, error) {
	var nobody U
	sample := Data{Site: "Site", BaseURL: "https://example.com", Email: "ada@example.com", Link: "https://example.com/?token=" + sampleToken, ForgotPage: "https://example.com/forgot", Lifetime: "1 hour", User: nobody}
	c := catalogs{"": {}}
	var faults []error
	add := func(locale string, list Texts) {
		if c[locale] == nil {
			c[locale] = map[driver.MailKind]letter{}
		}
		for kind, t := range list {
			l, err := compileText(t)
			if err == nil {
				err = l.try(kind, sample)
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("the text %q of the locale %q: %w", kind, locale, err))
			}
			if _, known := builtIn[kind]; !known {
				faults = append(faults, fmt.Errorf("there is no mail of the kind %q", kind))
			}
			c[locale][kind] = l
		}
	}
	add("", builtIn)
	for locale, list := range texts {
		if len(locale) > maxLocale || hasControl(locale) {
			faults = append(faults, fmt.Errorf("the locale %q must have at most %d characters", locale, maxLocale))
		}
		add(locale, list)
	}
	return c, errors.Join(faults...)
}

// sampleToken has only characters that templates do not escape.
const sampleToken = "x-sample-token-x"

// try writes a text and checks where its link is. A mail with a link must have it in every part
// except the subject, which mail programs show to people nearby.
func (l letter) try(k driver.MailKind, sample Data) error {
	subject, plain, html, err := l.write(sample)
	if err != nil || k == driver.MailTaken || k == driver.MailPassword || k == driver.MailNewBrowser || k == driver.MailReuse {
		return err
	}
	switch {
	case strings.Contains(subject, sampleToken):
		return errors.New("the Subject has the link, which is a credential: put it only into the text")
	case !strings.Contains(plain, sampleToken):
		return errors.New("the Plain text has no {{.Link}}: add it, the mail is useless without it")
	case l.html != nil && !strings.Contains(html, sampleToken):
		return errors.New("the HTML text has no {{.Link}}: add it, the mail is useless without it")
	}
	return nil
}

// maxLocale is long enough for every language tag of RFC 5646, 4.4.1.
const maxLocale = 35

func compileText(t Text) (l letter, err error) {
	if t.Subject == "" || t.Plain == "" {
		return l, errors.New("give it a Subject and a Plain text")
	}
	if l.subject, err = text.New("subject").Parse(t.Subject); err != nil {
		return l, err
	}
	if l.plain, err = text.New("plain").Parse(t.Plain); err != nil {
		return l, err
	}
	if t.HTML == "" {
		return l, nil
	}
	l.html, err = html.New("html").Parse(t.HTML)
	return l, err
}

// find returns a text, falling back from "de-AT" to "de" and then to the default.
func (c catalogs) find(locale string, k driver.MailKind) letter {
	for ; locale != ""; locale = parent(locale) {
		if l, ok := c[locale][k]; ok {
			return l
		}
	}
	return c[""][k]
}

func parent(locale string) string {
	return locale[:max(strings.LastIndexAny(locale, "-_"), 0)]
}

// write returns the mail's text. No template can add a line to a header (SEC-137).
func (l letter) write(d Data) (subject, plain, htmlText string, err error) {
	var s, p, h strings.Builder
	if err := l.subject.Execute(&s, d); err != nil {
		return "", "", "", err
	}
	if err := l.plain.Execute(&p, d); err != nil {
		return "", "", "", err
	}
	if l.html != nil {
		if err := l.html.Execute(&h, d); err != nil {
			return "", "", "", err
		}
	}
	return oneLine(s.String()), body(p.String()), body(h.String()), nil
}

// maxSubject is the maximum length of a subject, which may contain a name, in code points.
const maxSubject = 200

// oneLine makes one line of a text, in which nothing can be read as an encoded word (RFC 2047).
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\u2028' || r == '\u2029'
	}), " ")
	s = strings.ReplaceAll(s, "=?", "= ?")
	if runes := []rune(s); len(runes) > maxSubject {
		return string(runes[:maxSubject])
	}
	return s
}

func body(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
