//go:build !nonative

package llama

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/worker"
)

// packDir is where make setup puts the pack.
func packDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(enginetest.LibDir(t), "chat-pack")
}

// packRequest is a load by the pack.
func packRequest(t *testing.T, r engine.LoadRequest) engine.LoadRequest {
	r.PluginDir = packDir(t)
	return r
}

func TestPackKeepsTheContract(t *testing.T) {
	h := harness(t, packRequest(t, request(t)))
	h.Open, h.Reply = packChild, 16
	enginetest.Run(t, h)
}

func TestRecurrentModelKeepsTheContractInThePack(t *testing.T) {
	h := harness(t, packRequest(t, tiny(t, mamba())))
	h.Open = packChild
	enginetest.Run(t, h)
}

func templatesOf(t *testing.T) *worker.Templates {
	t.Helper()
	c, err := worker.OpenTemplates(t.Context(), worker.Spec{Engine: PackName, Load: engine.LoadRequest{PluginDir: packDir(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestTemplatesRunWithoutAModel(t *testing.T) {
	c := templatesOf(t)
	got, err := c.RenderTemplate(t.Context(), "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}{{ strftime_now('%Y') }}",
		`{"messages":[{"role":"user","content":" hello "}],"loam_now":86400}`)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("user: hello\n1970", got); d != "" {
		t.Error(d)
	}
	_, err = c.RenderTemplate(t.Context(), "{% for %}", "{}")
	if !errors.Is(err, engine.ErrTemplate) || strings.Contains(err.Error(), "\n") {
		t.Errorf("a broken template gives %v", err)
	}
	grammar, err := c.Grammar(t.Context(), `{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}`)
	if err != nil || !strings.Contains(grammar, "root ::=") {
		t.Errorf("grammar %q, %v", grammar, err)
	}
}

const hermes = `{%- if tools %}<|im_start|>system
# Tools
<tools>{% for t in tools %}{{ t | tojson }}{% endfor %}</tools>
Call with <tool_call>{"name": ..., "arguments": ...}</tool_call><|im_end|>
{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' and m.reasoning_content %}<think>
{{ m.reasoning_content }}
</think>

{% endif %}{{ m.content }}{% if m.tool_calls %}{% for c in m.tool_calls %}
<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false %}<think>

</think>

{% endif %}{% endif %}`

func TestThoughtsAndCallsComeApart(t *testing.T) {
	c := templatesOf(t)
	r := engine.RenderRequest{
		Template: hermes, AddGenerationPrompt: true,
		Messages: []engine.Message{{Role: backend.RoleUser, Content: "Weather in Paris?"}},
		Tools: []engine.Tool{{
			Name: "weather", Description: "tells the weather",
			Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
		}},
	}
	out, err := c.Render(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.Prompt, "<tools>") || !strings.HasSuffix(out.Prompt, "<|im_start|>assistant\n") || out.Grammar == nil || !out.Grammar.Lazy || out.Format != "jinja" {
		t.Errorf("rendered %+v", out)
	}
	got, err := c.Parse(t.Context(), engine.ParseRequest{
		Parser: out.Parser,
		Text:   "<think>\nI should look.\n</think>\n\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>",
	})
	if err != nil {
		t.Fatal(err)
	}
	got.Reasoning = strings.TrimSpace(got.Reasoning)
	for i := range got.ToolCalls {
		got.ToolCalls[i].ID = ""
	}
	want := engine.Parsed{Reasoning: "I should look.", ToolCalls: []engine.ToolCall{{Name: "weather", Arguments: `{"city": "Paris"}`}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("thinks %v:\n%s", out.Thinks, d)
	}

	r.Tools, r.Thinking = nil, engine.ThinkingOff
	if out, err = c.Render(t.Context(), r); err != nil || !strings.HasSuffix(out.Prompt, "<think>\n\n</think>\n\n") {
		t.Errorf("without thinking: %q, %v", out.Prompt, err)
	}
}

func TestEmbeddedEngineHasNoTemplates(t *testing.T) {
	_, err := worker.OpenTemplates(t.Context(), worker.Spec{Engine: Name, Load: engine.LoadRequest{PluginDir: plugins(t)}})
	if !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

func TestPackAnswersByTheModelsOwnTemplate(t *testing.T) {
	c, err := packChild(t.Context(), packRequest(t, request(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Render(t.Context(), engine.RenderRequest{Messages: []engine.Message{{Role: backend.RoleUser, Content: "What is the capital of France?"}}, AddGenerationPrompt: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Format != "jinja" || r.Notice != "" {
		t.Errorf("rendered %+v", r)
	}
	tokens, err := c.Tokenize(t.Context(), r.Prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	a := generate(t, c, engine.GenerateRequest{Prompt: tokens, Sampling: greedy(30)})
	i := c.Info()
	if len(a.text) < 20 || i.Engine.Engine != PackName || i.Engine.Variant == "" || !strings.Contains(i.Engine.Build, "llama-cpp-sys-2") {
		t.Errorf("answer %q from %+v", a.text, i)
	}
}

// Both engines compute the same model: what they make of it differs by rounding only.
func TestEnginesAgree(t *testing.T) {
	var logits [2][]float32
	var texts [2]string
	for i, open := range []func(context.Context, engine.LoadRequest, engine.Progress) (engine.Chat, error){throughChild, packChild} {
		r := request(t)
		if i == 1 {
			r = packRequest(t, r)
		}
		c, err := open(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		tokens, err := c.Tokenize(t.Context(), "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n", true)
		if err != nil {
			t.Fatal(err)
		}
		if logits[i], err = c.Logits(t.Context(), engine.GenerateRequest{Prompt: tokens}); err != nil {
			t.Fatal(err)
		}
		texts[i] = generate(t, c, engine.GenerateRequest{Prompt: tokens, Sampling: greedy(12)}).text
	}
	far := 0.0
	for i, v := range logits[0] {
		far = max(far, math.Abs(float64(v-logits[1][i])))
	}
	t.Logf("logits differ by %.3f at most; the engines say %q and %q", far, texts[0], texts[1])
	if far > 1.5 || !strings.Contains(texts[0], "Paris") || !strings.Contains(texts[1], "Paris") {
		t.Errorf("logits differ by %.3f; the engines say %q and %q", far, texts[0], texts[1])
	}
}

func TestForeignLibraryIsRefused(t *testing.T) {
	dir := t.TempDir()
	modelfiletest.Write(t, dir, libraryName(), []byte("no library"))
	_, err := worker.Open(t.Context(), worker.Spec{Engine: PackName, Load: engine.LoadRequest{Path: tiny(t, modelfiletest.Chat()).Path, PluginDir: dir}}, nil)
	if err == nil || !strings.Contains(err.Error(), "open the current chat engine") {
		t.Errorf("error %v", err)
	}
}
