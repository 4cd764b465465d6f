package prompt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/engine"
)

func user(text string) backend.Message {
	return backend.Message{Role: backend.RoleUser, Text: text}
}

func reply(text string) backend.Message {
	return backend.Message{Role: backend.RoleAssistant, Text: text}
}

func TestRequest(t *testing.T) {
	const u, a, s = backend.RoleUser, backend.RoleAssistant, backend.RoleSystem
	for name, tc := range map[string]struct {
		system string
		path   []backend.Message
		want   []engine.Message
	}{
		"takes turns":                      {"", []backend.Message{user("hi"), reply("hello"), user("bye")}, []engine.Message{{Role: u, Content: "hi"}, {Role: a, Content: "hello"}, {Role: u, Content: "bye"}}},
		"system prompt first":              {"be brief", []backend.Message{user("hi")}, []engine.Message{{Role: s, Content: "be brief"}, {Role: u, Content: "hi"}}},
		"blank system prompt is none":      {" \n", []backend.Message{user("hi")}, []engine.Message{{Role: u, Content: "hi"}}},
		"failed replies join their users":  {"", []backend.Message{user("one"), reply(""), user("two")}, []engine.Message{{Role: u, Content: "one\n\ntwo"}}},
		"earlier reasoning stays private":  {"", []backend.Message{user("1+1"), reply("<think>\nsum\n</think>\n\n2"), user("why")}, []engine.Message{{Role: u, Content: "1+1"}, {Role: a, Content: "2", Reasoning: "sum"}, {Role: u, Content: "why"}}},
		"calls stay as they were written":  {"", []backend.Message{user("x"), reply("<think>a</think><tool_call>{\"name\":\"f\"}</tool_call>")}, []engine.Message{{Role: u, Content: "x"}, {Role: a, Content: "<tool_call>{\"name\":\"f\"}</tool_call>", Reasoning: "a"}}},
		"system messages join the prompt":  {"be brief", []backend.Message{{Role: s, Text: "be kind"}, user("hi")}, []engine.Message{{Role: s, Content: "be brief\n\nbe kind"}, {Role: u, Content: "hi"}}},
		"words keep their own white space": {"", []backend.Message{user("  indented\n")}, []engine.Message{{Role: u, Content: "  indented\n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Request(tc.system, tc.path)
			if d := cmp.Diff(engine.RenderRequest{Messages: tc.want, AddGenerationPrompt: true}, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTurnsBeginWithAPerson(t *testing.T) {
	path := []backend.Message{reply("welcome"), user("a"), reply("b"), reply("c"), user("d"), user("e"), reply("f")}
	var got []string
	for _, turn := range Turns(path) {
		var words []string
		for _, m := range turn {
			words = append(words, m.Text)
		}
		got = append(got, strings.Join(words, " "))
	}
	if d := cmp.Diff([]string{"welcome", "a b c", "d e f"}, got); d != "" {
		t.Error(d)
	}
	if got := Turns(nil); got != nil {
		t.Errorf("no messages make %d turns", len(got))
	}
}

func TestSplit(t *testing.T) {
	for text, want := range map[string]Parts{
		"":                                     {},
		"plain":                                {Answer: "plain"},
		"<think>\nhm\n</think>\n\nyes":         {Reasoning: "hm", Answer: "yes"},
		"\n<think>hm</think>yes":               {Reasoning: "hm", Answer: "yes"},
		"<think>\n\n</think>\n\nyes":           {Answer: "yes"},
		"<think>still at it </thi":             {Reasoning: "still at it </thi", Open: true},
		"the <think> mark </think> in a reply": {Answer: "the <think> mark </think> in a reply"},
		"<think>a</think>b<think>c</think>":    {Reasoning: "a", Answer: "b<think>c</think>"},
		"  leading":                            {Answer: "  leading"},
		"[THINK]hm[/THINK]yes":                 {Reasoning: "hm", Answer: "yes"},
		"<thin":                                {Answer: "<thin"},
		"<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes": {Reasoning: "hm", Answer: "yes"},
		"<|channel|>analysis<|message|>hm<|end|>odd":                                              {Reasoning: "hm", Answer: "odd"},
		"see <tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>":             {Answer: "see ", Calls: []Call{{"f", `{"a":1}`}}},
		"<tool_call>{\"name\": \"f\"</tool_call> so":                                              {Answer: "<tool_call>{\"name\": \"f\"</tool_call> so"},
		"<tool_call>{\"name\": \"f\"":                                                             {Answer: "<tool_call>{\"name\": \"f\""},
		"```\n<tool_call>{\"name\":\"f\"}</tool_call>\n```":                                       {Answer: "```\n<tool_call>{\"name\":\"f\"}</tool_call>\n```"},
		"[TOOL_CALLS][{\"name\":\"f\",\"arguments\":{}},{\"name\":\"g\"}]":                        {Calls: []Call{{"f", "{}"}, {"g", "{}"}}},
		"[TOOL_CALLS]f[ARGS]{\"a\": [1, 2]}":                                                      {Calls: []Call{{"f", `{"a":[1,2]}`}}},
		"<tool_call>\n<function=f>\n<parameter=b>\n<x>\n</parameter>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>": {
			Calls: []Call{{"f", "{\"b\":\"\\u003cx\\u003e\",\"a\":\"1\"}"}},
		},
		"<function=f>{\"a\":1}</function>":                        {Calls: []Call{{"f", `{"a":1}`}}},
		"<think>a</think><tool_call>{\"name\":\"f\"}</tool_call>": {Reasoning: "a", Calls: []Call{{"f", "{}"}}},
	} {
		if d := cmp.Diff(want, Split(text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestOpensReasoning(t *testing.T) {
	for rendered, want := range map[string]string{
		"<|im_start|>assistant\n":          "",
		"<|im_start|>assistant\n<think>\n": "<think>\n",
		"assistant<think>":                 "<think>",
		"<think>\n\n</think>\n":            "",
	} {
		if got := OpensReasoning(rendered); got != want {
			t.Errorf("%q: %q, want %q", rendered, got, want)
		}
	}
}

// replies draws texts that are full of marks and halves of marks.
func replies() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			"<think>", "</think>", "<thi", "nk>", "</", "<", " ", "\n", "word", "é", ">", "", "<tool_call>", "</tool_call>", "[TOOL_CALLS]",
			`{"name":"f","arguments":{}}`, "[", "```", "<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant<|channel|>final<|message|>",
		})).Draw(t, "parts"), "")
	})
}

func TestNothingIsLostHoweverAReplyIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := replies().Draw(t, "text")
		var whole, cut Splitter
		want := join(append(whole.Write(text), whole.Close()...))
		var pieces []Piece
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			pieces = append(pieces, cut.Write(rest[:n])...)
			rest = rest[n:]
		}
		got := join(append(pieces, cut.Close()...))
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		var all string
		for _, p := range got {
			all += p.Text
		}
		if all != text {
			t.Fatal(cmp.Diff(text, all))
		}
	})
}

// join puts neighbours of the same kind together.
func join(pieces []Piece) []Piece {
	var out []Piece
	for _, p := range pieces {
		if n := len(out); n > 0 && out[n-1].Kind == p.Kind {
			out[n-1].Text += p.Text
			out[n-1].Calls = append(out[n-1].Calls, p.Calls...)
			continue
		}
		out = append(out, p)
	}
	return out
}

func FuzzSplit(f *testing.F) {
	f.Add("<think>\nhm\n</think>\n\nyes")
	f.Add("<think>")
	f.Add("a <tool_call>{\"name\":\"f\",\"arguments\":{\"a\":[1]}}</tool_call>\n[TOOL_CALLS]f[ARGS]{}")
	f.Fuzz(func(t *testing.T, text string) {
		var s Splitter
		var all string
		for i := range len(text) {
			for _, p := range s.Write(text[i : i+1]) {
				all += p.Text
			}
		}
		for _, p := range s.Close() {
			all += p.Text
		}
		if all != text {
			t.Error(cmp.Diff(text, all))
		}
	})
}
