package refresh_test

import (
	"fmt"

	"github.com/ginauth/ginauth/ginauth/refresh"
)

func ExampleToken_Next() {
	first := refresh.New()
	second, seal := first.Next() // the store keeps second.Key() and the seal
	again := first.Open(seal)
	fmt.Println(again.Key() == second.Key(), first)
	// Output: true [refresh token]
}
