package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// How often progress is shown.
const (
	barPause  = 100 * time.Millisecond // on a terminal
	linePause = 5 * time.Second        // elsewhere
	barWidth  = 24
)

// progress shows how far a command is: a bar on a terminal, a line now and
// then elsewhere. It writes to standard error, so that results stay clean.
type progress struct {
	out      io.Writer
	terminal bool
	quiet    bool // elsewhere nothing, only on a terminal
	label    string
	next     time.Time
	width    int // of the bar on the screen now
}

func (a *app) newProgress(label string) *progress {
	return &progress{out: a.err, terminal: isTerminal(a.err), label: label, next: time.Now().Add(barPause)}
}

// show updates the progress. share is between 0 and 1, negative if unknown.
func (p *progress) show(share float64, format string, args ...any) {
	now := time.Now()
	if now.Before(p.next) || p.quiet && !p.terminal {
		return
	}
	text := fmt.Sprintf(format, args...)
	if !p.terminal {
		p.next = now.Add(linePause)
		if share >= 0 {
			text = fmt.Sprintf("%3.0f %%, %s", 100*share, text)
		}
		fmt.Fprintf(p.out, "statusd: %s: %s\n", p.label, text)
		return
	}
	p.next = now.Add(barPause)
	line := p.label + " "
	if share >= 0 {
		done := int(min(1, share) * barWidth)
		line += "[" + strings.Repeat("=", done) + strings.Repeat(" ", barWidth-done) + "] " +
			fmt.Sprintf("%3.0f %% ", 100*share)
	}
	p.draw(line + text)
}

// draw replaces the line on the terminal.
func (p *progress) draw(line string) {
	width := utf8.RuneCountInString(line)
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-width)))
	p.width = width
}

// clear takes the bar away, before something else is printed and at the end.
func (p *progress) clear() {
	if p.terminal && p.width > 0 {
		fmt.Fprintf(p.out, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}
