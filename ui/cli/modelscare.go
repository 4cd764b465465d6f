package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/hardware"
	"loam/backend/license"
	"loam/ui/words"
)

type bomCommand struct {
	Out string `short:"o" name:"out" placeholder:"FILE" help:"Write it to a file instead of the standard output."`
}

// Run writes the bill of materials.
func (c *bomCommand) Run(s *session) error {
	return s.open(func(a *app.App) error {
		b, err := a.Bill(s.ctx)
		if err != nil {
			return err
		}
		if c.Out == "" {
			_, err = s.Stdout.Write(b)
			return err
		}
		if err := writeWhole(c.Out, b); err != nil {
			return fmt.Errorf("write the bill of materials: %w", err)
		}
		_, err = fmt.Fprintf(s.Stdout, "Wrote %s.\n", plain(c.Out))
		return err
	})
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".loam-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

type modelsMove struct {
	JSON bool   `name:"json" help:"Print JSON."`
	Dir  string `arg:"" name:"DIR" help:"The folder that the models go to."`
}

// Run moves the models folder.
func (c *modelsMove) Run(s *session) error {
	return s.open(func(a *app.App) error {
		bar := newProgress(s.Stderr, s.Terminal)
		p, err := a.MoveModels(s.ctx, c.Dir, func(done, total int64) {
			bar.show("Moving the models", float64(done), float64(total))
		})
		bar.end()
		if errors.Is(err, backend.ErrLocked) {
			return &coded{exitFailed, "A window is open with this data folder. Close it, or move the models in its settings."}
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(map[string]any{"from": p.From, "to": p.To, "files": p.Files, "bytes": p.Bytes, "copied": !p.SameDisk})
		}
		_, err = fmt.Fprintf(s.Stdout, "Moved %s of models from %s to %s.\n", bytesOf(p.Bytes), plain(p.From), plain(p.To))
		return err
	})
}

type modelsCatalogue struct {
	List catalogueList `cmd:"" default:"withargs" help:"List the models of the catalogues and how they would run here."`
	Add  catalogueAdd  `cmd:"" help:"Take in a catalogue of models from a file."`
	Rm   catalogueRm   `cmd:"" help:"Take a catalogue away that was added."`
}

type catalogueList struct {
	JSON bool   `name:"json" help:"Print JSON."`
	Kind string `name:"kind" default:"chat" help:"The kind of models: chat, diffusion, lora, guard, embedding."`
}

// Run lists models of the catalogues.
func (c *catalogueList) Run(s *session) error {
	return s.open(func(a *app.App) error {
		list, err := a.Recommend(s.ctx, backend.ModelKind(c.Kind))
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(catalogueJSON(list))
		}
		if len(list) == 0 {
			_, err := fmt.Fprintf(s.Stdout, "No catalogue lists models of the kind %q.\n", plain(c.Kind))
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tSIZE\tHERE\tLICENCE\tCATALOGUE")
		for _, r := range list {
			n, exact := r.Entry.Size()
			size := bytesOf(n)
			if !exact {
				size = "about " + size
			}
			if n == 0 {
				size = "-"
			}
			here := words.Fit(r.Fit)
			if r.Installed {
				here = "installed"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", plain(r.Entry.ID), plain(r.Entry.Name), size, here, plain(license.Name(r.Entry.License)), plain(r.Entry.Catalogue))
		}
		return w.Flush()
	})
}

// catalogueJSON is the documented shape of a recommendation.
func catalogueJSON(list []app.Recommendation) []map[string]any {
	out := []map[string]any{}
	for _, r := range list {
		n, exact := r.Entry.Size()
		out = append(out, map[string]any{
			"id": r.Entry.ID, "name": r.Entry.Name, "kind": r.Entry.Kind, "repo": r.Entry.Repo, "size": n, "size_exact": exact,
			"license": r.Entry.License, "good_for": r.Entry.GoodFor, "catalogue": r.Entry.Catalogue, "installed": r.Installed,
			"verdict": r.Fit.Verdict.String(), "needed": r.Fit.Needed, "leaves": r.Fit.Leaves,
			"words_per_second": hardware.WordsPerSecond(r.Fit.Tokens),
		})
	}
	return out
}

type catalogueAdd struct {
	File string `arg:"" name:"FILE" help:"The catalogue, a JSON file; the guide says how one is written."`
}

// Run takes a catalogue in.
func (c *catalogueAdd) Run(s *session) error {
	return s.open(func(a *app.App) error {
		got, err := a.AddCatalogue(s.ctx, c.File)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("Added the catalogue %s with %d models.", plain(got.Name), len(got.Models))
		if len(got.Models) == 1 {
			text = fmt.Sprintf("Added the catalogue %s with 1 model.", plain(got.Name))
		}
		if got.Dropped > 0 {
			text += fmt.Sprintf(" %d more are of kinds that this Loam does not know.", got.Dropped)
		}
		_, err = fmt.Fprintln(s.Stdout, text)
		return err
	})
}

type catalogueRm struct {
	Name string `arg:"" name:"NAME" help:"The name of the catalogue."`
}

// Run takes a catalogue away.
func (c *catalogueRm) Run(s *session) error {
	return s.open(func(a *app.App) error {
		if _, err := a.RemoveCatalogue(s.ctx, c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.Stdout, "Removed the catalogue %s. Models that came from it stay.\n", plain(c.Name))
		return err
	})
}
