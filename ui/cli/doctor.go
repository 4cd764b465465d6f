package cli

import (
	"fmt"
	"strings"

	"loam/backend/app"
	"loam/backend/hardware"
)

type doctorCommand struct {
	JSON   bool `name:"json" help:"Print JSON."`
	Report bool `name:"report" help:"Print a report to pass on: without paths, names of models and your own."`
}

// Run examines the machine and the installation. It ends with an error code when something does not work.
func (c *doctorCommand) Run(s *session) error {
	return s.open(func(a *app.App) error {
		report, err := a.Doctor(s.ctx)
		if err != nil {
			return err
		}
		switch {
		case c.JSON:
			err = s.print(report)
		case c.Report:
			_, err = fmt.Fprint(s.Stdout, plainLines(a.ReportText(s.ctx, report)))
		default:
			err = c.print(s, report)
		}
		if err == nil && report.Worst() == hardware.Error {
			return &coded{code: exitFailed}
		}
		return err
	})
}

// plainLines is plain for a text of several lines.
func plainLines(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		b.WriteString(plain(strings.TrimRight(l, "\n")) + "\n")
	}
	return b.String()
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
