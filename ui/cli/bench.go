package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/engine"
	"loam/backend/hardware"
	"loam/backend/residency"
)

type benchCommand struct {
	What   string `arg:"" enum:"chat,image,start,store,ui" help:"chat: tokens per second; image: seconds per step; start: the window; store: the database; ui: the transcript."`
	Model  string `short:"m" placeholder:"MODEL" help:"The model to measure with (chat, image)."`
	Size   string `placeholder:"WxH" help:"Width and height of the pictures (image)."`
	Steps  int    `placeholder:"N" help:"Steps of the pictures (image)."`
	Engine string `enum:",pack,embedded" default:"" help:"The engine to measure (chat): pack or embedded; else what the model runs on."`
	Runs   int    `default:"5" help:"How often to measure; the median counts."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// benchReport is the JSON of a benchmark.
type benchReport struct {
	Bench   string           `json:"bench"`
	Machine string           `json:"machine"`
	Commit  string           `json:"commit"`
	Figures []backend.Figure `json:"figures"`
}

// Run measures.
func (c *benchCommand) Run(s *session) error {
	c.Runs = max(1, c.Runs)
	var figures []backend.Figure
	var err error
	switch c.What {
	case "chat":
		if c.Engine != "" {
			s.engine = "llama-" + c.Engine
		}
		err = s.open(func(a *app.App) (err error) {
			figures, err = c.chat(s, a)
			return err
		})
	case "image":
		err = s.open(func(a *app.App) (err error) {
			figures, err = c.image(s, a)
			return err
		})
	case "start":
		figures, err = benchStart(s.ctx, c.Runs)
	default:
		measure, ok := s.Bench[c.What]
		if !ok {
			return &coded{exitFailed, fmt.Sprintf("This build cannot measure %q.", c.What)}
		}
		figures, err = measure(s.ctx)
	}
	if err != nil {
		return err
	}
	report := benchReport{Bench: c.What, Machine: machineName(hardware.Probe(s.ctx)), Commit: s.Commit, Figures: figures}
	if c.JSON {
		return s.print(report)
	}
	if _, err := fmt.Fprintf(s.Stdout, "%s on %s (%s)\n", report.Bench, report.Machine, report.Commit); err != nil {
		return err
	}
	for _, f := range figures {
		if _, err := fmt.Fprintf(s.Stdout, "  %-28s %10.4g %s\n", f.Name, f.Value, f.Unit); err != nil {
			return err
		}
	}
	return nil
}

func machineName(m hardware.Machine) string {
	return fmt.Sprintf("%s, %d cores, %s", strings.TrimSpace(m.CPU), m.PhysicalCores, bytesOf(m.MemoryTotal))
}

// The measure of bench chat, as llama-bench's: a prompt of 512 tokens, a reply of 128.
const (
	benchPrompt = 512
	benchReply  = 128
)

// chat measures loading, reading and writing in the engine's process.
func (c *benchCommand) chat(s *session, a *app.App) ([]backend.Figure, error) {
	m, err := (&chatCommand{Model: c.Model}).model(s.ctx, a)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	e, release, err := a.Engines.Acquire(s.ctx, residency.Need{Model: m, Context: 2 * (benchPrompt + benchReply)})
	if err != nil {
		return nil, err
	}
	defer release()
	load := time.Since(begin)
	words, err := e.Tokenize(s.ctx, strings.Repeat("The quick brown fox jumps over the lazy dog. ", benchPrompt/4), false)
	if err != nil {
		return nil, err
	}
	if len(words) < 2*benchPrompt {
		return nil, errors.New("measure: the test text has too few tokens")
	}
	var prompts, replies, firsts []float64
	bar := newProgress(s.Stderr, s.Terminal)
	defer bar.end()
	for i := range c.Runs + 1 {
		bar.show("Measuring", float64(i), float64(c.Runs+1))
		// Each prompt begins differently, so that nothing is taken from the cache.
		prompt := slices.Concat([]int32{words[i%len(words)], words[(i*7+3)%len(words)]}, words[i:i+benchPrompt-2])
		usage, err := once(s.ctx, e, prompt)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			continue // the first one warms the machine up
		}
		prompts = append(prompts, perSecond(usage.PromptTokens-usage.ReusedTokens, usage.PromptTime))
		replies = append(replies, perSecond(usage.ReplyTokens, usage.ReplyTime))
		firsts = append(firsts, usage.FirstToken.Seconds()*1000)
	}
	guessed, err := c.guessing(s.ctx, e)
	if err != nil {
		return nil, err
	}
	info := e.Info()
	release()
	kept, err := c.reopening(s, a, m, words)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]backend.Figure{
		{Name: "load " + m.Name + " (" + info.Engine.Engine + ")", Value: load.Seconds(), Unit: "s", Better: backend.BetterLower},
		{Name: fmt.Sprintf("prompt of %d (%s)", benchPrompt, info.Engine.Variant), Value: median(prompts), Unit: "tok/s", Better: backend.BetterHigher},
		{Name: fmt.Sprintf("reply of %d (%s)", benchReply, info.Engine.Variant), Value: median(replies), Unit: "tok/s", Better: backend.BetterHigher},
		{Name: "first token", Value: median(firsts), Unit: "ms", Better: backend.BetterLower},
		{Name: "engine process", Value: float64(info.MemoryBytes) / (1 << 20), Unit: "MiB", Better: backend.BetterLower},
	}, guessed, kept), nil
}

// once evaluates a prompt and writes a reply of benchReply tokens, or fewer where the model ends it.
func once(ctx context.Context, e engine.Chat, prompt []int32) (backend.Usage, error) {
	sampling := backend.DefaultSampling()
	sampling.RandomSeed, sampling.Seed, sampling.MaxTokens = false, 1, benchReply
	r, err := e.Generate(ctx, engine.GenerateRequest{Prompt: prompt, Sampling: sampling}, func(engine.Event) error { return nil })
	if err != nil {
		return backend.Usage{}, err
	}
	if r.Stop == backend.StopCancel {
		return backend.Usage{}, context.Canceled
	}
	return r.Usage, nil
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
