package cli

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/backend/prompt"
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
	File        []string `placeholder:"FILE" type:"path" help:"A file or folder that goes along with the prompt; may be given several times."`
	Keep        bool     `help:"Keep the conversation in the history."`
	Reasoning   bool     `help:"Print what the model thinks before it answers on stderr, also where that is no terminal."`
	Quiet       bool     `short:"q" help:"Print the answer only: neither progress nor what the model thinks."`

	Alternatives int      `placeholder:"N" help:"Print beside each token the N likeliest ones that could have stood there, at most 20."`
	Prompt       []string `arg:"" optional:"" name:"PROMPT" help:"What to ask; - reads it from stdin."`
}

// answer is the JSON of a chat.
type answer struct {
	Text         string             `json:"text"`
	Reasoning    string             `json:"reasoning,omitempty"`  // what it thought before
	ToolCalls    []prompt.Call      `json:"tool_calls,omitempty"` // that it wants to have run
	Model        string             `json:"model"`
	ModelSHA256  string             `json:"model_sha256"`
	Engine       string             `json:"engine"`
	EngineBuild  string             `json:"engine_build"`
	Device       string             `json:"device"`
	Variant      string             `json:"variant"` // of the processor's code
	Seed         uint64             `json:"seed"`
	PromptTokens int                `json:"prompt_tokens"`
	ReplyTokens  int                `json:"reply_tokens"`
	TTFTms       float64            `json:"ttft_ms"`
	PromptTPS    float64            `json:"prompt_tps"`
	ReplyTPS     float64            `json:"reply_tps"`
	StopReason   backend.StopReason `json:"stop_reason"`
	ChatID       int64              `json:"chat_id,omitempty"` // where it was kept
	Tokens       []answerToken      `json:"tokens,omitempty"`  // with --alternatives
}

// answerToken is one token of an answer with what else could have stood there. Log-probabilities are natural logarithms,
// before any sampler.
type answerToken struct {
	backend.TokenAlt
	Alternatives []backend.TokenAlt `json:"alternatives"`
}

// Run asks a model.
func (c *chatCommand) Run(s *session) error {
	if c.Alternatives < 0 || c.Alternatives > backend.MaxAlternatives {
		return &coded{exitUsage, fmt.Sprintf("--alternatives goes from 1 to %d.", backend.MaxAlternatives)}
	}
	text, err := c.prompt(s)
	if err != nil {
		return err
	}
	return s.open(func(a *app.App) error {
		m, err := c.model(s.ctx, a)
		if err != nil {
			return err
		}
		t := talk{session: s, app: a, model: m, sampling: c.sampling(), stream: !c.JSON, alternatives: c.Alternatives, quiet: c.Quiet, files: c.File}
		t.thinks = c.Reasoning && !c.Quiet
		chats, bus := a.Chats, a.Bus
		if !c.Keep {
			scratch, err := a.Scratch(s.ctx, m)
			if err != nil {
				return err
			}
			defer scratch.Close(context.WithoutCancel(s.ctx)) //nolint:errcheck // what is left of it is a folder of temporary files
			chats, bus = scratch.Chats, scratch.Bus
		}
		got, err := t.ask(chats, bus, c.System, text)
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
		parts := split(m)
		out := answer{
			Text: parts.Answer, Reasoning: parts.Reasoning, ToolCalls: parts.Calls, Model: m.ModelName, ModelSHA256: t.model.SHA256,
			Engine: t.engine.Engine, EngineBuild: t.engine.Build, Device: t.engine.Device, Variant: t.engine.Variant,
			Seed: t.sampling.Seed, PromptTokens: m.Usage.PromptTokens, ReplyTokens: m.Usage.ReplyTokens,
			TTFTms:    float64(m.Usage.FirstToken) / float64(time.Millisecond),
			PromptTPS: perSecond(m.Usage.PromptTokens-m.Usage.ReusedTokens, m.Usage.PromptTime),
			ReplyTPS:  perSecond(m.Usage.ReplyTokens, m.Usage.ReplyTime), StopReason: m.Stop, Tokens: tokens(t.choices),
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
	if !c.JSON {
		if err := printChoices(s.Stdout, t.choices); err != nil {
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

// split takes a reply apart: as its engine's parser did, else by its marks.
func split(m backend.Message) prompt.Parts {
	p := m.Usage.Parts
	if p == nil {
		return prompt.Split(m.Text)
	}
	out := prompt.Parts{Reasoning: p.Reasoning, Answer: p.Answer}
	for _, c := range p.Calls {
		out.Calls = append(out.Calls, prompt.Call(c))
	}
	return out
}

func tokens(list []backend.TokenChoice) []answerToken {
	var out []answerToken
	for _, c := range list {
		chosen, _ := c.Chosen()
		out = append(out, answerToken{TokenAlt: chosen, Alternatives: c.Alts})
	}
	return out
}

// printChoices prints one line per token: the token, how likely it was, and what else could have stood there.
func printChoices(w io.Writer, list []backend.TokenChoice) error {
	if len(list) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteByte('\n')
	for _, c := range list {
		chosen, _ := c.Chosen()
		fmt.Fprintf(&b, "%-16s %5.1f %%  ", strconv.Quote(chosen.Text), 100*chosen.Probability())
		for _, a := range c.Alts {
			if a.ID != c.ID {
				fmt.Fprintf(&b, "  %s %.1f %%", strconv.Quote(a.Text), 100*a.Probability())
			}
		}
		b.WriteByte('\n')
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the alternatives: %w", err)
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
	quiet    bool
	thinks   bool // what it thinks is printed also where that is no terminal

	alternatives int
	files        []string

	engine  backend.EngineInfo // that answered
	choices []backend.TokenChoice
}

// printer shows what the model thinks where a person looks on, dimmed.
func (t *talk) printer() *printer {
	p := &printer{out: t.Stdout, progress: newProgress(t.Stderr, t.Terminal && !t.quiet), stream: t.stream}
	if t.thinks || t.Terminal && !t.quiet {
		p.thoughts = &thoughts{out: t.Stderr, dim: t.Terminal && os.Getenv("NO_COLOR") == ""}
	}
	return p
}

// ask sends the prompt in a new chat and prints the reply as it grows. It returns the reply as it is stored at the end;
// at Ctrl-C, what there is of it.
func (t *talk) ask(chats *chat.Service, bus *event.Bus, system, text string) (backend.Message, error) {
	printer := t.printer()
	defer printer.progress.end()
	unwatch := t.app.Bus.Subscribe(0, printer.engine)
	defer unwatch()
	c, err := chats.Create(t.ctx, backend.Chat{ModelID: t.model.ID, System: system})
	if err != nil {
		return backend.Message{}, err
	}
	unsubscribe := bus.Subscribe(0, printer.events)
	sent, err := t.send(chats, c.ID, chat.SendRequest{Text: text, Sampling: &t.sampling, Alternatives: t.alternatives})
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
	if e := m.Usage.Engine; e != nil {
		t.engine = *e
	}
	if t.alternatives > 0 {
		if t.choices, err = chats.Alternatives(context.WithoutCancel(t.ctx), m.ID); err != nil {
			return m, err
		}
	}
	return m, printer.finish(m.Text)
}
