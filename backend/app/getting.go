package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"loam/backend"
	"loam/backend/catalogue"
	"loam/backend/hardware"
	"loam/backend/hub"
	"loam/backend/library"
	"loam/backend/modelfile"
)

// Choice is something to get, with how it would run here.
type Choice struct {
	hub.Choice
	Fit         hardware.Fit
	Recommended bool
	Installed   int64 // the model that it is here already; 0 = it is not
}

// Offer is a repository with what it has for this machine.
type Offer struct {
	Repo    hub.Repo
	Choices []Choice
}

// LookAt asks the hub for a repository and says how each choice would run here. revision "" = its main line.
func (a *App) LookAt(ctx context.Context, repo, revision string) (Offer, error) {
	r, err := a.Hub.Repo(ctx, repo, revision)
	if err != nil {
		return Offer{}, err
	}
	list, err := a.Hub.Choices(ctx, r)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{Repo: r}
	installed, err := a.Library.List(ctx)
	if err != nil {
		return Offer{}, err
	}
	machine := a.Machine(ctx)
	measured := a.measured(ctx, installed)
	for _, c := range list {
		choice := Choice{Choice: c, Fit: fitOf(c, machine, measured)}
		for _, m := range installed {
			if sha := c.Files[0].SHA256; sha != "" && m.SHA256 == sha {
				choice.Installed = m.ID
			}
		}
		o.Choices = append(o.Choices, choice)
	}
	if i := recommend(o.Choices, machine); i >= 0 {
		o.Choices[i].Recommended = true
	}
	return o, nil
}

// measured is how fast the installed chat models wrote here.
func (a *App) measured(ctx context.Context, installed []backend.Model) (list []hardware.Measured) {
	for _, m := range installed {
		if s, ok, err := a.Library.MeasuredSpeed(ctx, m.ID); err == nil && ok && m.Kind == backend.KindChat {
			list = append(list, hardware.Measured{Bytes: m.SizeBytes, PerSecond: s.Reply})
		}
	}
	return list
}

// fitOf says how a choice would run here. What a picture model takes is its files and room to work in.
func fitOf(c hub.Choice, machine hardware.Machine, measured []hardware.Measured) hardware.Fit {
	switch c.Model.Kind {
	case backend.KindChat, backend.KindGuard:
		n := hardware.Candidate{Bytes: c.SizeBytes(), Active: c.Active}
		if c.Model.Shape.Layers > 0 {
			f := hardware.ForecastLoad(hardware.Load{Model: c.Model}, machine)
			n.KV, n.Compute = f.KV, f.Compute
		}
		return hardware.FitOf(n, machine, measured)
	case backend.KindDiffusion:
		const work = 2 << 30
		f := hardware.FitOf(hardware.Candidate{Bytes: c.SizeBytes(), KV: 1, Compute: work}, machine, nil)
		f.Tokens = 0
		if f.Verdict == hardware.RunsSlow { // how long a picture takes is another question
			f.Verdict = hardware.RunsGood
		}
		return f
	default:
		return hardware.Fit{}
	}
}

// recommend finds the choice that most people would be happiest with here: one that fits and writes fast enough, with as
// little loss as costs no patience. -1 = none fits.
func recommend(list []Choice, machine hardware.Machine) int {
	const (
		quick = 15.0 // tokens a second from which a larger one is worth its time
		most  = 8.6  // bits; beyond them nothing is gained
		usual = 5.3
	)
	best, bestScore := -1, 0.0
	for i, c := range list {
		score := 0.0
		switch c.Fit.Verdict {
		case hardware.RunsGood:
			score = 300
		case hardware.RunsSlow:
			score = 200
		case hardware.RunsTight:
			score = 100
		case hardware.RunsNot:
			continue
		case hardware.RunsUnknown:
		}
		if c.Refused != "" {
			continue
		}
		bits := catalogue.Bits(c.Model.Quant)
		switch {
		case bits > most:
			bits = 4.2
		case bits > usual && (c.Fit.Tokens < quick || c.Fit.Needed > machine.MemoryFree*2/5):
			bits = 4.3
		}
		if bits < 4 {
			score -= 50 // so much loss that a smaller model is better
		}
		if score += bits; best < 0 || score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// Download begins to download a choice.
func (a *App) Download(ctx context.Context, r hub.Repo, c hub.Choice) (backend.Download, error) {
	return a.Fetch.Add(ctx, a.Hub.Want(r, c))
}

// DownloadsLeft lists the downloads that an earlier run of the program did not finish.
func (a *App) DownloadsLeft() []backend.Download { return a.left }

// keepDownload takes the files of a finished download into the library. The first one is what was wanted; the others are its
// companions.
func (a *App) keepDownload(ctx context.Context, w backend.DownloadWant, paths []string) (backend.Model, error) {
	var lead backend.Model
	for i, path := range paths {
		switch strings.ToLower(filepath.Ext(path)) {
		case ".gguf", ".safetensors", ".sft":
		default:
			continue
		}
		if parts := modelfile.PartsByName(path); parts != nil {
			if parts[0] != path {
				continue
			}
		}
		o := library.AddOptions{Source: w.Source, License: w.License}
		if modelfile.PartsByName(path) == nil {
			o.Hashed = w.Files[i].SHA256
		}
		m, err := a.Library.Add(ctx, path, o)
		switch {
		case err != nil && lead.ID == 0:
			return m, err
		case err != nil:
			a.log.Warn("A downloaded companion could not be taken in", "file", filepath.Base(path), "error", err)
		case lead.ID == 0:
			lead = m
		}
	}
	if lead.ID == 0 {
		return lead, fmt.Errorf("there is no model among the files of %s", w.Name)
	}
	return lead, nil
}
