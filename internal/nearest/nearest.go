// Package nearest finds the words that a misspelt one may stand for, for the
// hints of errors.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// maxWord bounds what is compared, in bytes: who writes more meant none of
// our words.
const maxWord = 128

// Word returns the word most like the given one, the first of several, or ""
// when none is near.
func Word(word string, words []string) string {
	if near := Words(word, words, 1); len(near) > 0 {
		return near[0]
	}
	return ""
}

// Words returns up to n of the words that are near the given one, the nearest
// first: a third of the letters and one more may differ, in any case.
func Words(word string, words []string, n int) []string {
	if len(word) > maxWord {
		return nil
	}
	type candidate struct {
		word     string
		distance int
	}
	var near []candidate
	for _, w := range words {
		if d := distance(strings.ToLower(word), strings.ToLower(w)); d <= len(word)/3+1 {
			near = append(near, candidate{w, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, c := range near[:min(n, len(near))] {
		out = append(out, c.word)
	}
	return out
}

// distance is the number of single-character edits between two words, a swap
// of neighbours counting as one.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows = [3][]int{last, row, before}
	}
	return rows[1][len(b)]
}
