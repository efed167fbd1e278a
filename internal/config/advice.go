package config

import (
	"strings"
)

// advice suggests a replacement for an unknown key: the nearest known one, or the
// list of all known ones if none is near.
func advice(unknown string, known []string) string {
	if len(known) == 0 {
		return "this table has no keys"
	}
	if best := Suggest(unknown, known); best != "" {
		return "did you mean " + quote(best) + "?"
	}
	return "the keys here are " + strings.Join(known, ", ")
}

// suggestMax bounds the text that Suggest compares, in bytes. It is longer than any name.
const suggestMax = 256

// Suggest returns the known name that is nearest to an unknown one, such as for a typing
// error. It returns the empty string if none is near.
func Suggest(unknown string, known []string) string {
	if len(unknown) > suggestMax {
		return ""
	}
	best, least := "", 0
	for _, name := range known {
		far := distance(strings.ToLower(unknown), name)
		if far <= 1+len(name)/4 && (best == "" || far < least) {
			best, least = name, far
		}
	}
	return best
}

// distance is the edit distance of Damerau and Levenshtein: how many bytes must be
// inserted, deleted, replaced or swapped with a neighbour to turn a into b. No byte is
// edited twice.
func distance(a, b string) int {
	var before []int // the row of a[:i-1]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replace := row[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			next[j] = min(row[j]+1, next[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
