package eval

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/itchyny/gojq"
)

// arity says how many arguments a word of the prelude takes, with an example. It returns an
// empty text for a word that is not of the prelude.
func arity(words []*gojq.FuncDef, name string) string {
	var takes [3]bool // by number of arguments
	example := ""
	for _, def := range words {
		if def.Name == name && !strings.HasPrefix(name, "_") {
			takes[len(def.Args)] = true
			if len(def.Args) > 0 {
				example = ": " + called(name, def.Args)
			}
		}
	}
	text := map[[3]bool]string{
		{true, false, false}: "takes no argument",
		{false, true, false}: "takes one argument",
		{false, false, true}: "takes two arguments, with a semicolon between",
		{true, true, false}:  "takes no argument or one",
		{true, false, true}:  "takes no argument or two, with a semicolon between",
	}[takes]
	if text == "" {
		return ""
	}
	return name + " " + text + example
}

// called returns a call of a word: the example at the end of its comment in the prelude, or
// if there is none, the names of its arguments.
func called(name string, args []string) string {
	calls := regexp.MustCompile(`(?m)^# .*\b(`+name+`\([^()]*\)).*$`).FindAllStringSubmatch(prelude, -1)
	if len(calls) > 0 {
		return calls[len(calls)-1][1]
	}
	return fmt.Sprintf("%s(%s)", name, strings.Join(args, "; "))
}
