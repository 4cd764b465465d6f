package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/transfer"
)

type exportCommand struct {
	Format   string `enum:"jsonl,md,html" default:"jsonl" help:"jsonl: everything, to be imported again; md, html: what is shown, to be read."`
	Out      string `short:"o" placeholder:"FILE" help:"Where to; without it, to stdout. With the ending .zip it is an archive; all chats as md or html go to a folder."`
	Training bool   `help:"Data to train a model with: replies with a thumb up or edited ones, each with what was said before it, as messages in JSONL."`
	All      bool   `help:"All chats that are not in the trash."`
	Chat     string `arg:"" optional:"" name:"CHAT" help:"Its number, its name or the beginning of its name."`
}

// Run writes chats.
func (c *exportCommand) Run(s *session) error {
	o := transfer.ExportOptions{Format: transfer.Format(c.Format), Path: c.Out}
	if c.Training {
		o.Format = transfer.Training
	}
	switch {
	case c.Training && c.Format != string(transfer.JSONL):
		return &coded{exitUsage, "Training data has a format of its own: say --training or --format, not both."}
	case c.All && c.Chat != "":
		return &coded{exitUsage, "Name one chat or say --all, not both."}
	case !c.All && c.Chat == "":
		return &coded{exitUsage, "Name the chat to export, or say --all."}
	case c.All && c.Out == "" && o.Format != transfer.JSONL && !c.Training:
		return &coded{exitUsage, "All chats as " + c.Format + " are a file each. Say where to put them with -o FOLDER, or -o FILE.zip."}
	}
	return s.open(func(a *app.App) error {
		if !c.All {
			chat, err := findChat(s.ctx, a, c.Chat)
			if err != nil {
				return err
			}
			o.Chats = []int64{chat.ID}
		}
		if c.Out == "" {
			_, err := a.Transfer.Write(s.ctx, s.Stdout, o)
			return err
		}
		bar := newProgress(s.Stderr, s.Terminal)
		o.Progress = func(p transfer.Progress) { bar.show("Exporting", float64(p.Chats), float64(p.Total)) }
		e, err := a.Transfer.Export(s.ctx, o)
		bar.end()
		if err != nil {
			return err
		}
		if e.Missing > 0 {
			fmt.Fprintf(s.Stderr, "loam: The files of %s are gone, so they are not in it.\n", number(e.Missing, "picture"))
		}
		if c.Training {
			_, err = fmt.Fprintf(s.Stdout, "Exported %s of %s to %s\n", replies(e.Replies), number(e.Chats, "chat"), plain(e.Path))
			return err
		}
		_, err = fmt.Fprintf(s.Stdout, "Exported %s with %s to %s\n", number(e.Chats, "chat"), number(e.Messages, "message"), plain(e.Path))
		return err
	})
}

// findChat finds a chat by what a person calls it.
func findChat(ctx context.Context, a *app.App, name string) (backend.Chat, error) {
	list, err := a.Chats.Chats(ctx)
	if err != nil {
		return backend.Chat{}, err
	}
	id, _ := strconv.ParseInt(name, 10, 64)
	var exact, begin []backend.Chat
	for _, c := range list {
		switch title := strings.ToLower(c.Title); {
		case c.ID == id:
			return c, nil
		case title == strings.ToLower(name):
			exact = append(exact, c)
		case strings.HasPrefix(title, strings.ToLower(name)):
			begin = append(begin, c)
		}
	}
	if len(exact) == 0 {
		exact = begin
	}
	switch len(exact) {
	case 0:
		return backend.Chat{}, &coded{exitFailed, fmt.Sprintf("There is no chat %q. Give its number, its name or the beginning of its name.", name)}
	case 1:
		return exact[0], nil
	}
	var which []string
	for _, c := range exact[:min(len(exact), 5)] {
		which = append(which, fmt.Sprintf("%d (%s)", c.ID, plain(c.Title)))
	}
	return backend.Chat{}, &coded{exitFailed, fmt.Sprintf("%d chats are called %q: %s. Give the number.", len(exact), name, strings.Join(which, ", "))}
}

// number is a count with its noun.
func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// replies is a number of replies.
func replies(n int) string {
	if n == 1 {
		return "1 reply"
	}
	return strconv.Itoa(n) + " replies"
}

type importCommand struct {
	JSON   bool   `name:"json" help:"Print JSON."`
	Copies bool   `help:"Also take in, a second time, what is here already."`
	File   string `arg:"" name:"FILE" help:"A file, archive or folder."`
}

// imported is the JSON of an import.
type imported struct {
	Program  transfer.Program `json:"program"`
	Chats    []int64          `json:"chats"`         // numbers of the new chats
	Messages int              `json:"messages"`      // that could be read
	There    int              `json:"already_there"` // chats that were left alone
	Newer    int              `json:"newer"`         // of chats: those beside an older state of themselves
	Pictures int              `json:"pictures"`
	Problems []string         `json:"problems"`
}

// Run takes chats in.
func (c *importCommand) Run(s *session) error {
	return s.open(func(a *app.App) error {
		bar := newProgress(s.Stderr, s.Terminal)
		total := 0
		if s.Terminal {
			if in, err := a.Transfer.Inspect(s.ctx, c.File, nil); err == nil {
				total = in.New + in.There
			}
		}
		got, err := a.Transfer.Import(s.ctx, c.File, transfer.ImportOptions{
			Copies: c.Copies, Progress: func(p transfer.Progress) { bar.show("Importing", float64(p.Chats), float64(total)) },
		})
		bar.end()
		if err != nil {
			if n := len(got.Chats); n > 0 {
				fmt.Fprintf(s.Stderr, "loam: %s came in before that.\n", number(n, "chat"))
			}
			return err
		}
		if c.JSON {
			out := imported{
				Program: got.Program, Chats: got.Chats, Messages: got.Messages - got.BadMessages, There: got.There, Newer: got.Newer,
				Pictures: got.Pictures, Problems: got.Sentences(),
			}
			if out.Chats == nil {
				out.Chats = []int64{}
			}
			if out.Problems == nil {
				out.Problems = []string{}
			}
			return s.print(out)
		}
		for _, problem := range got.Sentences() {
			fmt.Fprintln(s.Stderr, "loam: "+plain(problem))
		}
		_, err = fmt.Fprintln(s.Stdout, c.words(got))
		return err
	})
}

// words says what came in.
func (c *importCommand) words(got transfer.Imported) string {
	text := fmt.Sprintf("Imported %s of %s.", number(len(got.Chats), "chat"), got.Program)
	if got.There > 0 {
		text += fmt.Sprintf(" %s already here; --copies takes such chats in again.", wereHere(got.There))
	}
	if got.Newer > 0 {
		text += fmt.Sprintf(" %s here in an older state, which was left as it is.", wereHere(got.Newer))
	}
	return text
}

func wereHere(n int) string {
	if n == 1 {
		return "1 chat was"
	}
	return number(n, "chat") + " were"
}
