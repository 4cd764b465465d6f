//go:build !nonative

package llama

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"

	"github.com/google/go-cmp/cmp"
)

func starter(t testing.TB) string { return enginetest.Starter(t) }

func plugins(t testing.TB) string {
	t.Helper()
	p := filepath.Join(enginetest.LibDir(t), "chat")
	if m, _ := filepath.Glob(filepath.Join(p, "*ggml-cpu-*")); len(m) == 0 {
		t.Fatal("run make setup once: no CPU variants in ", p)
	}
	return p
}

// request is the load that tests use: one thread, because ggml's threads spin and crawl on a busy machine, and small
// calls, so that short prompts have several.
func request(t testing.TB) engine.LoadRequest {
	return engine.LoadRequest{Path: starter(t), PluginDir: plugins(t), Context: 512, Batch: 80, Threads: 1}
}

func open(t testing.TB, r engine.LoadRequest) *chat {
	t.Helper()
	c, err := Driver().OpenChat(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*chat)
}

// ask renders one question and tokenizes it.
func ask(t testing.TB, c *chat, question string) []int32 {
	t.Helper()
	return turns(t, c, engine.Message{Role: backend.RoleUser, Content: question})
}

func turns(t testing.TB, c *chat, messages ...engine.Message) []int32 {
	t.Helper()
	r, err := c.Render(t.Context(), engine.RenderRequest{Messages: messages, AddGenerationPrompt: true})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := c.Tokenize(t.Context(), r.Prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// answer is everything a Generate said.
type answer struct {
	cuts   []int
	reused int
	done   []int
	tokens []int32
	text   string
	alts   [][]backend.TokenAlt
	result engine.Result
}

func generate(t testing.TB, c engine.Chat, r engine.GenerateRequest) answer {
	t.Helper()
	a, err := collect(t.Context(), c, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// collect runs Generate; each, if any, is called after every token.
func collect(ctx context.Context, c engine.Chat, r engine.GenerateRequest, each func(n int) error) (answer, error) {
	var a answer
	var err error
	a.result, err = c.Generate(ctx, r, func(e engine.Event) error {
		switch e := e.(type) {
		case engine.Evaluating:
			a.cuts, a.reused = e.Cuts, e.Reused
		case engine.Prompt:
			a.done = append(a.done, e.Done)
		case engine.Token:
			a.tokens = append(a.tokens, e.ID)
			a.text += e.Text
			a.alts = append(a.alts, e.Alts)
			if each != nil {
				return each(len(a.tokens))
			}
		}
		return nil
	})
	a.text += a.result.Text
	return a, err
}

func TestAnswersAQuestion(t *testing.T) {
	c := open(t, request(t))
	a := generate(t, c, engine.GenerateRequest{Prompt: ask(t, c, "What is the capital of France?"), Sampling: backend.Sampling{MaxTokens: 30}})
	if a.result.Stop != backend.StopEnd {
		t.Errorf("ended by %q, want the model's own end", a.result.Stop)
	}
	if !strings.Contains(a.text, "Paris") {
		t.Errorf("the answer is %q", a.text)
	}
	u := a.result.Usage
	if u.PromptTokens != len(ask(t, c, "What is the capital of France?")) || u.ReplyTokens != len(a.tokens) || u.FirstToken <= 0 {
		t.Errorf("usage %+v for %d tokens", u, len(a.tokens))
	}
}

func TestInfoTellsWhatRuns(t *testing.T) {
	var seen []float32
	r := request(t)
	c, err := Driver().OpenChat(t.Context(), r, func(done float32) { seen = append(seen, done) })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	i := c.Info()
	if len(seen) == 0 || seen[len(seen)-1] != 1 || !slices.IsSorted(seen) {
		t.Errorf("progress %v, want it to grow to 1", seen)
	}
	want := engine.Info{
		Engine:       backend.EngineInfo{Engine: Name, Build: "llama.cpp ec98e2002", Device: "CPU", Variant: i.Engine.Variant, FlashAttn: "auto", KVType: "f16", Threads: 1},
		Capabilities: backend.Capabilities{NamedFormat: true, Grammar: true, Adapters: true, State: true, TrimKV: true, Speculate: true, Samplers: i.Capabilities.Samplers},
		Context:      512, Batch: 80, ContextTrain: 8192, Vocab: 49152, NamedFormat: "chatml",
		Template: i.Template, MemoryBytes: i.MemoryBytes, LoadSeconds: i.LoadSeconds,
	}
	if d := cmp.Diff(want, i); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if !slices.Contains(i.Capabilities.Samplers, "adaptive_target") || !slices.Contains(i.Capabilities.Samplers, "top_k") {
		t.Errorf("samplers %v", i.Capabilities.Samplers)
	}
	if i.Engine.Variant == "static" || i.Engine.Variant == "none" || i.Engine.Variant == "" {
		t.Errorf("CPU variant %q, although plug-ins are installed", i.Engine.Variant)
	}
	if i.MemoryBytes < 50<<20 || i.LoadSeconds <= 0 || !strings.Contains(i.Template, "im_start") {
		t.Errorf("memory %d, load %v s, template %.40q", i.MemoryBytes, i.LoadSeconds, i.Template)
	}
}

func TestDevicesListsTheCPUOnce(t *testing.T) {
	list, info, err := Driver().Devices(t.Context(), plugins(t))
	if err != nil {
		t.Fatal(err)
	}
	cpus := 0
	for _, d := range list {
		if d.Type == "cpu" {
			cpus++
		}
		if d.Name == "" || d.Description == "" {
			t.Errorf("device without words: %+v", d)
		}
	}
	if cpus != 1 || info.Engine != Name || info.Variant == "" {
		t.Errorf("devices %+v, engine %+v", list, info)
	}
}

func TestAnotherCPUVariantInTheSameProcessIsRefused(t *testing.T) {
	c := open(t, request(t))
	r := request(t)
	r.Variant = "loam9"
	if _, err := Driver().OpenChat(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), c.Info().Engine.Variant) {
		t.Errorf("error %v, want it to name the variant that runs", err)
	}
}
