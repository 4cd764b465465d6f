package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/library"
)

type modelsCommand struct {
	List modelsList `cmd:"" default:"withargs" help:"List the installed models."`
	Add  modelsAdd  `cmd:"" help:"Take in a model file, or all of a folder."`
	Show modelsShow `cmd:"" help:"Show all that is known about a model."`
	Rm   modelsRm   `cmd:"" help:"Take a model off the list. A file that is not Loam's own stays."`

	Move      modelsMove      `cmd:"" help:"Move the models folder, to another disk for instance."`
	Catalogue modelsCatalogue `cmd:"" help:"The lists of models worth having: what they name, and how it would run here."`

	Check modelsCheck `cmd:"" help:"Have an engine open a model in a process of its own: it is verified, or put aside with the reason."`
	Copy  modelsCopy  `cmd:"" help:"Copy a model that is used elsewhere into the models folder."`
	Found modelsFound `cmd:"" help:"Look for models in the folders of LM Studio, Ollama, ComfyUI and others, and list what could be used."`
	Bring modelsBring `cmd:"" help:"Use the models of other programs where they lie: all that were found, or those named."`
}

type modelsList struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the models.
func (c *modelsList) Run(s *session) error {
	return s.open(func(a *app.App) error {
		list, err := a.Library.List(s.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			if list == nil {
				list = []backend.Model{}
			}
			return s.print(list)
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(s.Stdout, "No model is installed yet. Add one with: loam models add FILE")
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tKIND\tQUANT\tSIZE\tSTATE")
		for _, m := range list {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", m.ID, plain(m.Name), m.Kind, plain(m.Quant), bytesOf(m.SizeBytes), stateOf(m))
		}
		return w.Flush()
	})
}

// stateOf is a model's state with its reason.
func stateOf(m backend.Model) string {
	text := string(m.State)
	if m.Reason != "" {
		text += ": " + plain(m.Reason)
	}
	if m.Starter {
		text += " (starter)"
	}
	return text
}

func bytesOf(n int64) string { return humanize.Bytes(uint64(max(0, n))) }

// plain takes out what would move the cursor or the columns of a terminal: names come out of files.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

type modelsAdd struct {
	JSON bool `name:"json" help:"Print JSON."`
	// Where the disk can share the bytes, the models folder gets its own name of the file, which then outlives the original.
	InPlace bool   `name:"in-place" help:"Use the file where it lies; without this it is linked into the models folder where that costs nothing."`
	File    string `arg:"" name:"FILE" help:"The model file or a folder with model files."`
}

// Run takes a file in.
func (c *modelsAdd) Run(s *session) error {
	return s.open(func(a *app.App) error {
		m, err := a.Library.Add(s.ctx, c.File, library.AddOptions{Keep: !c.InPlace})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(m)
		}
		_, err = fmt.Fprintf(s.Stdout, "Added %s (%s, %s) as number %d.\n", plain(m.Name), m.Kind, bytesOf(m.SizeBytes), m.ID)
		return err
	})
}

type modelsShow struct {
	JSON  bool   `name:"json" help:"Print JSON."`
	Model string `arg:"" name:"MODEL" help:"Its name, the beginning of its name, its number or its path."`
}

// Run shows a model.
func (c *modelsShow) Run(s *session) error {
	return s.open(func(a *app.App) error {
		m, err := findModel(s.ctx, a, c.Model)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(m)
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
		for _, line := range [][2]string{
			{"Name", m.Name},
			{"Number", fmt.Sprint(m.ID)},
			{"Kind", string(m.Kind)},
			{"Family", m.Family},
			{"Format", m.Format},
			{"Quantization", m.Quant},
			{"Parameters", parametersOf(m)},
			{"Context", contextOf(m)},
			{"Size", bytesOf(m.SizeBytes)},
			{"State", stateOf(m)},
			{"Licence", m.License},
			{"From", m.Source},
			{"SHA-256", m.SHA256},
			{"File", m.Path},
		} {
			if line[1] != "" {
				fmt.Fprintf(w, "%s\t%s\n", line[0], plain(line[1]))
			}
		}
		return w.Flush()
	})
}

func parametersOf(m backend.Model) string {
	if m.Parameters <= 0 {
		return ""
	}
	return humanize.SIWithDigits(float64(m.Parameters), 1, "")
}

func contextOf(m backend.Model) string {
	if m.ContextLength <= 0 {
		return ""
	}
	return humanize.Comma(int64(m.ContextLength)) + " tokens"
}

type modelsRm struct {
	JSON  bool   `name:"json" help:"Print JSON."`
	Model string `arg:"" name:"MODEL" help:"Its name, the beginning of its name, its number or its path."`
}

// Run takes a model off the list.
func (c *modelsRm) Run(s *session) error {
	return s.open(func(a *app.App) error {
		m, err := findModel(s.ctx, a, c.Model)
		if err != nil {
			return err
		}
		if err := a.Library.Remove(s.ctx, m.ID); err != nil {
			return err
		}
		if c.JSON {
			return s.print(m)
		}
		rest := "Its file stays at " + plain(m.Path) + "."
		if m.Owned {
			rest = "Its file is deleted later; until then the window can bring it back."
		}
		_, err = fmt.Fprintf(s.Stdout, "Removed %s. %s\n", plain(m.Name), rest)
		return err
	})
}
