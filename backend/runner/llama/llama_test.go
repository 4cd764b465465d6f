//go:build !nonative

package llama

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"loam/backend"
	"loam/backend/engine"
)

// libDir is the folder that make setup filled: LOAM_LIB, else bin/lib/loam of this repository.
func libDir(t testing.TB) string {
	t.Helper()
	if d := os.Getenv("LOAM_LIB"); d != "" {
		return d
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "bin", "lib", "loam")
		}
	}
	t.Fatal("run make setup once")
	return ""
}

func starter(t testing.TB) string {
	t.Helper()
	p := filepath.Join(libDir(t), "starter", "SmolLM2-135M-Instruct.Q4_1.gguf")
	if _, err := os.Stat(p); err != nil {
		t.Fatal("run make setup once: ", err)
	}
	return p
}

func plugins(t testing.TB) string {
	t.Helper()
	p := filepath.Join(libDir(t), "chat")
	if m, _ := filepath.Glob(filepath.Join(p, "*ggml-cpu-*")); len(m) == 0 {
		t.Fatal("run make setup once: no CPU variants in ", p)
	}
	return p
}

// request is the load that tests use: one thread, because ggml's threads spin and crawl on a busy machine.
func request(t testing.TB) engine.LoadRequest {
	return engine.LoadRequest{Path: starter(t), PluginDir: plugins(t), Context: 1024, Threads: 1}
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
	t.Logf("%q %+v info %+v", a.text, a.result, c.Info())
	if a.result.Stop != backend.StopEnd {
		t.Errorf("ended by %q", a.result.Stop)
	}
}
