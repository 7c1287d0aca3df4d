package frame

import (
	"fmt"
	"strings"
	"unicode"
)

// Page is a page of the manual.
type Page struct {
	Name    string // as "statusd-chats-join"
	Section int
	Text    string // for the program man
}

// File is the name of the page's file.
func (p Page) File() string { return fmt.Sprintf("%s.%d", p.Name, p.Section) }

// Book is what all pages of a manual have in common.
type Book struct {
	Source string // program and version
	Manual string
	Also   []string // pages of other sections, as "statusd-rpc(7)"
}

// Pages are the pages about the commands, in section 1.
func (p *Program) Pages(book Book) []Page { return p.pages(book, &p.Root, p.Root.Name(), "") }

func (p *Program) pages(book Book, c *Command, path, parent string) (pages []Page) {
	b := p.build(c)
	name := strings.ReplaceAll(path, " ", "-")
	var out roff
	out.title(name, 1, book)
	out.heading("NAME")
	out.line(escape(name + " - " + c.Short))
	out.heading("SYNOPSIS")
	for _, use := range c.usages(path, b) {
		out.line(".B " + escape(use))
		out.line(".br")
	}
	out.heading("DESCRIPTION")
	out.text(c.long())
	if len(c.Commands) > 0 {
		out.heading("COMMANDS")
		for i := range c.Commands {
			out.item(path+" "+c.Commands[i].Use, c.Commands[i].Short)
		}
	}
	var common []*Flag
	headed := false
	for _, f := range b.flags.All() {
		if f.common {
			common = append(common, f)
			continue
		}
		if !headed {
			out.heading("OPTIONS")
			headed = true
		}
		out.item(strings.TrimSpace(f.heading()), f.explained())
	}
	out.heading("OPTIONS OF ALL COMMANDS")
	for _, f := range common {
		out.item(strings.TrimSpace(f.heading()), f.explained())
	}
	if c.Example != "" {
		out.heading("EXAMPLES")
		out.literal(c.Example)
	}
	var also []string
	if parent != "" {
		also = append(also, parent+"(1)")
	}
	for i := range c.Commands {
		also = append(also, name+"-"+c.Commands[i].Name()+"(1)")
	}
	out.heading("SEE ALSO")
	out.line(escape(strings.Join(append(also, book.Also...), ", ")))
	pages = append(pages, Page{name, 1, out.String()})
	for i := range c.Commands {
		pages = append(pages, p.pages(book, &c.Commands[i], path+" "+c.Commands[i].Name(), name)...)
	}
	return pages
}

// Document makes a page of a text in Markdown: headings, paragraphs, lists,
// tables and literal parts, as the documentation of this program has them.
func Document(book Book, name string, section int, short, markdown string) Page {
	var out roff
	out.title(name, section, book)
	out.heading("NAME")
	out.line(escape(name + " - " + short))
	d := document{out: &out}
	for line := range strings.Lines(markdown) {
		d.line(strings.TrimRight(line, "\n"))
	}
	d.end()
	out.heading("SEE ALSO")
	out.line(escape(strings.Join(append([]string{"statusd(1)"}, book.Also...), ", ")))
	return Page{name, section, out.String()}
}

// document reads Markdown.
type document struct {
	out     *roff
	begun   bool     // after the first heading, the title
	literal bool     // between marks of literal text
	para    []string // lines of a paragraph, or of an item of a list
	item    bool
	head    []string // of a table
}

func (d *document) line(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "```"):
		d.end()
		if d.literal = !d.literal; d.literal {
			d.out.line(".PP\n.RS 4\n.nf")
		} else {
			d.out.line(".fi\n.RE")
		}
	case d.literal:
		d.out.line(escape(line))
	case strings.HasPrefix(trimmed, "<!--"):
	case trimmed == "":
		d.end()
	case strings.HasPrefix(line, "#"):
		d.end()
		level := len(line) - len(strings.TrimLeft(line, "#"))
		d.section(level, plain(strings.TrimSpace(line[level:])))
	case strings.HasPrefix(trimmed, "|"):
		d.row(trimmed)
	case listItem(trimmed) != "":
		d.end()
		d.para, d.item = []string{listItem(trimmed)}, true
	default:
		d.para = append(d.para, trimmed)
	}
}

