package chat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/prompt"
)

// count is what the fake engine counts for a path.
func count(t testing.TB, w *words, system string, path []backend.Message) int {
	t.Helper()
	r, err := w.Render(t.Context(), prompt.Request(system, path))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := w.Tokenize(t.Context(), r.Prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	return len(tokens)
}

func TestPlanLeavesOutWholeOldTurnsAndSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		if err := h.SetSystem(t.Context(), c.ID, "be brief"); err != nil {
			t.Fatal(err)
		}
		var cuts []int64
		for i := range 14 {
			m := h.say(c.ID, fmt.Sprintf("question %d %s", i, strings.Repeat("word ", 12)))
			if m.State != backend.MessageComplete {
				t.Fatalf("reply %d ends %v: %s", i, m.State, m.Error)
			}
			g, err := h.ledger.Generation(t.Context(), m.ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(g.Prompt) > 300 {
				t.Errorf("prompt %d has %d of 400 tokens", i, len(g.Prompt))
			}
			cuts = append(cuts, m.SeenFrom)
		}
		if cuts[0] != 0 || cuts[len(cuts)-1] == 0 {
			t.Fatalf("the sight begins at %v", cuts)
		}
		if n := len(slices.Compact(slices.Clone(cuts))); n > 7 {
			t.Errorf("the cut moved %d times: %v", n-1, cuts)
		}
		path := h.transcript(c.ID)
		plan, err := h.Plan(t.Context(), c.ID, "one more")
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(path, func(m backend.Message) bool { return m.ID == plan.SeenFrom })
		if at < 0 || path[at].Role != backend.RoleUser {
			t.Fatalf("the sight begins at message %d", plan.SeenFrom)
		}
		var left []int64
		for _, m := range path[:at] {
			left = append(left, m.ID)
		}
		if d := cmp.Diff(left, plan.LeftOut); d != "" {
			t.Error(d)
		}
		last := path[len(path)-1]
		if last.LeftOut == 0 || last.SeenFrom == 0 {
			t.Errorf("the last reply tells %d left out before %d", last.LeftOut, last.SeenFrom)
		}
		rest := append(path[at:], backend.Message{Role: backend.RoleUser, Text: "one more"})
		if want := count(t, h.engine, "be brief", rest); plan.PromptTokens != want {
			t.Errorf("the plan has %d tokens, want %d", plan.PromptTokens, want)
		}
	})
}

func TestPreparedPromptsFitAndLeaveOutOnlyWholeTurns(t *testing.T) {
	s := &Service{store: newStore(t)}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWords()
		w.info.Context = rapid.IntRange(64, 600).Draw(rt, "context")
		var path []backend.Message
		for i, n := range rapid.SliceOfN(rapid.IntRange(1, 120), 1, 12).Draw(rt, "lengths") {
			m := backend.Message{ID: int64(i + 1), Role: backend.RoleUser, Text: strings.Repeat("word ", n)}
			if i%2 == 1 {
				m.Role = backend.RoleAssistant
			}
			path = append(path, m)
		}
		if len(path)%2 == 0 {
			path = path[:len(path)-1]
		}
		cut := 0
		if i := len(path) - 2; i > 0 && rapid.Bool().Draw(rt, "cut before") {
			cut = 2 * rapid.IntRange(0, i/2).Draw(rt, "cut")
			path[i].SeenFrom = path[cut].ID
		}
		sampling := backend.Sampling{MaxTokens: rapid.SampledFrom([]int{0, 10, 1000}).Draw(rt, "max")}
		p, err := s.prepare(t.Context(), w, backend.Model{}, backend.Chat{System: "sys"}, path, sampling)
		usual, most := room(w.info.Context, sampling)
		alone := count(t, w, "sys", path[len(path)-1:])
		if alone > most {
			var tooLong *TooLong
			if !errors.As(err, &tooLong) {
				rt.Fatalf("%d tokens in %d give %v", alone, most, err)
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		from := len(p.plan.LeftOut)
		if from > 0 && (p.plan.SeenFrom != path[from].ID || path[from].Role != backend.RoleUser) {
			rt.Fatalf("%d are left out, the sight begins at %d", from, p.plan.SeenFrom)
		}
		if got := count(t, w, "sys", path[from:]); got != len(p.tokens) || got > most {
			rt.Fatalf("%d tokens of %d, counted %d", got, most, len(p.tokens))
		}
		if len(p.tokens) > usual && from != len(path)-1 {
			rt.Fatalf("the usual room is %d, and %d turns take %d", usual, (len(path)-from+1)/2, len(p.tokens))
		}
		if from >= 2 && from != cut && count(t, w, "sys", path[from-2:]) <= usual*3/4 {
			rt.Fatalf("the turn before message %d would have fit into %d", path[from].ID, usual)
		}
		if whole := count(t, w, "sys", path); whole <= usual*3/4 && from > 0 && len(p.tokens) < usual/2 {
			rt.Fatalf("all would take %d of %d, but %d are left out", whole, usual, from)
		}
	})
}

