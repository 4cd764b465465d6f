package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/chat"
	"loam/backend/event"
)

// promptMax bounds what is read from stdin, in bytes.
const promptMax = 16 << 20

type chatCommand struct {
	Model       string   `short:"m" placeholder:"MODEL" help:"The model: its name, the beginning of its name, its number or its path."`
	JSON        bool     `name:"json" help:"Print JSON at the end instead of the text as it comes."`
	Seed        *uint64  `placeholder:"N" help:"The seed of the random choices; the same seed gives the same answer."`
	Temperature *float32 `placeholder:"T" help:"How freely words are chosen; 0 takes the likeliest each time."`
	MaxTokens   int      `placeholder:"N" help:"End the answer after so many tokens."`
	System      string   `placeholder:"TEXT" help:"Instructions that stand before the conversation."`
	Keep        bool     `help:"Keep the conversation in the history."`
	Prompt      []string `arg:"" optional:"" name:"PROMPT" help:"What to ask; - reads it from stdin."`
}

// answer is the JSON of a chat.
type answer struct {
	Text         string             `json:"text"`
	Model        string             `json:"model"`
	ModelSHA256  string             `json:"model_sha256"`
	Engine       string             `json:"engine"`
	Device       string             `json:"device"`
	Seed         uint64             `json:"seed"`
	PromptTokens int                `json:"prompt_tokens"`
	ReplyTokens  int                `json:"reply_tokens"`
	TTFTms       float64            `json:"ttft_ms"`
	PromptTPS    float64            `json:"prompt_tps"`
	ReplyTPS     float64            `json:"reply_tps"`
	StopReason   backend.StopReason `json:"stop_reason"`
	ChatID       int64              `json:"chat_id,omitempty"` // where it was kept
}

// Run asks a model.
func (c *chatCommand) Run(s *session) error {
	prompt, err := c.prompt(s)
	if err != nil {
		return err
	}
	return s.open(func(a *app.App) error {
		m, err := c.model(s.ctx, a)
		if err != nil {
			return err
		}
		t := talk{session: s, app: a, model: m, sampling: c.sampling(), stream: !c.JSON}
		chats, bus := a.Chats, a.Bus
		if !c.Keep {
			scratch, err := a.Scratch(s.ctx, m)
			if err != nil {
				return err
			}
			defer scratch.Close(context.WithoutCancel(s.ctx)) //nolint:errcheck // what is left of it is a folder of temporary files
			chats, bus = scratch.Chats, scratch.Bus
		}
		got, err := t.ask(chats, bus, c.System, prompt)
		if err != nil {
			return err
		}
		return c.report(s, a, t, got)
	})
}

// prompt is the text of the question.
func (c *chatCommand) prompt(s *session) (string, error) {
	text := strings.Join(c.Prompt, " ")
	if text == "-" || (text == "" && !s.Typed) {
		read, err := io.ReadAll(io.LimitReader(s.Stdin, promptMax+1))
		if err != nil {
			return "", fmt.Errorf("read the prompt: %w", err)
		}
		if len(read) > promptMax {
			return "", &coded{exitFailed, "The prompt on stdin is longer than 16 MB. Give a shorter one."}
		}
		text = string(read)
	}
	if strings.TrimSpace(text) == "" {
		return "", &coded{exitUsage, "There is nothing to ask. Write the prompt after the command, or - to read it from stdin."}
	}
	return text, nil
}

func (c *chatCommand) model(ctx context.Context, a *app.App) (backend.Model, error) {
	if c.Model == "" {
		return a.Library.Default(ctx)
	}
	return findModel(ctx, a, c.Model)
}

// findModel finds a model by what a person calls it.
func findModel(ctx context.Context, a *app.App, name string) (backend.Model, error) {
	m, err := a.Library.Find(ctx, name)
	if errors.Is(err, backend.ErrNotFound) {
		return m, &coded{exitFailed, fmt.Sprintf("There is no model %q. \"loam models\" lists those there are.", name)}
	}
	return m, err
}

