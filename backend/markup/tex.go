package markup

import (
	"strings"
	"unicode/utf8"
)

// Readable writes TeX as people write formulas in plain text: \alpha becomes α, x^2 becomes x², \frac{a}{b} becomes a/b.
// What it does not know stays as it is; nothing but braces, spacing and the names of layout is left out.
func Readable(tex string) string {
	r := texReader{left: tex}
	lines := strings.Split(r.read(0, ""), "\n")
	for i, l := range lines {
		lines[i] = gridSigns.Replace(strings.Join(strings.Fields(l), " "))
	}
	out := strings.Trim(strings.Join(lines, "\n"), "\n")
	if out == "" || r.broken {
		return tex
	}
	return out
}

// A matrix is written into its line as (a, b; c, d). These stand for its signs until the spaces around them are known.
const (
	gridCell = "\uE000"
	gridRow  = "\uE001"
	gridEnd  = "\uE002"
)

var gridSigns = strings.NewReplacer(
	" "+gridCell+" ", ", ", gridCell+" ", ", ", " "+gridCell, ", ", gridCell, ", ",
	" "+gridRow+" ", "; ", gridRow+" ", "; ", " "+gridRow, "; ", gridRow, "; ",
	" "+gridEnd, "", gridEnd, "",
)

// deepestTeX bounds how deep groups may lie in each other.
const deepestTeX = 12

type texReader struct {
	left   string
	broken bool
	grids  int // matrices that are open
}

// read writes what comes before the sign that ends a group ("" = the end of the text).
func (r *texReader) read(depth int, end string) string {
	if depth > deepestTeX {
		r.broken = true
		return ""
	}
	var b strings.Builder
	for r.left != "" && !r.broken {
		if end != "" && strings.HasPrefix(r.left, end) {
			r.left = r.left[len(end):]
			return b.String()
		}
		switch c := r.left[0]; c {
		case '{':
			r.left = r.left[1:]
			b.WriteString(r.read(depth+1, "}"))
		case '}':
			r.broken = true
		case '^', '_':
			r.left = r.left[1:]
			b.WriteString(script(r.argument(depth), c == '^'))
		case '\\':
			r.command(&b, depth)
		case '&', '~':
			if r.left = r.left[1:]; c == '&' && r.grids > 0 {
				b.WriteString(gridCell)
				break
			}
			b.WriteByte(' ')
		case '-':
			r.left = r.left[1:]
			b.WriteString("−")
		case '\'':
			r.left = r.left[1:]
			b.WriteString("′")
		case ' ', '\n', '\t', '\r':
			r.left = strings.TrimLeft(r.left, " \n\t\r")
			b.WriteByte(' ')
		default:
			_, n := utf8.DecodeRuneInString(r.left)
			b.WriteString(r.left[:n])
			r.left = r.left[n:]
		}
	}
	if end != "" {
		r.broken = true
	}
	return b.String()
}

// argument reads a group or a single sign.
func (r *texReader) argument(depth int) string {
	r.left = strings.TrimLeft(r.left, " ")
	if r.left == "" {
		r.broken = true
		return ""
	}
	switch r.left[0] {
	case '{':
		r.left = r.left[1:]
		return r.read(depth+1, "}")
	case '\\':
		var b strings.Builder
		if depth++; depth > deepestTeX {
			r.broken = true
			return ""
		}
		r.command(&b, depth)
		return b.String()
	}
	_, n := utf8.DecodeRuneInString(r.left)
	out := r.left[:n]
	r.left = r.left[n:]
	return out
}

// option reads what stands in [brackets], if anything does.
func (r *texReader) option(depth int) string {
	if !strings.HasPrefix(r.left, "[") {
		return ""
	}
	r.left = r.left[1:]
	return r.read(depth+1, "]")
}