func (d *document) section(level int, title string) {
	switch {
	case level == 1 || !d.begun:
		d.begun = true
		d.out.heading("DESCRIPTION")
		if level > 1 {
			d.out.heading(strings.ToUpper(title))
		}
	case level == 2:
		d.out.heading(strings.ToUpper(title))
	default:
		d.out.line(".SS " + quote(title))
	}
}

// listItem returns the text of an item of a list, "" for other lines.
func listItem(line string) string {
	if text, ok := strings.CutPrefix(line, "- "); ok {
		return text
	}
	number, text, ok := strings.Cut(line, ". ")
	if ok && number != "" && strings.Trim(number, "0123456789") == "" {
		return text
	}
	return ""
}

// row is a row of a table: its first cell is what the others explain.
func (d *document) row(line string) {
	if len(d.para) > 0 {
		d.end()
	}
	cells := splitRow(line)
	switch {
	case d.head == nil:
		d.head = cells
		return
	case strings.Trim(line, "|-: ") == "":
		return
	}
	var rest []string
	for i, cell := range cells[1:] {
		if cell == "" {
			continue
		}
		if len(cells) > 2 && i+1 < len(d.head) {
			cell = d.head[i+1] + ": " + cell
		}
		rest = append(rest, cell)
	}
	d.out.item(plain(cells[0]), plain(strings.Join(rest, "; ")))
}

// splitRow cuts a row of a table into its cells. A bar with a backslash before
// it belongs to its cell.
func splitRow(line string) []string {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.Trim(line, "| "), `\|`, bar)
	cells := strings.Split(line, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(cells[i], bar, "|"))
	}
	return cells
}

// end writes what was gathered.
func (d *document) end() {
	if len(d.para) > 0 {
		text := plain(strings.Join(d.para, " "))
		if d.item {
			d.out.line(".IP \\(bu 2\n" + escape(text))
		} else {
			d.out.line(".PP\n" + escape(text))
		}
	}
	d.para, d.item, d.head = nil, false, nil
}

// plain takes the marks of Markdown out of a text; of links it leaves what is
// read.
func plain(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 { // literal
			b.WriteString(part)
			continue
		}
		part = strings.ReplaceAll(part, "**", "")
		for {
			open := strings.Index(part, "](")
			if open < 0 {
				break
			}
			start, end := strings.LastIndex(part[:open], "["), strings.Index(part[open:], ")")
			if start < 0 || end < 0 {
				break
			}
			part = part[:start] + part[start+1:open] + part[open+end+1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// roff writes the language of manual pages.
type roff struct{ strings.Builder }

func (r *roff) line(text string) { r.WriteString(text + "\n") }

func (r *roff) title(name string, section int, book Book) {
	r.line(fmt.Sprintf(".TH %s %d \"\" %s %s", quote(strings.ToUpper(name)), section, quote(book.Source),
		quote(book.Manual)))
	r.line(".nh\n.ad l")
}

func (r *roff) heading(title string) { r.line(".SH " + quote(title)) }

// item is something and what it means.
func (r *roff) item(what, means string) {
	r.line(".TP\n.B " + escape(what) + "\n" + escape(means))
}

// text is prose whose paragraphs are apart by empty lines. What is indented
// stays as it is.
func (r *roff) text(text string) {
	for para := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(para, "  ") || strings.Contains(para, "\n  ") {
			r.literal(para)
			continue
		}
		r.line(".PP\n" + escape(strings.ReplaceAll(para, "\n", " ")))
	}
}

func (r *roff) literal(text string) {
	r.line(".PP\n.nf")
	for line := range strings.SplitSeq(text, "\n") {
		r.line(escape(line))
	}
	r.line(".fi")
}

// quote is escape for an argument of a macro.
func quote(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }

// escape keeps a text from being read as an instruction. Letters beyond ASCII
// become their numbers, which every formatter reads.
func escape(text string) string {
	var b strings.Builder
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		b.WriteString(`\&`)
	}
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r > unicode.MaxASCII:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
