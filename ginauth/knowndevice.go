package ginauth

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// deviceCookie holds a random token that says "somebody has logged in here before". It logs nobody in: all
// it does is that its user's attempts are not counted together with a stranger's (SEC-43).
const deviceCookie = "device"

func (k Cookie) compileDevice() cookie {
	k.Name = deviceCookie
	return k.compile()
}

// deviceKey names a device of one user. Without its token nobody can tell that there is one.
func deviceKey(token Digest, identifier string) LimitKey {
	return limitKey("device", identifier, string(token[:]))
}

// deviceOf is zero for a request without a device cookie.
func (t *throttle) deviceOf(r *http.Request, identifier string) LimitKey {
	digest, _, ok := t.device.read(r)
	if !ok {
		return LimitKey{}
	}
	return deviceKey(digest, identifier)
}

// renewDevice sends a cookie that is known already once more, so that the browser keeps it.
func (t *throttle) renewDevice(c *gin.Context) {
	if sent := c.Request.CookiesNamed(t.device.name); len(sent) == 1 {
		t.device.set(c.Writer.Header(), sent[0].Value, deviceMemory)
	}
}
