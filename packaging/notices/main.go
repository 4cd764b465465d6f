// Command notices prints the licences of everything that a package of Loam holds: the Go modules that are linked into the program,
// and the parts named on the command line as NAME=FILE (the engines' C++, fonts, icons, the starter model). The same text is
// printed once, with all that it covers above it. It fails where a module carries no licence text, since then nothing allows us
// to hand it on. One goroutine, used by packaging/dist.sh only.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"

	"loam/packaging/rules"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, parts []string) error {
	root, err := rules.Root()
	if err != nil {
		return err
	}
	modules, err := rules.Linked(ctx, root, ".")
	if err != nil {
		return err
	}
	var n notices
	for _, m := range modules {
		texts, err := rules.LicenceTexts(m.Dir)
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			return fmt.Errorf("%s %s carries no licence text", m.Path, m.Version)
		}
		for _, file := range slices.Sorted(maps.Keys(texts)) {
			n.add(m.Path+" "+m.Version, texts[file])
		}
	}
	for _, part := range parts {
		name, file, ok := strings.Cut(part, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=FILE", part)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the licence of %s: %w", name, err)
		}
		n.add(name, string(text))
	}
	return n.print(w)
}

// notices are licence texts in the order in which they came, each with the names of what it covers.
type notices struct {
	texts  []string
	covers map[string][]string // by the text without its white space
}

func (n *notices) add(name, text string) {
	if n.covers == nil {
		n.covers = map[string][]string{}
	}
	key := strings.Join(strings.Fields(text), " ")
	if n.covers[key] == nil {
		n.texts = append(n.texts, text)
	}
	if !slices.Contains(n.covers[key], name) {
		n.covers[key] = append(n.covers[key], name)
	}
}

func (n *notices) print(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "Loam itself is under the Apache License 2.0 (see LICENSE). It contains the following works of others.\n")
	for _, text := range n.texts {
		fmt.Fprintf(out, "\n%s\n", strings.Repeat("=", 100))
		for _, name := range n.covers[strings.Join(strings.Fields(text), " ")] {
			fmt.Fprintln(out, name)
		}
		fmt.Fprintf(out, "%s\n\n%s\n", strings.Repeat("-", 100), strings.TrimSpace(text))
	}
	return out.Flush()
}
