package codec_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/ginauth/ginauth/ginauth/codec"
)

func Example() {
	raw, err := codec.Encode(map[any]any{"theme": "dark", "visits": 42, 7: []string{"a", "b"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(raw))
	value, err := codec.Decode(raw)
	fmt.Println(value, err)
	// Output:
	// {"map[any]any":{"theme":"dark","visits":{"int":"42"},"~int:7":{"[]string":["a","b"]}}}
	// map[theme:dark visits:42 7:[a b]] <nil>
}

func ExampleEncode() {
	for _, v := range []any{"text", 42, 0.1, 90 * time.Second, []int64{1, 2}, []any{"flash"}} {
		raw, err := codec.Encode(v)
		fmt.Println(string(raw), err)
	}
	// Output:
	// "text" <nil>
	// {"int":"42"} <nil>
	// {"float64":"0.1"} <nil>
	// {"duration":"90000000000"} <nil>
	// {"[]int64":["1","2"]} <nil>
	// {"list":["flash"]} <nil>
}

func ExampleDecode() {
	value, err := codec.Decode([]byte(`{"uint8": "7"}`))
	fmt.Printf("%T %v %v\n", value, value, err)

	_, err = codec.Decode([]byte(`{"os.File": "7"}`))
	fmt.Println(errors.Is(err, codec.ErrCorrupt))
	// Output:
	// uint8 7 <nil>
	// true
}

func ExampleRegister() {
	type Address struct{ City string }
	codec.Register[Address]("address") // once, while the program starts

	raw, err := codec.Encode(Address{City: "London"})
	fmt.Println(string(raw), err)
	value, err := codec.Decode(raw)
	if address, ok := value.(Address); ok {
		fmt.Println(address.City, err)
	}

	raw, err = codec.Encode(&Address{City: "London"}) // a pointer comes back as one
	fmt.Println(string(raw), err)
	// Output:
	// {"registered:address":{"City":"London"}} <nil>
	// London <nil>
	// {"pointer":{"registered:address":{"City":"London"}}} <nil>
}

func ExampleKey() {
	for _, k := range []any{"theme", 1, "1", "~int:1"} {
		s, err := codec.Key(k)
		fmt.Println(s, err)
	}
	// Output:
	// theme <nil>
	// ~int:1 <nil>
	// 1 <nil>
	// ~string:~int:1 <nil>
}
