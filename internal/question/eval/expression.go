package eval

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/itchyny/gojq"
)

//go:embed prelude.jq
var prelude string

// Expression is a compiled expression. It is not safe for concurrent use.
type Expression struct {
	Text string
	// monotone reports whether the answer no holds even if parts of the snapshot are
	// missing, because the expression consists of words of which that is so.
	monotone bool
	code     *gojq.Code
	asked    *asked // the evaluation in progress
}

// SyntaxError says where an expression cannot be parsed.
type SyntaxError struct {
	Text   string // the expression
	Offset int    // bytes before the place
	What   string
}

func (e *SyntaxError) Error() string { return e.What }

// Caret returns the line of the expression with the place, and below it a line with a caret
// under the place.
func (e *SyntaxError) Caret() []string {
	begin := strings.LastIndexByte(e.Text[:e.Offset], '\n') + 1
	line, _, _ := strings.Cut(e.Text[begin:], "\n")
	var pad strings.Builder
	for _, r := range e.Text[begin:e.Offset] {
		switch {
		case r == '\t':
			pad.WriteRune(r)
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			pad.WriteString("  ") // a terminal shows these in two columns
		case !unicode.In(r, unicode.Mn): // marks are on the character before them
			pad.WriteByte(' ')
		}
	}
	return []string{line, pad.String() + "^"}
}

// Compile compiles an expression. If loose is set, fields may be absent and values of
// different types may be compared, as in jq. The error is a *SyntaxError if the expression
// cannot be parsed.
func Compile(text string, loose bool) (*Expression, error) {
	q, err := gojq.Parse(text)
	if err != nil {
		return nil, syntaxError(text, err)
	}
	if len(q.Imports) > 0 || q.Meta != nil {
		return nil, &SyntaxError{text, 0, "modules cannot be imported"}
	}
	if q.Term == nil && q.Right == nil {
		return nil, &SyntaxError{text, len(text), "the expression is empty"}
	}
	e := &Expression{Text: text, monotone: consists(q, final)}
	if !loose {
		strict(q)
	}
	words, err := gojq.Parse(prelude)
	if err != nil {
		return nil, fmt.Errorf("bug: prelude.jq: %w", err)
	}
	q.FuncDefs = append(words.FuncDefs[:len(words.FuncDefs):len(words.FuncDefs)], q.FuncDefs...)
	if e.code, err = gojq.Compile(q, e.words()...); err != nil {
		return nil, unknownWord(text, words.FuncDefs, err)
	}
	return e, nil
}

// syntaxError converts an error of the parser, whose offset is behind the token.
func syntaxError(text string, err error) error {
	var parse *gojq.ParseError
	if !errors.As(err, &parse) {
		return &SyntaxError{text, 0, err.Error()}
	}
	what := err.Error()
	if parse.Token == "" && parse.Offset >= len(text) {
		what = "the expression ends too early"
	}
	at := parse.Offset - len(parse.Token)
	return &SyntaxError{text, max(0, min(at, len(text))), what}
}

// unknownWord converts an error of the compiler, such as "function not defined: foo/0". It
// has no place.
func unknownWord(text string, words []*gojq.FuncDef, err error) error {
	what := err.Error()
	at := 0
	if _, name, found := strings.Cut(what, ": "); found {
		name, _, _ = strings.Cut(name, "/")
		at = max(0, wordIndex(text, name))
		if known := arity(words, name); known != "" {
			what = known
		}
	}
	return &SyntaxError{text, at, what}
}

// wordIndex returns where a word is called first, or -1: .word, $word, "word" and word: are no
// calls.
func wordIndex(text, word string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 || word == "" {
			return -1
		}
		begin, end := from+i, from+i+len(word)
		before := begin > 0 && isWord(text[begin-1], `.$"`)
		after := end < len(text) && isWord(text[end], `":`)
		if !before && !after {
			return begin
		}
		from = end
	}
}

// isWord reports whether a byte may be in a word, or is one of others.
func isWord(c byte, others string) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(others, c) >= 0
}

// consists reports whether a query is one of a few words, or several of them that are
// joined by "and".
func consists(q *gojq.Query, words map[string]bool) bool {
	if len(q.FuncDefs) > 0 {
		return false // they may define the words anew
	}
	if q.Term == nil {
		return q.Op == gojq.OpAnd && consists(q.Left, words) && consists(q.Right, words)
	}
	t := q.Term
	switch {
	case len(t.SuffixList) > 0:
		return false
	case t.Type == gojq.TermTypeQuery:
		return consists(t.Query, words)
	case t.Type == gojq.TermTypeFunc:
		return words[t.Func.Name]
	}
	return false
}

// final holds the words whose answer no cannot be changed by parts that are missing.
var final = map[string]bool{"each": true, "same": true, "at_most_one": true, "exactly_one": true, "terminated": true}

// stable holds the words that stay true once they are (Chandy & Lamport 1985, section 5).
var stable = map[string]bool{"deadlocked": true, "deadlocked_any": true, "terminated": true}

// Stable reports whether an expression consists of words that stay true once they are.
func Stable(text string) bool {
	q, err := gojq.Parse(text)
	return err == nil && consists(q, stable)
}
