package frame

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Column is one column of a table of things of one type.
type Column[T any] struct {
	Head string
	Cell func(T) string
	ID   bool // a long id, which is shortened unless somebody wants it whole
}

// Table lays out a table: a column is as wide as what is shown in it, in cells
// of a terminal, and no line ends with blanks. wide shows ids whole.
func Table[T any](items []T, wide bool, columns ...Column[T]) string {
	rows := make([][]string, 0, len(items)+1)
	head := make([]string, len(columns))
	titled := false
	for i, c := range columns {
		head[i] = c.Head
		titled = titled || c.Head != ""
	}
	if titled {
		rows = append(rows, head)
	}
	for _, item := range items {
		row := make([]string, len(columns))
		for i, c := range columns {
			if row[i] = c.Cell(item); c.ID && !wide {
				row[i] = ShortID(row[i])
			}
		}
		rows = append(rows, row)
	}
	return Align(rows)
}

// Align puts the cells of rows below each other, two blanks apart.
func Align(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// Shortened ids have this many characters at their beginning and end.
const (
	idHead = 10
	idTail = 6
)

// ShortID is a long id with its middle left out: enough to recognise it, not
// to use it.
func ShortID(id string) string {
	runes := []rune(id)
	if len(runes) <= idHead+idTail+1 {
		return id
	}
	return string(runes[:idHead]) + "…" + string(runes[len(runes)-idTail:])
}

// Cut shortens a text to a number of cells of a terminal.
func Cut(text string, cells int) string { return ansi.Truncate(text, cells, "…") }

// Col is a column.
func Col[T any](head string, cell func(T) string) Column[T] { return Column[T]{Head: head, Cell: cell} }

// IDs is a column of long ids, which are shortened unless somebody wants them
// whole.
func IDs[T any](head string, cell func(T) string) Column[T] {
	return Column[T]{Head: head, Cell: cell, ID: true}
}
