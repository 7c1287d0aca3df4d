package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is a line chart.
type plot struct {
	title string
	x, y  axis
	lines []line
}

type axis struct {
	label string
	max   float64 // 0: that of the data
}

// line is a series of points, with ascending x.
type line struct {
	name   string
	dashed bool
	x, y   []float64
}

func (l *line) add(x, y float64) {
	l.x = append(l.x, x)
	l.y = append(l.y, y)
}

// Geometry of a chart in pixels.
const (
	plotWidth, plotHeight   = 640, 360
	plotLeft, plotRight     = 60, 20
	plotTop, plotBottom     = 34, 46
	legendLine, legendInset = 15, 8
)

// svg draws the chart. Equal charts give equal text.
func (p plot) svg() string {
	maxX, maxY := p.x.max, p.y.max
	for _, l := range p.lines {
		for i := range l.x {
			if p.x.max == 0 {
				maxX = max(maxX, l.x[i])
			}
			if p.y.max == 0 {
				maxY = max(maxY, l.y[i])
			}
		}
	}
	stepX, stepY := niceStep(maxX), niceStep(maxY)
	if p.y.max == 0 {
		maxY = math.Ceil(maxY/stepY) * stepY
	}
	toX := func(x float64) float64 {
		return plotLeft + min(x/maxX, 1)*(plotWidth-plotLeft-plotRight)
	}
	toY := func(y float64) float64 {
		return plotHeight - plotBottom - min(y/maxY, 1)*(plotHeight-plotTop-plotBottom)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif"`+
		` font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	text(&b, plotWidth/2, 20, "middle", p.title, `font-size="14"`)
	for v := 0.0; v <= maxY*1.001; v += stepY {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/>`+"\n", plotLeft, toY(v), plotWidth-plotRight)
		text(&b, plotLeft-6, toY(v)+4, "end", number(v), "")
	}
	for v := 0.0; v <= maxX*1.001; v += stepX {
		fmt.Fprintf(&b, `<path d="M%.1f %dv4" stroke="#333"/>`+"\n", toX(v), plotHeight-plotBottom)
		text(&b, toX(v), plotHeight-plotBottom+17, "middle", number(v), "")
	}
	fmt.Fprintf(&b, `<path d="M%d %dV%dH%d" fill="none" stroke="#333"/>`+"\n",
		plotLeft, plotTop, plotHeight-plotBottom, plotWidth-plotRight)
	text(&b, (plotLeft+plotWidth-plotRight)/2, plotHeight-10, "middle", p.x.label, "")
	middle := (plotTop + plotHeight - plotBottom) / 2
	text(&b, 14, float64(middle), "middle", p.y.label, fmt.Sprintf(`transform="rotate(-90 14 %d)"`, middle))
	for i, l := range p.lines {
		l.draw(&b, color(i), toX, toY)
	}
	p.legend(&b)
	b.WriteString("</svg>\n")
	return b.String()
}

func (l line) draw(b *strings.Builder, color string, toX, toY func(float64) float64) {
	b.WriteString(`<path d="`)
	for i := range l.x {
		command := 'L'
		if i == 0 {
			command = 'M'
		}
		fmt.Fprintf(b, "%c%.1f %.1f", command, toX(l.x[i]), toY(l.y[i]))
	}
	fmt.Fprintf(b, `" fill="none" stroke="%s" stroke-width="1.8"%s/>`+"\n", color, l.dash())
}

func (l line) dash() string {
	if l.dashed {
		return ` stroke-dasharray="5 3"`
	}
	return ""
}

// legend names the lines in the corner where most charts have room.
func (p plot) legend(b *strings.Builder) {
	x, y := plotWidth-plotRight-200, plotHeight/2-len(p.lines)*legendLine/2
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="200" height="%d" fill="white" fill-opacity="0.8"/>`+"\n",
		x, y, len(p.lines)*legendLine+legendInset)
	for i, l := range p.lines {
		at := y + legendInset + i*legendLine
		fmt.Fprintf(b, `<path d="M%d %dh24" stroke="%s" stroke-width="1.8"%s/>`+"\n", x+legendInset, at, color(i), l.dash())
		text(b, float64(x+40), float64(at+4), "start", l.name, "")
	}
}

func text(b *strings.Builder, x, y float64, anchor, s, more string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="#222" %s>%s</text>`+"\n",
		x, y, anchor, more, html.EscapeString(s))
}

func color(i int) string {
	colors := [...]string{"#1b6ca8", "#c8553d", "#2f8f5b", "#7b4fa0", "#b8860b", "#555555"}
	return colors[i%len(colors)]
}

// niceStep returns a round distance of about five marks up to highest.
func niceStep(highest float64) float64 {
	if highest <= 0 {
		return 1
	}
	raw := highest / 5
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if raw <= m*power*1.0001 {
			return m * power
		}
	}
	return 10 * power
}

func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
}
