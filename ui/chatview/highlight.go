package chatview

import (
	"strings"
	"unicode/utf8"

	"loam/ui/markdown"
	"loam/ui/textflow"
)

// grammar is what highlighting knows of a family of languages: enough to tell comments, strings, numbers and keywords,
// in one pass over the text. Full lexers were rejected: they cost more than a frame while a reply streams, and code in a
// conversation is mostly fragments that no lexer accepts.
type grammar struct {
	line     []string // what starts a comment to the end of the line
	open     string   // of a comment over lines
	close    string
	quotes   string // characters that open and close strings
	triple   bool   // """ and ''' open strings over lines
	multi    string // quotes whose strings reach over lines
	dollar   bool   // $name is a name
	fold     bool   // keywords in any case
	keywords map[string]bool
	types    map[string]bool
	tags     bool // markup: names after < are coloured
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

var (
	curly = &grammar{
		line: []string{"//"}, open: "/*", close: "*/", quotes: "\"'`", multi: "`",
		keywords: set(`abstract as async await break case catch chan class const constexpr continue crate debugger default defer
			delete do else enum export extends extern fallthrough final finally fn for foreach from fun func function go goto if impl
			implements import in inline instanceof interface internal is let loop match mod move mut namespace new of operator
			override package private protected pub public range readonly ref return sealed select self sizeof static struct super
			switch template this throw throws trait try type typedef typeof union unsafe use using val var virtual void volatile
			when where while with yield true false nil null undefined None Some Ok Err iota guard protocol extension`),
		types: set(`bool boolean byte char complex128 double error float float32 float64 f32 f64 i8 i16 i32 i64 int int8 int16 int32
			int64 isize long map number object rune short signed size_t string str String u8 u16 u32 u64 uint uint8 uint16 uint32
			uint64 uintptr unsigned usize any never unknown Vec Option Result`),
	}
	rust = &grammar{ // an apostrophe is mostly a lifetime
		line: []string{"//"}, open: "/*", close: "*/", quotes: "\"", multi: "\"", keywords: curly.keywords, types: curly.types,
	}
	python = &grammar{
		line: []string{"#"}, quotes: "\"'", triple: true,
		keywords: set(`and as assert async await break case class continue def del elif else end ensure except finally for from global
			if import in is lambda local match module next nonlocal not or pass raise redo require rescue retry return self then
			try undef unless until when while with yield True False None true false nil`),
		types: set(`bool bytes dict float frozenset int list object set str tuple`),
	}
	shell = &grammar{
		line: []string{"#"}, quotes: "\"'", multi: "\"'", dollar: true,
		keywords: set(`case do done elif else esac export fi for function if in local return select set source then unset until while
			sudo cd echo exit alias RUN FROM COPY CMD ENTRYPOINT ENV WORKDIR ARG EXPOSE`),
	}
	sql = &grammar{
		line: []string{"--"}, open: "/*", close: "*/", quotes: "'\"", fold: true,
		keywords: set(`add all alter and as asc begin between by case check column commit constraint create cross default delete desc
			distinct drop else end exists foreign from full group having if in index inner insert into is join key left like limit not
			null offset on or order outer primary references right rollback select set table then transaction trigger union unique
			update using values view when where with`),
		types: set(`bigint blob boolean char date decimal int integer numeric real text timestamp varchar`),
	}
	lua = &grammar{
		line: []string{"--"}, open: "--[[", close: "]]", quotes: "\"'",
		keywords: set(`and break case class data deriving do else elseif end false for function goto if import in instance let local
			module nil not of or repeat return then true type until where while`),
	}
	config = &grammar{line: []string{"#", ";"}, quotes: "\"'", keywords: set("true false null yes no on off")}
	data   = &grammar{quotes: "\"", line: []string{"//"}, keywords: set("true false null")}
	css    = &grammar{open: "/*", close: "*/", quotes: "\"'", keywords: set("important inherit initial none auto")}
	markup = &grammar{open: "<!--", close: "-->", quotes: "\"'", tags: true}
)

var grammars = func() map[string]*grammar {
	out := map[string]*grammar{}
	for names, g := range map[string]*grammar{
		"go golang c h cpp c++ cc hpp java javascript js jsx typescript ts tsx swift kotlin kt cs csharp c# scala dart php zig glsl hlsl cuda proto groovy": curly,
		"python py ruby rb python3 ipython starlark gdscript elixir julia r":                                                                                python,
		"sh bash shell zsh console fish dockerfile docker makefile make powershell ps1":                                                                     shell,
		"sql sqlite postgresql mysql": sql,
		"rust rs":                     rust,
		"lua haskell hs":              lua,
		"yaml yml toml ini conf properties cmake": config,
		"json jsonc json5 jsonl":                  data,
		"css scss less":                           css,
		"html xml svg vue xhtml htm":              markup,
	} {
		for _, name := range strings.Fields(names) {
			out[name] = g
		}
	}
	return out
}()

// highlight cuts a code block's one span into coloured ones.
func (out *blockLayout) highlight(b *markdown.Block, spans []textflow.Span) []textflow.Span {
	g := grammars[b.Lang]
	if g == nil || len(spans) != 1 {
		for range spans {
			out.links = append(out.links, "")
			out.inks = append(out.inks, inkText)
		}
		return spans
	}
	text, style := spans[0].Text, spans[0].Style
	spans = spans[:0]
	from, current := 0, inkText
	flush := func(to int) {
		if to > from {
			spans = append(spans, textflow.Span{Text: text[from:to], Style: style})
			out.links = append(out.links, "")
			out.inks = append(out.inks, current)
		}
		from = to
	}
	for at := 0; at < len(text); {
		n, c := g.token(text, at)
		if c != current {
			flush(at)
			current = c
		}
		at += n
	}
	flush(len(text))
	if len(spans) == 0 { // no code: an empty line is shown
		spans = append(spans, textflow.Span{Style: style})
		out.links = append(out.links, "")
		out.inks = append(out.inks, inkText)
	}
	return spans
}

// token returns the length and the colour of what stands at a place of the text. It is never zero long.
func (g *grammar) token(text string, at int) (int, ink) {
	rest := text[at:]
	if g.open != "" && strings.HasPrefix(rest, g.open) {
		return until(rest, g.close, len(g.open)), inkComment
	}
	for _, start := range g.line {
		if strings.HasPrefix(rest, start) && (start != "#" || at == 0 || text[at-1] <= ' ') {
			return lineLen(rest), inkComment
		}
	}
	c := rest[0]
	switch {
	case strings.IndexByte(g.quotes, c) >= 0:
		return g.stringLen(rest), inkString
	case g.dollar && c == '$' && len(rest) > 1 && isNameByte(rest[1]):
		return 1 + nameLen(rest[1:]), inkName
	case '0' <= c && c <= '9':
		return numberLen(rest), inkNumber
	case isNameByte(c):
		n := nameLen(rest)
		return n, g.nameInk(text, at, n)
	case c < utf8.RuneSelf:
		return 1, inkText
	}
	_, n := utf8.DecodeRuneInString(rest)
	return n, inkText
}

func (g *grammar) nameInk(text string, at, n int) ink {
	word := text[at : at+n]
	if g.fold {
		word = strings.ToLower(word)
	}
	switch {
	case g.tags:
		if at > 0 && (text[at-1] == '<' || text[at-1] == '/' && at > 1 && text[at-2] == '<') {
			return inkKeyword
		}
		if at+n < len(text) && text[at+n] == '=' {
			return inkName
		}
		return inkText
	case g.keywords[word]:
		return inkKeyword
	case g.types[word]:
		return inkType
	case at+n < len(text) && text[at+n] == '(' && g != config:
		return inkName
	}
	return inkText
}

// stringLen is the length of the string that text starts with. A quote without an end ends with its line.
func (g *grammar) stringLen(text string) int {
	quote := text[0]
	if g.triple && len(text) >= 3 && text[1] == quote && text[2] == quote {
		return until(text, text[:3], 3)
	}
	over := strings.IndexByte(g.multi, quote) >= 0
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote != '`':
			i++
		case text[i] == quote:
			return i + 1
		case text[i] == '\n' && !over:
			if quote == '\'' { // an apostrophe, a lifetime
				return 1
			}
			return i
		}
	}
	if quote == '\'' {
		return 1
	}
	return len(text)
}

// until is the length up to and with end, or of all where it does not come.
func until(text, end string, from int) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}

func lineLen(text string) int {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return i
	}
	return len(text)
}

func isNameByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

func nameLen(text string) int {
	n := 0
	for n < len(text) && isNameByte(text[n]) {
		n++
	}
	return n
}

func numberLen(text string) int {
	n := 0
	for n < len(text) && (isNameByte(text[n]) || text[n] == '.' && n+1 < len(text) && '0' <= text[n+1] && text[n+1] <= '9') {
		n++
	}
	return n
}
