// Package problempage says where the codes of problems are explained.
package problempage

// Base is where all are: append the code.
const Base = "https://github.com/ginauth/ginauth/blob/main/docs/problems.md#"
