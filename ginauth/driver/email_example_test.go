package driver_test

import (
	"fmt"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func ExampleCanonicalEmail() {
	canonical, err := driver.CanonicalEmail(" Ada@Example.COM ")
	fmt.Println(canonical, err)
	_, err = driver.CanonicalEmail("Ada <ada@example.com>")
	fmt.Println(err)
	// Output:
	// ada@example.com <nil>
	// not an e-mail address
}
