package ginauth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/bridge"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/email/smtp"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/jwt/jwks"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/embedded"
	"github.com/ginauth/ginauth/store/memory"
)

// ownUsers is a store of the app's that embeds ours.
type ownUsers struct{ *store.DB[user] }

// unmadeOption is an option of a constructor, with values that no constructor has made.
type unmadeOption struct {
	values []any
	// give calls the constructor with the option, whose value is one of values.
	give func(v any) error
}

// field sets one field of an Options struct and gives it to a constructor.
func field[O any](name string, base O, construct func(O) error, values ...any) unmadeOption {
	return unmadeOption{values, func(v any) error {
		o := base
		reflect.ValueOf(&o).Elem().FieldByName(name).Set(reflect.ValueOf(v))
		return construct(o)
	}}
}

// as is a value in its own type.
func as[T any](v any) T {
	t, _ := v.(T)
	return t
}

// caught is what a constructor panics with, as an error. A panic of the runtime fails the test.
func caught(t *testing.T, construct func()) (err error) {
	t.Helper()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case string:
			err = fmt.Errorf("%s", p)
		default:
			t.Errorf("it panics with %v", p)
		}
	}()
	construct()
	return nil
}

// unmadeOptions are all options whose values are made by constructors, by package, type and field.
func unmadeOptions(t *testing.T) map[string]unmadeOption {
	t.Helper()
	users := memory.New[user](memory.Options[user]{})
	cfg := built.Config(ginauth.Options[user]{Users: users, Logger: quiet})
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	key, _ := jwt.NewKey("one", private)
	ring, err := jwt.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	issuer := jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: "https://example.com", Audiences: []string{"tests"}})

	core := func(o ginauth.Options[user]) error { _, err := ginauth.New(o); return err }
	coreBase := ginauth.Options[user]{Users: users, Logger: quiet}
	mails := func(o email.Options[user]) error { _, err := email.New(cfg, o); return err }
	mailBase := email.Options[user]{Sender: smtp.New(smtp.Options{Host: "localhost"}), BaseURL: "https://example.com", From: "a@example.com"}
	tokens := func(o jwt.Options[user]) error { _, err := jwt.New(cfg, o); return err }
	accept := jwt.Accept{Issuers: []jwt.Trust{{Issuer: "https://example.com", Keys: ring}}, Audiences: []string{"tests"}}
	bearer := func(o jwt.BackendOptions[user]) error { return caught(t, func() { jwt.Bearer(cfg, o) }) }
	verify := func(o jwt.Trust) error {
		_, err := jwt.NewVerifier(jwt.Accept{Issuers: []jwt.Trust{o}, Audiences: []string{"tests"}})
		return err
	}
	old := bridge.Bridge{Until: time.Now(), Cookie: "old", Session: func(map[any]any) bridge.Login { return bridge.Login{} }}
	anyUsers := []any{(*store.DB[user])(nil), &store.DB[user]{}, (*store.Table[user])(nil), &store.Table[user]{}, (*memory.Store[user])(nil), &memory.Store[user]{}, ownUsers{}, &ownUsers{}, (*ownUsers)(nil)}
	return map[string]unmadeOption{
		"ginauth.Options.Users":      field("Users", ginauth.Options[user]{Logger: quiet}, core, anyUsers...),
		"ginauth.Options.Sessions":   field("Sessions", coreBase, core, (*store.Sessions)(nil), &store.Sessions{}, (*store.External)(nil), &store.External{}),
		"ginauth.Options.AcceptOnce": field("AcceptOnce", ginauth.Options[user]{Users: store.New[user](&pgxpool.Pool{}), Logger: quiet}, core, &bridge.Bridge{}),
		"ginauth.Options.Limiter":    field("Limiter", coreBase, core, (*store.Sessions)(nil), &store.Sessions{}, (*memory.Store[user])(nil), &memory.Store[user]{}, &memory.External{}),
		"ginauth.Options.Passwords":  field("Passwords", coreBase, core, &password.Hasher{}),
		"ginauth.Options.Logger":     field("Logger", coreBase, core, &slog.Logger{}),
		"ginauth.Options.Observer":   field("Observer", coreBase, core, (*ginauthtest.Samples)(nil)),
		"bridge.Bridge.Store":        field("Store", old, func(o bridge.Bridge) error { return o.Validate() }, (*store.Sessions)(nil), &store.Sessions{}),
		"email.Options.Store":        field("Store", mailBase, mails, anyUsers[:2]...),
		"email.Options.Sender":       field("Sender", mailBase, mails, (*smtp.Sender)(nil), &smtp.Sender{}),
		"jwt.Options.Issuer":         field("Issuer", jwt.Options[user]{}, tokens, &jwt.Issuer{}),
		"jwt.Options.Refresh":        field("Refresh", jwt.Options[user]{Issuer: issuer}, tokens, anyUsers[:6]...),
		"jwt.BackendOptions.Users":   field("Users", jwt.BackendOptions[user]{Accept: accept}, bearer, anyUsers[:6]...),
		"jwt.IssuerOptions.Keys":     field("Keys", jwt.IssuerOptions{Issuer: "https://example.com", Audiences: []string{"tests"}}, func(o jwt.IssuerOptions) error { return caught(t, func() { jwt.NewIssuer(o) }) }, &jwt.Ring{}),
		"jwt.Trust.Keys":             field("Keys", jwt.Trust{Issuer: "https://example.com"}, verify, (*jwt.Ring)(nil), &jwt.Ring{}, (*jwks.Keys)(nil), &jwks.Keys{}),
		"jwks.Options.Logger":        field("Logger", jwks.Options{}, func(o jwks.Options) error { _, err := jwks.New(t.Context(), "https://localhost/", o); return err }, &slog.Logger{}),
		"apikey.Options.Store":       field("Store", apikey.Options[user]{}, func(o apikey.Options[user]) error { _, err := apikey.New(cfg, o); return err }, anyUsers[:6]...),
		"embedded.Options.Logger":    field("Logger", embedded.Options{}, func(o embedded.Options) error { _, err := embedded.Start(t.Context(), o); return err }, &slog.Logger{}),
		"the connection of a store":  {[]any{(*pgxpool.Pool)(nil), (*pgxpool.Conn)(nil), (*pgxpool.Tx)(nil)}, func(v any) error { return caught(t, func() { store.New[user](as[store.Conn](v)) }) }},
		"the logger of a store": {[]any{&slog.Logger{}}, func(v any) error {
			return caught(t, func() { store.New[user](&pgxpool.Pool{}, store.WithLogger(as[*slog.Logger](v))) })
		}},
		"the Config of email": {[]any{(*ginauth.Config[user])(nil), &ginauth.Config[user]{}}, func(v any) error { _, err := email.New(as[*ginauth.Config[user]](v), mailBase); return err }},
		"the Config of jwt":   {[]any{(*ginauth.Config[user])(nil), &ginauth.Config[user]{}}, func(v any) error { _, err := jwt.New(as[*ginauth.Config[user]](v), jwt.Options[user]{}); return err }},
		"the Config of apikey": {[]any{(*ginauth.Config[user])(nil), &ginauth.Config[user]{}}, func(v any) error {
			_, err := apikey.New(as[*ginauth.Config[user]](v), apikey.Options[user]{})
			return err
		}},
		"the Keys of the handlers":      {[]any{(*apikey.Keys[user])(nil), &apikey.Keys[user]{}}, func(v any) error { return caught(t, func() { apikey.List(as[*apikey.Keys[user]](v)) }) }},
		"the Flows of the handlers":     {[]any{(*email.Flows[user])(nil), &email.Flows[user]{}}, func(v any) error { return caught(t, func() { email.SignUp(as[*email.Flows[user]](v)) }) }},
		"the Flow of the handlers":      {[]any{(*jwt.Flow[user])(nil), &jwt.Flow[user]{}}, func(v any) error { return caught(t, func() { jwt.Login(as[*jwt.Flow[user]](v), jwt.InBody) }) }},
		"openapi.Options.User":          {}, // it gives a type; its value is not used
		"store.ImportOptions.Passwords": {}, // an import only asks Check, which works
		"smtp.Options.TLS":              {}, // the zero tls.Config works
	}
}

