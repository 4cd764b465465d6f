package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/library"
)

type modelsCheck struct {
	JSON  bool   `name:"json" help:"Print JSON."`
	Model string `arg:"" name:"MODEL" help:"Its name, the beginning of its name, its number or its path."`
}

// Run checks a model.
func (c *modelsCheck) Run(s *session) error {
	return s.open(func(a *app.App) error {
		m, err := findModel(s.ctx, a, c.Model)
		if err != nil {
			return err
		}
		if m, err = a.CheckModel(s.ctx, m.ID); err != nil {
			return err
		}
		if c.JSON {
			return s.print(m)
		}
		if m.State != backend.ModelReady {
			return &backend.BadFile{Path: m.Path, Reason: m.Reason}
		}
		_, err = fmt.Fprintf(s.Stdout, "%s is verified: the engine opens it.\n", plain(m.Name))
		return err
	})
}

type modelsCopy struct {
	JSON  bool   `name:"json" help:"Print JSON."`
	Model string `arg:"" name:"MODEL" help:"Its name, the beginning of its name, its number or its path."`
}

// Run copies a model into the models folder.
func (c *modelsCopy) Run(s *session) error {
	return s.open(func(a *app.App) error {
		m, err := findModel(s.ctx, a, c.Model)
		if err != nil {
			return err
		}
		if m, err = a.Library.Copy(s.ctx, m.ID); err != nil {
			return err
		}
		if c.JSON {
			return s.print(m)
		}
		_, err = fmt.Fprintf(s.Stdout, "%s is in the models folder: %s\n", plain(m.Name), plain(m.Path))
		return err
	})
}

type modelsFound struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run looks for models of other programs.
func (c *modelsFound) Run(s *session) error {
	return s.open(func(a *app.App) error {
		found, err := a.Library.LookAround(s.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(found)
		}
		if len(found.Models) == 0 {
			_, err := fmt.Fprintln(s.Stdout, "No other models were found in the folders of other programs.")
			return err
		}
		w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "PROGRAM\tNAME\tKIND\tQUANT\tSIZE\tFILE")
		for _, m := range found.Models {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Program, plain(m.Name), m.Kind, plain(m.Quant), bytesOf(m.SizeBytes), plain(m.Path))
		}
		return w.Flush()
	})
}

type modelsBring struct {
	JSON  bool     `name:"json" help:"Print JSON."`
	Names []string `arg:"" optional:"" name:"NAME" help:"Names, files or programs as 'models found' lists them; without any, all."`
}

// Run takes models of other programs in.
func (c *modelsBring) Run(s *session) error {
	return s.open(func(a *app.App) error {
		found, err := a.Library.LookAround(s.ctx)
		if err != nil {
			return err
		}
		var paths []string
		for _, m := range found.Models {
			if len(c.Names) == 0 || slices.ContainsFunc(c.Names, func(n string) bool { return names(m, n) }) {
				paths = append(paths, m.Path)
			}
		}
		if len(paths) == 0 {
			return errors.New("nothing was found that could be used; 'loam models found' lists what there is")
		}
		got, err := a.Library.Bring(s.ctx, paths)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(got.Models)
		}
		for _, m := range got.Models {
			fmt.Fprintf(s.Stdout, "Uses %s (%s, %s) where it lies, as number %d.\n", plain(m.Name), m.Kind, bytesOf(m.SizeBytes), m.ID)
		}
		for _, bad := range got.Refused {
			fmt.Fprintf(s.Stderr, "loam: %s\n", plain(bad.Error()))
		}
		return nil
	})
}

// names says whether a person means this model by a word.
func names(m library.FoundModel, word string) bool {
	return strings.EqualFold(m.Name, word) || strings.EqualFold(m.Program, word) || m.Path == word
}
