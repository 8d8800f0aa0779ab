package email

import (
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestMailsLinkToThePageThatTheyName(t *testing.T) {
	t.Parallel()
	const page = "https://app.example.com/forgot"
	texts, err := compileTexts[struct{}](nil)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for kind := range builtIn {
		_, plain, html, err := texts.find("", kind).write(Data{ForgotPage: page})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plain, "forgot password") {
			continue
		}
		named++
		if !strings.Contains(plain, "("+page+")") || !strings.Contains(html, `<a href="`+page+`">`) {
			t.Errorf("%s names the page and does not link to it:\n%s\n%s", kind, plain, html)
		}
		if kind != driver.MailVerify && kind != driver.MailTaken && !strings.Contains(plain, "ends all API keys") {
			t.Errorf("%s does not say that a reset ends API keys:\n%s", kind, plain)
		}
		_, plain, html, err = texts.find("", kind).write(Data{})
		if err != nil || strings.Contains(plain+html, "()") || strings.Contains(plain+html, "ForgotPage") {
			t.Errorf("%s without a page: %v\n%s\n%s", kind, err, plain, html)
		}
	}
	if named < 4 {
		t.Errorf("%d mails name the page", named)
	}
}
