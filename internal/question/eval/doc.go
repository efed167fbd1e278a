// Package eval evaluates expressions in the language jq over a snapshot. A process of its
// own does it, with a deadline and a limit of memory, because an expression can take any
// amount of both: see [Serve] and [Evaluator].
//
// An expression is stricter here than in jq, so that a misspelt field cannot give an answer:
// see strict.go. The words that it may use besides jq's own are in prelude.jq and words.go.
package eval
