package hardware

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Private is what a report for others must not tell: where a person's files are, who they are, what they have.
type Private struct {
	Home  string
	User  string
	Host  string
	Names []string // of models
	Paths []string // of folders
}

var (
	// paths are Unix and Windows paths, with the blanks in the names of their folders; "1/4" and "and/or" are none. Rather too
	// much is hidden than too little.
	paths = regexp.MustCompile(`(^|[\s("'])(?:(?:~|[A-Za-z]:)[/\\]|[/\\])(?:[^\n:;,"/\\]*[/\\])*[^\s:;,"')/\\]*`)
	mails = regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`)
)

// Text is the report for pasting into a mail: without paths, names of models, and the person's own.
func (r Report) Text(version string, p Private) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Loam %s\n", version)
	m := r.Machine
	fmt.Fprintf(&b, "%s/%s, %s, %d cores (%d threads), %s of memory, %s free\n", m.OS, m.Arch, orUnknown(m.CPU), m.PhysicalCores, m.LogicalCores, size(m.MemoryTotal), size(m.MemoryFree))
	if len(m.Features) > 0 {
		fmt.Fprintf(&b, "instructions: %s\n", strings.Join(m.Features, " "))
	}
	for _, g := range m.GPUs {
		fmt.Fprintf(&b, "graphics: %s, driver %s %s\n", g.Name, orUnknown(g.Driver), g.DriverVersion)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "[%s] %s\n", f.State, p.hide(f.Title))
		for _, s := range []string{f.Detail, f.Next} {
			if s != "" {
				fmt.Fprintf(&b, "    %s\n", p.hide(s))
			}
		}
	}
	return b.String()
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// hide replaces what is private, the longest first, so that a name inside another leaves nothing behind.
func (p Private) hide(s string) string {
	type secret struct{ text, as string }
	list := []secret{{p.Home, "(home)"}}
	for _, n := range p.Names {
		list = append(list, secret{n, "(model)"})
	}
	for _, n := range p.Paths {
		list = append(list, secret{n, "(folder)"})
	}
	slices.SortFunc(list, func(a, b secret) int { return cmp.Compare(len(b.text), len(a.text)) })
	for _, x := range list {
		if len(x.text) > 1 {
			s = strings.ReplaceAll(s, x.text, x.as)
		}
	}
	s = mails.ReplaceAllString(paths.ReplaceAllString(s, "$1(path)"), "(mail)")
	s = strings.ReplaceAll(s, "(home)(path)", "(path)")
	for _, name := range []string{p.User, p.Host} {
		if len(name) > 1 {
			s = regexp.MustCompile(`(?i)\b`+regexp.QuoteMeta(name)+`\b`).ReplaceAllString(s, "(you)")
		}
	}
	return s
}