func TestNextPromptBeginsWithTheLastOneAndItsReply(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.length = 10
		c := h.newChat()
		first := h.say(c.ID, "Hello")
		asked := h.engine.request(1)
		g, err := h.ledger.Generation(t.Context(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		// As if the model had spelled its reply in other tokens than the tokenizer would.
		h.mu.Lock()
		h.Service.lastPrompt.Reply[3]++
		spelled := slices.Clone(h.Service.lastPrompt.Reply)
		h.mu.Unlock()
		h.say(c.ID, "Go on")
		want := slices.Concat(asked.Prompt, spelled)
		got := h.engine.request(1).Prompt
		if len(got) <= len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("the next prompt is %v, want %v first", got, want)
		}
		if !slices.Equal(g.Prompt, asked.Prompt) {
			t.Error("the record differs from what was asked")
		}
		// Another system prompt makes another beginning.
		if err := h.SetSystem(t.Context(), c.ID, "be brief"); err != nil {
			t.Fatal(err)
		}
		h.say(c.ID, "And on")
		if got := h.engine.request(1).Prompt; slices.Equal(got[:len(asked.Prompt)], asked.Prompt) {
			t.Error("the system prompt is not in the prompt")
		}
	})
}

func TestNoticeOfTheTemplateIsKept(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.notice = "The format of this model was guessed."
		m := h.say(h.newChat().ID, "Hello")
		if !m.Usage.Guessed || m.Note != "" {
			t.Errorf("guessed: %v, note %q", m.Usage.Guessed, m.Note)
		}
	})
}

func TestReasoningThatTheTemplateOpensIsPartOfTheReply(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.opener = "<think>\n"
		h.engine.dieAfter = 5
		c := h.newChat()
		m := h.say(c.ID, "Hello")
		if !strings.HasPrefix(m.Text, "<think>\nw") || !prompt.Split(m.Text).Open {
			t.Errorf("the reply is %q", m.Text)
		}
		h.engine.set(func() { h.engine.dieAfter = -1 })
		whole := h.resume(m.ID)
		if strings.Count(whole.Text, "<think>") != 1 || !strings.HasPrefix(whole.Text, m.Text) {
			t.Errorf("the resumed reply is %q", whole.Text)
		}
		// The first run takes 4 ticks from its first token to its last, the second one 34; it never stops thinking.
		if want := 38 * h.engine.tick; m.Usage.Reasoning != 4*h.engine.tick || whole.Usage.Reasoning != want {
			t.Errorf("it thought %v, then %v in all; want %v", m.Usage.Reasoning, whole.Usage.Reasoning, want)
		}
	})
}

func TestAMannerHoldsForItsModel(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		model := h.bench.models[0].ID
		want := Manner{Format: "llama3", Thinking: "off"}
		if err := h.SetManner(t.Context(), model, want); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Manner(t.Context(), model); err != nil || got != want {
			t.Errorf("manner %+v, %v", got, err)
		}
		if other, err := h.Manner(t.Context(), model+1); err != nil || other != (Manner{}) {
			t.Errorf("another model's manner is %+v, %v", other, err)
		}
		if m := h.say(h.newChat().ID, "Hello"); m.Usage.Format != "llama3" {
			t.Errorf("the reply was asked for in the format %q", m.Usage.Format)
		}
		if err := h.SetManner(t.Context(), model, Manner{}); err != nil {
			t.Fatal(err)
		}
		if m := h.say(h.newChat().ID, "Hello"); m.Usage.Format != "" {
			t.Errorf("the reply was asked for in the format %q", m.Usage.Format)
		}
	})
}
