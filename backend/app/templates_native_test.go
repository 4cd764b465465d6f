//go:build !nonative

package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
)

// openPack is openReal where the chat pack is installed.
func openPack(t *testing.T) *App {
	t.Helper()
	a := openReal(t, t.TempDir())
	if a.ChatEngine() != ChatPack {
		t.Skip("the chat pack is not installed: make setup builds it")
	}
	return a
}

func TestHostileTemplatesEndAsBroken(t *testing.T) {
	a := openPack(t)
	for name, tc := range map[string]struct{ template, reason string }{
		"deep brackets":    {"{{ " + strings.Repeat("(", 3800) + "1" + strings.Repeat(")", 3800) + " }}", ""},
		"deep lists":       {"{{ " + strings.Repeat("[", 50000) + strings.Repeat("]", 50000) + " }}", ""},
		"deep blocks":      {strings.Repeat("{% if 1 %}", 20000) + strings.Repeat("{% endif %}", 20000), ""},
		"long range":       {"{% for i in range(10000000) %}{{ i }}{{ messages }}{% endfor %}", ""},
		"loop in a loop":   {"{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", ""},
		"long text":        {`{{ "a" * 1000000000 }}`, ""},
		"grown text":       {`{% set ns = namespace(x="aaaaaaaa") %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}`, ""},
		"endless macro":    {"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", ""},
		"unknown filter":   {"{{ messages | nothere }}", "nothere"},
		"unknown tag":      {"{% nothere %}", "nothere"},
		"not closed":       {"{{ messages", ""},
		"refuses":          {"{{ raise_exception('not today') }}", "not today"},
		"says nothing":     {"Hello", "leaves the words"},
		"binary":           {"\x00\x01{{ messages[0].content }}{% \xff", ""},
		"only the system":  {"{{ messages[0].content if messages[0].role == 'system' }}", "leaves the words"},
		"division by zero": {"{{ 1 / 0 }}{{ 1 % 0 }}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			v, err := a.TemplateVerdict(t.Context(), backend.Model{Kind: backend.KindChat, Template: tc.template})
			if err != nil {
				t.Fatal(err)
			}
			if v.State != backend.TemplateBroken || v.Reason == "" || strings.Contains(v.Reason, "\n") || !strings.Contains(v.Reason, tc.reason) {
				t.Errorf("verdict %+v", v)
			}
			took := time.Since(began)
			t.Logf("%q after %v", v.Reason, took.Round(time.Millisecond))
		})
	}
}

func TestRealTemplateIsGood(t *testing.T) {
	a := openPack(t)
	m, err := a.Library.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v, err := a.TemplateVerdict(t.Context(), m); err != nil || v.State != backend.TemplateGood || v.Thinks {
		t.Errorf("verdict %+v, %v", v, err)
	}
	const thinks = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]" +
		"{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
	if v, err := a.TemplateVerdict(t.Context(), backend.Model{Kind: backend.KindChat, Template: thinks}); err != nil || !v.Thinks {
		t.Errorf("verdict on a template that knows thinking: %+v, %v", v, err)
	}
}

// brokenModel is the starter with a template that refuses everything.
func brokenModel(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(enginetest.Starter(t))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("{% for message in messages %}"))
	if at < 0 {
		t.Fatal("the starter has another template")
	}
	text := "{{ raise_exception('not today') }}"
	copy(b[at:], text)
	for i := at + len(text); i < at+len("{% for message in messages %}")+40 && b[i] != 0; i++ {
		b[i] = ' '
	}
	path := filepath.Join(t.TempDir(), "broken.gguf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBrokenTemplateIsSaidAndAFormatHelps(t *testing.T) {
	a := openPack(t)
	m, err := a.Library.Add(t.Context(), brokenModel(t), library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Chats.Create(t.Context(), backend.Chat{ModelID: m.ID, Sampling: seeded(8)})
	if err != nil {
		t.Fatal(err)
	}
	said := wait(t, a, send(t, a, c.ID, "Hello").ID)
	if said.State != backend.MessageFailed || !strings.Contains(said.Error, "template") || !strings.Contains(said.Error, "Choose a format") {
		t.Fatalf("ends %v: %q", said.State, said.Error)
	}
	if err := a.Chats.SetManner(t.Context(), m.ID, chat.Manner{Format: "chatml"}); err != nil {
		t.Fatal(err)
	}
	said = wait(t, a, send(t, a, c.ID, "Hello").ID)
	if said.State != backend.MessageComplete || said.Text == "" || said.Usage.Format != "chatml" {
		t.Errorf("with a format it ends %v %q in the format %q: %q", said.State, said.Error, said.Usage.Format, said.Text)
	}
}
