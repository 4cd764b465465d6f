package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/fetch"
	"loam/backend/hub"
	"loam/ui/words"
)

type pullCommand struct {
	JSON bool   `name:"json" help:"Print the model as JSON."`
	List bool   `name:"list" help:"Show what there is to choose, and download nothing."`
	Repo string `arg:"" name:"REPO[:CHOICE]" help:"owner/name on Hugging Face, and behind a colon a quantization or a file; without it what suits this machine."`
}

// offered is a choice as JSON.
type offered struct {
	Name        string            `json:"name"`
	Kind        backend.ModelKind `json:"kind"`
	Quant       string            `json:"quant,omitempty"`
	SizeBytes   int64             `json:"size"`
	Files       []string          `json:"files"`
	Fit         string            `json:"fit,omitempty"`
	Recommended bool              `json:"recommended,omitempty"`
	Reason      string            `json:"reason,omitempty"` // why it cannot be used
}

// Run downloads a model. Repeated after an interruption, it goes on where it was.
func (c *pullCommand) Run(s *session) error {
	repo, query, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(c.Repo, hub.DefaultEndpoint+"/"), "hf:"), ":")
	return s.open(func(a *app.App) error {
		o, err := a.LookAt(s.ctx, repo, "")
		if err != nil {
			return err
		}
		if c.List {
			return c.list(s, o)
		}
		choice, err := pick(o, query)
		if err != nil {
			return err
		}
		d, err := s.pull(a, o.Repo, choice)
		if err != nil {
			return err
		}
		m, err := a.Library.Get(s.ctx, d.ModelID)
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(m)
		}
		_, err = fmt.Fprintf(s.Stdout, "Downloaded %s (%s, %s) as number %d.\n", plain(m.Name), m.Kind, bytesOf(d.Want.SizeBytes()), m.ID)
		return err
	})
}

// list shows the choices.
func (c *pullCommand) list(s *session, o app.Offer) error {
	list := []offered{}
	for _, ch := range o.Choices {
		e := offered{Name: ch.Name, Kind: ch.Model.Kind, Quant: ch.Model.Quant, SizeBytes: ch.SizeBytes(), Fit: words.Fit(ch.Fit), Recommended: ch.Recommended, Reason: ch.Refused}
		for _, f := range ch.Files {
			e.Files = append(e.Files, f.Path)
		}
		list = append(list, e)
	}
	if c.JSON {
		return s.print(list)
	}
	if len(list) == 0 {
		return nothingFor(o.Repo.Repo)
	}
	w := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	for _, e := range list {
		note := e.Fit
		switch {
		case e.Reason != "":
			note = "cannot be used: " + e.Reason
		case e.Recommended:
			note = strings.TrimPrefix(note+", recommended", ", ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", plain(e.Name), bytesOf(e.SizeBytes), plain(note))
	}
	return w.Flush()
}

func nothingFor(repo string) error {
	return &coded{exitFailed, repo + " has no file that Loam can use. Look for a repository with GGUF files of the same model."}
}

// pick finds what is meant; without a word it is what is recommended.
func pick(o app.Offer, query string) (hub.Choice, error) {
	var list []hub.Choice
	for _, c := range o.Choices {
		if query == "" && c.Recommended {
			return c.Choice, nil
		}
		list = append(list, c.Choice)
	}
	if len(list) == 0 {
		return hub.Choice{}, nothingFor(o.Repo.Repo)
	}
	c, ok := hub.Pick(list, query)
	if !ok {
		names := make([]string, 0, len(list))
		for _, c := range list {
			names = append(names, plain(c.Name))
		}
		return c, &coded{exitFailed, fmt.Sprintf("%s has no %q. There is: %s.", o.Repo.Repo, query, strings.Join(names[:min(len(names), 30)], ", "))}
	}
	if c.Refused != "" {
		return c, &coded{exitFailed, fmt.Sprintf("%s cannot be used: %s.", plain(c.Name), strings.TrimSuffix(plain(c.Refused), "."))}
	}
	return c, nil
}

// pull downloads a choice with a bar on a terminal. Where a window downloads it already, that is waited for.
func (s *session) pull(a *app.App, r hub.Repo, c hub.Choice) (backend.Download, error) {
	bar := &pullBar{bar: newProgress(s.Stderr, s.Terminal)}
	defer bar.end()
	name := a.Hub.Want(r, c).Name
	defer a.Bus.Subscribe(100*time.Millisecond, func(events []event.Event) {
		for _, e := range events {
			if p, ok := e.(event.DownloadProgress); ok {
				bar.show(name, p)
			}
		}
	})()
	d, err := a.Download(s.ctx, r, c)
	if errors.Is(err, fetch.ErrElsewhere) {
		return s.follow(a, d, bar)
	}
	if err != nil {
		return d, err
	}
	got, err := a.Fetch.Wait(s.ctx, d.ID)
	if s.ctx.Err() != nil {
		if err := a.Fetch.Pause(context.WithoutCancel(s.ctx), d.ID); err != nil {
			return d, err
		}
		return d, &coded{exitInterrupted, "Stopped. The same command goes on from here."}
	}
	if err != nil {
		return d, err
	}
	return got, words.Failure(got)
}

// follow waits for a download of another process.
func (s *session) follow(a *app.App, d backend.Download, bar *pullBar) (backend.Download, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		now, err := a.Store.Download(s.ctx, d.ID)
		if err != nil {
			return d, err
		}
		if now.State != backend.DownloadRunning && now.State != backend.DownloadWaiting {
			return now, words.Failure(now)
		}
		bar.show("Another Loam downloads "+now.Want.Name, event.DownloadProgress{Done: now.DoneBytes, Total: now.Want.SizeBytes()})
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return d, &coded{exitInterrupted, "The other Loam goes on with it."}
		}
	}
}

// pullBar is the bar of a download; it may be drawn from any goroutine.
type pullBar struct {
	mu  sync.Mutex
	bar *progress
}

// show draws how far a download is, how fast, and how long it will take; or what it waits for.
func (b *pullBar) show(name string, p event.DownloadProgress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	what := name + ", " + words.Bytes(p.Done) + " of " + words.Bytes(p.Total)
	if p.Note != "" {
		what = name + ": " + p.Note
	} else if left := words.TimeLeft(p.Total-p.Done, p.PerSecond); left != "" {
		what += ", " + words.Bytes(p.PerSecond) + "/s, " + left
	}
	b.bar.describe(plain(what), float64(p.Done), float64(p.Total))
}

func (b *pullBar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bar.end()
}
