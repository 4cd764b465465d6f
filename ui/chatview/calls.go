package chatview

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"loam/backend/prompt"
	"loam/ui/markdown"
)

// Bounds of what is shown of calls; all of it is in the stored text.
const (
	mostArguments = 200
	deepArguments = 6
	shortArgument = 160 // bytes; longer ones stand in a block of their own
	shortSummary  = 60
	pathSign      = " · " // between the names of a path
)

// argument is one value of a call, named by its path.
type argument struct{ name, value string }

// arguments lists what a tool is called with, in the order in which it was written.
func arguments(c prompt.Call) []argument {
	d := json.NewDecoder(strings.NewReader(c.Arguments))
	d.UseNumber()
	var out []argument
	flatten(d, "", 0, &out)
	return out
}

// flatten reads one JSON value and lists the plain ones in it. plain says that it is one itself, ok that it was read to
// its end.
func flatten(d *json.Decoder, path string, depth int, out *[]argument) (plain, ok bool) {
	token, err := d.Token()
	if err != nil || len(*out) >= mostArguments || depth > deepArguments {
		return false, false
	}
	delim, nested := token.(json.Delim)
	if !nested {
		*out = append(*out, argument{path, plainValue(token)})
		return true, true
	}
	before, list := len(*out), delim == '['
	for i := 1; d.More(); i++ {
		name := strconv.Itoa(i)
		if delim == '{' {
			key, err := d.Token()
			if err != nil {
				return false, false
			}
			name, _ = key.(string)
		}
		if path != "" {
			name = path + pathSign + name
		}
		inner, ok := flatten(d, name, depth+1, out)
		if !ok {
			return false, false
		}
		list = list && inner
	}
	switch {
	case len(*out) == before && path != "":
		*out = append(*out, argument{path, "empty"})
	case list && path != "": // of plain values: one line
		var values []string
		for _, a := range (*out)[before:] {
			values = append(values, a.value)
		}
		*out = append((*out)[:before], argument{path, strings.Join(values, ", ")})
	}
	_, err = d.Token()
	return false, err == nil
}

func plainValue(token json.Token) string {
	switch v := token.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return "none"
}

// callBlocks shows calls as names and values, never as JSON.
func callBlocks(calls []prompt.Call) []markdown.Block {
	var out []markdown.Block
	for i, c := range calls {
		if len(calls) > 1 {
			out = append(out, markdown.Block{Inlines: []markdown.Inline{{Text: c.Name, Style: markdown.Bold}}, Tight: i == 0})
		}
		list := arguments(c)
		if len(list) == 0 {
			out = append(out, markdown.Block{Inlines: []markdown.Inline{{Text: "no arguments"}}, Tight: true})
		}
		for _, a := range list {
			if len(a.value) <= shortArgument && !strings.Contains(a.value, "\n") {
				out = append(out, markdown.Block{Tight: true, Inlines: []markdown.Inline{{Text: a.name + "  ", Style: markdown.Bold}, {Text: a.value}}})
				continue
			}
			out = append(out, markdown.Block{Tight: true, Inlines: []markdown.Inline{{Text: a.name, Style: markdown.Bold}}},
				markdown.Block{Kind: markdown.Code, Text: a.value, Tight: true})
		}
	}
	return out
}

// callNames are the tools, each once.
func callNames(calls []prompt.Call) string {
	var names []string
	for _, c := range calls {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// callSummary is the first arguments of a single call, in a few words.
func callSummary(calls []prompt.Call) string {
	if len(calls) != 1 {
		return ""
	}
	text := ""
	for i, a := range arguments(calls[0]) {
		name := a.name // without the path to it, which stands in the list
		if at := strings.LastIndex(name, pathSign); at >= 0 {
			name = name[at+len(pathSign):]
		}
		more := name + ": " + strings.Join(strings.Fields(a.value[:min(len(a.value), 4*shortSummary)]), " ")
		switch {
		case i == 0 && len(more) > shortSummary:
			return cutRunes(more, shortSummary) + "…"
		case i > 0 && len(text)+len(more) > shortSummary:
			return text + ", …"
		case i > 0:
			text += ", "
		}
		text += more
	}
	return text
}

func cutRunes(s string, n int) string {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.ToValidUTF8(s[:min(n, len(s))], "")
}
