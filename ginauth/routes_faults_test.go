package ginauth_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// otherUser is a user type that no Session of these tests has.
type otherUser struct{ store.User }

func corsMiddleware(c *gin.Context) { c.Next() }

func passOn(c *gin.Context) { c.Next() }

// What CheckRoutes finds in a router that is otherwise good, sentence by sentence.
func TestCheckRoutesNamesEveryKindOfFault(t *testing.T) {
	t.Parallel()
	const here = "github.com/ginauth/ginauth/ginauth_test."
	elsewhere := store.New[user](storetest.NewDB(t))
	mailing := store.New[user](storetest.NewDB(t), store.WithMail())
	for name, test := range map[string]struct {
		options []appOption
		open    []string
		want    []string
	}{
		"nothing is excluded": {options: []appOption{with(func(cfg *config) { cfg.Exclude = nil })}},
		"entrances may be excluded": {options: []appOption{with(func(cfg *config) {
			cfg.Exclude = []string{"POST /login", "/signup"}
		})}},
		"an excluded GET has a HEAD": {options: []appOption{
			with(func(cfg *config) { cfg.Exclude = []string{"GET /x"} }),
			routes(func(r *gin.Engine, _ config) { r.HEAD("/x", passOn) }),
		}},
		"handlers of the app's beside one that is open": {
			options: []appOption{routes(func(r *gin.Engine, cfg config) {
				r.POST("/in", passOn, ginauth.Login(built.Config(cfg)))
				r.POST("/out", ginauth.Logout(built.Config(cfg)), passOn)
				r.Group("/group", passOn).POST("/restore", account.RestoreAccount(built.Config(cfg)))
				r.POST("/user/in", ginauth.With(func(*gin.Context, user) {}), ginauth.Login(built.Config(cfg)))
			})},
			want: []string{
				`POST /group/restore needs a user, since ` + here + `passOn, which is not the library's own or asks for a user, runs behind Session, too: register that before Session, or add "POST /group/restore" to Options.Exclude`,
				`POST /in needs a user, since ` + here + `passOn, which is not the library's own or asks for a user, runs behind Session, too: register that before Session, or add "POST /in" to Options.Exclude`,
				`POST /out needs a user, since ` + here + `passOn, which is not the library's own or asks for a user, runs behind Session, too: register that before Session, or add "POST /out" to Options.Exclude`,
				`POST /user/in needs a user, since github.com/ginauth/ginauth/ginauth.With[...].func2, which is not the library's own or asks for a user, runs behind Session, too: register that before Session, or add "POST /user/in" to Options.Exclude`,
			},
		},
		"rules": {
			options: []appOption{
				with(func(cfg *config) { cfg.Exclude = []string{"POST /logout", "/shop/*any", "/typo", ginauth.NoRoute} }),
				routes(func(r *gin.Engine, cfg config) {
					inner := cfg
					inner.Exclude = []string{"/shop/list", "/closed", "/logout"}
					g := r.Group("/", ginauth.Session(built.Config(inner)))
					g.GET("/shop/list", passOn)
					g.GET("/shop/basket", passOn)
					g.GET("/closed", passOn)
				}),
			},
			want: []string{
				`the Exclude rule "/closed" opens nothing, since another Session stands before its own and protects the route: exclude it there, too`,
				`the Exclude rule "/logout" matches no route: correct or remove it`,
				`the Exclude rule "/typo" matches no route: correct or remove it`,
				`the Exclude rule "POST /logout" is not needed, since what it names is open by itself: remove it`,
			},
		},
		"another Config": {
			options: []appOption{routes(func(r *gin.Engine, cfg config) {
				other := cfg
				other.Users = elsewhere
				r.POST("/me", ginauth.Me(built.Config(other)))
				r.Group("/group", ginauth.Session(built.Config(other))).GET("/x", passOn)
			})},
			want: []string{
				`GET /group/x has two Sessions that cannot work together: two Configs with different stores or RetrieveUser are mixed: use one Config`,
				`POST /me has another Config than its Session: two Configs with different stores or RetrieveUser are mixed: use one Config`,
			},
		},
		"another user type": {
			options: []appOption{routes(func(r *gin.Engine, _ config) {
				named := func(otherUser) []string { return nil }
				r.GET("/with", ginauth.With(func(*gin.Context, otherUser) {}))
				r.GET("/role", ginauth.Require(ginauth.Any(ginauth.Verified(), ginauth.All(ginauth.Role(named, "admin")))), passOn)
				r.GET("/good", ginauth.Require(ginauth.Role(func(user) []string { return nil }, "admin")), ginauth.With(func(*gin.Context, user) {}))
			})},
			want: []string{
				`GET /role has a guard for users of the type ginauth_test.otherUser, but its Session has store.User: give both the same type`,
				`GET /with has a handler for users of the type ginauth_test.otherUser, but its Session has store.User: give both the same type`,
			},
		},
		"pages": {
			options: []appOption{with(func(cfg *config) {
				cfg.Exclude = []string{"POST /login"}
				cfg.Pages = ginauth.Pages{Login: "/login?by=form", AfterLogin: "/nowhere", AfterLogout: "/user"}
			}), routes(func(r *gin.Engine, _ config) { r.GET("/login", passOn) })},
			want: []string{
				`Pages.AfterLogin is "/nowhere", but there is no route GET /nowhere: register it, or name it in CheckRoutes where another server has it`,
				`Pages.Login is "/login?by=form", which needs a user: add "GET /login" to Options.Exclude`,
			},
		},
		"a page after logout without a login page": {
			options: []appOption{with(func(cfg *config) { cfg.Pages.AfterLogout = "/user" })},
			want:    []string{`Pages.AfterLogout is "/user", which needs a user: add "GET /user" to Options.Exclude`},
		},
		"pages that are there": {
			options: []appOption{with(func(cfg *config) {
				cfg.Exclude = append(cfg.Exclude, "/pages/:name")
				cfg.Pages = ginauth.Pages{Login: "/pages/login", AfterLogin: "/pages/v1/a/b", AfterLogout: "/elsewhere"}
			}), routes(func(r *gin.Engine, _ config) {
				r.GET("/pages/:name", passOn)
				r.GET("/pages/:name/*rest", passOn)
			})},
			open: []string{"/elsewhere"},
		},
		"CORS": {
			options: []appOption{before(func(r *gin.Engine) { r.Use(corsMiddleware) }), routes(func(r *gin.Engine, _ config) {
				r.Group("/api", corsMiddleware).GET("/x", passOn)
				r.OPTIONS("/x", passOn)
				r.Any("/any", passOn)
			})},
			want: []string{
				`OPTIONS /x gets no CORS preflight, since Session answers those: register CORS middleware before Session, or add "OPTIONS /x" to Options.Exclude`,
				`the CORS middleware ` + here + `corsMiddleware stands behind Session, where no preflight reaches it: register it before Session`,
			},
		},
		"nobody can get verified": {
			options: []appOption{with(func(cfg *config) { cfg.Unverified = ginauth.UnverifiedRefused })},
			want: []string{
				`Options.Unverified refuses users who are not verified, but no route verifies them: mount email.VerifyEmail, or name the app's own route in UnverifiedMay`,
			},
		},
		"the app verifies by itself": {options: []appOption{with(func(cfg *config) {
			cfg.Unverified, cfg.UnverifiedMay = ginauth.UnverifiedReadOnly, []string{"/user"}
		})}},
		"mails without flows": {
			options: []appOption{with(func(cfg *config) { cfg.Users = mailing })},
			want: []string{
				`the store was made with WithMail, but no route is of package email, so that its links lead nowhere: mount email.VerifyEmail and run email.Flows.Run, or leave WithMail out`,
			},
		},
		"mails with flows": {options: []appOption{
			with(func(cfg *config) { cfg.Users = mailing }),
			routes(func(r *gin.Engine, cfg config) {
				r.POST("/forgot", email.ForgotPassword(built.Mails(cfg, email.Options[user]{
					Sender: noSender{}, BaseURL: "https://app.example", From: "a@app.example", Pages: email.Pages{Reset: "/reset"},
				})))
			}),
		}},
		"users get verified": {options: []appOption{
			with(func(cfg *config) { cfg.Unverified = ginauth.UnverifiedRefused }),
			routes(func(r *gin.Engine, cfg config) {
				r.POST("/verify", email.VerifyEmail(built.Mails(cfg, email.Options[user]{
					Sender: noSender{}, BaseURL: "https://app.example", From: "a@app.example", Pages: email.Pages{Verify: "/verify"},
				})))
			}),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := ginauth.CheckRoutes(newApp(t, test.options...).Engine, test.open...); err != nil {
				got = err.Error()
			}
			if want := strings.Join(test.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

type noSender struct{}

func (noSender) Send(ctx, email.Message) error { return nil }