func TestValuesThatNoConstructorHasMadeAreRefused(t *testing.T) {
	t.Parallel()
	for name, option := range unmadeOptions(t) {
		if option.give == nil {
			continue
		}
		for _, v := range option.values {
			t.Run(fmt.Sprintf("%s/%T", name, v), func(t *testing.T) {
				t.Parallel()
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("it panics: %v", p)
					}
				}()
				field := name[strings.LastIndexAny(name, ". ")+1:]
				if err := option.give(v); err == nil || strings.Contains(name, ".") && !strings.Contains(err.Error(), field) {
					t.Errorf("%v, want a sentence about %s", err, field)
				}
			})
		}
	}
}

// A field that is added to an Options struct is in the list above, or this test fails.
func TestEveryOptionThatNeedsAConstructorIsListed(t *testing.T) {
	t.Parallel()
	listed := unmadeOptions(t)
	types := map[string]reflect.Type{}
	for _, v := range []any{
		ginauth.Options[user]{},
		ginauth.Pages{},
		ginauth.Cookie{},
		ginauth.Limits{},
		bridge.Bridge{},
		email.Options[user]{},
		jwt.Options[user]{},
		jwt.BackendOptions[user]{},
		jwt.IssuerOptions{},
		jwt.CookieOptions{},
		jwt.Trust{},
		jwks.Options{},
		apikey.Options[user]{},
		openapi.Options{},
		smtp.Options{},
		password.Options{},
		store.ImportOptions{},
		embedded.Options{},
		memory.Options[user]{},
		memory.ExternalOptions{},
	} {
		typ := reflect.TypeOf(v)
		name, _, _ := strings.Cut(typ.String(), "[")
		types[name] = typ
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Anonymous || f.Type.Kind() != reflect.Pointer && f.Type.Kind() != reflect.Interface {
				continue
			}
			if _, found := listed[name+"."+f.Name]; !found {
				t.Errorf("%s.%s may hold a value that no constructor has made: refuse it, and list it in unmadeOptions", name, f.Name)
			}
		}
	}
	for name := range optionTypes(t) {
		if types[name] == nil {
			t.Errorf("%s is not in this test", name)
		}
	}
}

// optionTypes are the exported types of the source whose name ends in Options.
func optionTypes(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, root := range []string{".", "../store"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() && (d.Name() == "internal" || d.Name() == "bench" || d.Name() == "testdata") {
				return skipped(err)
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.TypeSpec); ok && s.Name.IsExported() && strings.HasSuffix(s.Name.Name, "Options") {
					if _, isStruct := s.Type.(*ast.StructType); isStruct {
						found[file.Name.Name+"."+s.Name.Name] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// skipped leaves a folder out.
func skipped(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

// What an app writes itself may work as its zero value, and a nil that stands for the default stays
// one.
func TestZeroValuesOfTheAppsOwnTypesAreTaken(t *testing.T) {
	t.Parallel()
	find := func(context.Context, driver.UserID) (clubber, error) { return clubber{}, driver.ErrNoUser }
	if _, err := ginauth.New(ginauth.Options[clubber]{Users: &club{}, NoSessions: true, Logger: quiet}); err != nil {
		t.Error(err)
	}
	if _, err := ginauth.New(ginauth.Options[clubber]{FindUser: find, NoSessions: true}); err != nil {
		t.Error(err)
	}
}
