package store

import "github.com/ginauth/ginauth/ginauth/driver"

// sessionState packs what does not change the size of a row into one number, so that a row that
// every request reads has no more columns: from the lowest bit, whether the session is persistent,
// whether it is past its end, a bit for each of keptMethods, and from versionShift on the version.
const (
	sessionState = `(s.version * 256 + s.persistent::int` + methodBits + `)::bigint`

	methodBits = ` + 4 * (strpos(s.methods, 'pwd') > 0)::int + 8 * (strpos(s.methods, 'otp') > 0)::int
	+ 16 * (strpos(s.methods, 'hwk') > 0)::int + 32 * (strpos(s.methods, 'user') > 0)::int
	+ 64 * (strpos(s.methods, 'mail') > 0)::int + 128 * (strpos(s.methods, 'fed') > 0)::int`

	isPersistent = 1
	isPastEnd    = 2
	methodShift  = 2
	versionShift = 8
)

// keptMethods are the methods in the order of methodBits.
var keptMethods = [...]driver.Method{
	driver.ByPassword, driver.ByOneTimeCode, driver.ByHardwareKey, driver.ByPresence, driver.ByMail, driver.ByProvider,
}

// methodsOfBits has the text of all sets of methods, so that reading one allocates nothing.
var methodsOfBits = func() (all [1 << len(keptMethods)]driver.Methods) {
	for bits := range all {
		var list []driver.Method
		for i, m := range keptMethods {
			if bits&(1<<i) != 0 {
				list = append(list, m)
			}
		}
		all[bits] = driver.MethodsOf(list...)
	}
	return all
}()

// unpack sets what sessionState has packed and the reader has left in to.Version.
func unpack(to *driver.Session) (pastEnd bool) {
	state := to.Version
	to.Persistent, to.Version = state&isPersistent != 0, state>>versionShift
	to.Methods = methodsOfBits[state>>methodShift&int64(len(methodsOfBits)-1)]
	return state&isPastEnd != 0
}

// methodsAnd8 is an expression for the methods of s together with those of a parameter, in the
// form of driver.Methods.
const methodsAnd8 = `(SELECT COALESCE(string_agg(m.name, ' ' ORDER BY m.name), '') FROM (
	SELECT unnest(string_to_array(s.methods, ' ')) UNION SELECT unnest(string_to_array($8::text, ' '))) AS m (name))`
