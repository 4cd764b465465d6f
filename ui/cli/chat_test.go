package cli

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest"
)

// greedy has the fake say its script.
func (term *terminal) greedy(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, code := term.run(t.Context(), append([]string{"chat", "--temperature", "0"}, args...)...)
	if code != 0 {
		t.Fatalf("%v: code %d, %q", args, code, stderr)
	}
	return stdout, stderr
}

func TestThoughtsArePrintedApart(t *testing.T) {
	const script = "<think>\nThe \x1b[31mquiet river.\n</think>\n\nIt is a stone."
	term := newTerminal(t, enginetest.Model{Script: script})
	for name, c := range map[string]struct {
		args []string
		eyes bool
		aside,
		not string
	}{
		"into a pipe":       {nil, false, "", "quiet"},
		"on a terminal":     {nil, true, dimText + "The [31mquiet river." + plainText + "\n\n", "</think>"},
		"quiet":             {[]string{"--quiet"}, true, "", "quiet"},
		"on request":        {[]string{"--reasoning"}, false, "The [31mquiet river.\n\n", dimText},
		"quiet comes first": {[]string{"--reasoning", "-q"}, true, "", "quiet"},
	} {
		term.eyes = c.eyes
		out, aside := term.greedy(t, append(c.args, "What is it?")...)
		if out != "It is a stone.\n" {
			t.Errorf("%s: the answer is %q", name, out)
		}
		if !strings.Contains(aside, c.aside) || strings.Contains(aside, c.not) {
			t.Errorf("%s: beside it stands %q", name, aside)
		}
	}
	term.eyes = true
	t.Setenv("NO_COLOR", "1")
	if _, aside := term.greedy(t, "What is it?"); strings.Contains(aside, dimText) || !strings.Contains(aside, "quiet river.\n\n") {
		t.Errorf("without colours: %q", aside)
	}
	term.eyes = false
	out, _ := term.greedy(t, "--json", "What is it?")
	var a answer
	if err := json.Unmarshal([]byte(out), &a); err != nil || a.Text != "It is a stone." || a.Reasoning != "The \x1b[31mquiet river." {
		t.Errorf("%q, %q, %v", a.Text, a.Reasoning, err)
	}
}

func TestToolCallsArePrintedAsSuch(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Script: "One moment.<tool_call>{\"name\":\"find\",\"arguments\":{\"q\":\"river\"}}</tool_call>"})
	if out, _ := term.greedy(t, "Find the river"); out != "One moment.\nTool call: find {\"q\":\"river\"}\n" {
		t.Errorf("%q", out)
	}
}

func TestTheEnginesOwnReadingOfAReplyComesFirst(t *testing.T) {
	m := backend.Message{Text: "<think>a</think>b"}
	if p := split(m); p.Reasoning != "a" || p.Answer != "b" {
		t.Errorf("%+v", p)
	}
	m.Usage.Parts = &backend.ReplyParts{Answer: "c", Calls: []backend.ReplyCall{{Name: "find", Arguments: "{}"}}}
	if p := split(m); p.Reasoning != "" || p.Answer != "c" || len(p.Calls) != 1 || p.Calls[0].Name != "find" {
		t.Errorf("%+v", p)
	}
}

func TestAlternativesArePrinted(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Script: "The river is quiet."})
	out, _ := term.greedy(t, "--json", "--alternatives", "3", "What is it?")
	var a answer
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, k := range a.Tokens {
		text += k.Text
		sum := 0.0
		for _, o := range k.Alternatives {
			sum += math.Exp(float64(o.LogProb))
		}
		if len(k.Alternatives) != 3 || k.Alternatives[0].ID != k.ID || sum <= 0 || sum > 1.001 || k.LogProb > 0 {
			t.Errorf("%+v", k)
		}
	}
	if text != a.Text || len(a.Tokens) != a.ReplyTokens {
		t.Errorf("%d tokens spell %q, the answer is %q", len(a.Tokens), text, a.Text)
	}
	out, _ = term.greedy(t, "--alternatives", "2", "What is it?")
	if lines := strings.Split(out, "\n"); lines[0] != a.Text || len(lines) != len(a.Tokens)+3 || !strings.HasPrefix(lines[2], `"The"`) || !strings.Contains(lines[2], "%") {
		t.Errorf("%q", out)
	}
	if _, stderr, code := term.run(t.Context(), "chat", "--alternatives", "21", "hi"); code != exitUsage || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d, %q", code, stderr)
	}
}
