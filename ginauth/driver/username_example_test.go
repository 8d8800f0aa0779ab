package driver_test

import (
	"fmt"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func ExampleCanonicalUsername() {
	canonical, err := driver.CanonicalUsername("Ada_Lovelace")
	fmt.Println(canonical, err)
	_, err = driver.CanonicalUsername("ada@example.com")
	fmt.Println(err)
	// Output:
	// ada_lovelace <nil>
	// not a username
}