// command writes what a backslash stands for.
func (r *texReader) command(b *strings.Builder, depth int) {
	n := 1
	for n < len(r.left) && ('a' <= r.left[n]|0x20 && r.left[n]|0x20 <= 'z') {
		n++
	}
	if n == 1 { // a sign, such as \{ or \,
		if len(r.left) == 1 {
			r.broken = true
			return
		}
		_, size := utf8.DecodeRuneInString(r.left[1:])
		sign := r.left[1 : 1+size]
		r.left = r.left[1+size:]
		switch sign {
		case "\\":
			r.left = strings.TrimLeft(r.left, " \n")
			if r.grids > 0 { // a row of a matrix, which stands in a line
				b.WriteString(gridRow)
				break
			}
			b.WriteByte('\n')
		case ",", ";", ":", " ", "\n":
			b.WriteByte(' ')
		case "!":
		case "|":
			b.WriteString("‖")
		default:
			b.WriteString(sign)
		}
		return
	}
	name := r.left[1:n]
	r.left = r.left[n:]
	switch name {
	case "frac", "dfrac", "tfrac", "cfrac":
		top, bottom := r.argument(depth), r.argument(depth)
		b.WriteString(enclosed(top) + "/" + enclosed(bottom))
	case "binom", "dbinom":
		top, bottom := r.argument(depth), r.argument(depth)
		b.WriteString("C(" + top + ", " + bottom + ")")
	case "sqrt":
		root := map[string]string{"": "√", "2": "√", "3": "∛", "4": "∜"}
		degree := r.option(depth)
		sign, ok := root[degree]
		if !ok {
			sign = script(degree, true) + "√"
		}
		b.WriteString(sign + enclosed(r.argument(depth)))
	case "text", "mathrm", "mathit", "mathbf", "boldsymbol", "bm", "mathsf", "mathtt", "operatorname", "textbf", "textit", "textrm", "mbox":
		b.WriteString(r.argument(depth))
	case "boxed":
		b.WriteString("[" + r.argument(depth) + "]")
	case "mathbb", "mathcal", "mathscr", "mathfrak":
		letters := r.argument(depth)
		if s, ok := doubleStruck[letters]; ok && name == "mathbb" {
			letters = s
		}
		b.WriteString(letters)
	case "hat", "bar", "vec", "dot", "ddot", "tilde", "overline", "widehat", "widetilde":
		b.WriteString(accented(r.argument(depth), accents[name]))
	case "underline", "underbrace", "overbrace", "displaystyle", "textstyle", "limits", "nolimits", "big", "Big", "bigg", "Bigg",
		"bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr":
		r.left = strings.TrimLeft(r.left, " ")
	case "left", "right":
		r.left = strings.TrimPrefix(strings.TrimLeft(r.left, " "), ".")
	case "begin", "end":
		environment := r.argument(depth)
		signs := environments[strings.TrimSuffix(environment, "*")]
		if name == "begin" {
			if strings.HasPrefix(environment, "array") {
				r.argument(depth) // its columns
			}
			b.WriteString(signs[0])
			r.left = strings.TrimLeft(r.left, " \n")
			r.grids += len(signs[0])
		} else {
			if r.grids > 0 {
				b.WriteString(gridEnd)
			}
			b.WriteString(signs[1])
			r.grids = max(r.grids-len(signs[0]), 0)
		}
	case "quad", "qquad":
		b.WriteString("  ")
	default:
		sign, known := symbols[name]
		switch {
		case known:
			b.WriteString(sign)
		case functions[name]:
			b.WriteString(name)
			if r.left != "" && strings.IndexByte(" ^_({[", r.left[0]) < 0 {
				b.WriteByte(' ')
			}
		default: // as it was written
			b.WriteString(`\` + name)
			if strings.HasPrefix(r.left, "{") { // its group shall not look like a part of the name
				b.WriteByte(' ')
			}
		}
	}
}

// enclosed puts parentheses around what would otherwise be read apart.
func enclosed(s string) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) < 2 {
		return s
	}
	if strings.ContainsAny(s, " +−-/=*·×<>≤≥,\n") {
		return "(" + s + ")"
	}
	return s
}

// script writes an exponent or an index: with small signs where there are some, else behind ^ or _.
func script(s string, raised bool) string {
	s = strings.TrimSpace(s)
	table, sign := lowered, "_"
	if raised {
		table, sign = raisedSigns, "^"
	}
	switch s {
	case "":
		return ""
	case "∘", "′", "*":
		if raised {
			return map[string]string{"∘": "°", "′": "′", "*": "*"}[s]
		}
	}
	var b strings.Builder
	for _, c := range s {
		if c == ' ' {
			continue
		}
		small, ok := table[c]
		if !ok {
			if utf8.RuneCountInString(s) == 1 {
				return sign + s
			}
			return sign + "(" + s + ")"
		}
		b.WriteRune(small)
	}
	return b.String()
}

func accented(s string, mark rune) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteRune(c)
		if c != ' ' && c != '\n' {
			b.WriteRune(mark)
		}
	}
	return b.String()
}
