package cli

import (
	"fmt"

	"loam/backend/app"
	"loam/backend/hardware"
)

type doctorCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run examines the machine and the installation. It ends with an error code when something does not work.
func (c *doctorCommand) Run(s *session) error {
	return s.open(func(a *app.App) error {
		report, err := a.Doctor(s.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			err = s.print(report)
		} else {
			err = c.print(s, report)
		}
		if err == nil && report.Worst() == hardware.Error {
			return &coded{code: exitFailed}
		}
		return err
	})
}

func (c *doctorCommand) print(s *session, r hardware.Report) error {
	marks := map[hardware.State]string{hardware.OK: "ok   ", hardware.Warn: "warn ", hardware.Error: "ERROR"}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(s.Stdout, "%s  %s: %s\n", marks[f.State], plain(f.Title), plain(f.Detail)); err != nil {
			return err
		}
		if f.Next != "" {
			if _, err := fmt.Fprintf(s.Stdout, "       %s\n", plain(f.Next)); err != nil {
				return err
			}
		}
	}
	return nil
}