// sampling draws the seed here where none was given, so that it can be told.
func (c *chatCommand) sampling() backend.Sampling {
	p := backend.DefaultSampling()
	p.RandomSeed, p.MaxTokens = false, max(0, c.MaxTokens)
	if c.Temperature != nil {
		p.Temperature = max(0, *c.Temperature)
	}
	if c.Seed != nil {
		p.Seed = *c.Seed
		return p
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	p.Seed = uint64(binary.LittleEndian.Uint32(b[:]) >> 1)
	return p
}

// report prints the end of a reply. A reply that failed is an error, one that was interrupted has a code of its own.
func (c *chatCommand) report(s *session, a *app.App, t talk, m backend.Message) error {
	if c.JSON && m.State != backend.MessageFailed {
		out := answer{
			Text: m.Text, Model: m.ModelName, ModelSHA256: t.model.SHA256, Engine: t.engine.Engine, Device: t.engine.Device,
			Seed: t.sampling.Seed, PromptTokens: m.Usage.PromptTokens, ReplyTokens: m.Usage.ReplyTokens,
			TTFTms:    float64(m.Usage.FirstToken) / float64(time.Millisecond),
			PromptTPS: perSecond(m.Usage.PromptTokens-m.Usage.ReusedTokens, m.Usage.PromptTime),
			ReplyTPS:  perSecond(m.Usage.ReplyTokens, m.Usage.ReplyTime), StopReason: m.Stop,
		}
		if c.Keep {
			out.ChatID = m.ChatID
		}
		if out.ModelSHA256 == "" {
			// Computed now if the window has not yet; an interrupted command does without.
			out.ModelSHA256, _ = a.Library.SHA256(s.ctx, t.model.ID)
		}
		if err := s.print(out); err != nil {
			return err
		}
	}
	switch m.State {
	case backend.MessageFailed, backend.MessageInterrupted:
		words := m.Error
		if words == "" {
			words = "The answer was interrupted. Ask again."
		}
		return &coded{exitFailed, words}
	case backend.MessageStopped:
		return &coded{code: exitInterrupted}
	case backend.MessageComplete, backend.MessageRunning:
	}
	return nil
}

// perSecond is n per second of d, 0 where that is not known.
func perSecond(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// talk is one question and its answer.
type talk struct {
	*session
	app      *app.App
	model    backend.Model
	sampling backend.Sampling
	stream   bool

	engine backend.EngineInfo // that answered
}

// ask sends the prompt in a new chat and prints the reply as it grows. It returns the reply as it is stored at the end;
// at Ctrl-C, what there is of it.
func (t *talk) ask(chats *chat.Service, bus *event.Bus, system, prompt string) (backend.Message, error) {
	printer := &printer{out: t.Stdout, progress: newProgress(t.Stderr, t.Terminal), stream: t.stream}
	defer printer.progress.end()
	unwatch := t.app.Bus.Subscribe(0, printer.engine)
	defer unwatch()
	c, err := chats.Create(t.ctx, backend.Chat{ModelID: t.model.ID, System: system})
	if err != nil {
		return backend.Message{}, err
	}
	unsubscribe := bus.Subscribe(0, printer.events)
	sent, err := chats.Send(t.ctx, c.ID, chat.SendRequest{Text: prompt, Sampling: &t.sampling})
	if err != nil {
		unsubscribe()
		if trash := chats.Trash(context.WithoutCancel(t.ctx), c.ID); trash != nil {
			err = errors.Join(err, trash)
		}
		return backend.Message{}, err
	}
	printer.only(sent.Reply.ID)
	stop := context.AfterFunc(t.ctx, func() { chats.Stop(sent.Reply.ID) })
	defer stop()
	m, err := chats.Wait(context.WithoutCancel(t.ctx), sent.Reply.ID)
	unsubscribe()
	if err != nil {
		return m, err
	}
	t.engine = t.app.Engines.State().Info
	return m, printer.finish(m.Text)
}
